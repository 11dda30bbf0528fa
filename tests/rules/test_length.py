# SPDX-License-Identifier: Apache-2.0
"""test_length.py -- No function over 70 lines, no file over 500, no function with more than 4 parameters."""
import re
import subprocess

import tree

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 500
PARAMETERS_MAX = 4
# Contracts whose every argument is a result of its own; a struct would only be taken apart again.
PARAMETERS_EXEMPT_RESULTS = re.compile(r"\bret_|\bargc\b")
# Called by a library, with the parameters it has chosen.
CALLBACK = re.compile(r"struct mosquitto \*|\.\.\.")  # nor do the words of a message count


def parameters(signature):
    inner = signature.strip()[1:-1].strip()
    if not inner or inner == "void":
        return []
    depth, parts, current = 0, [], ""
    for c in inner:
        depth += c in "([{"
        depth -= c in ")]}"
        if c == "," and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += c
    return [p for p in parts + [current] if not PARAMETERS_EXEMPT_RESULTS.search(p)]


def functions(names):
    out = subprocess.run(["ctags", "--languages=C", "--kinds-C=f", "--fields=+neS", "-x",
                          "--_xformat=%F\t%n\t%{end}\t%N\t%S", "-L", "-"],
                         input="\n".join(names), capture_output=True, text=True, cwd=tree.ROOT, check=True).stdout
    for line in out.splitlines():
        name, start, end, function, signature = line.split("\t")
        if end.isdigit():
            yield name, int(start), int(end) - int(start) + 1, function, signature


def violations():
    names = tree.files(".c", ".h")
    for name in names:
        lines = len((tree.ROOT / name).read_text(encoding="utf-8").splitlines())
        if lines > FILE_LINES_MAX:
            yield f"{name}: {lines} lines; {FILE_LINES_MAX} at most"
    for name, line, length, function, signature in functions([n for n in names if n.endswith(".c")]):
        if length > FUNCTION_LINES_MAX:
            yield f"{name}:{line}: {function} has {length} lines; {FUNCTION_LINES_MAX} at most"
        if len(parameters(signature)) > PARAMETERS_MAX and not CALLBACK.search(signature):
            yield f"{name}:{line}: {function} takes {len(parameters(signature))} parameters; {PARAMETERS_MAX} at most"


tree.report("lengths", list(violations()))
