#!/usr/bin/env python3
"""Bad input, from outside: a clear sentence, the documented exit code, bounded time and memory, nothing half done.

The bounds are generous, for the sanitizer build on a busy machine: they catch what grows without end, not what is slow.
Usage: bad_input.py PATH-OF-STELLWERK [TEST…]
"""
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

STELLWERK = None
FINE, FINDINGS, USAGE, UNREADABLE, BROKEN = range(5)
ROOT = Path(__file__).resolve().parents[2]
MEMORY_MOST = 3 << 30  # resident, of one run; sanitizers need two to three times what the program does
MEASURED = []

HEAD = 'pack shop "1.0.0" { title "Laden"; zone Europe/Berlin }\n'
THINGS = HEAD + """entity box "Kiste" { name text required; size int default 1 }
event seen { source text; id text key; name text required; size int; at time; price money; tags list of text; box ref box }
rule made "Neu" { on seen as s; then create box { name = s.name; size = s.size default 0 } }
"""


def cloud(data, kind="seen", number=1, **more):
    return json.dumps({"specversion": "1.0", "id": str(number), "source": "test", "type": kind,
                       "time": "2026-03-27T16:45:00Z", "data": data, **more})


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = Path(self.folder.name)

    def pack(self, content, name="pack", **files):
        folder = self.root / name
        folder.mkdir(exist_ok=True)
        (folder / "pack.flow").write_bytes(content if isinstance(content, bytes) else content.encode())
        for path, text in files.items():
            path = path.replace("_lua", ".lua").replace("_flow", ".flow")
            (folder / path).write_bytes(text if isinstance(text, bytes) else text.encode())
        return folder

    def run_bounded(self, *words, seconds=20, text=None, name=None):
        """The result, which came in time and within memory and is a documented one: no signal, no sanitizer."""
        begin = time.monotonic()
        with tempfile.TemporaryFile() as out:
            process = subprocess.Popen([STELLWERK, *map(str, words)], stdin=subprocess.PIPE if text else subprocess.DEVNULL,
                                       stdout=out, stderr=subprocess.STDOUT, env={**os.environ, "LC_ALL": "C.UTF-8"})
            try:
                if text:
                    process.stdin.write(text.encode())
                    process.stdin.close()
                deadline = begin + 10 * seconds  # a stalled machine is no fault; what counts is processor time
                while True:
                    pid, status, usage = os.wait4(process.pid, os.WNOHANG)
                    if pid:
                        break
                    if time.monotonic() > deadline:
                        process.kill()
                        os.wait4(process.pid, 0)
                        process.returncode = -9
                        self.fail(f"{words[0]} does not come to an end")
                    time.sleep(0.005)
            finally:
                process.returncode = process.returncode if process.returncode is not None else 0
            out.seek(0)
            output = out.read().decode(errors="replace")
        code = os.waitstatus_to_exitcode(status)
        memory = usage.ru_maxrss * 1024
        used = usage.ru_utime + usage.ru_stime
        MEASURED.append((name or self.id().split(".", 1)[1], words[0], used, memory >> 20))
        self.assertLess(used, seconds)
        self.assertNotIn("Sanitizer", output[-20000:])
        self.assertNotIn("runtime error", output[-20000:])
        self.assertIn(code, (FINE, FINDINGS, USAGE, UNREADABLE, BROKEN), output[-2000:])
        self.assertLess(memory, MEMORY_MOST)
        self.assertLess(len(output), 4 << 20)
        return code, output

    def ends(self, code, *parts, words, **options):
        got, output = self.run_bounded(*words, **options)
        self.assertEqual(got, code, output[:3000])
        for part in parts:
            self.assertIn(part, output[:200000])
        return output

    def events(self, *lines, name="events.jsonl"):
        path = self.root / name
        path.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines) + b"\n")
        return path

    def simulated(self, pack, events, code=FINDINGS, *parts, **options):
        return self.ends(code, *parts, words=("simulate", pack, "--events", events, "--at", "2026-03-27T16:45"), **options)


