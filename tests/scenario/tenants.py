#!/usr/bin/env python3
"""Several tenants in one service, from outside: each has rows of its own, events say whose they are, and who can not be served is told why.

Usage: tenants.py PATH-OF-STELLWERK [CLASS[.TEST]]
On the embedded store, or on the PostgreSQL that STELLWERK_TEST_DATABASE names (it is emptied); with STELLWERK_TEST_BROKER through
that RabbitMQ.
"""
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
import service as scenario
from service import BROKER, Service, event, wait_until


def of(tenant, event):
    return {**event, "tenant": tenant}


class Tenants(unittest.TestCase):
    def serve(self, *more):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        service = Service(Path(folder.name), *more)
        self.addCleanup(service.log.close)
        self.addCleanup(service.stop)
        return service

    def does(self, service, *words):
        run = service.command(*words)
        self.assertEqual((run.returncode, run.stderr), (0, ""), words)
        return run.stdout

    def refuses(self, service, *words):
        run = service.command(*words)
        self.assertNotEqual(run.returncode, 0, run.stdout)
        return run.stderr

    def visits(self, service, tenant):
        return service.number(f"select count(*) from visit where _tenant=(select number from _tenant where name='{tenant}')")

    def dead(self, service):
        return [entry["reason"] for entry in json.loads(self.does(service, "events", "dead", "list", "--json"))]


class TenantTest(Tenants):
    def test_each_has_rows_of_its_own(self):
        service = self.serve()
        for name in ("acme", "globex"):
            self.does(service, "tenant", "create", name)
        self.assertIn("there is a tenant `acme` already", self.refuses(service, "tenant", "create", "acme"))
        self.assertIn("can not be a tenant's name", self.refuses(service, "tenant", "create", "Acme GmbH"))
        # one source and id in three tenants are three events
        for one in (event("still"), of("acme", event("still")), of("globex", event("still")), of("acme", event("still"))):
            self.assertEqual(service.post(one)[0], 202)
        self.assertEqual(service.post(of("acme", event("still", number="2")))[0], 202)
        wait_until(lambda: self.visits(service, "acme") == 2, "acme has both")
        wait_until(service.all_quiet, "all is handled")
        self.assertEqual([self.visits(service, name) for name in ("default", "acme", "globex")], [1, 2, 1])
        # what a new tenant's packs begin with: the schedule
        self.assertEqual(service.number("select count(distinct _tenant) from timer where subject='round'"), 3)
        self.assertEqual(self.dead(service), [])
        shown = json.loads(self.does(service, "tenant", "list", "--json"))
        self.assertEqual([(each["name"], each["number"], each["state"]) for each in shown],
                         [("default", 0, "active"), ("acme", 1, "active"), ("globex", 2, "active")])
        self.does(service, "verify")

    def test_whom_nobody_knows_is_told(self):
        service = self.serve()
        self.does(service, "tenant", "create", "acme")
        status, answer = service.post(of("acne", event("still")))
        self.assertEqual((status, answer["detail"]), (400, "there is no tenant `acne`"))
        status, answer = service.post([event("still"), of("acne", event("still"))], "application/cloudevents-batch+json")
        self.assertEqual((status, answer["detail"]), (400, "event 2 of the batch: there is no tenant `acne`"))
        self.assertIn('stellwerk_events_total{outcome="refused"} 2', service.get("/metrics"))
        self.assertIn("there is no tenant `acne`", self.refuses(service, "tenant", "show", "acne"))
        self.assertEqual(service.number("select count(*) from visit"), 0)
        # made a moment ago: nobody has to wait for it to be known
        self.does(service, "tenant", "create", "acne")
        self.assertEqual(service.post(of("acne", event("still")))[0], 202)
        wait_until(lambda: self.visits(service, "acne") == 1, "it is handled")

    def test_a_suspended_one_stays_as_it_is(self):
        service = self.serve()
        self.does(service, "tenant", "create", "acme")
        self.assertEqual(service.post(of("acme", event("Anna")))[0], 202)  # its workflow calls out, which nobody answers
        wait_until(lambda: service.number("select count(*) from _call where _tenant=1") == 1, "the call is made")
        self.does(service, "tenant", "suspend", "acme")
        self.assertIn("is suspended already", self.refuses(service, "tenant", "suspend", "acme"))
        status, answer = service.post(of("acme", event("still")))
        self.assertEqual((status, answer["title"]), (403, "Forbidden"))
        self.assertIn("the tenant `acme` is suspended", answer["detail"])
        # what was taken before waits; the others go on
        service.write("insert into _journal(_tenant,origin,state,id,source,type,subject,content,received_at,attempts) "
                      f"values(1,0,0,{self.some_id()},'/test','door.opened','','{{\"name\":\"still\"}}',0,0)")
        self.assertEqual(service.post(event("still"))[0], 202)
        wait_until(lambda: self.visits(service, "default") == 1, "default's is handled")
        self.assertEqual(self.visits(service, "acme"), 1)
        self.assertEqual(service.number("select count(*) from _journal where state=0"), 1)
        # and so does what is due; the command that makes another tenant lets the clock look
        service.write("update timer set due_at=0 where subject='round'")
        self.does(service, "tenant", "create", "globex")
        due = "select count(*) from timer where subject='round' and due_at>0 and _tenant="
        wait_until(lambda: service.number(due + "0") == 1, "default's timer has rung")
        self.assertEqual(service.number(due + "1"), 0)
        self.does(service, "tenant", "resume", "acme")
        wait_until(lambda: service.number(due + "1") == 1, "acme's rings, too")
        wait_until(lambda: self.visits(service, "acme") == 2, "what waited is handled")
        self.assertEqual(service.post(of("acme", event("still")))[0], 202)
        wait_until(lambda: self.visits(service, "acme") == 3, "and what comes is")

    def some_id(self):
        return "'\\x000102030405060708090a0b0c0d0e0f'" if scenario.DATABASE else "x'000102030405060708090a0b0c0d0e0f'"



