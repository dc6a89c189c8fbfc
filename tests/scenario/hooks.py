#!/usr/bin/env python3
"""Webhooks of connectors, from outside: who may post and who may not, what is kept of it, and that each connector of connectors/rmm takes
what its vendor really sends.

Usage: hooks.py PATH-OF-STELLWERK [CLASS[.TEST]]
On the embedded store, or on the PostgreSQL that STELLWERK_TEST_DATABASE names (it is emptied).
"""
import base64
import hashlib
import hmac
import json
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

sys.dont_write_bytecode = True
from service import STELLWERK, Service, wait_until

ROOT = Path(__file__).resolve().parents[2]
SECRET, TOKEN = "Geheimnis-4711-ä", "die-Marke-des-Dienstes"


class Hooked(unittest.TestCase):
    pack, more, secrets = Path(__file__).parent / "hook_pack", (), ("hook",)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.key = self.folder / "secret.key"
        subprocess.run([STELLWERK, "secret", "keygen", self.key], check=True, capture_output=True, timeout=60)
        self.service = Service(self.folder, "--keys", self.key, "--token", TOKEN, *self.more, pack=self.pack)
        self.addCleanup(self.service.log.close)
        self.addCleanup(self.service.stop)
        for name in self.secrets:
            where = [word for word in self.service.more if str(word).startswith("postgres") or word == "--database"]
            run = subprocess.run([STELLWERK, "secret", "set", name, "--keys", self.key, "--data", self.folder / "data", *where], input=SECRET,
                                 capture_output=True, text=True, timeout=60)
            self.assertEqual((run.returncode, run.stderr), (0, ""), name)

    def post(self, name, body, headers=None, tenant="default", connector="ways"):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        address = f"http://127.0.0.1:{self.service.port}/v1/hooks/{tenant}/{connector}/{name}"
        request = urllib.request.Request(address, data, {"Content-Type": "application/json", **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())["detail"]

    def takes(self, *words, **more):
        self.assertEqual(self.post(*words, **more), (202, {"accepted": 1, "doubles": 0}), words)

    def refuses(self, status, sentence, *words, **more):
        code, detail = self.post(*words, **more)
        self.assertEqual((code, sentence in detail), (status, True), detail)

    def notes(self, count):
        wait_until(lambda: self.service.number("select count(*) from note") >= count, f"{count} notes")
        return sorted(((how, word or None, agent or None) for how, word, agent in self.service.rows("select how, word, agent from note")), key=str)

    def nothing_was_kept(self):
        self.assertEqual(self.service.number("select count(*) from _journal where origin=1"), 0)


def signature(body, way=hashlib.sha256, before=b"", key=SECRET):
    return hmac.new(key.encode(), before + body, way)


BODY = json.dumps({"word": "guten Tag"}).encode()
OTHER = "this webhook was not sent by who should: "


class Verified(Hooked):
    def test_each_way_lets_in_who_should(self):
        latin = SECRET.encode().decode("latin-1")  # as urllib sends it, so that these bytes are on the wire
        pair = base64.b64encode(f"anna:{SECRET}".encode()).decode()
        self.takes("equal", BODY, {"X-Secret": latin, "User-Agent": "Prüfer".encode().decode("latin-1"), "Cookie": "x=y"})
        self.takes("query?key=" + urllib.request.quote(SECRET), BODY)
        self.takes("signed", BODY, {"X-Signature": signature(BODY).hexdigest()})
        self.takes("signed", BODY, {"X-Signature": "sha256=" + signature(BODY).hexdigest().upper()})
        self.takes("signed", BODY, {"X-Signature": base64.b64encode(signature(BODY).digest()).decode()})
        self.takes("longer", BODY, {"X-Signature": "sha512=" + signature(BODY, hashlib.sha512).hexdigest()})
        self.takes("basic", BODY, {"Authorization": "Basic " + pair})
        self.takes("bearer", BODY, {"Authorization": "Bearer " + latin})
        self.takes("open", BODY, {"Authorization": "Bearer " + TOKEN})
        self.assertEqual(self.notes(9), sorted([("equal", "guten Tag", "Prüfer"), ("query", "guten Tag", None), *[("signed", "guten Tag", None)] * 3,
                                               ("longer", "guten Tag", None), ("basic", "guten Tag", None), ("bearer", "guten Tag", None), ("open", "guten Tag", None)], key=str))
        kept = "".join(str(row) for row in self.service.rows("select content from _journal"))
        for secret in (SECRET, TOKEN, pair, signature(BODY).hexdigest(), "x=y"):
            self.assertNotIn(secret, kept)

    def test_nobody_else_gets_in(self):
        wrong = {"X-Signature": signature(BODY, key="other").hexdigest()}
        for name, why, headers in (
            ("equal", "the secret it says is another", {}),
            ("equal", "the secret it says is another", {"X-Secret": ""}),
            ("equal", "the secret it says is another", {"X-Secret": "Geheimnis"}),
            ("query", "the secret it says is another", {}),
            ("query?key=x&key=y", "the secret it says is another", {}),
            ("signed", "its signature does not fit", {}),
            ("signed", "its signature does not fit", wrong),
            ("signed", "its signature does not fit", {"X-Signature": "sha256="}),
            ("signed", "its signature does not fit", {"X-Signature": signature(BODY + b" ").hexdigest()}),
            ("signed", "its signature does not fit", {"X-Signature": "sha1=" + signature(BODY, hashlib.sha1).hexdigest()}),
            ("longer", "its signature does not fit", {"X-Signature": signature(BODY).hexdigest()}),
            ("basic", "user or password does not fit", {}),
            ("basic", "user or password does not fit", {"Authorization": "Basic !!!"}),
            ("basic", "user or password does not fit", {"Authorization": "Basic " + base64.b64encode(b"anna:x").decode()}),
            ("bearer", "its token is another", {"Authorization": "Bearer " + TOKEN}),
            ("bearer", "its token is another", {"Authorization": "Bearer"}),
        ):
            with self.subTest(name=name, headers=headers):
                self.refuses(401, OTHER + why, name, BODY, headers)
        self.refuses(401, "posting events needs a token", "open", BODY)
        self.nothing_was_kept()
        self.assertIn("stellwerk_hooks_refused_total 16", self.service.get("/metrics"))

    def test_a_secret_that_is_not_set_lets_nobody_in(self):
        for headers in ({}, {"X-Secret": ""}, {"X-Secret": "x"}):
            self.refuses(503, "the secret `unset` of the tenant has no value", "unset", BODY, headers)
        self.nothing_was_kept()

    def test_what_there_is_not_is_not_told(self):
        for tenant, connector, name in (("other", "ways", "equal"), ("default", "other", "equal"), ("default", "ways", "other"),
                                        ("default", "ways", "post"), ("default", "ways", "equal/x"), ("default", "ways", ""), ("..", "ways", "equal")):
            with self.subTest(tenant=tenant, connector=connector, name=name):
                self.refuses(404, "there is no such webhook", name, BODY, tenant=tenant, connector=connector)

    def test_what_is_no_document_is_refused_when_it_is_verified(self):
        for body in (b"", b"{", b"<x/>", b'{"a":1,"a":2}', b'"\xff"', b"[" * 300):
            with self.subTest(body=body[:20]):
                self.refuses(401, OTHER, "signed", body)
                self.refuses(400, "what was posted is no JSON", "signed", body, {"X-Signature": signature(body).hexdigest()})
        long = json.dumps({"word": "x" * (1 << 20)}).encode()
        self.refuses(413, "a webhook has 1048576 bytes at most", "signed", long, {"X-Signature": signature(long).hexdigest()})
        self.nothing_was_kept()


class Replayed(Hooked):
    def headers(self, at, body=BODY):
        return {"X-Time": str(at), "X-Signature": signature(body, before=f"{at}.".encode()).hexdigest()}

    def test_what_is_sent_again_counts_once(self):
        now = int(time.time())
        self.takes("timed", BODY, self.headers(now))
        self.assertEqual(self.post("timed", BODY, self.headers(now)), (202, {"accepted": 0, "doubles": 1}))
        self.takes("timed", BODY, self.headers(now * 1000))
        self.assertEqual(len(self.notes(2)), 2)

    def test_what_is_old_is_nothing(self):
        now = int(time.time())
        for at in (now - 400, now + 400, (now - 400) * 1000, "", "gestern", "-1", "9" * 20):
            with self.subTest(at=at):
                self.refuses(401, "its time is not told, or not now", "timed", BODY, self.headers(at))
        self.refuses(401, "its signature does not fit", "timed", BODY, {**self.headers(now), "X-Time": str(now - 1)})
        self.nothing_was_kept()


class Vendors(Hooked):
    """What the vendors of connectors/rmm really send: one of each kind that the recorded week of examples/alerts has."""

    pack, more = ROOT / "rules" / "default", (ROOT / "connectors" / "rmm", Path(__file__).parent / "seen_pack")
    secrets = ("ninja_hook", "datto_hook", "level_hook", "tactical_secret")

    def test_each_takes_its_vendors_shape(self):
        names = {"ninjaone": "ninja", "datto": "datto", "level": "level", "tactical": "tactical"}
        latin = SECRET.encode().decode("latin-1")
        for connector, name in names.items():
            lines = [json.loads(line) for line in (ROOT / "examples" / "alerts" / f"{connector}.jsonl").read_text().splitlines()]
            for line in lines[:20]:
                headers = {"User-Agent": line["headers"].get("User-Agent", "x"), "X-Stellwerk-Secret": latin, "Authorization": "Bearer " + TOKEN}
                self.takes(name, line["body"], headers, connector=connector)
            self.refuses(401, "", name, lines[0]["body"], {"X-Stellwerk-Secret": "x"}, connector=connector)
        wait_until(lambda: self.service.number("select count(*) from _journal where state=0") == 0, "all have had their turn")
        self.assertEqual(self.service.number("select count(*) from _journal where state=2"), 0)
        for kind in ("raised", "cleared"):
            self.assertEqual({row[0] for row in self.service.rows(f"select distinct source from seen where kind='{kind}'")}, set(names), kind)
        before = self.service.number("select count(*) from seen")
        line = json.loads((ROOT / "examples" / "alerts" / "datto.jsonl").read_text().splitlines()[0])
        self.takes("datto", line["body"], {"X-Stellwerk-Secret": latin}, connector="datto")
        wait_until(lambda: self.service.number("select count(*) from _journal where state=0") == 0, "it has had its turn")
        self.assertEqual(self.service.number("select count(*) from seen"), before)  # sent once more, it is the same event


if __name__ == "__main__":
    unittest.main(verbosity=2)