# --- packs
class Bytes(Case):
    def test_random_bytes(self):
        for seed in range(8):
            with self.subTest(seed):
                noise = random.Random(seed).randbytes(1 << (8 + seed))
                self.ends(FINDINGS, "error F", words=("check", self.pack(HEAD, bad_flow=noise)))

    def test_random_words(self):
        words = (ROOT / "rules/default/tickets/rules.flow").read_text().split()
        for seed in range(4):
            with self.subTest(seed):
                chance = random.Random(seed)
                noise = " ".join(chance.choice(words) + chance.choice(["", "\n", "\n  "]) for _ in range(3000))
                self.ends(FINDINGS, "error F", words=("check", self.pack(HEAD, bad_flow=noise)))

    def test_nul_and_not_utf8(self):
        self.ends(FINDINGS, "error F", words=("check", self.pack(HEAD, bad_flow=b"entity a\0b { x text }\n")))
        self.ends(FINDINGS, "UTF-8", words=("check", self.pack(HEAD, bad_flow=b'define a = "\xff\xfe"\n')))

    def test_long_line(self):
        for name, line in {"text": b'define x = "' + b"y" * (10 << 20) + b'"', "comment": b"#" * (10 << 20),
                           "sum": b"define x = 1" + b" + 1" * (2 << 20)}.items():
            with self.subTest(name):
                code, output = self.run_bounded("check", self.pack(HEAD, long_flow=line + b"\n"), seconds=120, name=name)
                self.assertIn(code, (FINE, FINDINGS))
                self.assertLess(len(output), 1 << 16)

    def test_nesting(self):
        deep = 100000
        cases = {
            "parentheses": "define x() -> int = " + "(" * deep + "1" + ")" * deep,
            "open": "define x() -> int = " + "(" * deep,
            "lists": "define x = " + "[" * deep + "1" + "]" * deep,
            "records": "define x = " + "{ a = " * deep + "1" + " }" * deep,
            "braces": "rule r { on box.created as b; then " + "{ " * deep + "log \"x\"" + " }" * deep + " }",
            "ifs": "rule r { on box.created as b; then { " + "if b.size > 1 { " * deep + "log \"x\"" + " }" * deep + " } }",
            "not": "define x() -> bool = " + "not " * deep + "true",
            "minus": "define x() -> int = " + "-" * deep + "1",
            "calls": "define x() -> int = " + "abs(" * deep + "1" + ")" * deep,
            "paths": "define x(b ref box) -> int = b" + ".id" * deep,
            "interpolation": 'define x() -> text = "' + '{"' * 10000 + '"',
            "cases": "define x() -> int = " + "if true then 1 else " * deep + "1",
        }
        for name, source in cases.items():
            with self.subTest(name):
                output = self.ends(FINDINGS, "error F", words=("check", self.pack(THINGS, deep_flow=source + "\n")),
                                   seconds=60, name=name)
                self.assertLess(len(output), 1 << 16)

    def test_cut_files(self):
        """Each file of the shipped pack, cut at 50 places that are always the same: side by side, and some alone."""
        files = sorted((ROOT / "rules/default").rglob("*.flow"))
        self.assertGreater(len(files), 5)
        chance = random.Random(2)
        for number, file in enumerate(files):
            content = file.read_bytes()
            places = [chance.randrange(len(content)) for _ in range(50)]
            cuts = {f"cut{nth:02}_flow": content[:place] for nth, place in enumerate(places)}
            with self.subTest(file.relative_to(ROOT)):
                self.ends(FINDINGS, "error F", words=("check", self.pack(HEAD, f"cuts{number}", **cuts)), seconds=60, name="cuts")
            for place in places[:3]:
                with self.subTest(f"{file.relative_to(ROOT)}:{place}"):
                    folder = self.pack(HEAD, "alone", cut_flow=content[:place])
                    code, output = self.run_bounded("check", folder, seconds=10, name="cut")
                    self.assertIn(code, (FINE, FINDINGS), output[:2000])


