#!/usr/bin/env python3
"""Mails that the service sends, to a mail server of our own: what it is told, and what becomes of each of its answers. What may have arrived
is never sent twice, and what must not be read is nowhere to be read.

Usage: mails.py PATH-OF-STELLWERK [CLASS[.TEST]]
"""
import base64
import email
import email.policy
import json
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
from service import STELLWERK, Service, event, wait_until

PACK = Path(__file__).parent / "mail_pack"
WORD = "Kennwort-4711-geheim"


class Post:
    """A mail server. `says` gives other replies to commands; a reply of None: the connection is cut."""

    def __init__(self, certificate=None):
        self.mails, self.commands, self.logins, self.says = [], [], [], {}
        post = self

        class Handler(socketserver.StreamRequestHandler):
            def reply(self, command, usual):
                said = post.says.get(command, usual)
                said = said.pop(0) if isinstance(said, list) else said
                if said is not None:
                    self.wfile.write(said.encode() + b"\r\n")
                return said

            def handle(self):
                self.mail = {"to": []}
                self.reply("greeting", "220 post.example ESMTP")
                while line := self.rfile.readline().decode().rstrip("\r\n"):
                    post.commands.append(line)
                    word = line.split()[0].upper()
                    if word == "STARTTLS":
                        self.wfile.write(b"220 go on\r\n")
                        if not self.secured():
                            return
                    elif not self.step(word, line):
                        return

            def secured(self):
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(certificate)
                try:
                    self.connection = context.wrap_socket(self.connection, server_side=True)
                except (ssl.SSLError, ConnectionError):
                    return False
                self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
                return True

            def step(self, word, line):
                if word == "EHLO":
                    more = "250-STARTTLS\r\n" if certificate else ""
                    return self.reply(word, f"250-post.example\r\n{more}250 AUTH PLAIN")
                if word == "AUTH":
                    self.wfile.write(b"334 \r\n")
                    post.logins.append(base64.b64decode(self.rfile.readline()))
                    return self.reply(word, "235 welcome")
                if word == "MAIL":
                    self.mail["from"] = line[line.index("<") + 1 : line.index(">")]
                elif word == "RCPT":
                    self.mail["to"].append(line[line.index("<") + 1 : line.index(">")])
                elif word == "DATA":
                    return self.reply(word, "354 go on") and self.take()
                elif word == "QUIT":
                    self.reply(word, "221 bye")
                    return None
                return self.reply(word, "250 fine")

            def take(self):
                lines = []
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(line[1:] if line.startswith(b".") else line)
                said = self.reply("mail", "250 2.0.0 queued as 7F3A")
                if said is None or said.startswith("250"):  # also when nobody hears it
                    post.mails.append({**self.mail, "bytes": b"".join(lines)})
                return said

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True

            def handle_error(self, *_):
                pass  # who wrote is gone

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Posted(unittest.TestCase):
    networks, has_tls = "127.0.0.0/8", False

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.post = Post(self.certificate() if self.has_tls else None)
        self.addCleanup(self.post.close)
        key = self.folder / "secret.key"
        subprocess.run([STELLWERK, "secret", "keygen", key], check=True, capture_output=True, timeout=60)
        self.service = Service(self.folder, "--keys", key, "--private-networks", self.networks, pack=PACK)
        self.addCleanup(self.service.log.close)
        self.addCleanup(self.service.stop)
        self.address(f"smtp://127.0.0.1:{self.post.port}")
        self.does("secret", "set", "word", "--keys", str(key), value=WORD)

    def tearDown(self):
        self.service.stop()
        told = (self.folder / "log").read_bytes()
        told += b"".join(path.read_bytes() for path in (self.folder / "data").glob("stellwerk.sqlite*"))
        self.assertNotIn(WORD.encode(), told)

    def certificate(self):
        path = self.folder / "post.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", path, "-out", self.folder / "only.pem", "-subj", "/CN=127.0.0.1"], check=True, capture_output=True, timeout=60)
        path.write_text(path.read_text() + (self.folder / "only.pem").read_text())
        return path

    def does(self, *words, value=None):
        run = subprocess.run([STELLWERK, *words, "--data", str(self.folder / "data")], input=value, capture_output=True, text=True, timeout=60)
        self.assertEqual((run.returncode, run.stderr), (0, ""), words)
        return run.stdout

    def address(self, url):
        self.does("tenant", "set", "default", "address", json.dumps(url))

    def writes(self, receiver="anna@example.org", subject="Störung", language="de", **more):
        one = event("x", "asked", str(abs(hash((receiver, subject)))))
        one["data"] = {"receiver": receiver, "subject": subject, "language": language, **more}
        status, _ = self.service.post(one)
        self.assertEqual(status, 202)

    def call(self, state, attempts=0):
        def found():
            rows = [row for row in json.loads(self.does("calls", "list", "--json")) if row["state"] == state and row["attempts"] >= attempts]
            return rows and json.loads(self.does("calls", "show", rows[0]["id"], "--json"))

        return wait_until(found, f"a call that is {state}")

    def sent(self, count=1):
        wait_until(lambda: self.service.number("select count(*) from letter where state='sent'") == count, "it is sent")