def ours(version="1.0.0", mark="ours", fields="mark text", more=""):
    """A pack on top of `door`: it marks who comes."""
    return f"""pack ours "{version}" {{ title "Unser Haus" }}
extend entity visit {{ {fields} }}
rule mark {{ on visit.created as v; then set v {{ mark = "{mark}" }} }}
{more}
"""


class PackTest(Tenants):
    def install(self, service, text, name="ours"):
        folder = service.folder / "packs" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pack.flow").write_text(text)
        # together with the one below it, which is installed already
        return self.does(service, "pack", "install", scenario.PACK, folder, "--unsigned")

    def marks(self, service, tenant):
        return service.rows("select name, mark from visit where _tenant="
                            f"(select number from _tenant where name='{tenant}') order by name")

    def post(self, service, tenant, name):
        self.assertEqual(service.post(of(tenant, event("still", number=name)))[0], 202)

    def test_one_event_two_stacks_two_outcomes(self):
        service = self.serve()
        for name in ("acme", "globex"):
            self.does(service, "tenant", "create", name)
        for name in ("default", "acme", "globex"):
            self.post(service, name, "before")
        wait_until(service.all_quiet, "all is handled")
        self.assertIn("--unsigned", self.refuses(service, "pack", "install", scenario.PACK))
        self.assertIn("ours 1.0.0", self.install(service, ours()))
        shown = self.does(service, "pack", "activate", "door", "ours", "--tenant", "acme", "--dry-run")
        self.assertIn("add visit.mark text", shown)
        self.assertIn("acme would run ours 1.0.0", shown)
        self.post(service, "acme", "between")
        wait_until(service.all_quiet, "it is handled as before")
        self.assertNotIn("acme", json.loads(self.does(service, "pack", "list", "--json"))[1]["run_by"])
        self.assertIn("acme runs ours 1.0.0", self.does(service, "pack", "activate", "door", "ours", "--tenant", "acme"))
        self.install(service, ours("2.0.0", mark="globex"))
        self.does(service, "pack", "activate", "door", "ours@2.0.0", "--tenant", "globex")
        for name in ("default", "acme", "globex"):
            self.post(service, name, "after")
        wait_until(lambda: self.visits(service, "globex") == 2 and service.all_quiet(), "all is handled")
        self.assertEqual([mark for _, mark in self.marks(service, "acme")].count("ours"), 1)
        self.assertEqual(self.visits(service, "acme"), 3)
        self.assertEqual([mark for _, mark in self.marks(service, "globex")].count("globex"), 1)
        self.assertEqual({mark for _, mark in self.marks(service, "default")}, {"" if scenario.DATABASE else None})
        # and so after the machine has lost its power
        service.kill_all()
        service.start()
        self.post(service, "acme", "later")
        wait_until(lambda: self.visits(service, "acme") == 4 and service.all_quiet(), "it is handled")
        self.assertEqual([mark for _, mark in self.marks(service, "acme")].count("ours"), 2)
        self.assertEqual(self.dead(service), [])
        self.does(service, "verify")

    def test_what_does_not_fit_leaves_the_old_one_live(self):
        service = self.serve()
        self.does(service, "tenant", "create", "acme")
        self.install(service, ours())
        self.does(service, "pack", "activate", "door", "ours", "--tenant", "acme")
        self.post(service, "acme", "1")
        wait_until(lambda: self.visits(service, "acme") == 1, "it is handled")
        cases = {
            "broken": ("rule r { on visit.created as v; then set v { mrk = \"x\" } }", "mrk"),
            "double": ("extend entity visit { mark int }", "mark"),
        }
        for version, (more, word) in cases.items():
            self.install(service, ours(version, more=more))
            said = self.refuses(service, "pack", "activate", "door", f"ours@{version}", "--tenant", "acme")
            self.assertIn(word, said)
            self.assertIn("nothing was changed: acme runs what it ran", said)
        # compiles, but would lose what stands in the field
        self.install(service, ours("3.0.0", fields="sign text").replace("mark =", "sign ="))
        said = self.refuses(service, "pack", "activate", "door", "ours@3.0.0", "--tenant", "acme")
        self.assertIn("the field visit.mark is gone, but 1 rows hold a value in it", said)
        # another type than somebody else's
        self.install(service, ours("4.0.0", fields="mark int", mark="4").replace("\"4\"", "4"))
        said = self.refuses(service, "pack", "activate", "door", "ours@4.0.0")
        self.assertIn("visit.mark is int in the packs of `default`, and text in the packs of `acme`", said)
        self.assertIn("no pack `theirs` is installed", self.refuses(service, "pack", "activate", "theirs"))
        self.post(service, "acme", "2")
        wait_until(lambda: self.visits(service, "acme") == 2, "the old one goes on")
        self.assertEqual({mark for _, mark in self.marks(service, "acme")}, {"ours"})
        self.assertEqual(self.dead(service), [])

    def test_back_and_forth(self):
        service = self.serve()
        self.install(service, ours())
        self.install(service, ours("2.0.0", mark="two", fields="mark text; weight int default 7"))
        self.assertIn("had no stack of packs before", self.refuses(service, "pack", "rollback"))
        for name in ("ours@1.0.0", "ours@2.0.0"):
            self.does(service, "pack", "activate", "door", name)
        self.post(service, "default", "2")
        wait_until(lambda: self.visits(service, "default") == 1, "it is handled")
        self.assertEqual(service.rows("select mark, weight from visit"), [("two", 7)])
        self.assertIn("default runs ours 1.0.0", self.does(service, "pack", "rollback"))
        self.post(service, "default", "1")
        wait_until(lambda: self.visits(service, "default") == 2, "it is handled")
        # the later one's field stays, for who goes there again
        self.assertEqual(sorted(service.rows("select mark, coalesce(weight, 0) from visit")), [("ours", 0), ("two", 7)])
        self.does(service, "pack", "activate", "door", "ours@2.0.0")
        self.assertEqual(sorted(service.rows("select mark, weight from visit")), [("ours", 7), ("two", 7)])
        for wanted in ("ours 1.0.0", "door 1.0.0"):
            self.assertIn(f"default runs {wanted}", self.does(service, "pack", "rollback"))
        self.assertIn("had no stack of packs before", self.refuses(service, "pack", "rollback"))
        history = self.does(service, "pack", "history")
        self.assertEqual(history.count("activated"), 4)
        self.assertIn("back to 1", history)
        # what was activated outlives the service, though the folder it was started with says otherwise
        self.does(service, "pack", "activate", "door", "ours@2.0.0")
        self.assertEqual(service.stop(), 0)
        service.start()
        self.post(service, "default", "3")
        wait_until(lambda: self.visits(service, "default") == 3, "it is handled")
        self.assertEqual([mark for _, mark in self.marks(service, "default")].count("two"), 2)

    def test_a_swap_under_load_loses_and_doubles_nothing(self):
        service = self.serve()
        self.does(service, "tenant", "create", "acme")
        for version in ("1.0.0", "2.0.0"):
            self.install(service, ours(version, mark=version))
        stop, sent = threading.Event(), {"acme": 0, "default": 0}

        def storm(tenant):
            while not stop.is_set():
                first = sent[tenant]
                service.post_until_taken([of(tenant, event("still", number=f"s{n}")) for n in range(first, first + 50)])
                sent[tenant] = first + 50

        storms = [threading.Thread(target=storm, args=(tenant,)) for tenant in sent]
        for each in storms:
            each.start()
        try:
            wait_until(lambda: self.visits(service, "acme") > 100, "turns are on")
            for version in ("1.0.0", "2.0.0", "1.0.0", "2.0.0"):
                self.does(service, "pack", "activate", "door", f"ours@{version}", "--tenant", "acme")
                before = self.visits(service, "acme")
                wait_until(lambda: self.visits(service, "acme") > before + 100, "turns go on")
        finally:
            stop.set()
            for each in storms:
                each.join()
        wait_until(lambda: all(self.visits(service, tenant) == sent[tenant] for tenant in sent), "all are handled, each once")
        self.assertEqual(self.dead(service), [])
        # acme's turns are handled in their order: on each stack in its time, and on none that had been replaced
        turns = service.rows("select program from _journal where origin=0 and _tenant=(select number from _tenant where name='acme') order by number")
        stacks = service.rows("select stack from _activation order by _tenant, number")  # default's, then acme's
        self.assertEqual([program for program, _ in itertools.groupby(turns)], stacks)
        self.assertEqual({mark for _, mark in self.marks(service, "acme")} - {"", None}, {"1.0.0", "2.0.0"})
        self.assertEqual({mark for _, mark in self.marks(service, "default")}, {"" if scenario.DATABASE else None})
        self.assertEqual(sum(self.worker_deaths(service)), 0)
        self.does(service, "verify")

    def worker_deaths(self, service):
        return [int(number) for number in re.findall(r"^stellwerk_role_deaths_total\{.*\} (\d+)$", service.get("/metrics"), flags=re.M)]

    def test_a_workflow_ends_on_the_packs_it_began_with(self):
        service = self.serve()
        self.does(service, "tenant", "create", "acme")
        workflow = """
rule begin {{ on guest.created as g; then start stay(g) }}
workflow stay(who ref guest) "Aufenthalt" {{
  wait for house.calls as c where c.word == who.name
  set who {{ answer = "{0}" }}
  sleep for 1s
  wait for bell.created as b where b.word == who.name and b.rings == high
  set who {{ left = "{0}" }}
}}"""
        for version in ("1.0.0", "2.0.0", "3.0.0"):  # the last one knows of no workflow
            self.install(service, ours(version, more="""
entity guest { name text required; answer text; left text }
event guest.came { name text required }
event house.calls { word text required }
entity bell { word text required; rings enum(low, high) default high }
rule ring { on house.calls as c; then create bell { word = c.word } }
rule come { on guest.came as e; then create guest { name = e.name } }""" + (workflow.format(version) if version < "3" else "")))

        def came(name):
            self.assertEqual(service.post(of("acme", event(name, "guest.came")))[0], 202)

        def guests():
            return service.rows("select name, answer, left from guest order by name".replace("left", '"left"'))

        self.does(service, "pack", "activate", "door", "ours@1.0.0", "--tenant", "acme")
        came("early")
        wait_until(lambda: service.number("select count(*) from workflow_instance") == 1, "the first waits")
        self.does(service, "pack", "activate", "door", "ours@2.0.0", "--tenant", "acme")
        came("later")
        wait_until(lambda: service.number("select count(*) from workflow_instance") == 2, "the second waits")
        self.does(service, "pack", "activate", "door", "ours@3.0.0", "--tenant", "acme")
        service.kill_all()  # the older packs are found again by who is started anew
        service.start()
        for word in ("later", "early"):
            self.assertEqual(service.post(of("acme", event(word, "house.calls", number="call " + word) | {"data": {"word": word}}))[0], 202)
        wait_until(lambda: service.number("select count(*) from workflow_instance where state='ended'") == 2, "both have ended")
        self.assertEqual(guests(), [("early", "1.0.0", "1.0.0"), ("later", "2.0.0", "2.0.0")])
        self.assertEqual(self.dead(service), [])
        self.does(service, "verify")

    def test_settings_are_typed_and_each_tenant_s_own(self):
        service = self.serve()
        self.does(service, "tenant", "create", "acme")
        self.install(service, ours(fields="mark text; until duration", mark="{setting.greeting}", more="""
setting greeting text "Gruß" default "hallo"
setting stay duration "Bleibt" default 1 day
setting colour visit.colour "Farbe" default red
setting key secret "Schlüssel"
extend entity visit { colour enum(red, green) }
rule more { on visit.created as v; then set v { until = setting.stay; colour = setting.colour } }"""))
        self.does(service, "pack", "activate", "door", "ours")
        for setting, value in (("greeting", "Grüß {Gott} \"Welt\""), ("stay", "3 workdays"), ("colour", "green")):
            self.does(service, "tenant", "set", "acme", setting, value)
        for tenant in ("acme", "default"):
            self.post(service, tenant, "1")
        wait_until(lambda: self.visits(service, "acme") == 1 and self.visits(service, "default") == 1, "both are handled")
        rows = service.rows("select mark, until, colour from visit order by _tenant")
        self.assertEqual(rows, [("hallo", "1 day", "red"), ("Grüß {Gott} \"Welt\"", "3 work_day", "green")])
        for setting, value, sentence in (("stay", "green", ""), ("stay", "5", ""), ("colour", "blue", "blue"), ("staj", "1 day", "stay"),
                                         ("key", "abc", "is a secret"), ("stay", "1 day; given setting colour = red", "more than a value")):
            self.assertIn(sentence, self.refuses(service, "tenant", "set", "acme", setting, value))
        self.assertIn("3 work_day", self.does(service, "tenant", "show", "acme"))
        self.does(service, "tenant", "unset", "acme", "stay")
        self.assertIn("has its default already", self.refuses(service, "tenant", "unset", "acme", "stay"))
        self.post(service, "acme", "2")
        wait_until(lambda: self.visits(service, "acme") == 2, "it is handled")
        self.assertEqual(service.number("select count(*) from visit where until='1 day' and _tenant=1"), 1)

    def test_a_newer_stellwerk_brings_its_tables_up_to_date(self):
        service = self.serve()
        self.does(service, "tenant", "create", "acme")
        self.install(service, ours())
        self.does(service, "pack", "activate", "door", "ours")
        self.install(service, ours("2.0.0", mark="acme"))
        self.does(service, "pack", "activate", "door", "ours@2.0.0", "--tenant", "acme")
        self.post(service, "default", "1")
        wait_until(lambda: self.visits(service, "default") == 1 and service.all_quiet(), "all is handled")
        self.assertEqual(service.stop(), 0)
        # as an older one had left it, which kept less of a person's approval
        service.write("alter table approval drop column decided_by")
        for table, column in (("_meta", "value"), ("_stack", "layout")):
            for text, in service.rows(f"select {column} from {table}" + (" where name='layout'" if table == "_meta" else "")):
                layout = json.loads(text)
                for entity in layout:
                    if entity["name"] == "approval":
                        entity["fields"] = [field for field in entity["fields"] if field["name"] != "decided_by"]
                old, new = (each.replace("'", "''") for each in (text, json.dumps(layout, separators=(",", ":"), ensure_ascii=False)))
                service.write(f"update {table} set {column}='{new}' where {column}='{old}'")
        service.start()
        for tenant, count in (("default", 2), ("acme", 1)):
            self.post(service, tenant, "2")
            wait_until(lambda: self.visits(service, tenant) == count, "turns go on")
        service.rows("select decided_by from approval")
        self.assertEqual([mark for _, mark in self.marks(service, "default") + self.marks(service, "acme")], ["ours", "ours", "acme"])
        self.assertIn("upgrade", self.does(service, "pack", "history"))
        # that was once, and what was activated stays so
        self.assertEqual(service.stop(), 0)
        service.start()
        self.assertEqual(service.number("select count(*) from _activation where by_whom='upgrade'"), 2)
        self.assertIn("default runs door 1.0.0", self.does(service, "pack", "rollback"))

    def columns(self, service):
        if scenario.DATABASE:
            return {name for name, in service.rows("select column_name from information_schema.columns where table_name='visit'")}
        return {name for name, in service.rows("select name from pragma_table_info('visit')")}

    def test_killed_in_the_middle_it_is_the_old_or_the_new(self):
        service = self.serve()
        fields, outcomes, whole = "mark text", [], 0
        for number in range(24):
            fields += f"; f{number} text"
            self.install(service, ours(f"1.0.{number}", fields=fields))
            stack = "select coalesce(stack, 0), (select count(*) from _activation), (select count(*) from _journal where origin=6) from _tenant where number=0"
            before = service.rows(stack)[0]
            words = [scenario.STELLWERK, "pack", "activate", "door", f"ours@1.0.{number}", "--data", service.folder / "data"]
            begin = time.monotonic()
            process = subprocess.Popen(words + (["--database", scenario.DATABASE] if scenario.DATABASE else []), stdout=subprocess.DEVNULL)
            try:  # the first two run to their end, and say how long that is; the others are killed, ever later
                process.wait(whole * (number - 1) / 22 if number > 1 else 60)
            except subprocess.TimeoutExpired:
                process.kill()
            process.wait(60)
            whole = time.monotonic() - begin if number < 2 else whole
            if scenario.DATABASE:
                service.rows("select 1 from pg_advisory_lock(20261128)")  # the server has noticed, too
            after = service.rows(stack)[0]
            is_new = after[0] != before[0]
            self.assertEqual(f"f{number}" in self.columns(service), is_new)
            self.assertEqual(after[1] - before[1], is_new)
            self.assertEqual(after[2] - before[2], is_new)
            self.assertEqual(service.post(event("still", number=f"k{number}"))[0], 202)
            wait_until(lambda: self.visits(service, "default") == number + 1, "turns go on")
            outcomes.append(is_new)
        self.assertEqual(outcomes[:2], [True, True])
        self.assertIn(False, outcomes)
        wait_until(service.all_quiet, "all is handled")
        self.assertEqual(self.dead(service), [])
        self.does(service, "verify")


