#!/usr/bin/env python3
"""Connectors that speak HTTP by themselves, against another side of our own: who asks and how that is shown, what is asked, what becomes
of each kind of answer, and where no call goes. What is secret is nowhere to be read afterwards.

Usage: connectors.py PATH-OF-STELLWERK [CLASS[.TEST]]
On the embedded store, or on the PostgreSQL that STELLWERK_TEST_DATABASE names (it is emptied).
"""
import base64
import hashlib
import hmac
import json
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

sys.dont_write_bytecode = True
from service import STELLWERK, Service, event, wait_for_its_end, wait_until

PACK = Path(__file__).parent / "connector_pack"
KEY, WORD = "Schluessel-4711-geheim", "Kennwort mit ü & mehr"
FORBIDDEN = "it would go into a private network that the setting `private-networks` does not name"


class Vendor:
    """Remembers each request; `behaviour` says what is answered to it: (status, headers, body), or what is to be done."""

    def __init__(self):
        self.requests, self.behaviour, self.tokens, self.good = [], lambda request: None, 0, None
        self.grants, self.expires = [], 3600
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_request(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = {"method": self.command, "path": self.path, "headers": dict(self.headers.items()), "body": body}
                if self.path == "/oauth/token":
                    self.token(parse_qs(body.decode()))
                    return
                vendor.requests.append(request)
                answer = vendor.behaviour(request) or (200, {}, {"heard": "ja"})
                if answer == "cut":
                    self.close_connection = True
                    self.connection.close()
                    return
                if answer == "late":
                    wait_for_its_end(self.connection)
                    self.close_connection = True
                    return
                self.send(*answer)

            do_GET = do_POST = do_PUT = do_DELETE = handle_request

            def token(self, form):
                vendor.grants.append(form)
                if vendor.good is False:
                    self.send(401, {}, {"error": "invalid_client", "error_description": "Kennwort " + WORD})
                    return
                vendor.tokens += 1
                vendor.good = f"marke-{vendor.tokens}-geheim"
                self.send(200, {}, {"access_token": vendor.good, "token_type": "Bearer", "expires_in": vendor.expires})

            def send(self, status, headers, body):
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                try:
                    self.end_headers()
                    self.wfile.write(data)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # who asked has heard enough

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_):
                pass  # who asked is gone

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Connected(unittest.TestCase):
    networks, more = "127.0.0.0/8", ()

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.key = self.folder / "secret.key"
        self.vendor = Vendor()
        self.addCleanup(self.vendor.close)
        subprocess.run([STELLWERK, "secret", "keygen", self.key], check=True, capture_output=True, timeout=60)
        self.service = Service(self.folder, "--keys", self.key, "--private-networks", self.networks, *self.more, pack=PACK)
        self.addCleanup(self.service.log.close)
        self.addCleanup(self.service.stop)
        self.address(self.vendor.url)
        self.secret("key", KEY)
        self.secret("word", WORD)

    def tearDown(self):
        """No secret has got out of its place: not into the log, an output, or the store."""
        self.service.stop()
        told = (self.folder / "log").read_bytes()
        told += b"".join(path.read_bytes() for path in (self.folder / "data").glob("stellwerk.sqlite*"))
        for secret in (KEY, WORD, "marke-", base64.b64encode(f"anna:{WORD}".encode()).decode()):
            self.assertNotIn(secret.encode(), told)

    def does(self, *words, value=None):
        run = subprocess.run([STELLWERK, *words, *self.where()], input=value, capture_output=True, text=True, timeout=60)
        self.assertEqual((run.returncode, run.stderr), (0, ""), words)
        return run.stdout

    def where(self):
        return ["--data", str(self.folder / "data"), *(word for word in self.service.more if str(word).startswith("postgres") or word == "--database")]

    def address(self, url):
        self.does("tenant", "set", "default", "address", json.dumps(url))

    def secret(self, name, value):
        self.does("secret", "set", name, "--keys", str(self.key), value=value)

    def asks(self, how, name="Anna"):
        status, _ = self.service.post(event(name, "asked", f"{how} {abs(hash(name))} {len(self.vendor.requests)}", how=how))
        self.assertEqual(status, 202)

    def answer(self):
        return wait_until(lambda: (self.service.rows("select answer from note where answer is not null order by id desc") or [(None,)])[0][0], "an answer")

    def call(self, state, attempts=0):
        """The call in that state, when there is one."""
        def found():
            rows = [row for row in json.loads(self.does("calls", "list", "--json")) if row["state"] == state and row["attempts"] >= attempts]
            return rows and rows[0]

        return json.loads(self.does("calls", "show", wait_until(found, f"a call is {state}")["id"]))

    def request(self):
        wait_until(lambda: self.vendor.requests, "a request")
        return self.vendor.requests[-1]


