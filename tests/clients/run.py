# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs one test, as CTest wants it: 0 passed, 1 failed, 77 skipped.
    DMASIM_BUILD=build/dev python3 tests/clients/run.py Suite.Test
    python3 tests/clients/run.py --list FILE...      the tests in these files, one a line"""

import ast
import importlib
import sys
import unittest
from pathlib import Path

SKIPPED = 77
PREFIX = "test_"


def tests_in(path):
    """Without importing it: CMake asks, before anything is built."""
    for node in ast.parse(Path(path).read_text(), path).body:
        if isinstance(node, ast.ClassDef):
            for item in node.body:
                if isinstance(item, ast.FunctionDef) and item.name.startswith(PREFIX):
                    yield f"{node.name}.{item.name.removeprefix(PREFIX)}"


def run(module, name):
    suite, _, test = name.partition(".")
    case = getattr(importlib.import_module(module), suite)(PREFIX + test)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(case)
    if not result.wasSuccessful():
        return 1
    return SKIPPED if result.skipped else 0


def main(arguments):
    if arguments[:1] == ["--list"]:
        for path in arguments[1:]:
            for name in tests_in(path):
                print(name)
        return 0
    name, = arguments
    for path in Path(__file__).parent.glob("*.py"):
        if name in tests_in(path):
            return run(path.stem, name)
    sys.exit(f"no test {name}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
