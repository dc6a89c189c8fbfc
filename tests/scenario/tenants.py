#!/usr/bin/env python3
"""Several tenants in one service, from outside: each has rows of its own, events say whose they are, and who can not be served is told why.

Usage: tenants.py PATH-OF-STELLWERK [CLASS[.TEST]]
On the embedded store, or on the PostgreSQL that STELLWERK_TEST_DATABASE names (it is emptied); with STELLWERK_TEST_BROKER through
that RabbitMQ.
"""
import json
import os
import signal
import sys
import tempfile
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
        self.does(service, "tenant", "resume", "acme")
        wait_until(lambda: self.visits(service, "acme") == 2, "what waited is handled")
        self.assertEqual(service.post(of("acme", event("still")))[0], 202)
        wait_until(lambda: self.visits(service, "acme") == 3, "and what comes is")

    def some_id(self):
        return "'\\x000102030405060708090a0b0c0d0e0f'" if scenario.DATABASE else "x'000102030405060708090a0b0c0d0e0f'"


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
