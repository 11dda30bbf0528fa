# SPDX-License-Identifier: Apache-2.0
"""archive.py -- The real archive for system tests, on SQLite or on a PostgreSQL of the test's own, and a look at what
it has committed."""
import contextlib
import pathlib
import shutil
import sqlite3
import tempfile

import rig

# The same rows as a gateway's store has them and as an archive has them, with the ids they were given.
STORE_ROWS = """SELECT interval.id, meter, quantity, start_ms, start_ms + length_ms, energy, revision, reading_end
 FROM interval JOIN series ON series.number = interval.series ORDER BY interval.id"""
ARCHIVE_ROWS = """SELECT intervals.id, meter, quantity, start_ms, end_ms, energy, revision, reading_end
 FROM intervals JOIN series ON series.gateway = intervals.gateway AND series.series = intervals.series
 JOIN store ON store.gateway = intervals.gateway AND store.store = intervals.store AND store.id = '{store}'
 ORDER BY intervals.id"""
CLUSTER = rig.ROOT / "tests" / "tools" / "postgres_cluster.sh"


class Sqlite:
    """A file."""

    def __init__(self):
        self.folder = rig.Folder()
        self.where = str(self.folder.path / "archive.db")

    def rows(self, sql):
        with contextlib.closing(sqlite3.connect(f"file:{self.where}?mode=ro", uri=True, timeout=10)) as db:
            return db.execute(sql).fetchall()

    def execute(self, sql):
        with contextlib.closing(sqlite3.connect(self.where, timeout=10)) as db, db:
            db.execute(sql)

    def close(self):
        self.folder.close()


class Postgres:
    """A cluster on a unix socket, ended with the test. settings: words for postgres, such as "-c", "fsync=on"."""

    def __init__(self, *settings):
        self._settings = settings
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="byport-postgres-"))
        self.start()
        self.create("archive")

    def create(self, name):
        """Another data base of it, the one that is looked at from now on."""
        done = rig.run(["bash", CLUSTER, "create", self.folder, name], timeout_s=60)
        assert done.returncode == 0, done.stderr
        self.name = name
        self.where = f"host={self.folder} user=byport dbname={name}"

    def start(self):
        self.process = rig.Process(["bash", CLUSTER, "run", self.folder, *self._settings])

    def stop(self):
        """At once, without a word to those connected."""
        self.process.signal(3)  # SIGQUIT: PostgreSQL's immediate shutdown
        self.process.wait()

    def rows(self, sql):
        done = rig.run(["psql", "-X", "-A", "-t", "-F", "\x1f", "-h", self.folder, "-U", "byport", self.name, "-c", sql])
        if done.returncode != 0:
            raise sqlite3.OperationalError(done.stderr)
        def value(text):
            try:
                return int(text)
            except ValueError:
                return text if text else None
        return [tuple(value(text) for text in line.split("\x1f")) for line in done.stdout.splitlines()]

    execute = rows

    def close(self):
        if self.process.running():
            self.process.signal(2)
            self.process.wait()
        self.process.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Archive:
    """`byport-city archive`; start() as often as the test wants. `within`: beginning of the command line (a network
    namespace)."""

    def __init__(self, broker, base, name="oslo", start=True):
        self.within = []
        self.broker, self.base, self.name = broker, base, name
        self.process = None
        if start:
            self.start()

    def launch(self, env=None):
        """Without waiting for the broker."""
        if self.process:
            self.process.close()
        self.process = rig.Process([*self.within, rig.program("byport-city"), "archive", "--plain", "--broker",
                                    self.broker.address, "--store", self.base.where, "--id", self.name], env=env)

    def start(self):
        self.launch()
        self.process.wait_for("connected")
        return self

    def rows(self, sql):
        """Rows of a query; none while there are no tables yet."""
        try:
            return self.base.rows(sql)
        except sqlite3.OperationalError as error:
            if not any(words in str(error) for words in ("no such table", "does not exist", "unable to open")):
                raise
            return []

    def number(self, sql):
        rows = self.rows(sql)
        return rows[0][0] if rows else None

    def verb(self, *words):
        return rig.run([rig.program("byport-city"), *words, "--store", self.base.where], timeout_s=30)

    @property
    def log(self):
        return self.process.err

    def close(self):
        if self.process:
            self.process.close()


def receipts(collector, name="oslo"):
    """{stream: through} of the newest receipt; {} when none came."""
    messages = collector.messages(end=f"/receipt/{name}")
    return {stream["stream"]: stream["through"] for stream in messages[-1].json["streams"]} if messages else {}
