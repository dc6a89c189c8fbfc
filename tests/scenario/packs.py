#!/usr/bin/env python3
"""Packs as files, from outside: built the same each time, signed, verified, refused when one byte is another; and what is no archive.

Usage: packs.py PATH-OF-STELLWERK [CLASS[.TEST]]
"""
import io
import json
import os
import re
import stat
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
import command_line as scenario
import service
from command_line import ENTITIES, FINDINGS, FINE, UNREADABLE, USAGE, Case, run
from tenants import Tenants, ours


class Packs(Case):
    def does(self, *words, **how):
        done = run(*words, **how)
        self.assertEqual((done.returncode, done.stderr), (FINE, ""), words)
        return done.stdout

    def refuses(self, code, sentence, *words, **how):
        done = run(*words, **how)
        self.assertEqual(done.returncode, code, (words, done.stdout, done.stderr))
        self.assertIn(sentence, done.stderr)
        self.assertNotIn("Sanitizer", done.stderr)
        return done.stderr

    def built(self, name="shop", output=None, **files):
        output = output or self.root / f"{name}.pack"
        self.does("pack", "build", self.pack(name, **files), "--output", output)
        return output

    def key(self, name="house"):
        self.does("pack", "keygen", self.root / name)
        return self.root / f"{name}.key", self.root / f"{name}.pub"

    def signed(self):
        archive = self.built()
        key, public = self.key()
        self.does("pack", "sign", archive, "--key", key)
        return archive, key, public


class BuildTest(Packs):
    def test_the_same_folder_gives_the_same_bytes(self):
        first = self.built()
        other = self.root / "elsewhere"
        other.mkdir()
        # written in another order, at another time, with other modes, beside what is not a pack's
        for path in reversed(sorted((self.root / "shop").rglob("*.*"))):
            target = other / path.relative_to(self.root / "shop")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
            target.chmod(0o600)
            os.utime(target, (1, 1))
        for name in (".hidden.flow", "house.key", "pack.flow~", "notes.txt", ".git/config"):
            (other / name).parent.mkdir(exist_ok=True)
            (other / name).write_text("not of the pack")
        self.does("pack", "build", other, "--output", self.root / "second.pack")
        self.assertEqual(first.read_bytes(), (self.root / "second.pack").read_bytes())

    def test_it_is_a_tar_that_others_read(self):
        archive = self.built(stock__tests__small_flow="# nothing\n", zoo_flow="")
        with tarfile.open(archive) as tar:
            names = tar.getnames()
            self.assertEqual(names, ["pack.flow", "zoo.flow", "stock/boxes.flow", "stock/weigh.lua", "stock/tests/small.flow"])
            self.assertEqual(tar.extractfile("stock/boxes.flow").read().decode(), ENTITIES)
            self.assertEqual({(m.mtime, m.uid, m.gid, m.mode, m.uname) for m in tar}, {(0, 0, 0, 0o644, "")})
        shown = json.loads(self.does("pack", "show", archive, "--json"))
        self.assertEqual((shown["name"], shown["version"], shown["title"]), ("shop", "1.0.0", "Laden"))
        self.assertEqual([each["path"] for each in shown["files"]], names)
        self.assertEqual(shown["signatures"], [])

    def test_it_is_named_after_the_pack(self):
        folder = self.pack()
        before = os.getcwd()
        os.chdir(self.root)
        self.addCleanup(os.chdir, before)
        self.does("pack", "build", folder)
        self.assertTrue((self.root / "shop-1.0.0.pack").is_file())

    def test_what_check_refuses_is_not_built(self):
        folder = self.pack(stock__boxes_flow=ENTITIES + "rule bad { on box.created as b; when b.sise > 3; then log \"x\" }\n")
        output = self.root / "out.pack"
        said = self.refuses(FINDINGS, "did you mean", "pack", "build", folder, "--output", output)
        self.assertIn(f"{folder}/stock/boxes.flow:", said)
        self.assertFalse(output.exists())
        self.refuses(UNREADABLE, "is no folder", "pack", "build", folder / "pack.flow", "--output", output)
        self.refuses(UNREADABLE, "there is no file or folder", "pack", "build", self.root / "none", "--output", output)
        good = self.pack("good")
        self.refuses(UNREADABLE, "cannot be written", "pack", "build", good, "--output", self.root / "none" / "x.pack")
        os.mkfifo(self.root / "pipe")
        self.refuses(UNREADABLE, "is no regular file", "pack", "build", good, "--output", self.root / "pipe")
        self.refuses(UNREADABLE, "is no regular file", "pack", "build", good, "--output", self.root)
        self.assertEqual([path for path in self.root.iterdir() if path.is_file()], [])

    def test_upper_layers_and_folders_that_join(self):
        below = self.built()
        upper = self.pack("upper", stock__boxes_flow="", stock__weigh_lua="", more_flow="extend entity box { weight int }\n")
        joins = self.root / "joins"
        joins.mkdir()
        (joins / "join.flow").write_text("define triple(n int) -> int = n * 3\n")
        out = self.root / "upper.pack"
        self.refuses(FINDINGS, "box", "pack", "build", upper, "--output", out)
        self.does("pack", "build", upper, "--on", below, "--output", out)
        self.refuses(UNREADABLE, "is no pack", "pack", "build", joins, "--output", self.root / "joins.pack")
        self.does("pack", "build", joins, "--on", below, "--output", self.root / "joins.pack")
        dumped = self.does("dump", below, self.root / "joins.pack", out)
        self.assertIn("triple", dumped)
        self.assertIn("weight", dumped)
        self.assertEqual(dumped.replace(".pack/", "/"), self.does("dump", self.root / "shop", joins, upper))


