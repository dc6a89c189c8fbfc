#!/usr/bin/env python3
"""The recorded past of a service once more: `explain` of a turn of then, and `replay` with other packs. What happened must come again exactly,
with its timers, answers, decisions, settings and activations; what a changed pack would have done must be named, and nothing may be written.

Usage: replay.py PATH-OF-STELLWERK [CLASS[.TEST]]
On the embedded store, or on the PostgreSQL that STELLWERK_TEST_DATABASE names (it is emptied).
"""
import json
import sys
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
import service as scenario
from service import Served, event, wait_until

PACK = Path(__file__).parent / "replay_pack"


class ReplayTest(Served):
    pack = PACK

    def setUp(self):
        super().setUp()
        self.number = 0

    def happens(self, kind, **data):
        self.number += 1
        self.service.post(event(data.pop("name"), kind, f"e{self.number}", **data))

    def settled(self):
        wait_until(self.service.all_quiet, "all is quiet")

    def replay(self, *words, since="1h"):
        """(what came of it, whether anything differs)"""
        run = self.service.command("replay", "--since", since, "--json", *words)
        self.assertIn(run.returncode, (0, 1), run.stderr)
        answer = json.loads(run.stdout)
        self.assertEqual(answer["repeated_otherwise"], 0)
        return answer, run.returncode == 1

    def later(self):
        """A second between two turns: the journal tells times in seconds."""
        now = int(time.time())
        wait_until(lambda: int(time.time()) > now, "the next second")
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + 1))

    def everything_happens(self):
        """Workflows with calls and pauses, a decision, something dead, a setting, other packs, a kill; returns when its second half began."""
        for name in ("Anna", "Bert", "still", "Chef", "Kreis"):
            self.happens("door.opened", name=name)
        approval = wait_until(lambda: [each for each in json.loads(self.does("held", "list", "--json")) if each["kind"] == "approval"], "it is asked")
        self.does("held", "approve", approval[0]["id"])
        self.settled()
        self.does("tenant", "set", "default", "polite", "false")
        self.happens("door.opened", name="Carl")
        self.settled()
        self.service.kill_all()
        self.service.start()
        middle = self.later()
        self.happens("door.opened", name="Dora")
        self.does("pack", "install", "--unsigned", self.changed(("Guten Tag, {who.name}", "Moin, {who.name}")))
        self.does("pack", "activate", "house")
        self.happens("door.opened", name="Emil")
        self.does("tenant", "unset", "default", "polite")
        self.happens("door.opened", name="Fred")
        self.settled()
        return middle

    def snapshot(self):
        tables = {"_journal": "number", "_history": "number", "_call": "id", "_pack": "hash", "_stack": "hash", "_activation": "number", "_setting": "name",
                  "_sequence": "name", "visit": "id", "greeting": "id", "timer": "id", "_event": "id"}
        return [self.service.rows(f"select * from {table} order by {order}") for table, order in tables.items()]

    def named(self, answer, entity):
        return {(each["difference"], field["then"], field["now"]) for each in answer["differing"] if each["entity"] == entity
                for field in each["fields"] or [{"then": each["record"], "now": ""}]}

    def test_the_past_comes_again(self):
        middle = self.everything_happens()
        before = self.snapshot()
        # the stack that is active now greets in another way than the one that was active at first
        answer, differs = self.replay()
        greeted = {("changed", f'"Guten Tag, {name}"', f'"Moin, {name}"') for name in ("Anna", "Bert", "Carl", "Dora")}
        self.assertEqual((differs, self.named(answer, "greeting"), answer["records_other"]), (True, greeted, 4))
        self.assertEqual((answer["turns_other"], answer["calls_other"], answer["answered"], answer["unasked"]), (0, 0, 6, 0))
        # the turns before that are repeated as they were: what Anna got is no difference
        answer, differs = self.replay(since=middle)
        self.assertEqual(self.named(answer, "greeting"), {("changed", '"Guten Tag, Dora"', '"Moin, Dora"')})
        self.assertEqual((answer["records_other"], answer["turns_other"], answer["outside"]), (1, 0, 3))
        self.assertGreater(answer["repeated"], 10)
        self.assertEqual(self.snapshot(), before)

    def test_nothing_differs_when_nothing_was_changed(self):
        self.happens("door.opened", name="Anna")
        self.settled()
        answer, differs = self.replay("--pack", str(PACK))
        self.assertFalse(differs, answer)
        self.assertIn("Nothing would have been different", self.does("replay", "--since", "1h"))

    def test_each_turn_is_explained_as_it_was(self):
        self.everything_happens()
        before = self.snapshot()
        for number, origin in self.service.rows("select number,origin from _journal order by number"):
            run = self.service.command("explain", str(number))
            if origin == 7:  # a setting was changed
                self.assertIn("began no turn", run.stderr)
            else:
                self.assertEqual((run.returncode, run.stderr), (0, ""), run.stdout)
        tree = self.does("explain", "B-002", "--rule", "greet", "--all")
        self.assertIn('✓ v.name not in ["still", "Chef"]   v.name = "Bert"', tree)
        self.assertIn("✗ setting.polite", self.does("explain", self.last_update("Carl"), "--rule", "late"))
        self.assertIn("✓ setting.polite", self.does("explain", self.last_update("Fred"), "--rule", "late"))
        self.assertIn("dead: ", self.does("explain", "e5"))
        events = json.loads(self.does("explain", "e1", "--json"))["events"]
        self.assertEqual([each["event"] for each in events][:2], ["door.opened", "visit.created"])
        self.assertEqual(self.snapshot(), before)

    def last_update(self, name):
        """The turn in which the answer to a call came."""
        rows = self.service.rows(f"select id from visit where name='{name}'")
        key = bytes.fromhex(rows[0][0][2:]).hex() if isinstance(rows[0][0], str) else rows[0][0].hex()
        quoted = f"'\\x{key}'" if scenario.DATABASE else f"x'{key}'"
        return str(self.service.number(
            f"select min(j.number) from _journal j join _history h on h.event=j.id where h.record={quoted} and h.change='update'"))

    def test_what_was_due_more_than_once(self):
        """Each time under the same name: two turns, which have their places by when they were."""
        twice = self.changed(("  create greeting", '  set who { rung = "bald" }\n  sleep for 2s\n  create greeting'))
        self.does("pack", "install", "--unsigned", str(twice))
        self.does("pack", "activate", "house")
        for name in ("Anna", "Bert", "Carl", "Dora"):
            self.happens("door.opened", name=name)
            self.later()
        self.settled()
        middle = self.later()
        self.happens("door.opened", name="still")
        self.settled()
        answer, differs = self.replay(since=middle)
        self.assertEqual((differs, answer["outside"]), (False, 1))

    def test_what_a_changed_rule_would_have_done(self):
        self.everything_happens()
        answer, differs = self.replay("--pack", self.changed(('["still", "Chef"]', '["still", "Chef", "Bert"]'), ("Guten Tag", "Moin")))
        self.assertTrue(differs)
        self.assertIn({"name": "greet fired", "then": 6, "now": 5}, answer["rules"])
        self.assertEqual(answer["calls"], [{"name": "outside.ring", "then": 6, "now": 5}])
        self.assertEqual(answer["sent"], [{"name": 'outside.ring {"name":"Bert"}', "then": 1, "now": 0}])
        self.assertEqual((answer["answered"], answer["unasked"]), (5, 1))
        self.assertIn(("only then", "greeting of visit B-002", ""), self.named(answer, "greeting"))
        decisions = [(each["then"], each["now"]) for each in answer["decisions"]]
        self.assertIn(("arrives fired, greet fired", "arrives fired"), decisions)
        text = self.service.command("replay", "--since", "1h", "--most", "1", "--pack", self.changed(("Guten Tag", "Moin"))).stdout
        self.assertIn("… and", text)

    def test_an_answer_finds_the_same_call_under_another_id(self):
        self.happens("door.opened", name="Anna")
        self.settled()
        answer, differs = self.replay("--pack", self.changed(("welcome", "salute"), ("  step rung", "  set who { warned = false }\n  step rung")))
        self.assertEqual((differs, answer["answered"], answer["unasked"]), (False, 1, 0), answer)

    def test_what_was_dead_would_have_lived(self):
        self.happens("door.opened", name="Kreis")
        wait_until(lambda: self.service.number("select count(*) from _journal where state=2") == 1, "it is dead")
        rule = 'rule round_again { on door.round as e; then emit door.round { name = e.name } }'
        answer, differs = self.replay("--pack", self.changed((rule, "")))
        self.assertTrue(differs)
        self.assertIn("door.round", answer["decisions"][0]["dead_then"])
        self.assertEqual(answer["decisions"][0]["now"], "round fired")

    def test_other_tables(self):
        self.happens("door.opened", name="Anna")
        self.settled()
        middle = self.later()
        self.happens("door.opened", name="Bert")
        self.settled()
        before = self.snapshot()
        entity = "  name    text required\n"
        answer, _ = self.replay("--pack", self.changed((entity, entity + '  mood    text default "heiter"\n')), since=middle)
        self.assertIn(("changed", "", '"heiter"'), self.named(answer, "visit"))
        run = self.service.command("replay", "--since", middle, "--pack", self.changed((entity, entity + "  mood    text required\n"),
                                   ("{ name = e.name } }\nrule greet", '{ name = e.name; mood = "gut" } }\nrule greet')))
        self.assertEqual(run.returncode, 3)
        self.assertIn("these packs can not be activated over the records of then: ", run.stderr)
        self.assertIn("mood", run.stderr)
        self.assertEqual(self.snapshot(), before)

    def test_a_tenant_with_packs_of_its_own(self):
        self.does("tenant", "create", "acme")
        self.service.post({**event("Anna", "door.opened", "a1"), "tenant": "acme"})
        self.settled()
        self.does("pack", "install", "--unsigned", self.changed(("Guten Tag", "Moin")))
        self.does("pack", "activate", "house", "--tenant", "acme")
        self.service.post({**event("Bert", "door.opened", "a2"), "tenant": "acme"})
        self.happens("door.opened", name="Carl")
        self.settled()
        answer, differs = self.replay("--tenant", "acme")
        self.assertEqual(self.named(answer, "greeting"), {("changed", '"Guten Tag, Anna"', '"Moin, Anna"')})
        self.assertEqual(answer["outside"], 2, answer)
        self.assertIn("of acme", self.does("explain", "a2"))

    def test_wrong_words(self):
        self.happens("door.opened", name="still")
        self.settled()
        for words, sentence in (
            ((), "since when?"),
            (("--since", "gestern"), '"gestern" is neither a time nor so and so long ago'),
            (("--since", "3 workdays"), "neither a time"),
            (("--since", "2999-01-01"), "nothing has happened for the tenant `default` since then"),
            (("--since", "1h", "--tenant", "globex"), "there is no tenant `globex`"),
            (("--since", "1h", "ours"), "the packs stand behind --pack"),
            (("--since", "1h", "--most", "viele"), "--most is a number"),
            (("--since", "1h", "--pack", "/nowhere"), "/nowhere"),
            (("--since", "1h", "--pack", self.changed(("rule greet {", "rule greet ("))), "pack.flow:"),
        ):
            run = self.service.command("replay", *words)
            self.assertGreater(run.returncode, 0, words)
            self.assertIn(sentence, run.stderr)
        self.assertIn("no turn has written anything of `B-999`", self.service.command("explain", "B-999").stderr)


if __name__ == "__main__":
    unittest.main(argv=[*sys.argv, "-v"])
