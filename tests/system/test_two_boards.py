# SPDX-License-Identifier: Apache-2.0
"""test_two_boards.py -- One card copied into two boards, both running: two real gateways with one name and copies of one
store, a real broker and the real archive. It is said in words, they do not fight at full speed, and the rows of both
arrive, each under a store of its own."""
import shutil

import archive
import gateway
import meters
import rig


class TwoBoards(rig.Case):
    def setUp(self):
        self.tcp = self.use(meters.TcpMeters({1: meters.Meter()}))
        self.broker = self.use(rig.Broker())
        self.base = self.use(archive.Sqlite())
        self.keeper = self.use(archive.Archive(self.broker, self.base))
        self.first, self.second = self.board(start=True), self.board(start=False)

    def board(self, start):
        return self.use(gateway.Gateway(self.broker, [gateway.bus_tcp("net", self.tcp)],
                                        [gateway.meter("kitchen", "net", 1)], start=start))

    def arrived(self, board):
        """Every energy row of its store is at the archive."""
        store = board.status()["store"]
        last = next(s["last"] for s in store["streams"] if s["stream"] == "energy")
        through = self.keeper.number("SELECT max(through) FROM stream JOIN store USING (gateway, store) WHERE "
                                     f"store.id = '{store['id']}' AND stream.stream = 'energy'")
        return (through or 0) >= last - 4  # rows are made meanwhile

    def test_both_are_told_apart_and_the_rows_of_both_arrive(self):
        rig.wait_until(lambda: (self.keeper.number("SELECT count(*) FROM intervals") or 0) >= 4, 40, "the first rows")
        self.first.process.terminate()
        shutil.copytree(self.first.data, self.second.data)
        self.first.start()
        self.second.start()
        boards = (self.first, self.second)
        rig.wait_until(lambda: any(b.status()["broker"]["twin"] for b in boards), 90, "that they meet")
        rig.wait_until(lambda: len({b.status()["store"]["id"] for b in boards}) == 2, 90, "a store id of its own")
        met = next(b for b in boards if b.status()["broker"]["twin"])
        self.assertIn("another gateway uses the same name", met.status()["broker"]["twin"])
        self.assertIn("another gateway uses the same name: a copied card?", met.verb("status").stdout)
        met.process.wait_for("another gateway with the name drammen/school/main is at broker")
        uptime_s = max(b.status()["uptime_s"] for b in boards)
        self.assertLess(sum(b.status()["broker"]["sessions"] for b in boards), 8 + uptime_s / 4)
        rig.wait_until(lambda: self.keeper.number("SELECT count(*) FROM events WHERE kind = 'name_used_twice'"), 120,
                       "the event")
        other = self.second if met is self.first else self.first
        other.process.terminate()  # a person gives it another id, or takes it away
        rig.wait_until(lambda: self.arrived(met), 240, "the rows of the one that stays")
        met.process.terminate()
        other.start()
        rig.wait_until(lambda: self.arrived(other), 60, "the rows of the other")
        self.assertEqual(self.keeper.number(
            "SELECT count(*) FROM (SELECT store, id FROM intervals GROUP BY gateway, store, id HAVING count(*) > 1)"), 0)


if __name__ == "__main__":
    rig.main()
