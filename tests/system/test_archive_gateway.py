# SPDX-License-Identifier: Apache-2.0
"""test_archive_gateway.py -- From meters through a real gateway and a real broker into the archive, which is killed in
the middle: at the end it has every row of the gateway's store that its receipt covers, once, as it is there."""
import archive
import gateway
import meters
import rig


class OnSqlite(rig.Case):
    base_type = archive.Sqlite

    def setUp(self):
        self.kitchen, self.hall = meters.Meter(), meters.Meter(energy_wh=1_000, power_w=36_000_000)
        self.tcp = self.use(meters.TcpMeters({1: self.kitchen}))
        self.line = self.use(meters.Line({7: self.hall}))
        self.broker = self.use(rig.Broker())
        self.base = self.use(self.base_type())
        self.keeper = self.use(archive.Archive(self.broker, self.base))
        self.collector = self.use(rig.Collector(self.broker, "byport/#"))
        self.daemon = self.use(gateway.Gateway(
            self.broker, [gateway.bus_tcp("net", self.tcp), gateway.bus_line("cellar", self.line)],
            [gateway.meter("kitchen", "net", 1), gateway.meter("hall", "cellar", 7)]))

    def last(self, stream):
        with_last = {row["name"]: row["last"] for row in self.daemon.rows("stream")}
        return with_last[stream]

    def wait_for_rows(self, more):
        """The gateway has made so many more."""
        wanted = self.last("energy") + more
        rig.wait_until(lambda: self.last("energy") >= wanted, 60, f"{more} more rows in the store")

    def received(self, stream):
        return archive.receipts(self.collector).get(stream, 0)

    def assert_same_rows(self, through):
        """What the receipt covers is there as the gateway has it, and the sums are the meters' own."""
        made = [row for row in self.daemon.ask(archive.STORE_ROWS) if row[0] <= through]
        (identity,) = self.daemon.rows("identity")
        kept = [row for row in self.base.rows(archive.ARCHIVE_ROWS.format(store=identity["id"])) if row[0] <= through]
        self.assertGreater(len(made), 40)
        self.assertEqual(kept, made)
        events = [row["id"] for row in self.daemon.rows("event") if row["id"] <= through]
        self.assertEqual([row[0] for row in self.base.rows(
            f"SELECT id FROM events WHERE id <= {through} ORDER BY id")], events)
        self.assertEqual(self.keeper.number("SELECT count(*) FROM quarantine"), 0)

    def test_killed_in_the_middle_again_and_again_it_ends_with_the_gateways_own_sums(self):
        rig.wait_until(lambda: self.received("energy") >= 8, 40, "a first receipt")
        for _ in range(3):
            self.keeper.process.kill()
            self.wait_for_rows(6)
            self.keeper.start()
            self.wait_for_rows(4)
        self.broker.restart()
        self.wait_for_rows(4)
        wanted = self.last("energy")
        rig.wait_until(lambda: self.received("energy") >= wanted, 60, f"a receipt through {wanted}")
        self.daemon.process.terminate()
        self.assert_same_rows(self.received("energy"))


class OnPostgres(OnSqlite):
    base_type = archive.Postgres


if __name__ == "__main__":
    rig.main()