class Sent(Posted):
    def test_a_mail_arrives(self):
        self.writes("Jürgen Müller <j@example.org>", "Störung – Büro", before="t7@msp.example")
        self.sent()
        mail = self.post.mails[0]
        self.assertEqual((mail["from"], mail["to"]), ("support@msp.example", ["j@example.org"]))
        read = email.message_from_bytes(mail["bytes"], policy=email.policy.default)
        self.assertEqual((read["Subject"], read["From"], read["To"]), ("Störung – Büro", "Büro <support@msp.example>", "Jürgen Müller <j@example.org>"))
        self.assertEqual(read.get_content().replace("\r\n", "\n"), "Grüß Gott,\n\n.ein Punkt am Anfang\n\n-- \nBüro\n")
        self.assertEqual((read["In-Reply-To"], read["Content-Language"], read["Auto-Submitted"]), ("<t7@msp.example>", "de", "auto-generated"))
        self.assertEqual((read["X-Stellwerk-Mark"], read["Message-ID"]), ("msp.example", f"<{self.service.rows('select message from letter')[0][0]}>"))
        self.assertEqual(self.post.logins, [b"\0support@msp.example\0" + WORD.encode()])

    def test_in_the_language_of_who_reads_it(self):
        self.writes(language="en")
        self.sent()
        self.assertIn(b"Good day,\r\n\r\n.a dot begins this\r\n", self.post.mails[0]["bytes"])


class Refused(Posted):
    def test_for_ever(self):
        self.post.says["RCPT"] = "550 5.1.1 <anna@example.org>: there is nobody\x1b[31m of that name"
        self.writes()
        self.assertEqual(self.call("failed")["sentence"], "post.send: the mail server says 550 5.1.1 <anna@example.org>: there is nobody [31m of that name")
        self.assertEqual(self.post.mails, [])

    def test_for_now(self):
        self.post.says["mail"] = ["451 4.7.1 later", "250 now"]
        self.writes()
        self.assertEqual(self.call("due", 1)["sentence"], "post.send: the mail server says 451 4.7.1 later")
        self.sent()
        self.assertEqual(len(self.post.mails), 1)

    def test_a_password_that_is_wrong_for_now(self):
        self.post.says["AUTH"] = ["535 5.7.8 who are you", "235 welcome"]
        self.writes()
        self.assertEqual(self.call("due", 1)["sentence"], "post.send: the mail server says 535 5.7.8 who are you")
        self.sent()

    def test_what_would_make_two_headers_of_one(self):
        self.writes(subject="Störung\r\nBcc: alle@example.org")
        self.assertEqual(self.call("held")["sentence"], "`subject` of the mail has a line break or another control character")
        self.writes(receiver="anna@example.org>\nDATA")
        wait_until(lambda: self.service.number("select count(*) from _call where state=4") == 2, "both are held")
        self.assertEqual((self.post.mails, self.post.commands), ([], []))


class Cut(Posted):
    def test_what_may_have_arrived_is_a_persons(self):
        self.post.says["mail"] = None
        self.writes()
        call = self.call("held")
        self.assertEqual((len(self.post.mails), call["attempts"]), (1, 1))

    def test_what_can_not_have_arrived_is_sent_again(self):
        self.post.says["MAIL"] = [None, "250 fine"]
        self.writes()
        self.sent()
        self.assertEqual((len(self.post.mails), self.call("answered")["attempts"]), (1, 2))


class Strange(Posted):
    """A mail server whose certificate nobody has signed."""

    has_tls = True

    def test_nothing_is_said_to_it(self):
        self.writes()
        self.assertIn("certificate", self.call("due", 1)["sentence"])
        self.assertEqual([line for line in self.post.commands if line.split()[0] not in ("EHLO", "STARTTLS")], [])


class Nowhere(Posted):
    networks = ""

    def test_no_mail_goes_into_the_house(self):
        self.writes()
        self.assertEqual(self.call("held")["sentence"], "it would go into a private network that the setting `private-networks` does not name")
        self.assertEqual(self.post.commands, [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
