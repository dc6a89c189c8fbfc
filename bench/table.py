#!/usr/bin/env python3
"""Prints workload W1 as a table: medians of events/s with their range, and our ratio to the reference, by number of rules.

The ratio is the median over the rounds of ours to the reference run just before it, since the machine's speed drifts.

Usage: table.py W1.tsv COMPILE.txt
"""
import re
import sys
from collections import defaultdict
from statistics import median


def load(path):
    rates = defaultdict(list)
    for line in open(path, encoding="utf-8"):
        row, rules, mode, _events, _seconds, rate, _matches, _sum = line.rstrip("\n").split("\t")
        rates["ours" if row == "Stellwerk" else "reference", mode, int(rules)].append(float(rate))
    return rates


def show(values):
    return f"{median(values) / 1000:,.0f}k ({min(values) / 1000:,.0f}–{max(values) / 1000:,.0f})"


def pairwise(ours, others):
    ratios = [a / b for a, b in zip(ours, others)]
    return f"{median(ratios):.0%} ({min(ratios):.0%}–{max(ratios):.0%})"


def print_mode(rates, mode):
    sizes = sorted({rules for _who, of, rules in rates if of == mode})
    print(f"| {mode}, events/s | " + " | ".join(f"{rules:,} rules" for rules in sizes) + " |")
    print("|---|" + "--:|" * len(sizes))
    for who, name in (("reference", "C indexed loop" + (" + cJSON" if "parse" in mode else "")), ("ours", "Stellwerk")):
        print(f"| {name} | " + " | ".join(show(rates[who, mode, rules]) for rules in sizes) + " |")
    ratios = [pairwise(rates["ours", mode, rules], rates["reference", mode, rules]) for rules in sizes]
    print("| ratio | " + " | ".join(ratios) + " |")
    print(f"\n{sizes[-1]:,} rules run at {pairwise(rates['ours', mode, sizes[-1]], rates['ours', mode, sizes[0]])} of the rate of {sizes[0]:,}.\n")


def main():
    rates = load(sys.argv[1])
    for mode in ("parse+match", "match"):
        print_mode(rates, mode)
    times = [float(match[1]) for match in re.finditer(r"compiled 10000 rules in ([0-9.]+) s", open(sys.argv[2], encoding="utf-8").read())]
    print(f"Compiling 10,000 rules: {median(times):.2f} s")


if __name__ == "__main__":
    main()
