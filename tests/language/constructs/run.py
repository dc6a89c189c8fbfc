#!/usr/bin/env python3
"""Checks and runs the pack that holds every construct of the language: no error, no warning, every test passes, and every rule,
guard, row and branch was reached.

Usage: run.py PATH-OF-STELLWERK   from the root of the tree
"""
import json
import subprocess
import sys

PACKS = ["tests/language/constructs/desk", "tests/language/constructs/own"]


def answer(*words):
    run = subprocess.run([sys.argv[1], *words, "--json"], capture_output=True, text=True, timeout=120)
    if run.returncode:
        sys.exit(f"{' '.join(words)}: {run.returncode}\n{run.stdout}\n{run.stderr}")
    return json.loads(run.stdout)


def main():
    checked = answer("check", *PACKS)
    if checked["errors"] or checked["warnings"]:
        sys.exit(json.dumps(checked["diagnostics"], indent=2))
    tested = answer("test", *PACKS)
    left = {what: count for what, count in tested["coverage"].items() if what != "never" and count["reached"] != count["of"]}
    if left or tested["coverage"]["never"] or not tested["tests"]:
        sys.exit(f"not everything was reached: {left}")


main()
