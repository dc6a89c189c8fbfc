#!/usr/bin/env python3
"""`stellwerk serve` from outside: events over HTTP, timers, calls to the outside, processes that are killed. Whatever is done to it,
each event has its effect exactly once: the database is asked, and the other side of each call counts.

Usage: service.py PATH-OF-STELLWERK [CLASS[.TEST]]
On the embedded store, or on the PostgreSQL that STELLWERK_TEST_DATABASE names (it is emptied); with STELLWERK_TEST_BROKER through
that RabbitMQ.
"""
import contextlib
import csv
import json
import os
import random
import re
import select
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

STELLWERK = sys.argv.pop(1)
PACK = Path(__file__).parent / "service_pack"
PATIENCE = 60
DATABASE = os.environ.get("STELLWERK_TEST_DATABASE")
BROKER = os.environ.get("STELLWERK_TEST_BROKER")
FOLDERS = {"postgres": os.environ.get("STELLWERK_TEST_POSTGRES"), "rabbitmq": os.environ.get("STELLWERK_TEST_BROKER_FOLDER")}


def psql(sql):
    run = subprocess.run(["psql", "-q", "-v", "ON_ERROR_STOP=1", "--csv", "-t", DATABASE, "-c", sql], capture_output=True, text=True, timeout=60)
    if run.returncode:
        raise AssertionError(f"{sql}: {run.stderr}")
    return [tuple(int(cell) if cell.lstrip("-").isdigit() else cell for cell in row) for row in csv.reader(run.stdout.splitlines())]


def server(name, what, *more):
    tool = Path(__file__).resolve().parents[2] / "tools" / "servers" / name
    subprocess.run([tool, what, FOLDERS[name], *more], check=True, timeout=180, stdout=subprocess.DEVNULL)


def broker_empty():
    """A virtual host of our own, for others have left queues in the first one that would take their share of the events."""
    global BROKER
    server("rabbitmq", "ctl", "eval", 'case rabbit_vhost:exists(<<"service">>) of true -> rabbit_vhost:delete(<<"service">>, <<"test">>); _ -> ok end.')
    server("rabbitmq", "ctl", "add_vhost", "service")
    server("rabbitmq", "ctl", "set_permissions", "-p", "service", "guest", ".*", ".*", ".*")
    BROKER = os.environ["STELLWERK_TEST_BROKER"] + "/service"


def wait_until(condition, what, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds} s in vain: {what}")


def wait_for_its_end(connection):
    """Until who asked has waited long enough; nothing is read."""
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP)
    poll.poll(PATIENCE * 1000)