class InPlaceOfAFolderTest(Packs):
    def test_every_command_takes_it(self):
        folder = self.pack(stock__tests__small_flow='test "verdoppelt" {\n  expect double(2) == 4\n}\n')
        archive = self.built()
        events = self.root / "events.jsonl"
        events.write_text("")
        for words in (["check", "--json"], ["dump"], ["eval", "double(21)", "--at", "2026-01-01T00:00 UTC"], ["test", "--json"],
                      ["simulate", "--events", events, "--json"]):
            command, *rest = words
            runs = [run(command, path, *rest) for path in (folder, archive)]
            texts = [re.sub(r"\d+\.?\d* ?ms", "", done.stdout.replace(f"{path}/", ""))
                     for done, path in zip(runs, (folder, archive))]
            self.assertEqual([done.returncode for done in runs], [FINE, FINE], (command, runs[0].stderr, runs[1].stderr))
            self.assertEqual(texts[0], texts[1], command)
        self.assertIn("verdoppelt", run("test", archive, "--json").stdout)

    def test_what_is_no_archive_is_refused(self):
        text = self.root / "notes.txt"
        text.write_text("hello")
        self.refuses(UNREADABLE, "neither a folder nor a .flow file nor the archive of a pack", "check", text)
        self.refuses(UNREADABLE, "no archive of a pack", "pack", "show", text)
        archive = self.built()
        whole = archive.read_bytes()
        archive.write_bytes(whole[:-700])
        self.refuses(UNREADABLE, "cut off", "check", archive)
        archive.write_bytes(whole + b"\0" * 512)
        self.refuses(UNREADABLE, "behind the end", "check", archive)


class HostileTest(Packs):
    """Archives as somebody with ill intent makes them, with tools that allow it."""

    def made(self, *members, format=tarfile.USTAR_FORMAT):
        path = self.root / "hostile.pack"
        with tarfile.open(path, "w", format=format) as tar:
            for name, content, change in members:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                change(info)
                tar.addfile(info, io.BytesIO(content))
        return path

    def as_it_is(self, info):
        pass

    def test_nothing_leads_out(self):
        pack = ("pack.flow", b'pack p "1.0.0" { title "P" }\n', self.as_it_is)
        for name in ("../x.flow", "/etc/x.flow", "a/../../x.flow", "a//x.flow"):
            archive = self.made((name, b"", self.as_it_is))
            self.refuses(UNREADABLE, "does not stay within the pack", "check", archive)
        for name, part in ((".x.flow", "hidden"), ("x.sh", "neither a .flow nor a .lua"), ("a\x1b[2J.flow", "characters")):
            self.refuses(UNREADABLE, part, "pack", "show", self.made((name, b"", self.as_it_is)))

        def link(info):
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"

        self.refuses(UNREADABLE, "it is a link", "check", self.made(("x.flow", b"", link)))
        self.refuses(UNREADABLE, "not written as `stellwerk pack build` writes it", "check",
                     self.made((*pack[:2], lambda info: setattr(info, "mtime", 1))))
        self.refuses(UNREADABLE, "archive of a pack", "check", self.made(pack, format=tarfile.GNU_FORMAT))

    def test_sizes_that_lie(self):
        path = self.made(("x.flow", b"x" * 100, self.as_it_is))
        header = bytearray(path.read_bytes()[:512])
        for size in (b"77777777777", b"00100000001", b"00000001750", b"-0000000001"):
            header[124:135] = size
            header[148:156] = b" " * 8
            header[148:156] = b"%06o\0 " % sum(header)
            path.write_bytes(bytes(header) + path.read_bytes()[512:1024] + b"\0" * 1024)
            done = run("check", path)
            self.assertIn(done.returncode, (UNREADABLE, scenario.BROKEN), done.stderr)
            self.assertRegex(done.stderr, "larger than|cut off|not written as|something behind")


