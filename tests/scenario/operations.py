#!/usr/bin/env python3
"""What docs/operations.md promises to whoever runs `stellwerk serve`: systemd is told, the log is JSON without secrets, metrics outlive
the processes that count, a copy of the store taken at work goes on where it was taken.

Usage: operations.py PATH-OF-STELLWERK [CLASS[.TEST]]
"""
import http.client
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
from service import PACK, STELLWERK, Outside, Service, event, wait_until

UNIT = Path(__file__).resolve().parents[2] / "deploy" / "systemd" / "stellwerk.service"


class OperationsTest(unittest.TestCase):
    def folder(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return Path(folder.name)

    def serve(self, *more, folder=None):
        service = Service(folder or self.folder(), *more)
        self.addCleanup(service.log.close)
        self.addCleanup(service.stop)
        return service

    def lines(self, service):
        return [json.loads(line) for line in (service.folder / "log").read_text().splitlines()]

    def metric(self, service, name):
        found = re.search(rf"^{re.escape(name)} (\S+)$", service.get("/metrics"), flags=re.M)
        return found and float(found.group(1))

    def test_systemd_is_told(self):
        folder = self.folder()
        systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(systemd.close)
        systemd.settimeout(30)
        systemd.bind(str(folder / "notify"))
        told = {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "200000"}
        os.environ.update(told)
        try:
            service = self.serve(folder=folder)
        finally:
            for name in told:
                del os.environ[name]
        heard = [systemd.recv(100) for _ in range(4)]
        self.assertEqual(heard, [b"READY=1"] + 3 * [b"WATCHDOG=1"])
        service.process.send_signal(signal.SIGTERM)
        while heard[-1] == b"WATCHDOG=1":
            heard.append(systemd.recv(100))
        self.assertEqual(heard[-1], b"STOPPING=1")
        self.assertEqual(service.stop(), 0)

    def test_the_log_is_json_with_traces_and_without_secrets(self):
        service = self.serve("--token", "geheimes-wort", "--log", "debug")
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        sender = {"Authorization": "Bearer geheimes-wort", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
        self.assertEqual(service.post({**event("a"), "type": "geheimes-wort"}, headers=sender)[0], 400)
        self.assertEqual(service.post(event("still"), headers=sender)[0], 202)
        self.assertEqual(service.stop(), 0)
        lines = self.lines(service)
        for line in lines:
            self.assertLessEqual({"time", "level", "role", "pid", "message"}, set(line))
        self.assertLessEqual({"stellwerk", "api"}, {line["role"] for line in lines})
        refused, taken = [line for line in lines if line.get("trace_id") == trace]
        self.assertIn("no pack knows an event called `***`", refused["message"])
        self.assertRegex(taken["message"], r"^POST /v1/events was answered with 202 after [0-9.]+ ms$")
        self.assertNotIn("geheimes-wort", (service.folder / "log").read_text())

    def test_a_password_within_an_address_is_no_part_of_its_error(self):
        run = subprocess.run(
            [STELLWERK, "serve", PACK, "--data", self.folder() / "data", "--database", "postgresql://u:geheimes-wort@127.0.0.1:1/x"],
            capture_output=True, text=True, timeout=60)
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("127.0.0.1", run.stderr)
        self.assertNotIn("geheimes-wort", run.stdout + run.stderr)

    def test_who_may_not_post_is_told_before_he_sends(self):
        service = self.serve("--token", "geheimes-wort")
        self.assertEqual(service.post(event("a"), headers={"Authorization": "bearer geheimes-wort"})[0], 202)
        for wrong in ("", "Bearer", "Bearer ", "Bearer geheimes-wor", "Bearer geheimes-wortt", "Basic geheimes-wort", "geheimes-wort"):
            self.assertEqual(service.post(event("a"), headers={"Authorization": wrong})[0], 401, wrong)
        asks = socket.create_connection(("127.0.0.1", service.port), timeout=30)
        asks.sendall(b"POST /v1/events HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5000000\r\n\r\n")
        self.assertEqual(asks.recv(12), b"HTTP/1.1 401")
        asks.close()

    def test_a_level_of_the_log_that_there_is_not(self):
        run = subprocess.run([STELLWERK, "serve", PACK, "--data", self.folder() / "data", "--log", "loud"],
                             capture_output=True, text=True, timeout=60)
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("debug, info, warning and error", run.stderr)

    def test_a_flood_of_nonsense_does_not_fill_the_log(self):
        service = self.serve()
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
        for _ in range(500):
            connection.request("POST", "/v1/events", b"nonsense")
            self.assertEqual(connection.getresponse().read()[:1], b"{")
        connection.close()
        self.assertEqual(self.metric(service, 'stellwerk_http_requests_total{status="4xx"}'), 500)
        self.assertLess(len([line for line in self.lines(service) if "was answered with 400" in line["message"]]), 250)

    def test_metrics_outlive_the_processes_that_count(self):
        service = self.serve()
        self.assertEqual(service.post(event("still"))[0], 202)
        wait_until(service.all_quiet, "it is handled")
        done = 'stellwerk_turns_total{outcome="done"}'
        before = self.metric(service, done)
        self.assertGreaterEqual(before, 1)
        os.kill(service.children()["worker"], signal.SIGKILL)
        wait_until(lambda: self.metric(service, 'stellwerk_role_deaths_total{role="worker"}') == 1, "its death is counted")
        wait_until(lambda: self.metric(service, 'stellwerk_role_running{role="worker"}') == 1, "it runs again")
        self.assertEqual(service.post(event("again"))[0], 202)
        wait_until(lambda: self.metric(service, done) >= before + 1, "both are counted")
        self.assertEqual(self.metric(service, 'stellwerk_events_total{outcome="accepted"}'), 2)

    def test_health_tells_of_all_processes(self):
        service = self.serve()
        roles = dict.fromkeys(("worker", "clock", "courier", "api"), True)
        wait_until(lambda: json.loads(service.get("/health")) == {"status": "pass", "running": roles}, "all run")
        missed = {"status": "warn", "running": {**roles, "courier": False}}

        def missed_when_killed():  # again and again: each time it is away for longer
            try:
                os.kill(service.children()["courier"], signal.SIGKILL)
            except (KeyError, ProcessLookupError, FileNotFoundError):
                pass  # it is away already
            return json.loads(service.get("/health")) == missed

        wait_until(missed_when_killed, "it is missed")
        wait_until(lambda: json.loads(service.get("/health"))["status"] == "pass", "all run again")

    def test_requests_that_lead_nowhere_are_told_where_to(self):
        service = self.serve()
        cases = [
            ("GET", "/v1/events", 405, "POST is", "POST"),
            ("POST", "/metrics", 405, "GET, HEAD is", "GET, HEAD"),
            ("POST", "/v1/event", 404, "perhaps you mean /v1/events", None),
            ("GET", "/healt", 404, "perhaps you mean /health", None),
        ]
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
        for method, path, status, sentence, allow in cases:
            connection.request(method, path)
            answer = connection.getresponse()
            self.assertEqual((answer.status, answer.headers["Allow"]), (status, allow))
            self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
            self.assertIn(sentence, json.load(answer)["detail"])
        connection.request("HEAD", "/health")
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.read()), (200, b""))
        connection.close()

    def test_a_copy_of_the_store_goes_on_where_it_was_taken(self):
        lost = self.serve()  # without a bridge: the call to the outside waits
        self.assertEqual(lost.post(event("Anna"))[0], 202)
        wait_until(lambda: lost.number("select count(*) from _call") == 1, "its workflow waits for an answer")
        folder = self.folder()
        (folder / "data").mkdir()
        with sqlite3.connect(lost.folder / "data" / "stellwerk.sqlite") as store, sqlite3.connect(folder / "data" / "stellwerk.sqlite") as copy:
            store.backup(copy)
        copy.close()
        self.assertEqual(lost.post(event("Bert"))[0], 202)
        lost.kill_all()
        outside = Outside()
        self.addCleanup(outside.close)
        restored = self.serve("--bridge", outside.url, folder=folder)
        wait_until(restored.all_quiet, "the workflow went on")
        self.assertEqual(restored.rows("select text from greeting"), [("Guten Tag, Anna",)])
        self.assertEqual(restored.post(event("Anna"))[1], {"accepted": 0, "doubles": 1})
        self.assertEqual(restored.post(event("Bert"))[1], {"accepted": 1, "doubles": 0})
        wait_until(restored.all_quiet, "what came after the copy came again")
        self.assertEqual(restored.number("select count(*) from visit"), 2)

    def test_systemd_takes_the_unit(self):
        unit = self.folder() / "stellwerk.service"
        unit.write_text(UNIT.read_text().replace("/usr/bin/stellwerk", str(Path(STELLWERK).resolve())))
        self.assertIsNotNone(shutil.which("systemd-analyze"), "tools/setup test installs it")
        run = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, timeout=60)
        self.assertEqual((run.returncode, [line for line in run.stderr.splitlines() if str(unit) in line]), (0, []))


if __name__ == "__main__":
    unittest.main(argv=[*sys.argv, "-v"])