class Large(Case):
    def rows(self, count, last="| *      || 7      |\n"):
        return (THINGS + "table found(n int) -> value int {\n  hit first\n  | n      || value: |\n"
                + "".join(f"  | {n} || {n * 2} |\n" for n in range(count)) + "  " + last + "}\n")

    def test_table(self):
        folder = self.pack(self.rows(100000))
        self.ends(FINE, words=("check", folder), seconds=120)
        self.ends(FINE, "199998", words=("eval", folder, "found(99999)"), seconds=120)
        self.ends(FINE, "{ value = 7 }", words=("eval", folder, "found(100000)"), seconds=120)

    def test_table_with_a_mistake_in_each_row(self):
        rows = "".join(f"  | \"{n}\" || {n * 2} |\n" for n in range(20000))
        folder = self.pack(THINGS + "table found(n int) -> value int {\n  hit first\n  | n || value: |\n" + rows + "}\n")
        self.ends(FINDINGS, "error F", words=("check", folder), seconds=120)

    def test_rules(self):
        rules = "".join(f'rule r{n} {{ on seen as s; when s.name == "{n}" and s.size > {n}; then log "{n}" }}\n'
                        for n in range(10000))
        self.ends(FINE, "10001 rules", words=("check", self.pack(THINGS, rules_flow=rules)), seconds=120)

    def test_mistakes(self):
        rules = "".join(f'rule r{n} {{ on seen as s; when s.nmae == "{n}"; then log "{n}" }}\n' for n in range(500))
        folder = self.pack(THINGS, rules_flow=rules)
        self.ends(FINDINGS, "500 errors", "`name`", words=("check", folder), seconds=60)
        _, output = self.run_bounded("check", "--json", folder, seconds=60)
        document = json.loads(output)
        self.assertEqual(document["errors"], 500)
        self.assertEqual(len({item["line"] for item in document["diagnostics"]}), 500)

    def test_many_files(self):
        folder = self.pack(THINGS)
        for n in range(2000):
            (folder / f"f{n:04}.flow").write_text(f"define d{n}() -> int = {n}\n")
        self.ends(FINE, words=("check", folder), seconds=60)


class Circles(Case):
    def test_requires(self):
        one = self.pack('pack one "1.0.0" { title "1"; requires two, ">= 1.0" }\n', "one")
        two = self.pack('pack two "1.0.0" { title "2"; requires one, ">= 1.0" }\n', "two")
        self.ends(FINDINGS, "error F", "two", words=("check", one, two))
        self.ends(FINDINGS, "error F", words=("check", self.pack('pack me "1.0.0" { title "1"; requires me, ">= 1.0" }\n')))

    def test_decisions(self):
        cases = {
            "define a(n int) -> int = b(n)\ndefine b(n int) -> int = a(n)": "`a`",
            "define a(n int) -> int = a(n)": "`a`",
            "define c = d\ndefine d = c": "`c`",
            "entity e { x int = this.y; y int = this.x }": "x",
            "table t(n int) -> value int {\n  hit first\n  | n || value: |\n  | * || t(n).value |\n}": "`t`",
            "holidays h { include i }\nholidays i { include h }": "`h`",
            "holidays h { include h }": "`h`",
            "rule p { on box.created; then log \"1\"; before q }\nrule q { on box.created; then log \"2\"; before p }": "p",
        }
        for source, named in cases.items():
            with self.subTest(source):
                self.ends(FINDINGS, "error F", named, words=("check", self.pack(THINGS, round_flow=source + "\n")))