class SignatureTest(Packs):
    def test_signed_and_verified(self):
        archive, key, public = self.signed()
        self.assertIn("is what house has signed", self.does("pack", "verify", archive, "--trust", public))
        self.does("pack", "verify", archive, environment={"STELLWERK_TRUST": str(public)})
        found = json.loads(self.does("pack", "verify", archive, "--trust", public, "--json"))
        self.assertEqual((found["signer"], found["file"]), ("house", str(archive)))
        self.refuses(USAGE, "who is trusted?", "pack", "verify", archive)
        self.assertIn("calls itself house: fits", self.does("pack", "show", archive))

    def test_each_changed_byte_is_seen(self):
        archive, key, public = self.signed()
        whole = archive.read_bytes()
        with tarfile.open(archive) as tar:
            content = [range(member.offset_data, member.offset_data + member.size) for member in tar]
        places = {0, 100, 148, 156, 257, 511, 600, len(whole) - 1, *(each[0] for each in content), *(each[-1] for each in content)}
        for place in sorted(places):
            changed = bytearray(whole)
            changed[place] ^= 1
            archive.write_bytes(changed)
            if any(place in each for each in content):
                self.refuses(FINDINGS, "is not what `house` has signed", "pack", "verify", archive, "--trust", public)
            else:
                self.refuses(UNREADABLE, "archive", "pack", "verify", archive, "--trust", public)
        archive.write_bytes(whole)
        self.does("pack", "verify", archive, "--trust", public)

    def test_a_changed_signature_is_seen(self):
        archive, key, public = self.signed()
        beside = self.root / "shop.pack.sig"
        line = beside.read_text()
        digits = line.split()[3]
        beside.write_text(line.replace(digits, digits[:-2] + ("00" if digits[-2:] != "00" else "01")))
        self.refuses(FINDINGS, "is not what `house` has signed", "pack", "verify", archive, "--trust", public)
        beside.write_text(line[:60])
        self.refuses(FINDINGS, "not whole", "pack", "verify", archive, "--trust", public)
        beside.unlink()
        self.refuses(FINDINGS, "nobody has signed it", "pack", "verify", archive, "--trust", public)

    def test_only_who_is_trusted_counts(self):
        archive, key, public = self.signed()
        stranger, stranger_public = self.key("stranger")
        self.refuses(FINDINGS, "none of those that are trusted", "pack", "verify", archive, "--trust", stranger_public)
        self.does("pack", "sign", archive, "--key", stranger)
        self.does("pack", "sign", archive, "--key", stranger)
        self.assertEqual(len((self.root / "shop.pack.sig").read_text().splitlines()), 2)
        for trust, name in ((public, "house"), (stranger_public, "stranger")):
            self.assertIn(f"what {name} has signed", self.does("pack", "verify", archive, "--trust", trust))
        self.does("pack", "verify", archive, "--trust", stranger_public, public)

    def test_keys_are_kept_safe(self):
        said = self.does("pack", "keygen", self.root / "house")
        key, public = self.root / "house.key", self.root / "house.pub"
        self.assertEqual(stat.S_IMODE(key.stat().st_mode), 0o600)
        secret = key.read_text().split()[2]
        self.assertEqual(len(secret), 64)
        self.assertNotIn(secret, said + public.read_text())
        before = key.read_bytes(), public.read_bytes()
        self.refuses(scenario.BROKEN, "is there already and stays as it is", "pack", "keygen", self.root / "house")
        key.unlink()
        self.refuses(scenario.BROKEN, "house.pub` is there already", "pack", "keygen", self.root / "house")
        self.assertFalse(key.exists())  # both or none
        self.assertEqual(public.read_bytes(), before[1])
        self.refuses(USAGE, "a key's name has letters", "pack", "keygen", self.root / "my key")
        self.refuses(UNREADABLE, "there is no file", "pack", "keygen", self.root / "none" / "house")

    def test_wrong_keys_are_told(self):
        archive, key, public = self.signed()
        sign = ("pack", "sign", archive)
        self.refuses(USAGE, "with which key?", *sign)
        self.refuses(UNREADABLE, "there is no file", *sign, "--key", self.root / "none")
        key.chmod(0o644)
        self.refuses(UNREADABLE, "others can get at the key", *sign, "--key", key)
        self.refuses(UNREADABLE, "chmod 600", *sign, "--key", public)
        public.chmod(0o600)
        self.refuses(UNREADABLE, "is a public key; a signing key is wanted here", *sign, "--key", public)
        said = self.refuses(UNREADABLE, "a signing key, which is secret", "pack", "verify", archive, "--trust", key)
        self.assertNotIn(key.read_text().split()[2], said)
        self.refuses(UNREADABLE, "is no regular file", *sign, "--key", self.root)
        empty = self.root / "empty"
        empty.touch(0o600)
        self.refuses(UNREADABLE, "there is nothing in it", *sign, "--key", empty)
        self.refuses(UNREADABLE, "there is no public key in it", "pack", "verify", archive, "--trust", empty)