class Outside:
    """The other side of the connector: counts what it carried out by key, and behaves as it is told.

    `behaviour` says of the request with that number, which is `now`, what becomes of it; `deaf` whether a request is read at all, whichever it is.
    """

    def __init__(self):
        self.carried_out, self.requests, self.behaviour, self.lock = {}, 0, lambda number: "answer", threading.Lock()
        self.times, self.last, self.asked, self.traces = {}, None, [], []
        self.now, self.deaf = None, lambda: False
        self.said, self.garbled = "answer", set()  # what is said when it is asked whether a call has arrived; whose answer was garbage
        self.behaved, self.given_up = [], 0  # each request with what became of it; how many had nobody any more who waited
        outside = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            is_deaf = False

            def handle_one_request(self):
                self.is_deaf = bool(self.connection.recv(1, socket.MSG_PEEK)) and outside.deaf()
                if self.is_deaf:
                    self.let_wait()  # then it is looked whose it was
                super().handle_one_request()

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.is_deaf:
                    outside.behaved.append((body, "deaf"))
                    self.close_connection = True
                    return
                if body.get("ask"):
                    self.say(body)
                    return
                with outside.lock:
                    outside.requests += 1
                    outside.traces.append(self.headers["traceparent"])
                    outside.times.setdefault(body["connector"], []).append(time.monotonic())
                    outside.last, outside.now = body["connector"], body
                    how = outside.behaviour(outside.requests)
                    if how not in ("refuse", "unavailable"):
                        outside.carried_out.setdefault(body["action"], {}).setdefault(body["id"], []).append(body["arguments"])
                    outside.behaved.append((body, how))
                    if how == "garbage":
                        outside.garbled.add(body["id"])
                self.react(how, body)

            def let_wait(self):
                wait_for_its_end(self.connection)
                with outside.lock:
                    outside.given_up += 1

            def say(self, body):
                with outside.lock:
                    arrived = body["id"] in outside.carried_out.get(body["action"], {})
                    outside.asked.append(arrived)
                    said = "garbage" if body["id"] in outside.garbled else outside.said
                    outside.behaved.append((body, said))
                if said != "answer":
                    self.react(said, body)
                    return
                self.send({"arrived": arrived, "value": {"heard": "ja, " + body["arguments"]["name"]}})

            def send(self, answer):
                data = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def react(self, how, body):
                if how in ("late", "hang"):  # longer than its connector waits, and whoever waited is gone
                    self.let_wait()
                    how = "answer" if how == "late" else "cut"
                if how == "slow":
                    time.sleep(2)  # it is the other side that is slow; nobody waits for it in the test
                    how = "answer"
                if how == "cut":
                    self.close_connection = True
                    self.connection.close()
                    return
                twice = how == "twice"
                answers = {
                    "twice": (200, json.dumps({"heard": "ja, " + body["arguments"]["name"]})),
                    "answer": (200, json.dumps({"heard": "ja, " + body["arguments"]["name"]})),
                    "garbage": (200, "<html>gar nicht gut"),
                    "unavailable": (503, ""),
                    "refuse": (422, "{}"),
                }
                status, text = answers[how]
                data = text.encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                try:
                    self.end_headers()
                    self.wfile.write(data)
                    if twice:
                        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: " + str(len(data)).encode() + b"\r\n\r\n" + data)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # who asked was killed

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 128

            def handle_error(self, *_):
                pass  # who asked was killed

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Service:
    def __init__(self, folder, *more, fresh=True, pack=PACK, environment=None):
        self.folder, self.more, self.port, self.pack = folder, more, 0, pack
        self.environment = {**os.environ, **(environment or {})}
        self.log = open(folder / "log", "ab")
        if DATABASE and fresh:
            psql("drop schema public cascade; create schema public")
        if DATABASE:
            self.more += ("--database", DATABASE)
        if BROKER:
            self.more += ("--broker", BROKER)
        self.start()

    def start(self):
        begin = (self.folder / "log").stat().st_size
        words = [STELLWERK, "serve", self.pack, "--data", self.folder / "data", "--listen", "127.0.0.1:0", *self.more]  # the old port may be somebody else's by now
        self.process = subprocess.Popen(words, stderr=self.log, start_new_session=True, env=self.environment)

        def port():
            text = (self.folder / "log").read_text()[begin:]
            self.assert_alive(text)
            found = re.search(r"\(port (\d+)\)", text)
            return found and int(found.group(1))

        self.port = wait_until(port, "the service says its port")
        wait_until(self.is_ready, "the service is ready")

    def assert_alive(self, text):
        if self.process.poll() is not None:
            raise AssertionError(f"the service ended with {self.process.returncode}: {text}")

    def is_ready(self):
        try:
            return self.get("/ready")
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return answer.read().decode()

    def post(self, body, content_type="application/cloudevents+json", headers=None):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/v1/events", data, {"Content-Type": content_type, **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def post_until_taken(self, events):
        def taken():
            try:
                status, _ = self.post(events, "application/cloudevents-batch+json")
                return status == 202
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                return False

        wait_until(taken, "the events are taken")

    def rows(self, sql):
        if DATABASE:
            return psql(sql)
        database = sqlite3.connect(f"file:{self.folder / 'data' / 'stellwerk.sqlite'}?mode=ro", uri=True, timeout=30)
        try:
            return database.execute(sql).fetchall()
        finally:
            database.close()

    def write(self, sql):
        if DATABASE:
            psql(sql)
            return
        database = sqlite3.connect(self.folder / "data" / "stellwerk.sqlite", timeout=30)
        with database:
            database.execute(sql)
        database.close()

    def number(self, sql):
        return self.rows(sql)[0][0]

    def all_quiet(self):
        return (
            self.number("select count(*) from _journal where state=0") == 0
            and self.number("select count(*) from _call where state<=1") == 0
            and self.number("select count(*) from timer where subject<>'round'") == 0
        )

    def children(self):
        found = {}
        for pid in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            with contextlib.suppress(OSError):  # it is gone
                found[Path(f"/proc/{pid}/comm").read_text().strip()] = int(pid)
        return found

    def command(self, *words):
        where = ["--database", DATABASE] if DATABASE else []
        return subprocess.run([STELLWERK, *words, "--data", self.folder / "data", *where], capture_output=True, text=True, timeout=60)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(30)
        return code

    def kill_all(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)


def event(name, kind="door.opened", number=None, **data):
    return {"specversion": "1.0", "id": number or name, "source": "/test", "type": kind, "data": {"name": name, **data}}