class Asking(Connected):
    def test_a_whole_request_and_its_mapped_answer(self):
        self.vendor.behaviour = lambda request: (200, {}, {"heard": "da", "total": "7", "more": {"x": 1}})
        self.asks("get", "Ä b/c")
        self.assertEqual(self.answer(), "Ä b/c: da")
        self.assertEqual(self.service.number("select number from note"), 7)
        request = self.request()
        self.assertEqual((request["method"], request["path"]), ("GET", "/api/things/%C3%84%20b%2Fc?deep=true&tag=a&tag=b%26c"))
        headers = request["headers"]
        self.assertEqual((headers["X-Key"], headers["X-Version"], headers["Accept"]), (KEY, "2", "application/json"))
        self.assertRegex(headers["traceparent"], "^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$")
        self.assertNotIn("Content-Type", headers)
        self.assertIn("/things/", json.loads(self.call("answered")["request"])["path"])

    def test_a_body_is_json(self):
        self.vendor.behaviour = lambda request: (201, {}, {"heard": "neu"})
        self.asks("send", 'A"\nb')
        self.assertEqual(self.answer(), "neu")
        request = self.request()
        self.assertEqual(json.loads(request["body"]), {"name": 'A"\nb', "parts": [{"@type": "x"}]})
        self.assertEqual(request["headers"]["Content-Type"], "application/json")
        self.assertNotIn("Idempotency-Key", request["headers"])

    def test_ways_to_say_who_asks(self):
        self.asks("queried")
        self.assertEqual((self.answer(), self.request()["path"]), ("ja", f"/q/Anna?x=1&apikey={KEY}"))
        self.asks("named")
        wait_until(lambda: self.request()["path"] == "/b/Anna", "basic")
        scheme, _, pair = self.request()["headers"]["Authorization"].partition(" ")
        self.assertEqual((scheme, base64.b64decode(pair).decode()), ("Basic", f"anna:{WORD}"))
        self.asks("bearing")
        wait_until(lambda: self.request()["path"] == "/t/Anna", "bearer")
        self.assertEqual(self.request()["headers"]["Authorization"], f"Bearer {KEY}")
        self.asks("signing")
        wait_until(lambda: self.request()["path"] == "/s/Anna", "hmac")
        request = self.request()
        signed = request["headers"]["X-Time"].encode() + b"." + request["body"]
        self.assertEqual(request["headers"]["X-Signature"], "sha256=" + hmac.new(WORD.encode(), signed, hashlib.sha256).hexdigest())

    def test_a_secret_that_is_echoed_is_not_kept(self):
        self.vendor.behaviour = lambda request: (200, {}, {"heard": "Sie sagten " + request["headers"]["X-Key"]})
        self.asks("get")
        self.assertEqual(self.answer(), "Anna: Sie sagten ***")
        self.vendor.behaviour = lambda request: (400, {}, ("kein Zutritt mit " + request["headers"]["X-Key"] + "\n\x1b[31m").encode())
        self.asks("get", "Bela")
        self.assertEqual(self.call("failed")["sentence"], "keyed.get answered with HTTP 400: kein Zutritt mit ***  [31m")


