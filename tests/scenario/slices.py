#!/usr/bin/env python3
"""More open clocks than one turn reckons anew, when other packs are activated: slice by slice, through kills, once each; and the past comes
again as it was.

Usage: slices.py PATH-OF-STELLWERK [CLASS[.TEST]]
On the embedded store, or on the PostgreSQL that STELLWERK_TEST_DATABASE names (it is emptied).
"""
import json
import sys
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
from service import Served, event, wait_until

PACK = Path(__file__).parent / "slices_pack"
JOBS = 1200
TIMER, ACTIVATED = 2, 6  # origins in the journal


class SlicesTest(Served):
    pack = PACK

    def setUp(self):
        super().setUp()
        jobs = [event(f"Aufgabe {i}", "job.taken", f"j{i}") for i in range(JOBS)]
        for first in range(0, JOBS, 500):
            self.service.post_until_taken(jobs[first:first + 500])
        wait_until(lambda: self.count("job") == JOBS, "all jobs are there", 150)

    def count(self, table, condition="1=1"):
        return self.service.number(f"select count(*) from {table} where {condition}")

    def activate(self, target):
        self.does("pack", "install", "--unsigned", self.changed(("target 100h", f"target {target}")))
        self.does("pack", "activate", "office")

    def all_follow(self):
        return self.count("_journal", "state=0") + self.count("rule_memory") + self.count("timer", "kind=5") == 0

    def test_all_follow_and_the_past_comes_again(self):
        before = self.count("_journal", f"origin={TIMER}")
        self.activate("50h")
        wait_until(lambda: self.count("rule_memory"), "the first follow")
        self.service.kill_all()
        self.service.start()
        wait_until(self.all_follow, "all follow")
        self.assertEqual(len(self.service.rows("select distinct target from solve")), 1)
        slices = self.service.rows(f"select number from _journal where origin={TIMER} order by number")[before:]
        self.assertGreaterEqual(len(slices), 1)
        self.assertEqual(self.count("_journal", "state=2"), 0)
        # the past: what each slice did is explained, and nothing comes to something else
        activated = self.service.rows(f"select number from _journal where origin={ACTIVATED} order by number")
        explained = [self.does("explain", str(number)) for number, in activated + slices]
        self.assertTrue(any("more open ones than a turn" in each for each in explained))
        middle = int(time.time()) + 1
        wait_until(lambda: time.time() >= middle, "the next second")
        self.service.post_until_taken([event("noch eine", "job.taken", "last")])
        wait_until(lambda: self.count("job") == JOBS + 1, "one more job")
        run = self.service.command("replay", "--since", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(middle)), "--json")
        self.assertEqual(run.returncode, 0, run.stderr)
        answer = json.loads(run.stdout)
        self.assertEqual((answer["repeated_otherwise"], answer["outside"]), (0, 1))
        self.assertGreater(answer["repeated"], JOBS + len(slices))
        # what other packs would do is said of all clocks, not of those of one turn
        run = self.service.command("replay", "--since", "1h", "--most", "3000", "--json", "--pack", self.changed(("target 100h", "target 10h")))
        self.assertEqual(run.returncode, 1, run.stderr)
        answer = json.loads(run.stdout)
        self.assertEqual(answer["records_other"], JOBS + 1)
        self.does("verify")

    def test_each_is_late_once_whatever_dies(self):
        for point in ("timer.due", "turn.written", "turn.committed"):
            (self.folder / "points" / point).touch()
        self.activate("0h")
        wait_until(lambda: not list((self.folder / "points").iterdir()), "all have been killed")
        wait_until(self.all_follow, "all follow")
        self.assertEqual(self.service.rows("select distinct late,state from job join solve on solve.job=job.id"), [(1, "breached")])


if __name__ == "__main__":
    unittest.main(argv=[*sys.argv, "-v"])
