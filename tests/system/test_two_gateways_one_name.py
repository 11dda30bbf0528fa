# SPDX-License-Identifier: Apache-2.0
"""test_two_gateways_one_name.py -- One card copied into two boards: two real gateways with copies of one store and
one configuration, a real broker and a real archive. The broker lets one be connected at a time. It is said in words,
neither fights for the connection at full speed, and every row of both arrives, once."""
import re
import shutil
import sqlite3

import archive
import gateway
import meters
import rig

CLIENT = "byport-drammen-school-main"
CONNECTS_MAX = 16  # until both have met the other three times; back-off doubles from 2 s


class TwoBoardsFromOneCard(rig.Case):
    def setUp(self):
        self.meter = meters.Meter()
        self.tcp = self.use(meters.TcpMeters({1: self.meter}))
        self.broker = self.use(rig.Broker())
        self.base = self.use(archive.Sqlite())
        self.keeper = self.use(archive.Archive(self.broker, self.base))
        self.collector = self.use(rig.Collector(self.broker, "byport/#"))
        self.first, self.second = self.board(), self.board()
        self.first.start()
        rig.wait_until(lambda: archive.receipts(self.collector).get("energy", 0) >= 8, 40, "a first receipt")
        self.first.process.terminate()
        shutil.copytree(self.first.data, self.second.data)
        self.shared = self.store_of(self.first)

    def board(self):
        return self.use(gateway.Gateway(self.broker, [gateway.bus_tcp("net", self.tcp)],
                                        [gateway.meter("kitchen", "net", 1)], start=False))

    @staticmethod
    def store_of(board):
        return board.rows("identity")[0]["id"]

    def connects(self):
        return len(re.findall(rf"New client connected from \S+ as {CLIENT} ", self.broker.log))

    def test_both_say_so_take_ids_of_their_own_and_lose_nothing(self):
        before = self.connects()
        boards = (self.first, self.second)
        for board in boards:
            board.start()
        for board in boards:
            board.process.wait_for("another gateway with the name drammen/school/main is at broker", 90)
            rig.wait_until(lambda: self.store_of(board) != self.shared, what="a store id of its own")
            told = board.status()["broker"]["twin"]
            self.assertIn("give one of them another gateway id", told)
            done = board.verb("status")
            self.assertEqual(done.returncode, 1)
            self.assertIn("another gateway uses the same name", done.stdout)
        self.assertLessEqual(self.connects() - before, CONNECTS_MAX)
        self.assertNotEqual(self.store_of(self.first), self.store_of(self.second))
        # The second board is given a name of its own; both then send all they hold.
        self.second.process.terminate()
        self.second.path.write_text(self.second.path.read_text().replace("id: main,", "id: annex,"))
        self.second.start()
        self.first.process.terminate()  # else it tries again within three minutes
        self.first.start()
        self.assert_all_of(self.first, "drammen/school/main")
        self.assert_all_of(self.second, "drammen/school/annex")

    def assert_all_of(self, board, name):
        """The archive has each of the store's rows under the store's own id, as it is there, and once in `energy`."""
        store = self.store_of(board)
        there = f"""FROM intervals JOIN gateway USING (gateway) JOIN store ON store.gateway = intervals.gateway
 AND store.store = intervals.store WHERE gateway.name = '{name}' AND store.id = '{store}'"""
        with sqlite3.connect(f"file:{board.data}/store.db?mode=ro", uri=True) as file:
            made = file.execute("SELECT id, start_ms, energy, revision, reading_end FROM interval ORDER BY id").fetchall()
        self.assertGreaterEqual(len(made), 4)
        def kept():
            return self.keeper.rows(f"SELECT intervals.id, start_ms, energy, revision, reading_end {there} ORDER BY 1")
        # Under another name those that were sent under the old one come when they are asked for.
        rig.wait_until(lambda: len(kept()) >= len(made) and set(made) <= set(kept()), 150, f"all rows of {name}")
        doubled = self.keeper.rows("SELECT meter, quantity, start_ms FROM energy WHERE gateway = '%s'"
                                   " GROUP BY meter, quantity, start_ms HAVING count(*) > 1" % name)
        self.assertEqual(doubled, [])


if __name__ == "__main__":
    rig.main()
