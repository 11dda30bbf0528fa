# SPDX-License-Identifier: Apache-2.0
"""bases.py -- The data bases the archive's benchmarks write into, as a city would run them: each commit on the disk."""
import pathlib

import parts  # first: it names the folder of the system tests' parts
import archive

# A data base that keeps its word, with memory and journal of a small server.
POSTGRES_SETTINGS = ("-c", "fsync=on", "-c", "shared_buffers=512MB", "-c", "max_wal_size=4GB", "-c", "max_connections=50")


class Base:
    """SQLite or PostgreSQL, with a new data base for each turn."""

    def __init__(self, kind):
        self.kind = kind
        self._count = 0
        self._cluster = archive.Postgres(*POSTGRES_SETTINGS) if kind == "postgres" else None
        self._file = None
        self.renew()

    def renew(self):
        """Another one, empty. Returns where it is."""
        self._count += 1
        if self._cluster:
            self._cluster.create(f"turn{self._count}")
        else:
            if self._file:
                self._file.close()
            self._file = archive.Sqlite()
        return self.where

    @property
    def where(self):
        return (self._cluster or self._file).where

    def number(self, sql):
        return (self._cluster or self._file).rows(sql)[0][0]

    def bytes(self):
        """What the data base takes on the disk now."""
        if self._cluster:
            return self.number("SELECT pg_database_size(current_database())")
        return self.number("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")

    def pids(self):
        """The data base's own processes; SQLite has none."""
        return parts.family(self._cluster.process.pid) if self._cluster else []

    def close(self):
        for part in (self._file, self._cluster):
            if part:
                part.close()


def written_bytes(pids):
    """Bytes that processes have had written to the disk so far."""
    total = 0
    for pid in pids:
        try:
            lines = pathlib.Path(f"/proc/{pid}/io").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))
    return total
