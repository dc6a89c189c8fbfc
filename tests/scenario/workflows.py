#!/usr/bin/env python3
"""Workflows under way, from outside: they stay on the packs they began on until somebody moves them, go on with the steps of the newer ones then,
and still hear the answers of calls that were out. One that can not be moved stays as it is, and the past happens again with all of it.

Usage: workflows.py PATH-OF-STELLWERK [CLASS[.TEST]]
On the embedded store, or on the PostgreSQL that STELLWERK_TEST_DATABASE names (it is emptied).
"""
import json
import sys
import threading
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
from service import Served, event, wait_until

PACK = Path(__file__).parent / "move_pack"
NEWER = (
    ('pack house "1.0.0"', 'pack house "1.1.0"'),
    ('  set who { state = "1.0" }\n}\n\nworkflow ring', '  set who { state = "1.1" }\n  sleep for 1s\n  set who { closed = true }\n}\n\nworkflow ring'),
    ('set who { rung = rung.heard; state = "1.0" }', 'set who { rung = rung.heard; state = "1.1" }'),
    ('sleep for 1h\n  set who { state = "1.0" }', 'sleep for 2h\n  set who { state = "1.1" }'),
)


class MoveTest(Served):
    pack = PACK

    def refuses(self, sentence, *words):
        run = self.service.command(*words)
        self.assertNotEqual(run.returncode, 0, run.stdout)
        self.assertIn(sentence, run.stderr)

    def comes(self, name, how):
        self.assertEqual(self.service.post(event(name, number=f"{name}-comes", how=how))[0], 202)
        wait_until(lambda: self.service.number(f"select count(*) from visit where name='{name}'"), f"{name} has come")

    def goes(self, name):
        self.assertEqual(self.service.post(event(name, "door.closed", f"{name}-goes"))[0], 202)

    def visit(self, name):
        return self.service.rows(f"select rung,state,closed from visit where name='{name}'")[0]

    def settled(self):
        wait_until(lambda: self.service.number("select count(*) from _journal where state=0") == 0, "what came has had its turn")

    def newer(self):
        self.does("pack", "install", "--unsigned", self.changed(*NEWER))
        self.does("pack", "activate", "house@1.1.0")
        self.settled()

    def listed(self):
        return {(each["workflow"], each["version"], each["at"]): each["count"] for each in json.loads(self.does("workflow", "list", "--json"))}

    def dead(self):
        return [entry["reason"] for entry in json.loads(self.does("events", "dead", "list", "--json"))]

    def past_is_repeated(self):
        """Each turn is explained as it was recorded, and a second run of all of them comes to the same."""
        for number, origin in self.service.rows("select number,origin from _journal order by number"):
            run = self.service.command("explain", str(number))
            self.assertEqual((run.returncode, run.stderr), (0, ""), (origin, run.stdout))
        now = int(time.time())
        wait_until(lambda: int(time.time()) > now, "the next second")
        self.goes("nobody")
        self.settled()
        answer = self.replayed(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + 1)))
        self.assertGreater(answer["repeated"], 3)
        self.assertEqual((answer["repeated_otherwise"], answer["turns_other"]), (0, 0), answer)
        # from the beginning on the newer packs: what was moved is where it should be from the start
        answer = self.replayed("1h")
        self.assertEqual([each for each in answer["decisions"] if each.get("dead_then") or each.get("dead_now")], [], answer)
        # on packs that were never active: what was moved goes on with those
        newest = self.changed(*NEWER, ('"1.1.0"', '"1.2.0"'), ('state = "1.1"', 'state = "1.2"'))
        answer = self.replayed("1h", "--pack", newest)
        self.assertEqual([each for each in answer["decisions"] if each.get("dead_then") or each.get("dead_now")], [], answer)

    def replayed(self, since, *more):
        run = self.service.command("replay", "--since", since, *more, "--json")
        self.assertIn(run.returncode, (0, 1), run.stderr)
        return json.loads(run.stdout)

    def test_one_that_waits_goes_on_with_the_newer_steps(self):
        for name in ("Anna", "Bert", "Carl"):
            self.comes(name, "waits")
        self.newer()
        self.assertEqual(self.listed(), {("stay", "1.0.0", "wait for door.closed"): 3})
        self.goes("Anna")  # it was not moved: it ends on the packs it began on
        wait_until(lambda: self.visit("Anna")[1] == "1.0", "Anna has gone")
        dry = json.loads(self.does("workflow", "move", "stay", "--dry-run", "--json"))
        self.assertEqual([(each["at"], each["moved"], each["why"]) for each in dry["instances"]], [("wait for door.closed", True, "")] * 2)
        self.assertEqual(self.listed(), {("stay", "1.0.0", "wait for door.closed"): 2})
        self.assertIn("2 are moved, 0 stay", self.does("workflow", "move", "stay", "--by", "Chefin"))
        self.settled()
        self.assertEqual(self.listed(), {("stay", "1.1.0", "wait for door.closed"): 2})
        self.assertIn("0 are moved", self.does("workflow", "move", "stay"))
        self.goes("Bert")
        wait_until(lambda: self.visit("Bert")[1:] in (("1.1", 1), ("1.1", "t")), "Bert has gone")
        self.assertEqual(self.visit("Carl")[1] or None, None)
        self.assertEqual(self.dead(), [])
        self.past_is_repeated()
        self.service.kill_all()
        self.service.start()
        self.goes("Carl")
        wait_until(lambda: self.visit("Carl")[1] == "1.1", "Carl has gone")

    def test_the_answer_of_a_call_that_is_out_is_heard(self):
        gate = threading.Event()
        self.addCleanup(gate.set)
        self.outside.behaviour = lambda number: "answer" if gate.wait(60) else "answer"
        self.comes("Dora", "rings")
        wait_until(lambda: self.outside.requests == 1, "the call is out")
        self.newer()
        self.does("workflow", "move", "ring")
        self.settled()
        self.assertEqual(self.listed(), {("ring", "1.1.0", "call outside.ring"): 1})
        gate.set()
        wait_until(lambda: self.visit("Dora")[:2] == ("ja, Dora", "1.1"), "the answer is heard")
        self.assertEqual([len(calls) for calls in self.outside.carried_out["outside.ring"].values()], [1])
        self.settled()
        self.past_is_repeated()

    def test_one_that_can_not_be_moved_stays(self):
        self.comes("Emil", "sleeps")
        self.newer()
        before = self.service.rows("select program,data,state from workflow_instance")
        said = self.does("workflow", "move", "rest", code=1)
        self.assertIn("0 are moved, 1 stay as they are", said)
        refused = json.loads(self.does("workflow", "move", "rest", "--json", code=1))["instances"][0]
        self.assertEqual(refused["moved"], False)
        self.assertIn("it stands at `sleep for 1h`, and the new version has no such point", refused["why"])
        self.refuses("had no point `sleep for 3h`", "workflow", "move", "rest", "--point", "sleep for 3h -> sleep for 2h")
        self.refuses('is not of the form "OLD -> NEW"', "workflow", "move", "rest", "--point", "sleep for 1h")
        self.assertEqual(self.service.rows("select program,data,state from workflow_instance"), before)
        program = before[0][0]
        self.assertIn("0 are moved, 0 stay", self.does("workflow", "move", "rest", "--from", "beef"))
        self.does("workflow", "move", "rest", "--from", str(program)[:6], "--point", "sleep for 1h -> sleep for 2h")
        self.settled()
        self.assertEqual(self.listed(), {("rest", "1.1.0", "sleep for 2h"): 1})
        self.past_is_repeated()

    def test_a_move_that_was_checked_for_other_packs_is_not_made(self):
        self.comes("Fred", "waits")
        self.newer()
        self.does("tenant", "suspend", "default")  # nothing has its turn
        self.does("workflow", "move", "stay")
        self.does("pack", "activate", "house@1.0.0")
        self.does("tenant", "resume", "default")
        wait_until(self.dead, "it is dead")
        self.assertIn("the packs for which the move was checked are active no more", self.dead()[0])
        self.assertEqual(self.listed(), {("stay", "1.0.0", "wait for door.closed"): 1})
        self.goes("Fred")
        wait_until(lambda: self.visit("Fred")[1] == "1.0", "Fred has gone")

    def test_wrong_words(self):
        for words, sentence in (
            ((), "workflows can be listed and moved"),
            (("list", "stay"), "takes no word behind it"),
            (("move",), "which workflow?"),
            (("move", "sty"), "there is no workflow `sty`"),
            (("move", "stay", "--tenant", "globex"), "there is no tenant `globex`"),
        ):
            self.refuses(sentence, "workflow", *words)
        self.assertIn("no workflow is under way", self.does("workflow", "list"))


if __name__ == "__main__":
    unittest.main(argv=[*sys.argv, "-v"])
