#!/usr/bin/env python3
"""The tests of our packs on SQLite in memory, SQLite in a file and PostgreSQL: each must give the same answer.

Usage: databases.py PATH-OF-STELLWERK   from the root of the tree; STELLWERK_TEST_DATABASE names a database that may be emptied
"""
import json
import os
import subprocess
import sys
import tempfile

STACKS = [
    ["rules/default", "connectors/rmm"],
    ["tests/language/constructs/desk", "tests/language/constructs/own"],
    ["tests/unit/engine/flow/constraints"],
    ["connectors/ledger", "connectors/datev", "connectors/bmd"],
]


def answer(stack, *where):
    run = subprocess.run([sys.argv[1], "test", *stack, "--json", *where], capture_output=True, text=True, timeout=300)
    if run.returncode:
        sys.exit(f"{stack} {where}: {run.returncode}\n{run.stdout}\n{run.stderr}")
    return json.loads(run.stdout)


def main():
    database = os.environ["STELLWERK_TEST_DATABASE"]
    for number, stack in enumerate(STACKS):
        expected = answer(stack)
        with tempfile.TemporaryDirectory() as folder:
            for where in (f"{folder}/store.sqlite", f"{database}?options=-csearch_path%3Dstack{number}"):
                if where.startswith("postgresql"):
                    subprocess.run(["psql", "-q", database, "-c", f"DROP SCHEMA IF EXISTS stack{number} CASCADE",
                                    "-c", f"CREATE SCHEMA stack{number}"], check=True, capture_output=True)
                found = answer(stack, "--store", where)
                if found != expected:
                    sys.exit(f"{where} answers {json.dumps(found)} in place of {json.dumps(expected)}")


main()