class Trying(Connected):
    def tries(self, *words, code=0):
        run = subprocess.run([STELLWERK, "connector", "try", *words, *self.where()], capture_output=True, text=True, timeout=90)
        self.assertEqual((run.returncode, run.stderr), (code, ""), run.stdout)
        return run.stdout

    def test_what_was_asked_and_what_it_means(self):
        self.vendor.behaviour = lambda request: (200, {}, {"heard": "da " + request["headers"]["X-Key"], "total": "7"})
        lines = self.tries("keyed.get", "--arg", "name=Ä {b}").splitlines()
        self.assertEqual(lines, ["asked     GET /things/%C3%84%20%7Bb%7D?deep=true&tag=a&tag=b%26c", "          X-Version: 2",
                                 'answered  {"heard":"da ***","total":"7"}', 'result    {"heard":"Ä {b}: da ***","count":7}'])
        self.assertEqual(self.service.number("select count(*) from note"), 0)
        self.assertIn("call.tried", str(self.service.rows("select type from _journal")))

    def test_for_tools(self):
        told = json.loads(self.tries("keyed.send", "--arg", "name=x", "--json"))
        self.assertEqual((told["state"], told["reply"], told["result"]), ("answered", {"heard": "ja"}, {"heard": "ja"}))
        self.assertEqual(told["request"], {"method": "POST", "path": "/things", "body": {"name": "x", "parts": [{"@type": "x"}]}})

    def test_the_same_once_more_is_another_call(self):
        for _ in range(2):
            self.tries("keyed.send", "--arg", "name=x")
        self.assertEqual(len(self.vendor.requests), 2)

    def test_what_is_no_success(self):
        self.vendor.behaviour = lambda request: (404, {}, {})
        self.assertIn("failed    keyed.get answered with HTTP 404: {}", self.tries("keyed.get", "--arg", "name=x", code=1))
        self.vendor.behaviour = lambda request: (200, {}, {"heard": [1]})
        self.assertIn("\nbut       ", self.tries("keyed.keep", "--arg", "name=x", code=1))
        self.does("secret", "remove", "key")
        self.assertIn("held      `auth … { value }` is not set", self.tries("keyed.get", "--arg", "name=x", code=1))

    def test_it_is_kept_as_a_test(self):
        self.vendor.behaviour = lambda request: (200, {}, {"heard": 'da "{x}"\n\\', "total": -7})
        file = self.folder / "kept.flow"
        words = [STELLWERK, "connector", "record", "keyed.get", "--arg", 'name=Ä {"b"}', "--to", file, *self.where()]
        self.assertEqual(subprocess.run(words, capture_output=True, timeout=90).returncode, 0)
        self.assertIn('answer keyed.get { heard = "Ä \\{\\"b\\"\\}: da \\"\\{x\\}\\"\\n\\\\"; count = -7 }', file.read_text())
        run = subprocess.run([STELLWERK, "test", PACK, file], capture_output=True, text=True, timeout=60)
        self.assertEqual((run.returncode, "1 passed" in run.stdout or "1 test" in run.stdout), (0, True), run.stdout + run.stderr)
        kept = file.read_text()
        run = subprocess.run(words, capture_output=True, text=True, timeout=90)
        self.assertEqual((run.returncode, file.read_text()), (3, kept))
        self.assertIn("can not be made: File exists", run.stderr)

    def test_what_can_not_be_asked(self):
        for words, sentence in ((("keyed.got",), "there is no action `keyed.got`; did you mean `keyed.get`?"), (("keyed.get",), "name"),
                                (("keyed.get", "--arg", "name=.."), "would lead the request to another path"),
                                (("keyed.get", "--arg", "name"), "is not of the form NAME=VALUE"), ((), "which action?"),
                                (("keyed.get", "connectors/rmm"), "`connectors/rmm` is one word too many")):
            run = subprocess.run([STELLWERK, "connector", "try", *words, *self.where()], capture_output=True, text=True, timeout=60)
            self.assertNotEqual(run.returncode, 0)
            self.assertIn(sentence, run.stderr)
        self.assertEqual(self.vendor.requests, [])