if BROKER:
    class BrokerTest(Tenants):
        """What comes over the broker can not be answered: it is dead, with the reason."""

        def test_unknown_and_suspended_are_kept(self):
            service = self.serve()
            for name in ("acme", "globex"):
                self.does(service, "tenant", "create", name)
            worker = service.children()["worker"]
            os.kill(worker, signal.SIGSTOP)  # so that they wait in the broker
            try:
                for tenant in ("acme", "globex", "default"):
                    self.assertEqual(service.post(of(tenant, event("still")))[0], 202)
                self.does(service, "tenant", "suspend", "acme")
                service.write("update _tenant set name='initech' where name='globex'")
                service.write("update _meta set value=CAST(CAST(value AS bigint)+1 AS text) where name='generation'")
            finally:
                os.kill(worker, signal.SIGCONT)
            wait_until(lambda: len(self.dead(service)) == 2, "two are dead")
            wait_until(lambda: self.visits(service, "default") == 1, "and their neighbour is handled")
            listed = json.loads(self.does(service, "events", "dead", "list", "--json"))
            self.assertEqual(sorted(entry["tenant"] for entry in listed), ["acme", "nobody"])
            self.assertEqual(sorted(self.dead(service)), [
                "the tenant `acme` is suspended: nothing is taken for it until it is resumed", "there is no tenant `globex`"])
            self.does(service, "tenant", "resume", "acme")
            self.does(service, "events", "dead", "retry", "--all")
            wait_until(lambda: self.visits(service, "acme") == 1, "the resumed one's is handled")
            wait_until(lambda: len(self.dead(service)) == 1, "nobody's is dead again")
            self.assertIn("has to send it again", self.dead(service)[0])


if __name__ == "__main__":
    if BROKER:
        scenario.broker_empty()
    unittest.main(argv=[*sys.argv, "-v"])
