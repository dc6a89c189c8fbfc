#!/usr/bin/env python3
"""Packs at work, from outside: `test` on its virtual clock, recorded events through `simulate`, and what `explain` says of them.

Usage: events.py PATH-OF-STELLWERK
"""
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

STELLWERK = None
FINE, FINDINGS, USAGE, UNREADABLE, BROKEN = range(5)

PACK = """pack depot "1.0.0" {
  title "Depot"
  zone  Europe/Berlin
  calendar shop
}
"""
THINGS = """calendar shop "Mo-Fr" { zone Europe/Berlin; mon..fri 08:00..17:00 }
setting patience duration "Geduld" default 2h
entity person "Mensch" { name text required }
entity box "Kiste" {
  number text sequence "B-{year}-{n:4}"
  code   text required
  owner  ref person
  size   int default 1
  kind   enum(small, large) default small
  state  enum(fresh, checked, gone) default fresh
  unique number
}
event box.seen "Kiste gesehen" { seen_id text key; code text required; size int; place text }
event box.lost "Kiste verloren" { code text required }
connector scanner "Scanner" {
  base "https://scanner.example"
  receive webhook "scan" {
    when body.kind == "SEEN" then emit box.seen { seen_id = text(body.id); code = text(body.code); size = int(body.size) }
  }
  action open_gate(code text) = POST "/gate/{code}" { repeatable yes }
}
table grade(size int) -> kind box.kind {
  hit first
  | size  || kind: |
  | >= 10 || large |
  | *     || small |
}
rule new_box "Neue Kiste" {
  on   box.seen as seen
  when seen.size > 0
    and not exists(box where box.code == seen.code)
  then {
    create box as b { code = seen.code; size = seen.size; kind = grade(seen.size).kind }
    if seen.size > 50 { call scanner.open_gate(seen.code) later }
  }
}
rule known_box "Bekannte Kiste" {
  on   box.seen as seen
  when exists(box where box.code == seen.code)
    and seen.place is set
  then {
    let found = lookup(box where box.code == seen.code)
    if found is set { set found { state = checked } }
  }
}
rule forget "Vergessen" {
  on   box.created as b
  when b.state == fresh
  holds for 1h
  then set b { state = gone }
}
clock storage "Lagerzeit" on box {
  starts   on box.created
  stops    when box.state == checked
  calendar shop
  target   4 workhours
  reopened pause
  warn     at 50%
}
"""
TESTS = """test "a large box is graded" {
  at     2026-05-04T09:00 Europe/Berlin
  when   box.seen { seen_id = "1"; code = "A"; size = 12 }
  expect one box as b where box.code == "A"
  expect b.kind == large and b.number == "B-2026-0001"
  expect no rule.failed
}
test "numbers begin again in every test" {
  at     2026-05-04T09:00 Europe/Berlin
  given  person anna { name = "Anna" }
  given  box old { code = "X"; owner = anna }
  expect old.number == "B-2026-0001" and old.size == 1 and old.owner.name == "Anna"
  expect no box.created
  when   box.seen { seen_id = "1"; code = "A"; size = 3 }
  expect 2 box
}
test "the same event twice is one" {
  when   box.seen { seen_id = "1"; code = "A"; size = 3 }
  when   box.seen { seen_id = "1"; code = "B"; size = 3 }
  expect one box
}
test "it is forgotten after an hour" {
  at     2026-05-04T09:00 Europe/Berlin
  when   box.seen { seen_id = "1"; code = "A"; size = 3 }
  after  59min
  expect one box as b where box.state == fresh
  after  1min
  expect b.state == gone
}
test "the clock warns and breaches in working time" {
  at     2026-05-08T15:00 Europe/Berlin
  when   box.seen { seen_id = "1"; code = "A"; size = 3 }
  expect one box as b
  expect b.storage.due_at == 2026-05-11T10:00 Europe/Berlin
  at     2026-05-08T17:00 Europe/Berlin
  expect one storage.warned for b
  expect no storage.breached
  at     2026-05-11T10:00 Europe/Berlin
  expect one storage.breached for b
}
test "people act" {
  given  person anna { name = "Anna" }
  given  box b { code = "A"; owner = anna }
  when   set b { state = checked } by anna
  expect b.state == checked
  expect one box.updated
}
test "calls are remembered" {
  when   box.seen { seen_id = "1"; code = "A"; size = 99 }
  expect one scanner.open_gate as c where c.code == "A"
}
"""
BAD_TESTS = """test "this can not hold" {
  at     2026-05-04T09:00 Europe/Berlin
  when   box.seen { seen_id = "1"; code = "A"; size = 12 }
  expect one box as b where box.code == "A"
  expect b.kind == small and b.size == 12
  expect 3 box where box.size > 100
}
test "backwards" {
  at     2026-05-04T09:00 Europe/Berlin
  at     2026-05-04T08:00 Europe/Berlin
}
"""