class Folders(Case):
    def test_links_in_circles(self):
        folder = self.pack(THINGS)
        (folder / "self").symlink_to(".")
        (folder / "a.flow").symlink_to("b.flow")
        (folder / "b.flow").symlink_to("a.flow")
        self.ends(UNREADABLE, "a.flow", words=("check", folder))
        (folder / "a.flow").unlink()
        (folder / "b.flow").unlink()
        self.ends(FINE, words=("check", folder))

    def test_folder_called_like_a_file(self):
        folder = self.pack(THINGS)
        (folder / "x.flow").mkdir()
        self.ends(FINE, words=("check", folder))
        self.ends(UNREADABLE, "x.flow", words=("check", folder / "x.flow"))

    def test_deep_folders(self):
        folder = self.pack(THINGS)
        deep = folder
        for _ in range(100):
            deep = deep / "d"
            deep.mkdir()
        self.assertIn(self.run_bounded("check", folder)[0], (FINE, BROKEN, UNREADABLE))

    def test_unreadable(self):
        folder = self.pack(THINGS, secret_flow="define a = 1\n")
        (folder / "secret.flow").chmod(0)
        self.root.chmod(0o755)
        nobody = {"user": 65534} if os.geteuid() == 0 else {}  # root may read everything
        try:
            result = subprocess.run([STELLWERK, "check", folder], capture_output=True, text=True, timeout=60, **nobody)
        except PermissionError:
            self.skipTest("nobody may not run the program")
        self.assertEqual(result.returncode, UNREADABLE, result.stderr)
        self.assertIn("secret.flow", result.stderr)
        self.assertIn("ermission", result.stderr)

    def test_bytes_in_names(self):
        folder = self.pack(THINGS)
        (folder / os.fsdecode(b"\xff\x1b[2J.flow")).write_text("define x =\n")
        output = self.ends(FINDINGS, "error F", words=("check", folder))
        self.assertNotIn("\x1b", output)
        json.loads(self.run_bounded("check", "--json", folder)[1])


# --- events
class Events(Case):
    def good_survives(self, *bad, sentence=(), seconds=30, name=None):
        """A bad line costs a sentence; the good ones around it are played."""
        pack = self.pack(THINGS)
        lines = [cloud({"id": "a", "name": "A"}, number="first"), *bad, cloud({"id": "b", "name": "B"}, number="last")]
        output = self.simulated(pack, self.events(*lines), UNREADABLE, "1 lines could not be read", *sentence, seconds=seconds, name=name)
        self.assertRegex(output, r"made +2 ")
        return output

    def test_hostile_lines(self):
        cases = {
            "no json": (b"{", ()),
            "noise": (random.Random(1).randbytes(5000).replace(b"\n", b" "), ()),
            "deep": (b'{"specversion":"1.0","data":' + b"[" * 100000, ("deep",)),
            "deep objects": (b'{"a":' * 100000 + b"1" + b"}" * 100000, ("deep",)),
            "not utf-8": (cloud({"id": "x", "name": "?"}).encode().replace(b"?", b"\xff"), ("UTF-8",)),
            "nul": (cloud({"id": "x", "name": "a\0b"}), ()),
            "lone surrogate": (cloud({"id": "x", "name": "?"}).replace("?", "\\ud800"), ()),
            "twice": (cloud({"id": "x", "name": "?"}).replace('"id": "x"', '"id": "x", "id": "y"'), ("id",)),
            "unknown type": (cloud({}, kind="unseen"), ("no event is called `unseen`",)),
            "no type": (cloud({}, kind=""), ("`type`",)),
            "system event": (cloud({}, kind="rule.failed"), ("rule.failed",)),
            "row event": (cloud({}, kind="box.created"), ("box.created",)),
            "list": ("[1, 2]", ("object",)),
            "missing": (cloud({"id": "x"}), ("name",)),
            "unknown member": (cloud({"id": "x", "name": "y", "naem": "z"}), ("naem",)),
            "wrong type": (cloud({"id": "x", "name": 5}), ("name",)),
            "huge number": (cloud({"id": "x", "name": "y", "size": 0}).replace(": 0", ": 1e400"), ("size",)),
            "large int": (cloud({"id": "x", "name": "y", "size": 2 ** 70}), ("size",)),
            "long number": (cloud({"id": "x", "name": "y", "size": 0}).replace(": 0", ": " + "9" * 100000), ("number",)),
            "no time": (cloud({"id": "x", "name": "y", "at": "gestern"}), ("at",)),
            "no money": (cloud({"id": "x", "name": "y", "price": "15.50 Taler"}), ("price",)),
            "no ref": (cloud({"id": "x", "name": "y", "box": "' OR 1=1 --"}), ("box",)),
            "list of wrong": (cloud({"id": "x", "name": "y", "tags": ["a", {"b": 1}]}), ("tags",)),
            "cloud time": (cloud({"id": "x", "name": "y"}, time="9999999-01-01"), ("time",)),
            "neither": ("{}", ()),
            "no connector": ('{"connector": "nobody", "body": {}}', ("nobody",)),
        }
        for name, (line, sentence) in cases.items():
            with self.subTest(name):
                output = self.good_survives(line, sentence=sentence, name=name)
                self.assertNotIn("\x1b", output)
                self.assertLess(len(output), 1 << 16)

    def test_large_body(self):
        self.good_survives(cloud({"id": "x", "name": "y" * (10 << 20)}), sentence=("bytes",), seconds=60)
        tags = self.events(cloud({"id": "x", "name": "y", "tags": ["t"] * 500000}))
        self.simulated(self.pack(THINGS), tags, FINE, seconds=120)

    def test_nothing_but_noise(self):
        self.simulated(self.pack(THINGS), self.events(random.Random(3).randbytes(1 << 20)), UNREADABLE,
                       "lines could not be read", seconds=60)

    def test_statements_in_texts(self):
        name = "'); DROP TABLE box; -- {1 + 1} %s \u202e \x7f"
        output = self.simulated(self.pack(THINGS), self.events(cloud({"id": "1", "name": name})), FINE)
        self.assertNotIn("\x7f", output)

    def test_a_ref_to_nothing(self):
        pack = self.pack(THINGS + "entity lid { box ref box }\nrule lids { on seen as s; then create lid { box = s.box } }\n")
        line = cloud({"id": "1", "name": "A", "box": "01KNX3E000000000000000000A"})
        self.simulated(pack, self.events(line), FINE, "lids")


