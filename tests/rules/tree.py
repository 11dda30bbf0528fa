# SPDX-License-Identifier: Apache-2.0
"""tree.py -- The tree's own files, for the tests that hold its rules.

Every rule script is run on the tree it stands in, or on the folder named by
its first argument, so that test_rules_can_fail.py can plant a violation.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()
CODE = ("config", "drivers", "gateway", "city", "firmware", "tests")


def files(*suffixes):
    """Files git knows (or would), below ROOT, with one of the suffixes; all files in a planted copy."""
    listing = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True)
    names = listing.stdout.splitlines() if listing.returncode == 0 else [
        str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if p.is_file()]
    return [n for n in sorted(names) if n.endswith(suffixes) and (ROOT / n).is_file()]


def includes(name):
    """(line number, 'project' or 'library', header) of every #include of a file."""
    for number, line in enumerate((ROOT / name).read_text(encoding="utf-8").splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
        if match:
            yield number, "project" if match.group(1) == '"' else "library", match.group(2)


def report(rule, violations):
    """Print the violations; exit 1 when there is one."""
    for line in violations:
        print(line)
    print(f"{rule}: {len(violations)} violation(s)")
    sys.exit(1 if violations else 0)