def seen(at, number, code, size, **more):
    return json.dumps({"specversion": "1.0", "id": str(number), "source": "belt", "type": "box.seen", "time": at,
                       "data": {"seen_id": f"belt-{number}", "code": code, "size": size, **more}})


def scanned(at, number, code, size):
    return json.dumps({"received_at": at, "connector": "scanner", "receive": "scan", "headers": {},
                       "body": {"kind": "SEEN", "id": number, "code": code, "size": size}})


BELT = [seen("2026-05-04T07:10:00Z", 1, "A", 12), seen("2026-05-04T07:00:00Z", 2, "B", 3),
        seen("2026-05-04T07:20:00Z", 3, "B", 3, place="yard"), seen("2026-05-04T07:30:00Z", 3, "B", 3, place="yard"),
        seen("2026-05-04T07:40:00Z", 4, "C", 0)]
SCANS = [scanned("2026-05-04T07:05:00Z", 7, "D", 60), scanned("2026-05-04T09:30:00Z", 8, "E", 1),
         json.dumps({"received_at": "2026-05-04T09:31:00Z", "connector": "scanner", "receive": "scan", "body": {"kind": "ELSE"}})]
HOSTILE = ["{", "[]", "null", '"text"', "[" * 5000, '{"specversion":"1.0"}', '{"received_at":"yesterday","connector":"scanner"}',
           '{"received_at":"2026-05-04T07:00:00Z","connector":"nobody","body":{}}',
           '{"received_at":"2026-05-04T07:00:00Z","connector":"scanner","receive":"scan"}',
           '{"received_at":"2026-05-04T07:00:00Z","connector":"scanner","receive":"scan","headers":7,"body":{}}',
           json.dumps({"specversion": "1.0", "id": "x", "source": "s", "type": "box.created", "time": "2026-05-04T07:00:00Z", "data": {}}),
           json.dumps({"specversion": "1.0", "id": "x", "source": "s", "type": "box.sen", "time": "2026-05-04T07:00:00Z", "data": {}}),
           json.dumps({"specversion": "1.0", "id": "x", "source": "s", "type": "box.seen", "time": "2026-05-04T07:00:00Z",
                       "data": {"seen_id": "1", "code": 7, "size": "big"}}),
           json.dumps({"specversion": "1.0", "id": "x", "source": "s", "type": "box.seen", "time": "2026-05-04T07:00:00Z",
                       "data": {"seen_id": "1", "nothing": 1, "code": "A"}}),
           '{"specversion":"1.0","id":"x","id":"y"}', "\x00\x01\x02"]