# --- packs that do not come to an end
class Endless(Case):
    def turn(self, rules, *parts, script=None, seconds=60, name=None):
        pack = self.pack(THINGS + rules, **({"s_lua": script} if script else {}))
        self.ends(FINE, words=("check", pack), seconds=60, name=name)
        return self.simulated(pack, self.events(cloud({"id": "1", "name": "A"})), FINDINGS, *parts, seconds=seconds, name=name)

    def test_rules_that_raise_each_other(self):
        output = self.turn("event ping { n int }\nevent pong { n int }\nrule a { on seen as s; then emit ping { n = 1 } }\n"
                           "rule b { on ping as p; then emit pong { n = p.n } }\n"
                           "rule c { on pong as p; then emit ping { n = p.n } }\n", "more than 32 deep")
        for part in ("seen", "ping", "pong"):
            self.assertIn(part, output)

    def test_rules_that_multiply(self):
        self.turn("event more { n int }\nrule a { on seen as s; then emit more { n = 1 } }\n"
                  "rule b { on more as m; then { emit more { n = 1 }; emit more { n = 2 } } }\n", seconds=120)

    def test_loops_over_loops(self):
        lists = "define ten = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n"
        loops = "".join(f"for each v{n} in ten {{ " for n in range(9))
        self.turn(lists + f"rule a {{ on seen as s; then {{ {loops} let x = v0 + v8 " + "} " * 9 + "} }\n", "steps", seconds=120)

    def test_texts_that_grow(self):
        text = "".join(f'let t{n + 1} = "{{t{n}}}{{t{n}}}{{t{n}}}{{t{n}}}"\n' for n in range(20))
        self.turn(f'rule a {{ on seen as s; then {{ let t0 = "xxxxxxxxxxxxxxxx"\n{text} log t20 }} }}\n', seconds=120)

    def test_regular_expressions(self):
        pack = self.pack(THINGS)
        bomb = "a" * 5000 + "!"
        for pattern in ("(a+)+$", "(a|aa)+$", "(a*)*b", "([a-z]+)*$", "(a{1000}){1000}"):
            for call in (f'extract("{bomb}", "{pattern}")', f'replace_pattern("{bomb}", "{pattern}", "x")'):
                with self.subTest(call[-40:]):
                    call = call.replace("{1000}", "\\{1000\\}")
                    code, output = self.run_bounded("eval", pack, call, seconds=30)
                    self.assertIn(code, (FINE, FINDINGS), output[:500])
        self.ends(FINDINGS, "is no regular expression", words=("eval", pack, 'extract("a", "((")'))
        self.ends(FINE, "false", words=("eval", pack, f'"{bomb}" matches "{"*a" * 1000}b"'), seconds=30)

    SCRIPTS = {
        "loops": ("while true do end", "does not come to an end"),
        "loops caught": ("while true do pcall(function() while true do end end) end", "does not come to an end"),
        "allocates": ("local t = {} for i = 1, 1e9 do t[i] = {i} end", "memory"),
        "allocates caught": ("local t = {} while true do pcall(function() for i = 1, 1e9 do t[#t + 1] = {i} end end) end", ""),
        "texts": ("local s = 'x' while true do s = s .. s end", ""),
        "rep": ("return #string.rep('x', 1 << 40)", ""),
        "recurses": ("local function f(n) return 1 + f(n + 1) end return f(1)", ""),
        "recurses caught": ("local function f() return pcall(f) and pcall(f) end f() while true do f() end", ""),
        "coroutines": ("local function g() return coroutine.wrap(g)() end while true do pcall(g) end", ""),
        "patterns": ("return #(string.rep('a', 100000)):match(string.rep('a?', 100) .. string.rep('a', 100) .. 'b')", ""),
        "patterns back": ("return (string.rep('a', 60000)):find(('.-'):rep(30) .. 'b')", ""),
        "sorts": ("local t = {} for i = 1, 100 do t[i] = i end table.sort(t, function(a, b) while true do end end)", ""),
        "fails": ("error(setmetatable({}, {__tostring = function() while true do end end}))", ""),
        "leaves": ("os.exit(0)", ""),
        "opens": ("io.open('/etc/passwd')", ""),
    }

    def test_scripts(self):
        for name, (body, sentence) in self.SCRIPTS.items():
            with self.subTest(name):
                rules = ('script s(n int) -> int from "s.lua"\n'
                         "rule a { on seen as e; then create box { name = \"script\"; size = s(e.size default 1) default 0 } }\n"
                         'test "it" { at 2026-03-27T16:45 Europe/Berlin\n  when seen { id = "1"; name = "A" }\n'
                         "  expect one rule.failed\n  expect one box\n}\n")
                script = f"return function(n)\n  {body}\nend\n"
                output = self.turn(rules, "s.lua", sentence, script=script, name=name)
                self.assertIn("made", output)
                self.ends(FINE, "1 passed", words=("test", self.root / "pack"), seconds=60, name=name)

    def test_computed_fields_and_defines_deep(self):
        defines = "define d0(n int) -> int = n\n" + "".join(
            f"define d{n}(n int) -> int = d{n - 1}(n) + d{n - 1}(n)\n" for n in range(1, 60))
        self.turn(defines + "rule a { on seen as s; then create box { name = \"x\"; size = d59(1) } }\n", seconds=120)


if __name__ == "__main__":
    STELLWERK = sys.argv.pop(1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    program = unittest.main(exit=False)
    for name, command, seconds, memory in sorted(MEASURED, key=lambda row: -row[2])[:12]:
        print(f"{seconds:7.2f} s {memory:6} MB  {command:9} {name}")
    sys.exit(not program.result.wasSuccessful())