class InstallTest(Packs):
    def test_only_what_is_vouched_for_is_installed(self):
        archive, key, public = self.signed()
        store = ("--data", self.root / "data")
        self.refuses(UNREADABLE, "none of those that are trusted; --unsigned", "pack", "install", archive, *store)
        self.refuses(UNREADABLE, "is not signed", "pack", "install", self.root / "shop", *store)
        self.does("pack", "install", archive, *store, environment={"STELLWERK_TRUST": str(public)})
        [pack] = json.loads(self.does("pack", "list", "--json", *store))
        self.assertEqual((pack["name"], pack["version"], pack["signer"]), ("shop", "1.0.0", "house"))
        self.assertIn("default runs shop 1.0.0", self.does("pack", "activate", "shop", *store))

    def test_what_was_changed_is_not_installed_at_all(self):
        archive, key, public = self.signed()
        store = ("--data", self.root / "data")
        archive.write_bytes(archive.read_bytes().replace(b"Laden", b"Lager"))
        self.refuses(UNREADABLE, "is not what `house` has signed", "pack", "install", archive, "--trust", public, "--unsigned", *store)
        self.assertFalse((self.root / "data").exists())

    def test_unsigned_is_said_to_be(self):
        store = ("--data", self.root / "data")
        archive, key, public = self.signed()
        self.does("pack", "install", archive, "--unsigned", *store)
        [pack] = json.loads(self.does("pack", "list", "--json", *store))
        self.assertEqual(pack["signer"], "")
        # from its folder, or under another name, it is the same pack; and who vouches for it later is kept
        other = self.root / "other.pack"
        archive.rename(other)
        self.assertIn("installed already", self.does("pack", "install", self.root / "shop", "--unsigned", *store))
        (self.root / "shop.pack.sig").rename(self.root / "other.pack.sig")
        self.assertIn("installed already", self.does("pack", "install", other, "--trust", public, *store))
        [pack] = json.loads(self.does("pack", "list", "--json", *store))
        self.assertEqual(pack["signer"], "house")
        self.does("pack", "install", self.root / "shop", "--unsigned", *store)
        self.assertEqual(json.loads(self.does("pack", "list", "--json", *store)), [pack])


class ServeTest(Tenants):
    def test_a_service_runs_archives(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        root, before = Path(folder.name), service.PACK
        service.PACK = root / "door.pack"
        self.addCleanup(setattr, service, "PACK", before)
        upper = root / "ours"
        upper.mkdir()
        (upper / "pack.flow").write_text(ours())
        for words in (["build", before, "--output", service.PACK], ["build", upper, "--on", service.PACK, "--output", root / "ours.pack"],
                      ["keygen", root / "house"], ["sign", root / "ours.pack", "--key", root / "house.key"]):
            self.assertEqual(run("pack", *words).returncode, FINE, words)
        serving = self.serve()
        self.assertEqual(serving.post(service.event("still", number="1"))[0], 202)
        service.wait_until(lambda: self.visits(serving, "default") == 1, "it is handled")
        self.does(serving, "pack", "install", root / "ours.pack", "--trust", root / "house.pub")
        self.does(serving, "pack", "activate", "door", "ours")
        self.assertEqual(serving.post(service.event("still", number="2"))[0], 202)
        service.wait_until(lambda: self.visits(serving, "default") == 2, "it is handled")
        self.assertEqual(serving.number("select count(*) from visit where mark='ours'"), 1)
        # from the folder it is the same program: nothing is activated anew, and what was put in its place stays
        serving.stop()
        service.PACK = before
        serving.start()
        self.assertEqual(serving.post(service.event("still", number="3"))[0], 202)
        service.wait_until(lambda: self.visits(serving, "default") == 3, "it is handled")
        self.assertEqual(serving.number("select count(*) from visit where mark='ours'"), 2)


if __name__ == "__main__":
    scenario.STELLWERK = os.path.abspath(service.STELLWERK)
    unittest.main(argv=[*sys.argv, "-v"])
