# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs one test for CTest. The exit status is 0 if it passed, 1 if it failed, 77 if it was skipped.
    DMASIM_BUILD=build/dev python3 tests/clients/run.py Suite.Test
    python3 tests/clients/run.py --list FILE...      the tests in these files, one a line, and
                                                     `nightly` behind those that are"""

import ast
import importlib
import sys
import unittest
from pathlib import Path

SKIPPED = 77
PREFIX = "test_"


def tests_in(path):
    """The names of the tests, and whether each is a nightly test. It does not import the file,
    because CMake calls this before anything is built."""
    for node in ast.parse(Path(path).read_text(), path).body:
        if isinstance(node, ast.ClassDef):
            for item in node.body:
                if isinstance(item, ast.FunctionDef) and item.name.startswith(PREFIX):
                    nightly = any(isinstance(mark, ast.Name) and mark.id == "nightly"
                                  for mark in item.decorator_list)
                    yield f"{node.name}.{item.name.removeprefix(PREFIX)}", nightly


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
            for name, nightly in tests_in(path):
                print(name, "nightly" if nightly else "")
        return 0
    name, = arguments
    for path in Path(__file__).parent.glob("*.py"):
        if name in dict(tests_in(path)):
            return run(path.stem, name)
    sys.exit(f"no test {name}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
