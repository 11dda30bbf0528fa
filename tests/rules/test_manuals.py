# SPDX-License-Identifier: Apache-2.0
"""test_manuals.py -- Every verb has a manual page that names each option of its --help, and every page renders
without a warning."""
import re
import shutil
import subprocess

import rig
import tree

MAN = tree.ROOT / "man"


def output(*words):
    out = subprocess.run([rig.program("byport"), *words], capture_output=True, text=True, timeout=30)
    return out.stdout


def verbs():
    """The names in the list that --help prints: two spaces, a word, its sentence."""
    found = re.findall(r"^  ([a-z]+) +\S", output("--help"), re.M)
    assert len(found) >= 3, "byport --help lists no verbs"
    return found


def plain(page):
    """A page as text, as a reader sees it."""
    out = subprocess.run(["mandoc", "-T", "utf8", page], capture_output=True, text=True, timeout=30)
    return re.sub(".\b", "", out.stdout)


def missing():
    for verb in verbs():
        page = MAN / f"byport-{verb}.1"
        if not page.exists():
            yield f"man/{page.name}: `byport {verb}` has no manual page"
            continue
        if not re.search(rf"\bbyport-{verb}\b", plain(MAN / "byport.1")):
            yield f"man/byport.1: does not name `byport-{verb}`"
        text = plain(page)
        for option in re.findall(r"^  (--[a-z][a-z-]*)", output(verb, "--help"), re.M):
            if not re.search(rf"{option}\b", text):
                yield f"man/{page.name}: does not name {option}"


def too_many():
    """Options a page tells of that the verb does not have."""
    for verb in verbs():
        page = MAN / f"byport-{verb}.1"
        known = output(verb, "--help")
        for option in re.findall(r"^\.It Fl -([a-z][a-z-]*)", page.read_text() if page.exists() else "", re.M):
            if not re.search(rf"--{option}\b", known):
                yield f"man/{page.name}: tells of --{option}, which `byport {verb}` does not have"


def warnings():
    for page in sorted(MAN.glob("*.[158]")):
        out = subprocess.run(["mandoc", "-T", "lint", page], capture_output=True, text=True, timeout=30)
        yield from (line for line in out.stdout.splitlines() if re.search(r": (WARNING|ERROR|UNSUPP): ", line))
        if "SPDX-License-Identifier: Apache-2.0" not in page.read_text().splitlines()[0]:
            yield f"man/{page.name}:1: no SPDX line"


if shutil.which("mandoc") is None:
    rig.skip("mandoc is not installed")
tree.report("manuals", [*missing(), *too_many(), *warnings()])