class Papers(Connected):
    """TLS with an authority of the house's own, and a server that wants to know who connects."""

    def openssl(self, *words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=60, cwd=self.papers.name)

    def signed(self, name, *more):
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "house.pem", "-CAkey", "house.key", "-CAcreateserial", "-days", "2", "-out", f"{name}.pem", *more)

    def setUp(self):
        self.papers = tempfile.TemporaryDirectory()
        self.addCleanup(self.papers.cleanup)
        folder = Path(self.papers.name)
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-keyout", "house.key", "-out", "house.pem", "-subj", "/CN=house")
        (folder / "names").write_text("subjectAltName=IP:127.0.0.1")
        self.signed("server", "-extfile", "names")
        self.signed("us")
        self.more = ("--authorities", folder / "house.pem") if self.believes else ()
        super().setUp()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem", folder / "server.key")
        context.load_verify_locations(folder / "house.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        self.vendor.server.socket = context.wrap_socket(self.vendor.server.socket, server_side=True)
        self.address(self.vendor.url.replace("http:", "https:"))
        self.secret("paper", (folder / "us.pem").read_text())
        self.secret("pencil", (folder / "us.key").read_text())

    believes = True

    def test_we_say_who_we_are(self):
        self.asks("known")
        self.assertEqual(self.answer(), "ja")

    def test_without_papers_nobody_talks_to_us(self):
        self.does("secret", "remove", "pencil")
        self.asks("known")
        self.assertIn("the secret `pencil` of the tenant has no value", self.call("held")["sentence"])
        self.assertEqual(self.vendor.requests, [])


class Strangers(Papers):
    believes = False

    def test_we_say_who_we_are(self):
        """Whom nobody has vouched for hears nothing."""
        self.asks("known")
        self.assertIn("certificate", self.call("due", 1)["sentence"])
        self.assertEqual(self.vendor.requests, [])


class Tokens(Connected):
    def test_one_token_serves_all(self):
        self.asks("client")
        self.assertEqual(self.answer(), "ja")
        for name in ("Bela", "Cora", "Dora"):
            self.asks("client", name)
        wait_until(lambda: len(self.vendor.requests) == 4, "all have asked")
        self.assertEqual(self.vendor.grants, [{"grant_type": ["client_credentials"], "client_id": ["stellwerk"], "client_secret": [WORD], "scope": ["read write"]}])
        self.assertEqual({request["headers"]["Authorization"] for request in self.vendor.requests}, {"Bearer marke-1-geheim"})

    def test_a_password_grant(self):
        self.asks("person")
        self.assertEqual(self.answer(), "ja")
        self.assertEqual(self.vendor.grants, [{"grant_type": ["password"], "username": ["anna"], "password": [WORD], "client_id": ["public"], "client_secret": ["public"]}])

    def test_a_token_that_is_refused_is_asked_for_once_more(self):
        self.asks("client")
        self.assertEqual(self.answer(), "ja")
        self.vendor.behaviour = lambda request: None if request["headers"]["Authorization"] == "Bearer marke-2-geheim" else (401, {}, {})
        self.asks("client", "Bela")
        wait_until(lambda: self.service.number("select count(*) from note where answer='ja'") == 2, "the second answer")
        self.assertEqual([request["headers"]["Authorization"] for request in self.vendor.requests], [f"Bearer marke-{n}-geheim" for n in (1, 1, 2)])
        self.assertEqual(json.loads(self.does("calls", "list", "--json"))[0]["attempts"], 1)

    def test_who_is_always_refused_asks_for_no_third_token(self):
        self.vendor.behaviour = lambda request: (401, {}, {"heard": "nein"})
        self.asks("client")
        self.assertIn("client.get answered with HTTP 401", self.call("failed")["sentence"])
        self.assertEqual((len(self.vendor.requests), self.vendor.tokens), (2, 2))

    def test_no_token_is_no_call(self):
        self.vendor.good = False
        self.asks("client")
        call = self.call("due", 1)
        self.assertEqual(call["sentence"], "no token for client: its server answered with HTTP 401, invalid_client")
        self.assertEqual(self.vendor.requests, [])

    def test_a_token_ends(self):
        self.vendor.expires = 0  # at least five seconds it is used all the same
        self.asks("client")
        self.assertEqual(self.answer(), "ja")
        self.asks("client", "Bela")
        wait_until(lambda: len(self.vendor.requests) == 2, "the second has asked")
        self.assertEqual(self.vendor.tokens, 1)

    def test_a_token_that_ends_beyond_all_time(self):
        self.vendor.expires = str(2**63 - 1)  # some say it as text
        self.asks("client")
        self.assertEqual(self.answer(), "ja")
        self.assertEqual(self.vendor.tokens, 1)


class Answers(Connected):
    def test_what_expect_names_is_success(self):
        self.vendor.behaviour = lambda request: (409, {}, {})
        self.asks("send")
        self.assertEqual(self.answer(), "nothing")

    def test_what_it_does_not_name_is_a_failure(self):
        self.vendor.behaviour = lambda request: (404, {}, "<h1>weg</h1>".encode())
        self.asks("get")
        self.assertEqual(self.answer(), "failed")
        self.assertEqual(self.call("failed")["sentence"], "keyed.get answered with HTTP 404: <h1>weg</h1>")

    def test_garbage_is_no_answer(self):
        self.vendor.behaviour = lambda request: (200, {}, b"<html>gar nicht gut")
        self.asks("get")
        self.assertEqual(self.answer(), "failed")
        self.assertIn("keyed.get was carried out, but its answer can not be read: ", self.call("failed")["sentence"])

    def test_retry_after_is_kept_to(self):
        times = iter([(429, {"Retry-After": "3"}, {}), None])
        self.vendor.behaviour = lambda request: next(times)
        self.asks("get")
        call = self.call("due", 1)
        self.assertEqual(call["sentence"], "keyed.get answered with HTTP 429: {}")
        self.assertEqual(self.answer(), "Anna: ja")
        self.assertEqual(self.call("answered")["attempts"], 2)

    def test_no_redirect_is_followed(self):
        self.vendor.behaviour = lambda request: (302, {"Location": f"{self.vendor.url}/elsewhere"}, {})
        self.asks("get")
        self.assertEqual(self.answer(), "failed")
        self.assertEqual(self.call("failed")["sentence"], "keyed.get answered with HTTP 302, which leads to another place: that is not followed")
        self.assertEqual(len(self.vendor.requests), 1)

    def test_too_much_is_cut_off(self):
        self.vendor.behaviour = lambda request: (200, {}, b'{"heard":"' + b"x" * (11 << 20) + b'"}')
        self.asks("send")
        self.assertEqual(self.call("held")["sentence"], "the answer is too long")

    def test_a_lost_answer_is_a_persons(self):
        for how, lost in (("send", "cut"), ("doubt", "cut"), ("send", "late")):
            with self.subTest(how=how, lost=lost):
                self.vendor.behaviour = lambda request: lost
                self.asks(how, f"{how} {lost}")
                wait_until(lambda: lost != "late" or self.service.number("select count(*) from _call where state=4") == 3, "late is held")
        wait_until(lambda: self.service.number("select count(*) from _call where state=4") == 3, "all are held")
        self.assertEqual(len(self.vendor.requests), 3)

    def test_what_knows_its_key_is_sent_again_with_the_same(self):
        times = iter(["cut", None])
        self.vendor.behaviour = lambda request: next(times)
        self.asks("keep")
        self.assertEqual(self.answer(), "ja")
        keys = [request["headers"]["Idempotency-Key"] for request in self.vendor.requests]
        self.assertEqual((len(keys), len(set(keys))), (2, 1))
        self.assertRegex(keys[0], '^"[0-9A-Z]{26}"$')


class Nowhere(Connected):
    """Nothing is allowed but what is public."""

    networks = ""

    def test_no_call_goes_into_the_house(self):
        port = self.vendor.server.server_port
        for url in (f"https://127.0.0.1:{port}", f"https://localhost:{port}", f"https://[::1]:{port}", f"https://[::ffff:127.0.0.1]:{port}", "https://169.254.169.254", "https://2130706433"):
            with self.subTest(url=url):
                self.address(url)
                self.asks("get", url)
                found = wait_until(lambda: [row for row in json.loads(self.does("calls", "list", "--json")) if row["state"] == "held" and row["sentence"] == FORBIDDEN], "it is held")
                self.assertEqual(len(found), 1)
                self.does("held", "cancel", found[0]["id"])
        self.assertEqual(self.vendor.requests, [])

    def test_nothing_is_said_without_tls(self):
        self.address(self.vendor.url)
        self.asks("get")
        self.assertEqual(self.call("held")["sentence"], "connectors speak without TLS only to networks that the setting `private-networks` names")
        self.assertEqual(self.vendor.requests, [])


class Off(Connected):
    more = ("--calls", "off")

    def test_nothing_goes_out(self):
        self.asks("get")
        self.asks("get", "Bela")
        wait_until(lambda: self.service.number("select count(*) from _call where state=0") == 2, "both calls wait")
        self.service.stop()
        self.assertEqual(self.vendor.requests, [])
        self.service.more = [word if word != "off" else "on" for word in self.service.more]
        self.service.start()
        wait_until(lambda: len(self.vendor.requests) == 2, "they go out")

    def test_what_is_no_word_for_it_is_told_at_the_start(self):
        for words, sentence in ((("--calls", "no"), 'calls are `on` or `off`, not "no"'), (("--private-networks", "10.0.0.0/40"), '"10.0.0.0/40" is no network')):
            run = subprocess.run([STELLWERK, "serve", PACK, "--data", self.folder / "other", *words], capture_output=True, text=True, timeout=60)
            self.assertEqual(run.returncode, 4)
            self.assertIn(sentence, json.loads(run.stderr.splitlines()[-1])["message"])


class Unset(Connected):
    def test_a_secret_that_is_not_set_is_said(self):
        self.does("secret", "remove", "key")
        self.asks("get")
        call = self.call("held")
        self.assertEqual(call["sentence"], "`auth … { value }` is not set: the secret `key` of the tenant has no value (`stellwerk secret set key`)")
        self.secret("key", KEY)
        self.does("held", "retry", call["id"])
        self.assertEqual(self.answer(), "Anna: ja")

    def test_an_address_that_is_none_is_said(self):
        for url in ("ftp://127.0.0.1", "http://anna@127.0.0.1", "http://127.0.0.1/#", "127.0.0.1"):
            with self.subTest(url=url):
                self.address(url)
                self.asks("get", url)
                found = wait_until(lambda: [row for row in json.loads(self.does("calls", "list", "--json")) if row["state"] == "held"], "it is held")
                self.assertEqual(found[0]["sentence"], "`base` of the connector keyed came out as no address: https://HOST/PATH")
                self.does("held", "cancel", found[0]["id"])

    def test_nobody_there_is_tried_again(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address(f"http://127.0.0.1:{free.getsockname()[1]}")
            self.asks("send")
            self.assertIn("Failed to connect", self.call("due", 1)["sentence"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