class Served(unittest.TestCase):
    """One service of `pack`, with another side, and with points at which its processes can be killed."""

    pack = PACK

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "points").mkdir()
        self.outside = Outside()
        self.addCleanup(self.outside.close)
        self.service = Service(self.folder, "--bridge", self.outside.url, pack=self.pack, environment={"STELLWERK_FAULT": str(self.folder / "points")})
        self.addCleanup(self.service.log.close)
        self.addCleanup(self.service.stop)

    def does(self, *words, code=0):
        run = self.service.command(*words)
        self.assertEqual((run.returncode, run.stderr), (code, ""), (words, run.stdout))
        return run.stdout

    def changed(self, *replacements):
        """The pack, told otherwise."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        shutil.copytree(self.pack, folder, dirs_exist_ok=True)
        text = (folder / "pack.flow").read_text()
        for before, after in replacements:
            self.assertIn(before, text)
            text = text.replace(before, after)
        (folder / "pack.flow").write_text(text)
        return str(folder)


class ServiceTest(unittest.TestCase):
    def serve(self, *more, fresh=True):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        service = Service(Path(folder.name), *more, fresh=fresh)
        self.addCleanup(service.log.close)
        self.addCleanup(service.stop)
        return service

    def outside(self):
        outside = Outside()
        self.addCleanup(outside.close)
        return outside

    def test_an_event_becomes_a_row_and_a_double_does_not(self):
        service = self.serve()
        # a broker takes a double; who handles it knows
        double = {"accepted": 1, "doubles": 0} if BROKER else {"accepted": 0, "doubles": 1}
        self.assertEqual(service.post(event("still")), (202, {"accepted": 1, "doubles": 0}))
        self.assertEqual(service.post(event("still")), (202, double))
        binary = {"ce-specversion": "1.0", "ce-id": "b1", "ce-source": "/test", "ce-type": "door.opened"}
        self.assertEqual(service.post({"name": "still"}, "application/json", binary)[0], 202)
        self.assertEqual(service.post({"name": "still"}, "application/json", binary)[1], double)
        for number in ("k1", "k2"):  # equal keys are one event, whoever sends it
            self.assertEqual(service.post(event("still", "door.keyed", number))[0], 202)
        wait_until(lambda: service.number("select count(*) from _journal where state=1 and origin=0") == 4, "all is handled")
        self.assertEqual(service.number("select count(*) from visit"), 3)
        metrics = service.get("/metrics")
        self.assertIn('stellwerk_turns_total{outcome="done"} 4', metrics)  # the activation of the pack is one
        self.assertIn('stellwerk_role_running{role="worker"} 1', metrics)
        subprocess.run(["promtool", "check", "metrics"], input=metrics, text=True, check=True, timeout=60)
        self.assertEqual(service.stop(), 0)

    def test_a_document_is_handled_as_its_connector_received_it(self):
        service = self.serve()
        document = {"connector": "outside", "receive": "knock", "body": {"knocks": 2}}
        received = {"specversion": "1.0", "source": "/test", "type": "stellwerk.received", "data": document}
        self.assertEqual(service.post({**received, "id": "d1"})[0], 202)
        self.assertEqual(service.post({**received, "id": "d1"})[0], 202)  # a double
        self.assertEqual(service.post({**received, "id": "d2", "data": {**document, "body": {"knocks": 1}}})[0], 202)
        wait_until(lambda: service.number("select count(*) from _journal where origin=1 and state=1") == 2, "both are handled")
        self.assertEqual(service.number("select count(*) from visit"), 1)
        status, problem = service.post({**received, "id": "d3", "data": {**document, "receive": "nock"}})
        self.assertEqual((status, problem["detail"]), (400, "no connector `outside` receives `nock`"))

    def test_what_goes_beyond_a_budget_of_events_is_dead_with_a_reason(self):
        service = self.serve()
        service.post_until_taken([event("still", "door.hammered", f"h{i}") for i in range(5)])
        wait_until(lambda: service.number("select count(*) from _journal where state=2") == 3, "what is too much is dead")
        self.assertEqual(service.number("select count(*) from visit"), 2)
        reasons = {entry["reason"] for entry in json.loads(service.command("events", "dead", "list", "--json").stdout)}
        self.assertEqual(reasons, {"the packs have a budget of 2 door.hammered in 1h, and it is used up"})

    def test_what_is_wrong_is_said_to_its_sender(self):
        service = self.serve("--token", "geheim")
        good = {"Authorization": "Bearer geheim"}
        self.assertEqual(service.post(event("a"))[0], 401)
        self.assertEqual(service.post(event("a"), headers={"Authorization": "Bearer geheim2"})[0], 401)
        cases = [
            ({**event("a"), "specversion": "0.3"}, "speaks CloudEvents 1.0"),
            ({"id": "1"}, "no `specversion`"),
            ({**event("a"), "id": ""}, "no `id`"),
            ({**event("a"), "type": "door.opend"}, "no pack knows an event called `door.opend`"),
            ({**event("a"), "type": "visit.created"}, "raised by the system itself"),
            ({**event("a"), "tenant": "nobody"}, "there is no tenant `nobody`"),
            ({**event("a"), "time": "gestern"}, "2026-03-27T16:45:00Z"),
            ({**event("a"), "data": {"nam": "a"}}, "nam"),
            ({**event("a"), "data": [1]}, "`data` must be an object"),
            ({**event("a"), "source": "x" * 2000}, "1024 are the most"),
            (b'{"specversion":"1.0","id":"\xff\xfe"}', "UTF-8"),
            (b"[" * 5000, "deep"),
            (b'{"specversion":', ""),
            (b"", ""),
        ]
        for body, sentence in cases:
            status, problem = service.post(body, headers=good)
            self.assertEqual(status, 400, body)
            self.assertIn(sentence, problem["detail"])
        status, problem = service.post(b"x" * (10 * 1024 * 1024 + 1), headers=good)
        self.assertEqual((status, problem["title"]), (413, "Content Too Large"))
        status, problem = service.post([event("a"), {**event("b"), "type": "x"}], "application/cloudevents-batch+json", good)
        self.assertIn("event 2 of the batch", problem["detail"])
        self.assertEqual(service.number("select count(*) from _journal where origin=0"), 0)
        self.assertEqual(service.post(event("still"), headers=good)[0], 202)

    def test_a_workflow_calls_waits_and_goes_on(self):
        outside = self.outside()
        service = self.serve("--bridge", outside.url)
        service.post(event("Anna"))
        wait_until(lambda: service.number("select count(*) from greeting") and service.all_quiet(), "the workflow is through")
        self.assertEqual(service.rows("select answer, greeted from visit"), [("ja, Anna", 1)])
        self.assertEqual(service.rows("select text from greeting"), [("Guten Tag, Anna",)])
        self.assertEqual([len(calls) for calls in outside.carried_out["outside.ring"].values()], [1])

    def test_a_call_is_repeated_only_when_that_does_no_harm(self):
        outside = self.outside()
        outside.behaviour = lambda number: {1: "cut", 2: "unavailable"}.get(number, "answer")
        service = self.serve("--bridge", outside.url)
        service.post(event("Anna"))  # ring accepts a key: the lost answer is asked for again
        wait_until(lambda: service.number("select count(*) from greeting") and service.all_quiet(), "the workflow is through")
        self.assertEqual(service.rows("select answer from visit"), [("ja, Anna",)])
        self.assertEqual(len(outside.carried_out["outside.ring"]), 1, "one key, however often it was sent")
        outside.behaviour = lambda number: "cut"
        service.post(event("Geld", "door.counted", times=1))  # pay does not: a person decides
        wait_until(lambda: service.number("select count(*) from _call where state=4") == 1, "the call is held")
        self.assertEqual([len(calls) for calls in outside.carried_out["outside.pay"].values()], [1])
        outside.behaviour = lambda number: "answer"
        self.assertEqual(self.held(service), [("call", "outside.pay")])
        self.say(service, "retry", "is tried again")  # a person knows that it may
        wait_until(lambda: service.number("select count(*) from _call where state=2") == 2, "it is answered")
        self.assertEqual([len(calls) for calls in outside.carried_out["outside.pay"].values()], [2])

    def test_who_can_be_asked_is_asked_before_it_is_sent_again(self):
        outside = self.outside()
        outside.behaviour = lambda number: {1: "cut", 2: "unavailable"}.get(number, "answer")
        service = self.serve("--bridge", outside.url)
        service.post(event("Anna", "door.locked"))  # carried out, and the answer lost
        wait_until(lambda: service.number("select count(*) from visit where answer='ja, Anna'"), "the answer came by asking")
        self.assertEqual([len(calls) for calls in outside.carried_out["lock.open"].values()], [1])
        self.assertEqual(outside.asked, [True])
        service.post(event("Berta", "door.locked"))  # not carried out
        wait_until(lambda: service.number("select count(*) from visit where answer='ja, Berta'"), "it was sent again")
        self.assertEqual([len(calls) for calls in outside.carried_out["lock.open"].values()], [1, 1])
        self.assertEqual(outside.asked, [True, False])

    def test_who_is_asked_and_does_not_say_it_clearly_is_looked_at_by_a_person(self):
        outside = self.outside()
        outside.behaviour = lambda number: "cut"
        service = self.serve("--bridge", outside.url)
        for held, unclear in enumerate(("garbage", "refuse"), 1):
            outside.said = unclear
            service.post(event("Anna", "door.locked", unclear))
            wait_until(lambda: service.number("select count(*) from _call where state=4") == held, "the call is held")
        self.assertEqual(self.held(service), [("call", "lock.open")] * 2)
        self.assertEqual(service.number("select count(*) from workflow_instance where state='failed'"), 0, "nobody was told that it had failed")
        self.assertEqual([len(calls) for calls in outside.carried_out["lock.open"].values()], [1, 1])

    def test_a_courier_that_was_killed_asks(self):
        outside = self.outside()
        outside.behaviour = lambda number: "hang" if number == 1 else "answer"
        service = self.serve("--bridge", outside.url)
        service.post(event("Anna", "door.locked"))
        wait_until(lambda: outside.carried_out.get("lock.open"), "it is carried out, and not answered yet")
        os.kill(service.children()["courier"], signal.SIGKILL)
        wait_until(lambda: service.number("select count(*) from visit where answer='ja, Anna'"), "the answer came by asking")
        self.assertEqual([len(calls) for calls in outside.carried_out["lock.open"].values()], [1])

    def test_a_courier_that_was_killed_sends_again_only_what_may_be(self):
        outside = self.outside()
        outside.behaviour = lambda number: "hang" if number <= 2 else "answer"
        service = self.serve("--bridge", outside.url)
        service.post(event("Anna"))  # ring accepts a key
        service.post(event("Geld", "door.counted", times=1))  # of pay nobody can say whether it arrived
        wait_until(lambda: outside.carried_out.get("outside.ring") and outside.carried_out.get("outside.pay"), "both are carried out, and not answered yet")
        os.kill(service.children()["courier"], signal.SIGKILL)
        wait_until(lambda: service.number("select count(*) from _call where state=4") == 1, "one waits for a person")
        wait_until(lambda: service.number("select count(*) from greeting") == 1, "the other was answered")
        self.assertEqual([len(calls) for calls in outside.carried_out["outside.pay"].values()], [1])
        self.assertEqual(len(outside.carried_out["outside.ring"]), 1, "one key, however often it was sent")
        self.assertEqual(self.held(service), [("call", "outside.pay")])
        self.assertIn("the courier that sent it has ended before its answer", service.command("calls", "list", "--state", "held", "--connector", "outside").stdout)
        self.assertIn("there is no such call", service.command("calls", "list", "--connector", "lock", "--tenant", "default").stdout)

    def test_what_other_packs_do_not_know_is_not_sent_twice(self):
        outside = self.outside()
        outside.behaviour = lambda number: "hang"
        service = self.serve("--bridge", outside.url)
        service.post(event("Geld", "door.counted", times=1))
        wait_until(lambda: outside.carried_out.get("outside.pay"), "it is carried out, and not answered yet")
        with tempfile.TemporaryDirectory() as folder:
            words = [line for line in (PACK / "pack.flow").read_text().splitlines() if "pay" not in line]
            (Path(folder) / "pack.flow").write_text("\n".join(words))
            for step in (("install", "--unsigned", folder), ("activate", "door")):
                run = service.command("pack", *step)
                self.assertEqual(run.returncode, 0, run.stderr)
        os.kill(service.children()["courier"], signal.SIGKILL)
        wait_until(lambda: service.number("select count(*) from _call where state=4") == 1, "it waits for a person")
        self.assertEqual([len(calls) for calls in outside.carried_out["outside.pay"].values()], [1])

    def test_a_trace_is_followed_from_the_event_to_the_call(self):
        outside = self.outside()
        service = self.serve("--bridge", outside.url)
        trace, other = "4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c"
        service.post({**event("Anna"), "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}, headers={"traceparent": f"00-{other}-b7ad6b7169203331-01"})
        wait_until(lambda: len(outside.traces) == 1, "it was called")
        version, told, span, flags = outside.traces[0].split("-")
        self.assertEqual((version, told, flags), ("00", trace, "01"))
        self.assertNotEqual(span, "00f067aa0ba902b7")
        wait_until(lambda: service.number("select count(*) from greeting") and service.all_quiet(), "the workflow is through")
        self.assertEqual(service.number(f"select count(*) from _journal where traceparent like '00-{trace}-%'"), 2)  # the event, and the answer
        service.post(event("Berta"), headers={"traceparent": f"00-{other}-b7ad6b7169203331-01"})
        wait_until(lambda: len(outside.traces) == 2, "it was called")
        self.assertIn(other, outside.traces[1])
        service.post({**event("Carl"), "traceparent": "00-nonsense"})  # begins anew, and is no reason to refuse it
        wait_until(lambda: len(outside.traces) == 3, "it was called")
        new = outside.traces[2].split("-")[1]
        self.assertIn(f"trace {new}", service.command("why", "Carl").stdout)
        service.post({**event("Kreis", "door.round"), "traceparent": f"00-{other}-b7ad6b7169203331-01"})
        wait_until(lambda: service.number("select count(*) from _journal where state=2") == 1, "it is dead")
        [line] = [json.loads(line) for line in (service.folder / "log").read_text().splitlines() if "can not be handled" in line]
        self.assertEqual((line["trace_id"], line["tenant"]), (other, "default"), line)
        self.assertIn(other, service.command("events", "dead", "show", str(service.number("select number from _journal where state=2"))).stdout)

    def test_a_limit_is_kept(self):
        outside = self.outside()
        service = self.serve("--bridge", outside.url)
        service.post_until_taken([event(f"Gast {i}", "door.locked") for i in range(8)])
        wait_until(lambda: service.number("select count(*) from visit") == 8, "all are let in")
        times = outside.times["lock"]
        self.assertEqual(len(times), 8)
        for i in range(len(times) - 3):
            self.assertGreater(times[i + 3] - times[i], 1.9, "more than three in two seconds")

    def test_one_that_is_down_keeps_no_other_waiting(self):
        outside = self.outside()
        service = self.serve("--bridge", outside.url)
        outside.behaviour = lambda number: "unavailable" if outside.last == "lock" else "answer"
        service.post_until_taken([event(f"Gast {i}", "door.locked") for i in range(9)])
        wait_until(lambda: "stellwerk_connectors_down 1" in service.get("/metrics"), "it is seen to be down")
        self.assertIn("lock does not answer", (service.folder / "log").read_text())
        os.kill(service.children()["courier"], signal.SIGKILL)  # who comes after it does not begin anew
        tried = len(outside.times["lock"])
        service.post_until_taken([event(f"Besuch {i}") for i in range(40)])
        wait_until(lambda: service.number("select count(*) from greeting") == 40, "the others are served")
        self.assertLessEqual(len(outside.times["lock"]), tried + 3, "it is left alone")
        self.assertEqual(service.number("select count(*) from _call where connector='lock' and state<=1"), 9, "its calls wait")

    def test_a_call_is_sent_once_more_by_a_person(self):
        outside = self.outside()
        service = self.serve("--bridge", outside.url)
        self.assertIn("nothing was sent out yet", service.command("calls", "list").stdout)
        service.post(event("Geld", "door.counted", times=1))
        wait_until(lambda: service.number("select count(*) from _call where state=2") == 1, "it is answered")
        call = json.loads(service.command("calls", "list", "--json").stdout)[0]
        self.assertEqual((call["action"], call["state"]), ("outside.pay", "answered"))
        self.assertIn('"Geld', service.command("calls", "show", call["id"]).stdout.replace("\\", ""))
        self.assertIn("why is it sent again?", service.command("calls", "resend", call["id"]).stderr)
        self.assertEqual(service.command("calls", "resend", "0" * 26, "--because", "x").returncode, 3)
        self.assertEqual(service.command("calls", "list", "--state", "gone").returncode, 2)
        again = service.command("calls", "resend", call["id"], "--because", "kein Geld kam an", "--by", "anna")
        self.assertIn("outside.pay is sent once more", again.stdout, again.stderr)
        wait_until(lambda: service.number("select count(*) from _call where state=2") == 2, "it is answered again")
        self.assertEqual([len(calls) for calls in outside.carried_out["outside.pay"].values()], [1, 1], "two keys")
        self.assertIn('"by":"anna","because":"kein Geld kam an"', service.rows("select content from _journal where type='call.resent'")[0][0])
        self.assertTrue(service.all_quiet())
        self.assertEqual(service.number("select count(*) from _journal where state=2"), 0)

    def test_what_goes_beyond_a_budget_waits_for_a_person(self):
        outside = self.outside()
        service = self.serve("--bridge", outside.url)
        service.post_until_taken([event(f"Geld {i}", "door.counted", times=1) for i in range(5)])
        paid = lambda: service.number("select count(*) from _call where state=2")
        wait_until(lambda: paid() == 3 and len(self.held(service)) == 2, "three are made, two wait")
        self.assertIn("budget of 3 such calls in 3600 s", service.command("held", "list").stdout)
        service.stop()
        service.start()  # what was used up stays used up
        service.post(event("Geld 6", "door.counted", times=1))
        wait_until(lambda: len(self.held(service)) == 3, "it waits too")
        self.say(service, "retry", "is tried again")
        wait_until(lambda: paid() == 4, "a person has let it go")
        self.assertEqual(len(self.held(service)), 2)

    def test_history_can_not_be_changed_unseen(self):
        service = self.serve()
        service.post_until_taken([event("still", number=f"n{i}") for i in range(20)])
        wait_until(lambda: service.number("select count(*) from visit") == 20 and service.all_quiet(), "all have come")
        proof = service.command("verify")
        self.assertEqual((proof.returncode, proof.stderr), (0, ""))
        self.assertRegex(proof.stdout, r"tenant 0: 20 rows in \d+ links, unbroken; head [0-9a-f]{16}")
        attempts = ["update _history set after='{}'", "delete from _history", "update _chain set position=7", "delete from _chain"]
        for attempt in attempts + (["truncate _history", "truncate _chain"] if DATABASE else []):
            with self.assertRaisesRegex((AssertionError, sqlite3.IntegrityError), "history is append only", msg=attempt):
                service.write(attempt)
        self.assertEqual(service.command("verify").stdout, proof.stdout)
        # who owns the database can take the triggers away; then the chain tells
        off = "alter table _history disable trigger user" if DATABASE else "drop trigger _history_update"
        row = service.number("select max(number) from _history") - 5
        service.write(off)
        service.write(f"update _history set after='{{}}' where number={row}")
        found = service.command("verify", "--json")
        self.assertEqual(found.returncode, 1, found.stderr)
        damage = json.loads(found.stdout)["damage"]
        self.assertEqual((damage["row"], damage["tenant"]), (row, 0))
        self.assertIn(f"row {row}", service.command("verify").stdout)

    def held(self, service):
        return [(each["kind"], each["what"]) for each in json.loads(service.command("held", "list", "--json").stdout)]

    def say(self, service, verb, done):
        held = json.loads(service.command("held", "list", "--json").stdout)
        said = service.command("held", verb, held[0]["id"])
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertIn(done, said.stdout)

    def test_an_answer_that_is_awaited_is_taken_before_the_end(self):
        outside = self.outside()
        outside.behaviour = lambda number: "slow"
        service = self.serve("--bridge", outside.url)
        service.post(event("Geld", "door.counted", times=1))
        wait_until(lambda: outside.requests == 1, "the call is out")
        self.assertEqual(service.stop(), 0)
        self.assertEqual(service.number("select count(*) from _call where state=2"), 1)

    def test_why(self):
        outside = self.outside()
        service = self.serve("--bridge", outside.url)
        service.post(event("Anna", number="e-1"))
        wait_until(lambda: service.number("select count(*) from greeting") and service.all_quiet(), "the workflow is through")
        came = service.command("why", "e-1").stdout
        for part in ("door.opened from /test", "✓ arrive fired", "✓ greet fired", "create visit", "by arrive", '"name":"Anna"'):
            self.assertIn(part, came)
        greeting = json.loads(service.command("why", "Guten Tag, Anna", "--json").stdout)
        self.assertEqual([(c["change"], c["entity"]) for c in greeting["changes"]], [("create", "greeting"), ("update", "visit")])
        self.assertEqual(greeting["changes"][0]["after"]["text"], "Guten Tag, Anna")
        record = greeting["changes"][0]["record"]
        self.assertEqual(json.loads(service.command("why", record, "--json").stdout)["number"], greeting["number"])
        self.assertIn("entry 1 of the journal: done", service.command("why", "1").stdout)
        self.assertEqual(service.command("why", "nobody").returncode, 3)
        self.assertEqual(service.command("why", "4711").returncode, 3)

    def test_a_person_decides_an_approval(self):
        service = self.serve()
        for verb, done, answer in (("approve", "is approved", "eingelassen"), ("refuse", "is refused", "abgelehnt")):
            service.post(event("Chef", number=verb))
            wait_until(lambda: self.held(service) == [("approval", "allow")], "somebody is asked")
            self.assertIn("approve or refuse it", service.command("held", "retry", json.loads(service.command("held", "list", "--json").stdout)[0]["id"]).stderr)
            self.say(service, verb, done)
            wait_until(lambda: service.number(f"select count(*) from visit where answer='{answer}'") == 1, "the workflow goes on")
        self.assertIn("nothing waits for a person", service.command("held", "list").stdout)

    def test_a_person_looks_at_a_workflow_that_holds(self):
        outside = self.outside()
        outside.behaviour = lambda number: "refuse"
        service = self.serve("--bridge", outside.url)
        service.post(event("Zahler"))
        wait_until(lambda: self.held(service) == [("workflow", "charge")], "it holds")
        outside.behaviour = lambda number: "answer"
        self.say(service, "retry", "is tried again")
        wait_until(lambda: service.number("select count(*) from visit where answer='bezahlt'") == 1, "it goes on")
        self.assertEqual(service.command("held", "retry", "0" * 26).returncode, 3)
        self.assertEqual(service.command("held", "retry", "x").returncode, 2)

    def test_garbage_and_refusals_reach_the_workflow(self):
        outside = self.outside()
        outside.behaviour = lambda number: {1: "garbage", 2: "refuse"}.get(number, "answer")
        service = self.serve("--bridge", outside.url)
        for number, name in enumerate(("Anna", "Bert"), 1):
            service.post(event(name))
            wait_until(lambda: service.number("select count(*) from visit") == number and service.all_quiet(), "the answer was handled")
        states = service.rows("select state from workflow_instance order by created_at")
        self.assertEqual(states, [("failed",), ("failed",)])
        self.assertEqual(service.number("select count(*) from visit where answer is not null"), 0)

    def test_a_timer_whose_turn_is_refused_comes_again_later(self):
        service = self.serve()
        service.post(event("Kreis"))
        wait_until(lambda: service.number("select count(*) from visit") == 1, "somebody walks round")
        service.write("update timer set due_at=1 where subject='round'")
        service.command("events", "dead", "retry", "--all")  # rings the bell
        wait_until(lambda: service.number("select count(*) from _journal where state=2 and origin=2") == 1, "it is dead")
        self.assertGreater(service.number("select due_at from timer where subject='round'"), time.time() + 3000)
        service.command("events", "dead", "retry", "--all")
        wait_until(lambda: service.number("select count(*) from _journal where state=2 and origin=2") == 1, "it is dead again")
        self.assertEqual(service.number("select count(*) from _journal where origin=2"), 1, "one entry, not one a moment")

    def test_killed_processes_lose_and_double_nothing(self):
        outside = self.outside()
        service = self.serve("--bridge", outside.url, "--batch", "7")
        chance = random.Random(1)
        names = [f"Gast {i}" for i in range(150)]
        for i in range(0, len(names), 10):
            service.post_until_taken([event(name) for name in names[i : i + 10]])
            children = service.children()
            os.kill(chance.choice([pid for name, pid in children.items()]), signal.SIGKILL)
        wait_until(lambda: service.number("select count(*) from greeting") == len(names) and service.all_quiet(), "all are greeted")
        self.check_once(service, outside, names)

    def test_a_machine_that_loses_power_goes_on_where_it_stopped(self):
        outside = self.outside()
        service = self.serve("--bridge", outside.url, "--batch", "7")
        names = [f"Gast {i}" for i in range(60)]
        for i in range(0, len(names), 20):
            service.post_until_taken([event(name) for name in names[i : i + 20]])
            service.kill_all()
            service.start()
        wait_until(lambda: service.number("select count(*) from greeting") == len(names) and service.all_quiet(), "all are greeted")
        self.check_once(service, outside, names)

    def check_once(self, service, outside, names):
        self.assertEqual(sorted(name for (name,) in service.rows("select name from visit")), sorted(names))
        self.assertEqual(len(service.rows("select distinct visit from greeting")), len(names))
        self.assertEqual(service.number("select count(*) from visit where greeted=1"), len(names))
        self.assertEqual(len(outside.carried_out["outside.ring"]), len(names), "one key a visit, however often a call was sent")

    def test_dead_events_are_listed_and_retried(self):
        service = self.serve()
        service.post(event("still", "door.keyed", "k1"))
        wait_until(lambda: service.number("select count(*) from visit") == 1, "handled")
        self.assertIn("no event is dead", service.command("events", "dead", "list").stdout)
        self.bury(service)
        listed = json.loads(service.command("events", "dead", "list", "--json").stdout)
        self.assertEqual([entry["type"] for entry in listed], ["door.closed"])
        self.assertIn("door.closed", service.command("events", "dead", "show", str(listed[0]["number"])).stdout)
        self.assertEqual(service.command("events", "dead", "retry", "4711").returncode, 3)
        again = service.command("events", "dead", "retry", "--all")
        self.assertIn("1 event will have another turn", again.stdout)
        wait_until(service.all_quiet, "it had its turn, and is dead again")
        self.assertEqual(service.number("select count(*) from _journal where state=2"), 1)
        self.assertEqual(service.command("events", "dead", "drop", str(listed[0]["number"])).returncode, 0)
        self.assertEqual(service.number("select count(*) from _journal where state=3"), 1)

    def bury(self, service):
        """An event that came in under a pack which knew its type; the one that runs now does not."""
        service.write(
            "insert into _journal(_tenant,origin,state,id,source,type,subject,content,received_at,attempts)"
            " values(0,0,0,{},'/test','door.closed','/test','{{}}',0,0)".format(
                "'\\x00112233445566778899aabbccddeeff'" if DATABASE else "x'00112233445566778899aabbccddeeff'"
            )
        )
        service.command("events", "dead", "retry", "--all")  # rings the bell
        wait_until(lambda: service.number("select count(*) from _journal where state=2") == 1, "it is dead")


class Disturbed(unittest.TestCase):
    """Work goes on while something is done to what it stands on."""

    serve, outside, check_once = ServiceTest.serve, ServiceTest.outside, ServiceTest.check_once

    def work_while(self, disturb):
        outside = self.outside()
        service = self.serve("--bridge", outside.url, "--batch", "7")
        names = [f"Gast {i}" for i in range(100)]
        for i in range(0, len(names), 20):
            service.post_until_taken([event(name) for name in names[i : i + 20]])
            disturb()
        wait_until(lambda: service.number("select count(*) from greeting") == len(names) and service.all_quiet(), "all are greeted")
        self.check_once(service, outside, names)


if DATABASE:
    class OtherMachine(unittest.TestCase):
        """Who works on the database from elsewhere is heard: nobody looks into it from time to time."""

        serve, bury, outside, check_once = ServiceTest.serve, ServiceTest.bury, ServiceTest.outside, ServiceTest.check_once

        def test_two_services_on_one_database_double_nothing(self):
            outside = self.outside()
            here = self.serve("--bridge", outside.url, "--batch", "7")
            there = self.serve("--bridge", outside.url, "--batch", "7", fresh=False)
            names = [f"Gast {i}" for i in range(120)]
            for i in range(0, len(names), 10):
                (here, there)[i // 10 % 2].post_until_taken([event(name) for name in names[i : i + 10]])
                if i % 40 == 20:
                    there.kill_all()
                    there.start()
            wait_until(lambda: here.number("select count(*) from greeting") == len(names) and here.all_quiet(), "all are greeted")
            self.check_once(here, outside, names)

        def test_two_couriers_keep_one_limit_and_one_budget(self):
            outside = self.outside()
            here = self.serve("--bridge", outside.url)
            there = self.serve("--bridge", outside.url, fresh=False)
            here.post_until_taken([event(f"Gast {i}", "door.locked") for i in range(8)])
            there.post_until_taken([event(f"Geld {i}", "door.counted", times=1) for i in range(12)])
            wait_until(lambda: here.number("select count(*) from visit where answer<>''") == 8, "all are let in")
            times = outside.times["lock"]
            for i in range(len(times) - 3):  # two seconds from sending to sending; what is between sending and coming here varies
                self.assertGreater(times[i + 3] - times[i], 1.5, "more than three in two seconds")
            wait_until(lambda: here.number("select count(*) from _call where connector='outside' and state<=1") == 0, "all were looked at")
            self.assertEqual(len(outside.carried_out["outside.pay"]), 3)
            self.assertEqual(here.number("select count(*) from _call where state=4"), 9)

        def retry_from_elsewhere(self, service):
            with tempfile.TemporaryDirectory() as elsewhere:
                words = [STELLWERK, "events", "dead", "retry", "--all", "--data", elsewhere, "--database", DATABASE]
                self.assertIn("1 event will have", subprocess.run(words, capture_output=True, text=True, timeout=60).stdout)
            wait_until(lambda: service.number("select count(*) from _journal where state=2") == 1, "it had its turn")

        def test_a_call_is_heard_also_after_the_connection_was_lost(self):
            service = self.serve()
            self.bury(service)
            self.retry_from_elsewhere(service)
            psql("select pg_terminate_backend(pid) from pg_stat_activity where pid<>pg_backend_pid() and backend_type='client backend'")
            self.retry_from_elsewhere(service)

    class DatabaseGone(Disturbed):
        """The database goes away in the middle of the work, and comes back."""

        def test_restarted(self):
            self.work_while(lambda: server("postgres", "restart"))

        def test_killed(self):
            self.work_while(lambda: (server("postgres", "kill"), server("postgres", "restart")))

        def test_connections_cut(self):
            self.work_while(lambda: psql("select pg_terminate_backend(pid) from pg_stat_activity where pid<>pg_backend_pid() and backend_type='client backend'"))


if BROKER:
    class BrokerGarbage(unittest.TestCase):
        """What comes over the broker can not be answered: it is kept as dead, with a reason, and what comes behind it is handled."""

        serve = ServiceTest.serve

        def publish(self, bodies):
            to = 'rabbit_misc:r(<<"service">>,exchange,<<"stellwerk.events">>),<<"door.opened">>'
            how = '[{content_type,<<"application/cloudevents+json">>},{delivery_mode,2}]'
            server("rabbitmq", "ctl", "eval", ",".join(f"rabbit_basic:publish({to},{how},<<{','.join(map(str, body))}>>)" for body in bodies) + ".")

        def test_garbage_is_dead_with_a_reason(self):
            service = self.serve()
            fine = event("still")
            garbage = {
                b"no json at all": "not JSON: line 1, column 1",
                json.dumps({**fine, "specversion": "7"}).encode(): "specversion",
                json.dumps({**fine, "id": "t", "type": "door.unknown"}).encode(): "door.unknown",
                json.dumps({**fine, "id": "f", "data": {"nome": "x"}}).encode(): "nome",
                json.dumps({**fine, "id": "u"}).encode().replace(b"still", b"st\xffll"): "UTF-8",
                b'{"specversion":"1.0","id":"deep","source":"/test","type":"door.opened","data":' + b"[" * 5000 + b"]" * 5000 + b"}": "nested more than 200 deep",
            }
            self.publish([*garbage, json.dumps(fine).encode()])
            wait_until(lambda: service.number("select count(*) from visit") == 1, "what came behind is handled")
            wait_until(lambda: service.number("select count(*) from _journal where state=2") == len(garbage), "all of it is kept")
            reasons = [entry["reason"] for entry in json.loads(service.command("events", "dead", "list", "--json").stdout)]
            for word in garbage.values():
                self.assertTrue(any(word in reason for reason in reasons), (word, reasons))
            self.assertIn(f'outcome="dead"}} {len(garbage)}', service.get("/metrics"))

    class BrokerGone(Disturbed):
        """The broker goes away in the middle of the work, and comes back."""

        def test_restarted(self):
            self.work_while(lambda: server("rabbitmq", "restart"))

        def test_killed(self):
            self.work_while(lambda: (server("rabbitmq", "kill"), server("rabbitmq", "restart")))


if __name__ == "__main__":
    if BROKER:
        broker_empty()
    unittest.main(argv=[*sys.argv, "-v"])
