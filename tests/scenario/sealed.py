#!/usr/bin/env python3
"""Secrets of tenants, from outside: what is set is nowhere to be read again, not in the store, the log, an output or a rule; and what a
wrong, open, lost or changed key makes of it.

Usage: sealed.py PATH-OF-STELLWERK [CLASS[.TEST]]
On the embedded store, or on the PostgreSQL that STELLWERK_TEST_DATABASE names (it is emptied).
"""
import json
import os
import pty
import stat
import subprocess
import sys
import tempfile
import termios
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
import service as scenario
from service import STELLWERK, event, psql, wait_until
from tenants import Tenants, of, ours

VALUE = "Hüter-des-Schlüssels-4711"
USAGE, UNREADABLE = 2, 3


class Secrets(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.key = self.root / "secret.key"
        if scenario.DATABASE:
            psql("drop schema public cascade; create schema public")

    def run_with(self, words, value=None, key=None):
        where = ["--database", scenario.DATABASE] if scenario.DATABASE else []
        environment = {name: text for name, text in os.environ.items() if name != "STELLWERK_KEYS"}
        if key:
            environment["STELLWERK_KEYS"] = str(key)
        return subprocess.run([STELLWERK, *map(str, words), "--data", self.root / "data", *where], input=value, env=environment,
                              capture_output=True, text=True, timeout=60)

    def does(self, *words, value=None, key=None):
        done = self.run_with(words, value, key or self.key)
        self.assertEqual((done.returncode, done.stderr), (0, ""), words)
        self.assertNotIn(VALUE, done.stdout)
        return done.stdout

    def refuses(self, code, sentence, *words, value=None, key=None):
        done = self.run_with(words, value, key)
        self.assertEqual((done.returncode, done.stdout), (code, ""), (words, done.stderr))
        self.assertIn(sentence, done.stderr)
        self.assertNotIn(VALUE, done.stderr)

    def keygen(self, path=None):
        return subprocess.run([STELLWERK, "secret", "keygen", path or self.key], capture_output=True, text=True, timeout=60)

    def listed(self, *words):
        return json.loads(self.does("secret", "list", "--json", *words))


class SecretTest(Secrets):
    def test_set_listed_and_removed(self):
        self.keygen()
        self.does("tenant", "create", "acme")
        self.assertEqual(self.does("secret", "list"), "default has no secrets\n")
        self.does("secret", "set", "ninja_secret", "--tenant", "acme", value=VALUE + "\n")
        self.does("secret", "set", "ninja_hook", "--tenant", "acme", value=VALUE)
        self.assertEqual([each["name"] for each in self.listed("--tenant", "acme")], ["ninja_hook", "ninja_secret"])
        self.assertEqual(self.listed(), [])
        self.does("secret", "remove", "ninja_hook", "--tenant", "acme")
        self.assertEqual([each["name"] for each in self.listed("--tenant", "acme")], ["ninja_secret"])
        self.refuses(UNREADABLE, "there is no secret `ninja_hook`", "secret", "remove", "ninja_hook", "--tenant", "acme")
        self.refuses(UNREADABLE, "there is no tenant `acne`", "secret", "list", "--tenant", "acne")

    def test_the_value_is_nowhere(self):
        self.keygen()
        self.does("secret", "set", "ninja_secret", value=VALUE)
        self.does("secret", "list")
        if scenario.DATABASE:
            kept = "".join(str(row) for row in psql("select convert_from(sealed, 'LATIN1') from _secret where position('\\x00' in sealed) = 0"))
            kept += str(psql("select encode(sealed, 'hex'), name from _secret"))
            self.assertNotIn(VALUE.encode().hex(), kept)
        else:
            files = [path for path in (self.root / "data").rglob("*") if path.is_file()]
            self.assertTrue(files)
            for path in files:
                self.assertNotIn(VALUE.encode(), path.read_bytes(), path)

    def test_a_value_is_never_a_word(self):
        self.keygen()
        self.refuses(USAGE, "read from the standard input", "secret", "set", "ninja_secret", VALUE, key=self.key)
        self.refuses(UNREADABLE, "1 to 65536 it may have", "secret", "set", "ninja_secret", value="", key=self.key)
        self.refuses(UNREADABLE, "named as a setting is", "secret", "set", "Ninja", value=VALUE, key=self.key)
        self.refuses(UNREADABLE, "zero byte", "secret", "set", "ninja_secret", value=VALUE + "\0", key=self.key)
        self.refuses(4, "65536 bytes at most", "secret", "set", "ninja_secret", value=VALUE * 10000, key=self.key)
        self.assertEqual(self.listed(), [])


    def test_a_terminal_does_not_show_it(self):
        self.keygen()
        where = ["--database", scenario.DATABASE] if scenario.DATABASE else []
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        process = subprocess.Popen([STELLWERK, "secret", "set", "ninja_secret", "--keys", self.key, "--data", self.root / "data", *where],
                                   stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(process.stderr.read(len("ninja_secret: ")), b"ninja_secret: ")
        os.write(ours, b"Sesam\n")
        said, complained = process.communicate(timeout=60)
        self.assertEqual((process.returncode, complained), (0, b"\n"))
        self.assertTrue(termios.tcgetattr(theirs)[3] & termios.ECHO)  # as it was before
        os.write(theirs, b"end")
        shown = b""
        while not shown.endswith(b"end"):
            shown += os.read(ours, 1000)
        os.close(theirs)
        self.assertNotIn(b"Sesam", shown + said)
        self.assertEqual([each["name"] for each in self.listed()], ["ninja_secret"])


class KeyTest(Secrets):
    def test_it_is_made_once_for_its_owner(self):
        done = self.keygen()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(stat.S_IMODE(self.key.stat().st_mode), 0o600)
        before = self.key.read_text()
        self.assertNotIn(before.split()[2], done.stdout)
        done = self.keygen()
        self.assertEqual(done.returncode, 4)
        self.assertIn("is there already and stays as it is", done.stderr)
        self.assertEqual(self.key.read_text(), before)

    def test_wrong_files_are_told(self):
        self.keygen()
        set_it = ("secret", "set", "ninja_secret")
        self.refuses(UNREADABLE, "where are the keys? --keys FILE", *set_it, value=VALUE)
        self.refuses(UNREADABLE, "there is no file", *set_it, value=VALUE, key=self.root / "none")
        self.key.chmod(0o644)
        self.refuses(UNREADABLE, "others can get at the key", *set_it, value=VALUE, key=self.key)
        self.key.chmod(0o600)
        subprocess.run([STELLWERK, "pack", "keygen", self.root / "house"], check=True, capture_output=True)
        self.refuses(UNREADABLE, "a signing key, which is secret; a key of secrets is wanted here", *set_it, value=VALUE,
                     key=self.root / "house.key")

    def test_another_key_takes_over(self):
        self.keygen()
        self.does("tenant", "create", "acme")
        self.does("secret", "set", "ninja_secret", value=VALUE)
        self.does("secret", "set", "ninja_secret", "--tenant", "acme", value=VALUE)
        new, both = self.root / "new.key", self.root / "both.key"
        self.keygen(new)
        # alone, the new one can not open what the old one has sealed; and nothing is half done
        marks = [self.listed()[0]["key"], self.listed("--tenant", "acme")[0]["key"]]
        self.refuses(UNREADABLE, "which is not in the file of keys", "secret", "rekey", key=new)
        self.assertEqual([self.listed()[0]["key"], self.listed("--tenant", "acme")[0]["key"]], marks)
        both.touch(0o600)
        both.write_text(new.read_text() + self.key.read_text())
        self.assertIn("2 secrets", self.does("secret", "rekey", key=both))
        self.assertNotEqual(self.listed()[0]["key"], marks[0])
        self.assertIn("0 secrets", self.does("secret", "rekey", key=new))  # the old one may go
        self.refuses(UNREADABLE, "which is not in the file of keys", "secret", "rekey", key=self.key)


class ServiceTest(Tenants):
    def test_no_rule_reads_it(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        key = Path(folder.name) / "secret.key"
        subprocess.run([STELLWERK, "secret", "keygen", key], check=True, capture_output=True)
        service = self.serve("--keys", key)
        pack = service.folder / "packs" / "ours"
        pack.mkdir(parents=True)
        (pack / "pack.flow").write_text(ours(fields="mark text; knows text", more="""
setting hook secret "Geheimnis"
rule knows { on visit.created as v; when setting.hook == "sesam"; then set v { knows = "it" } }"""))
        self.does(service, "pack", "install", scenario.PACK, pack, "--unsigned")
        self.does(service, "pack", "activate", "door", "ours")
        words = [STELLWERK, "secret", "set", "hook", "--keys", key, "--data", service.folder / "data",
                 *(["--database", scenario.DATABASE] if scenario.DATABASE else [])]
        done = subprocess.run(words, input="sesam", capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        # a name that nobody declares is kept, for its pack may come later, and said
        done = subprocess.run([*words[:2], "set", "hooc", *words[4:]], input="sesam", capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0)
        self.assertIn("no pack that default runs declares `setting hooc secret`; did you mean `hook`?", done.stderr)
        self.assertEqual(service.post(event("still"))[0], 202)
        wait_until(lambda: self.visits(service, "default") == 1, "it is handled")
        self.assertEqual(service.number("select count(*) from visit where knows is not null"), 0)
        shown = "".join(self.does(service, *words) for words in (["tenant", "show", "default"], ["secret", "list"], ["why", "still"]))
        self.assertNotIn("sesam", shown + (service.folder / "log").read_text())
        # the test can fail: with the word in the table that rules read, the rule fires
        service.write("""insert into _setting(_tenant,name,value) values(0,'hook','["sesam"]')""")
        self.assertEqual(service.post(event("still", number="2"))[0], 202)
        wait_until(lambda: self.visits(service, "default") == 2, "it is handled")
        self.assertEqual(service.number("select count(*) from visit where knows='it'"), 1)

    def test_an_open_key_is_told_at_the_start(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        key = Path(folder.name) / "secret.key"
        subprocess.run([STELLWERK, "secret", "keygen", key], check=True, capture_output=True)
        key.chmod(0o640 if key.stat().st_uid else 0o644)
        done = subprocess.run([STELLWERK, "serve", scenario.PACK, "--keys", key, "--data", Path(folder.name) / "data",
                               "--listen", "127.0.0.1:0"], capture_output=True, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("chmod 600", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[*sys.argv, "-v"])