class Scenario(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.pack = self.path("depot")
        self.pack.mkdir()
        self.write("depot/pack.flow", PACK)
        self.write("depot/things.flow", THINGS)

    def path(self, name):
        return Path(self.folder.name) / name

    def write(self, name, text):
        content = text if isinstance(text, bytes) else text.encode()
        self.path(name).write_bytes(content)
        return str(self.path(name))

    def run_it(self, *words, code=FINE):
        run = subprocess.run([STELLWERK, *map(str, words)], capture_output=True, text=True, timeout=120)
        self.assertEqual(run.returncode, code, run.stdout + run.stderr)
        return run

    def belt(self):
        return self.write("belt.jsonl", "\n".join(BELT) + "\n")

    def scans(self):
        return self.write("scans.jsonl", "\n".join(SCANS))


class Tests(Scenario):
    def test_all_pass(self):
        self.write("depot/tests.flow", TESTS)
        run = self.run_it("test", self.pack)
        self.assertIn("7 passed", run.stdout)
        self.assertRegex(run.stdout, r"rules that fired\s+2\s+3|rules that fired\s+3\s+3")

    def test_filter_and_json(self):
        self.write("depot/tests.flow", TESTS)
        answer = json.loads(self.run_it("test", self.pack, "--only", "graded", "--json").stdout)
        self.assertEqual([test["name"] for test in answer["tests"]], ["a large box is graded"])
        self.assertEqual((answer["passed"], answer["failed"]), (1, 0))
        whole = json.loads(self.run_it("test", self.pack, "--json").stdout)
        never = [(gap["what"], gap["name"]) for gap in whole["coverage"]["never"]]
        self.assertIn(("rule", "known_box"), [(what, name.split(".")[-1]) for what, name in never])
        self.run_it("test", self.pack, "--only", "no such test", code=USAGE)

    def test_failures_are_drawn(self):
        self.write("depot/tests.flow", BAD_TESTS)
        run = self.run_it("test", self.pack, code=FINDINGS)
        self.assertIn("tests.flow:5", run.stdout)
        self.assertIn("✗ b.kind == small", run.stdout)
        self.assertIn("b.kind = large", run.stdout)
        self.assertIn("found 0 instead of 3", run.stdout)
        self.assertIn("✗ box.size > 100", run.stdout)
        self.assertIn("box.size = 12", run.stdout)
        self.assertIn("can not go back", run.stdout)
        self.assertIn("2 failed", run.stdout)
        answer = json.loads(self.run_it("test", self.pack, "--json", code=FINDINGS).stdout)
        first = answer["tests"][0]["failures"][0]
        self.assertEqual(first["line"], 5)
        self.assertEqual([child["state"] for child in first["condition"]["children"]], ["false", "not_reached"])

    def test_many_are_quick(self):
        one = '  at 2026-05-04T09:00 Europe/Berlin\n  when box.seen {{ seen_id = "1"; code = "A{0}"; size = 3 }}\n  expect one box\n'
        self.write("depot/tests.flow", "".join(f'test "number {n}" {{\n{one.format(n)}}}\n' for n in range(200)))
        self.assertIn("200 passed", self.run_it("test", self.pack).stdout)


class Simulation(Scenario):
    def test_order_and_counts(self):
        answer = json.loads(self.run_it("simulate", self.pack, "--events", self.belt(), self.scans(), "--json").stdout)
        self.assertEqual(answer["records"]["box"]["created"], 4)  # A, B, D, E; C has no size
        self.assertEqual(answer["duplicates"], 1)
        self.assertEqual(answer["problems"], [])
        self.assertEqual(answer["calls"], {"scanner.open_gate": 1})
        sources = {source["from"]: source for source in answer["sources"]}
        self.assertEqual(sources["scanner scan"], {"from": "scanner scan", "lines": 3, "events": 2, "nothing_new": 1, "refused": 0})
        self.assertEqual(sources["box.seen"]["lines"], 5)
        rules = {name.split(".")[-1]: counts for name, counts in answer["rules"].items()}
        self.assertEqual(rules["new_box"]["fired"], 4)
        self.assertEqual(rules["known_box"]["fired"], 1)
        self.assertGreaterEqual(answer["timers"], 2)  # A and D were forgotten before E came
        self.assertEqual(sum(hour["lines"] for hour in answer["hours"]), 8)
        self.assertEqual(sum(hour["created"] for hour in answer["hours"]), 4)
        self.assertEqual(answer["hours"], sorted(answer["hours"], key=lambda hour: hour["hour"]))
        self.assertEqual(sum(answer["states"]["box.state"].values()), 4)

    def test_at_a_glance(self):
        out = self.run_it("simulate", self.pack, "--events", self.belt(), self.scans()).stdout
        headings = ("What came in", "What was made of it", "What decided", "Clocks", "due next")
        self.assertEqual(sorted(out.index(heading) for heading in headings), [out.index(heading) for heading in headings])
        self.assertRegex(out, r"box.state +\w+ \d")
        self.assertIn("█", out)
        fired = [int(count) for count in re.findall(r"(?m)^  \w*box +(\d+) +\d+ +\d+ +\d+", out.split("What decided")[1])]
        self.assertEqual(fired, sorted(fired, reverse=True))
        self.assertGreaterEqual(len(fired), 2)

    def test_nothing_came(self):
        out = self.run_it("simulate", self.pack, "--events", self.write("empty.jsonl", b"")).stdout
        self.assertEqual(out, "0 lines from 1 file\nno event came in, and so nothing happened\n")

    def test_the_same_every_time(self):
        words = ("simulate", self.pack, "--events", self.belt(), self.scans(), "--until", "2026-05-12T12:00 Europe/Berlin")
        first = self.run_it(*words)
        self.assertEqual(first.stdout, self.run_it(*words).stdout)
        self.assertIn("What was made of it", first.stdout)
        self.assertRegex(first.stdout, r"storage +0 +0 +1 +3")

    def test_hostile_lines_cost_a_sentence(self):
        lines = [line.encode() for line in HOSTILE] + [b"\xff\xfe{}", b"{" + b"a" * (5 << 20)] + [BELT[0].encode()]
        run = self.run_it("simulate", self.pack, "--events", self.write("bad.jsonl", b"\n".join(lines)), "--json", code=UNREADABLE)
        answer = json.loads(run.stdout)
        self.assertEqual(len(answer["problems"]), len(lines) - 1)
        self.assertEqual([problem["line"] for problem in answer["problems"]][0:3], sorted(range(1, 4)))
        self.assertEqual(answer["records"]["box"]["created"], 1)
        people = self.run_it("simulate", self.pack, "--events", self.path("bad.jsonl"), code=UNREADABLE)
        self.assertIn("bad.jsonl:1: ", people.stderr)
        self.assertIn("could not be read and were skipped", people.stdout)

    def test_no_file(self):
        self.run_it("simulate", self.pack, "--events", self.path("none.jsonl"), code=UNREADABLE)
        self.run_it("simulate", self.pack, code=USAGE)

    def test_kept_in_a_file(self):
        store = self.path("kept.db")
        self.run_it("simulate", self.pack, "--events", self.belt(), "--store", store)
        again = json.loads(self.run_it("simulate", self.pack, "--events", self.belt(), "--store", store, "--json").stdout)
        self.assertEqual(again["duplicates"], 5)
        self.assertEqual(again["records"], {})


class Explaining(Scenario):
    def explain(self, target, *more, code=FINE):
        return self.run_it("explain", self.pack, "--events", self.belt(), self.scans(), *more, target, code=code)

    def test_a_rule_that_fired_and_one_that_did_not(self):
        out = self.explain("belt-1").stdout
        self.assertRegex(out, r"✓ (\w+\.)?new_box")
        self.assertIn("✓ seen.size > 0", out)
        self.assertIn("seen.size = 12", out)
        self.assertRegex(out, r"✗ (\w+\.)?known_box")
        self.assertRegex(out.split("\n")[1], r"of \d+ rules? \d+ fired")
        self.assertIn("+ box B-2026-000", out)
        self.assertIn("kind large", out)

    def test_by_record_and_last(self):
        out = self.explain("B-2026-0001").stdout
        self.assertRegex(out.split("\n")[1], r"box B-2026-0001 was created by (\w+\.)?new_box")
        self.assertRegex(out, r"✗ (\w+\.)?known_box  seen.place is set   seen.place is not set\n")
        self.assertRegex(self.explain("B-2026-0001", "--all").stdout, r"known_box  did not fire: the condition is false")
        self.assertIn('code = "B"', out)
        self.assertIn("at other times", out)
        self.assertIn("box.seen", self.explain("belt.jsonl:1").stdout)
        self.explain("last")
        self.assertIn("no event and no record is called", self.explain("nonsense", code=USAGE).stderr)

    def test_json(self):
        answer = json.loads(self.explain("belt-4", "--json").stdout)
        rules = {rule["rule"].split(".")[-1]: rule for rule in answer["events"][0]["rules"]}
        self.assertEqual(rules["new_box"]["condition"]["state"], "false")
        self.assertEqual(rules["new_box"]["condition"]["children"][0]["state"], "false")
        self.assertEqual(answer["changes"], [])


if __name__ == "__main__":
    STELLWERK = sys.argv.pop(1)
    unittest.main()
