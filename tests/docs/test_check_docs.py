#!/usr/bin/env python3
"""Breaks each promise of tools/check_docs once, in a document of its own, and expects it to be found.

Usage: test_check_docs.py STELLWERK
"""
import importlib.machinery
import importlib.util
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
TOOL = Path(__file__).resolve().parents[2] / "tools" / "check_docs"
PRELUDE = '<!-- flow-prelude\npack p "1.0.0" { title "P" }\n-->\n'
FINE = PRELUDE + "```flow\nentity thing { name text required }\n```\n"

# what is tried, the document, what must be said of it ("": nothing)
CASES = [
    ("good flow", FINE, ""),
    ("a mistake, at its line of the document", FINE + "```flow\nentity other {\n  x ref thingg\n}\n```\n", ":9:9: error F0203"),
    ("a pack on top", FINE + '```flow\npack q "1.0.0" { title "Q"; requires p, ">= 1.0" }\ndefine n(t ref thing) -> text = t.name\n```\n', ""),
    ("a pack on top that is wrong", FINE + '```flow\npack q "1.0.0" { title "Q"; requires p, ">= 1.0" }\ndefine n(t ref thing) -> text = t.nam\n```\n', "F0202"),
    ("a test that fails", FINE + '```flow\ntest "t" {\n  at 2026-01-01T00:00 UTC\n  expect one thing\n}\n```\n', "a test of this document fails"),
    ("output that is right", FINE + "```sh run\n$ stellwerk eval document '1 + 1'\n2  int\n```\n", ""),
    ("output that is left out", FINE + "```sh run\n$ stellwerk help check\n…\n```\n", ""),
    ("output that is wrong", FINE + "```sh run\n$ stellwerk eval document '1 + 1'\n3  int\n```\n", "says something else"),
    ("output that goes on", FINE + "```sh run\n$ stellwerk eval document '1 + 1'\n```\n", "says something else"),
    ("a dead link", "[a](nowhere.md)\n", "leads nowhere"),
    ("a live link", "[a](../README.md) [b](https://example.com/x)\n", ""),
    ("a file that is gone", "`engine/gone.c`\n", "there is no `engine/gone.c`"),
    ("a function", "`turn.c:turn_run` `engine/turn.c:handle`\n", ""),
    ("a function that is gone", "`turn.c:turn_walk`\n", "`turn.c` has no `turn_walk`"),
    ("a table that is old", "<!-- generated: builtins -->\nold\n<!-- end -->\n", "is not what the .def says"),
]


def said_of(stellwerk, text):
    loader = importlib.machinery.SourceFileLoader("check_docs", str(TOOL))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("check_docs", loader))
    loader.exec_module(module)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "docs", "page.md")
        path.parent.mkdir()
        path.write_text(text)
        Path(folder, "README.md").touch()
        module.check_document(str(path), stellwerk, module.tree(), False)
    return "\n".join(module.problems)


def main(stellwerk):
    failed = 0
    for what, text, wanted in CASES:
        said = said_of(stellwerk, text)
        if (wanted in said) if wanted else not said:
            continue
        failed += 1
        print(f"{what}: expected {wanted or 'nothing'!r}, said: {said or 'nothing'}")
    print(f"{len(CASES)} cases, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main(str(Path(sys.argv[1]).resolve()))
