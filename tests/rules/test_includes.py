# SPDX-License-Identifier: Apache-2.0
"""test_includes.py -- Who may include whom, and the one file that may know a library."""
import fnmatch

import tree

# folder: what its files may include of the project (the longest matching folder counts)
ALLOWED = {
    "config": ["config/*"],
    "drivers": ["drivers/*", "config/yaml_reader.h", "config/diagnostics.h"],
    "gateway": ["gateway/*", "drivers/*", "config/*"],
    "gateway/core": ["gateway/core/*", "drivers/*.h"],
    "city": ["city/*", "gateway/terminal.h", "gateway/message*.h", "gateway/json_*.h", "gateway/mqtt_link.h", "gateway/core/series.h",
             "drivers/quantity.h", "config/*"],
    "firmware": [],
}
# What core/ must not know, to stay pure: no thread, no clock, no file, no wire.
CORE_FORBIDDEN = ["drivers/bus_worker.h", "drivers/model_library.h", "pthread.h", "time.h", "sys/*", "unistd.h",
                  "stdio.h", "fcntl.h", "poll.h"]
CORE_MAY = {"stdio.h": "snprintf only"}
# library header: the one file of each program that may know it
LIBRARY = {
    "modbus.h": {"drivers/modbus_bus.c"},
    "modbus/*": {"drivers/modbus_bus.c"},
    "sqlite3.h": {"gateway/store_sqlite.c", "city/archive_sqlite.c"},
    "mosquitto.h": {"gateway/mqtt_link_session.c"},
    "openssl/*": {"gateway/mqtt_link_tls.c"},
    "libfyaml.h": {"config/yaml_reader.c"},
    "microhttpd.h": set(),
    "libpq-fe.h": {"city/archive_postgres.c"},
}


def folder_of(name):
    parts = name.split("/")
    for depth in (2, 1):
        if "/".join(parts[:depth]) in ALLOWED and len(parts) > depth:
            return "/".join(parts[:depth])
    return None


def violations():
    known_by = {}
    for name in tree.files(".c", ".h"):
        folder = folder_of(name)
        for line, kind, header in tree.includes(name):
            where = f"{name}:{line}: includes {header}"
            if kind == "project" and folder and not any(fnmatch.fnmatch(header, p) for p in ALLOWED[folder]):
                yield f"{where}; {folder}/ may include {', '.join(ALLOWED[folder]) or 'nothing'}"
            if kind == "project" and not folder and not name.startswith("tests/"):
                yield f"{where}; this folder has no rule"
            if folder == "gateway/core" and header not in CORE_MAY and any(
                    fnmatch.fnmatch(header, p) for p in CORE_FORBIDDEN):
                yield f"{where}; gateway/core is pure"
            for pattern, homes in LIBRARY.items():
                if kind == "library" and fnmatch.fnmatch(header, pattern) and not name.startswith("tests/"):
                    known_by.setdefault((pattern, name.split("/")[0]), set()).add(name)
                    if name not in homes:
                        yield f"{where}; only {', '.join(sorted(homes)) or 'nobody yet'} may"
    for (pattern, _), names in known_by.items():
        if len(names) > 1:
            yield f"{pattern} is known by {len(names)} files: {', '.join(sorted(names))}; one file may"


tree.report("include rules", list(violations()))
