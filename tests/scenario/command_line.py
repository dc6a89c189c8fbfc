#!/usr/bin/env python3
"""The command line as people and tools meet it: exit codes, sentences, proposals, JSON, hostile folders.

Usage: command_line.py PATH-OF-STELLWERK
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

STELLWERK = None
FINE, FINDINGS, USAGE, UNREADABLE, BROKEN = range(5)

PACK = """pack shop "1.0.0" {
  title "Laden"
  zone  Europe/Berlin
}
"""
ENTITIES = """entity box "Kiste" {
  name text required
  size int default 1
  kind enum(small, large) default small
}
record box first { name = "Erste"; size = 5 }
define double(n int) -> int = n * 2
table price(kind box.kind) -> price money {
  hit first
  | kind  || price:    |
  | small || 1.50 EUR  |
  | large || 12.00 EUR |
}
script weigh(size int) -> decimal from "weigh.lua"
rule grow "Wachsen" { on box.created as b; when b.size > 3; then set b { kind = large } }
"""
SCRIPT = 'return function(size)\n  return decimal("1.5") * size\nend\n'


def run(*words, text=None, environment=None, seconds=60):
    return subprocess.run([STELLWERK, *map(str, words)], input=text, capture_output=True, text=True, errors="replace",
                          timeout=seconds, env={**os.environ, "LC_ALL": "C.UTF-8", **(environment or {})})


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = Path(self.folder.name)

    def pack(self, name="shop", **files):
        """A good pack; files=… adds to it or replaces: boxes_flow="…" is boxes.flow."""
        folder = self.root / name
        (folder / "stock").mkdir(parents=True, exist_ok=True)
        contents = {"pack.flow": PACK.replace("shop", name), "stock/boxes.flow": ENTITIES, "stock/weigh.lua": SCRIPT}
        contents.update({key.replace("__", "/").replace("_", "."): value for key, value in files.items()})
        for path, content in contents.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content if isinstance(content, bytes) else content.encode())
        return folder

    def ends(self, result, code, *parts):
        output = result.stdout + result.stderr
        self.assertEqual(result.returncode, code, output)
        for part in parts:
            self.assertIn(part, output)
        self.assertNotIn("\x1b", output)


class Lines(Case):
    def test_help(self):
        self.ends(run(), USAGE, "Commands", "check")
        self.ends(run("help"), FINE, "Exit codes", "simulate", "says what is wrong in a pack")
        self.ends(run("--help"), FINE, "Exit codes")
        self.ends(run("help", "check"), FINE, "--json", "stellwerk check rules/default")
        self.ends(run("check", "--help"), FINE, "--json", "stellwerk check rules/default")
        self.ends(run("help", "F0202"), FINE, "F0202", "No such field")
        self.ends(run("help", "f0202"), FINE, "F0202")
        self.ends(run("--version"), FINE, "stellwerk ")

    def test_help_json(self):
        document = json.loads(run("help", "--json").stdout)
        self.assertIn("check", [command["name"] for command in document["commands"]])
        codes = [item["code"] for item in document["diagnostics"]]
        self.assertEqual(len(codes), len(set(codes)))
        for code in codes:
            self.ends(run("help", code), FINE, code)

    def test_proposals(self):
        self.ends(run("chekc", "x"), USAGE, "there is no command `chekc`; did you mean `check`?")
        self.ends(run("check", "--jsno", "x"), USAGE, "there is no option `--jsno`; did you mean `--json`?")
        self.ends(run("help", "chek"), USAGE, "did you mean `check`?")
        self.ends(run("entirely-else"), USAGE, "there is no command")
        self.ends(run("check", "--json=yes", "x"), USAGE, "`--json` takes no value")
        self.ends(run("eval", "x", "--at"), USAGE, "`--at` needs TIME behind it")

    def test_help_fits(self):
        """At any width nothing of help's tables is cut, and no row of them is wider than the terminal."""
        for columns in (40, 80, 120, 200):
            for words in ("help", "help serve"):
                shown = subprocess.run(["script", "-qec", f"stty cols {columns}; {STELLWERK} {words}", "/dev/null"],
                                       capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1", "TERM": "xterm"}).stdout
                title = "Commands" if words == "help" else "Options"
                rows = shown.replace("\r", "").split(title + "\n")[1].split("\n\n")[0].splitlines()
                joined = " ".join(" ".join(rows).split())
                for row in rows:
                    self.assertLessEqual(len(row), columns, row)
                expected = ("runs packs for real: takes events, keeps clocks, sends calls" if words == "help" else
                            "without it the embedded store in the data folder")
                self.assertIn(expected, joined)

    def test_json_or_nothing(self):
        """With --json, standard output is one document or empty, and then a sentence says why."""
        (self.root / "empty").mkdir()
        for command in ("check", "test", "simulate", "explain", "eval"):
            for words in ([self.root / "nowhere"], [self.root / "empty"], [self.pack(), "--nonsense"], []):
                result = run(command, *words, "--json", text="")
                with self.subTest(command=command, words=words):
                    self.assertIn(result.returncode, (USAGE, UNREADABLE))
                    self.assertEqual(result.stdout, "")
                    self.assertTrue(result.stderr.startswith("stellwerk"), result.stderr)

    def test_skipped_lines(self):
        """The lines that can be read are played; which could not, and the code, say that it was not all."""
        good = {"specversion": "1.0", "id": "1", "source": "x", "type": "thing.happened", "time": "2026-03-27T16:45:00Z",
                "data": {"name": "Größe"}}
        events = self.root / "events.jsonl"
        pack = self.pack(stock__more_flow='event thing.happened { name text required }\n'
                                          'rule made { on thing.happened as e; then create box { name = e.name } }\n')
        events.write_text("{cut\n" + json.dumps(good) + "\n[]\n")
        result = run("simulate", pack, "--events", events)
        self.ends(result, UNREADABLE, "2 lines could not be read", f"{events}:1: ", f"{events}:3: ")
        result = run("simulate", pack, "--events", events, "--json")
        self.assertEqual(result.returncode, UNREADABLE)
        self.assertEqual(json.loads(result.stdout)["records"]["box"]["created"], 1)
        events.write_text(json.dumps(good) + "\n")
        self.ends(run("simulate", pack, "--events", events), FINE)

    def test_a_reader_that_leaves(self):
        """`| head -1`: neither a signal nor a complaint."""
        command = subprocess.Popen([STELLWERK, "dump", str(self.pack())], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        command.stdout.close()
        self.assertEqual(command.stderr.read(), b"")
        self.assertIn(command.wait(60), (FINE, BROKEN))
        command.stderr.close()

    def test_words_missing(self):
        for command in ("check", "test", "simulate", "explain", "eval", "dump"):
            self.ends(run(command), USAGE, f"stellwerk {command}: ", f"`stellwerk help {command}`")


class Check(Case):
    def test_good(self):
        self.ends(run("check", self.pack()), FINE, "ok", "shop 1.0.0", "1 scripts")

    def test_bad(self):
        folder = self.pack(stock__boxes_flow=ENTITIES.replace("b.size > 3", "b.sise > 3"))
        result = run("check", folder)
        self.ends(result, FINDINGS, f"{folder}/stock/boxes.flow:15:", "error F0202: ", "`size`", "1 error, 0 warnings in 1 file")
        lines = result.stdout.splitlines()
        excerpt = next(line for line in lines if "| " in line and "b.sise" in line)
        caret = lines[lines.index(excerpt) + 1]
        self.assertEqual(caret.index("^"), excerpt.index("sise") if "sise" in excerpt[caret.index("^"):] else caret.index("^"))
        self.ends(run("check", "--quiet", folder), FINDINGS, "F0202")

    def test_bad_json(self):
        folder = self.pack(stock__boxes_flow=ENTITIES.replace("b.size > 3", "b.sise > 3").replace("n * 2", "m * 2"))
        result = run("check", "--json", folder)
        self.assertEqual(result.returncode, FINDINGS)
        document = json.loads(result.stdout)
        self.assertEqual(document["errors"], 2)
        self.assertEqual(len(document["diagnostics"]), document["errors"] + document["warnings"])
        for item in document["diagnostics"]:
            self.assertTrue(item["file"].endswith("boxes.flow"))
            self.assertGreater(item["line"], 1)
            self.assertGreaterEqual((item["end_line"], item["end_column"]), (item["line"], item["column"]))
            self.assertRegex(item["code"], "^F[0-9]{4}$")
        document = json.loads(run("check", "--json", self.pack("fine")).stdout)
        self.assertEqual((document["errors"], document["diagnostics"]), (0, []))

    def test_scripts_are_compiled(self):
        folder = self.pack(stock__weigh_lua="return function(size)\n  return size +\nend\n")
        self.ends(run("check", folder), FINDINGS, f"{folder}/stock/weigh.lua:3:1: error F1001: ", "end")
        folder = self.pack("other", stock__weigh_lua="local x = 1\n")
        self.ends(run("check", folder), FINDINGS, "F1001", "neither returns a function nor defines one called `weigh`")
        folder = self.pack("third")
        (folder / "stock/weigh.lua").unlink()
        self.ends(run("check", folder), FINDINGS, "F1002")

    def test_colour(self):
        folder = self.pack(stock__boxes_flow=ENTITIES.replace("b.size", "b.sise"))
        self.ends(run("check", folder), FINDINGS)
        script = subprocess.run(["script", "-qec", f"{STELLWERK} check {folder}", "/dev/null"], capture_output=True, text=True)
        self.assertIn("\x1b[31m", script.stdout)
        script = subprocess.run(["script", "-qec", f"{STELLWERK} check {folder}", "/dev/null"], capture_output=True, text=True,
                                env={**os.environ, "NO_COLOR": "1"})
        self.assertNotIn("\x1b[", script.stdout)


class Folders(Case):
    def test_missing(self):
        self.ends(run("check", self.root / "nowhere"), UNREADABLE, "there is no file or folder", "nowhere")
        self.ends(run("check", "--json", self.root / "nowhere"), UNREADABLE, "there is no file or folder")
        (self.root / "empty").mkdir()
        self.ends(run("check", self.root / "empty"), UNREADABLE, "is no pack")
        self.ends(run("check", self.pack(), self.root / "empty"), UNREADABLE, "there is no .flow file in")
        (self.root / "x.txt").write_text("x")
        self.ends(run("check", self.pack(), self.root / "x.txt"), UNREADABLE, "neither a folder nor a .flow file")

    def test_joining(self):
        (self.root / "more").mkdir()
        (self.root / "more/rules.flow").write_text('rule more { on box.created as b; when b.size > 7; then log "groß" }\n')
        self.ends(run("check", self.pack(), self.root / "more"), FINE, "2 rules")
        self.ends(run("check", self.pack(), self.root / "more/rules.flow"), FINE, "2 rules")
        self.ends(run("check", self.root / "more", self.pack()), UNREADABLE, "is no pack")

    def test_stack(self):
        upper = self.root / "upper"
        upper.mkdir()
        (upper / "pack.flow").write_text('pack upper "2.0.0" { title "Oben" }\nextend entity box { colour text }\n')
        self.ends(run("check", self.pack(), upper), FINE, "upper 2.0.0")

    def test_circles(self):
        folder = self.pack()
        (folder / "again").symlink_to(folder)
        (folder / "stock/up").symlink_to("..")
        (folder / "dangling").symlink_to("nowhere")
        os.mkfifo(folder / "pipe.flow")
        self.ends(run("check", folder, seconds=20), FINE, "1 rules")

    def test_hostile(self):
        cases = {
            "random": bytes((i * 7919 + (i >> 3)) % 256 for i in range(20000)),
            "nested": b"define x() -> int = " + b"(" * 100000,
            "line": b"define x() -> text = \"" + b"y" * (10 << 20),
            "commands": b"rule \x1b[2J\x1b]0;x\x07 { on box.created\n",
            "cut": ENTITIES.encode()[:200],
        }
        for name, content in cases.items():
            with self.subTest(name):
                result = run("check", self.pack(name, bad_flow=content), seconds=60)
                self.ends(result, FINDINGS, "error F")
                self.assertLess(len(result.stdout), 1 << 20)
                json.loads(run("check", "--json", self.root / name).stdout)

    def test_too_large(self):
        folder = self.pack()
        with open(folder / "large.flow", "wb") as file:
            file.truncate(17 << 20)
        self.ends(run("check", folder), BROKEN, "large.flow", "bytes")


class Notes(Case):
    """What is checked and not run: said, and no reason to fail."""

    def test_a_note_is_no_finding(self):
        pack = self.pack(stock__views_flow='view desk "Tafel" board of box by kind { show name }\n')
        result = run("check", pack)
        self.assertEqual(result.returncode, FINE)
        self.assertIn("note F0903: views are checked", result.stdout)
        self.assertNotIn("warning", result.stdout)
        document = json.loads(run("check", pack, "--json").stdout)
        self.assertEqual((document["warnings"], document["notes"]), (0, 1))
        self.assertEqual(document["diagnostics"][0]["severity"], "note")
        self.assertNotIn("F0903", run("check", pack, "--quiet").stdout)


class TestsFolder(Case):
    """What a folder `tests` declares is checked and tested, and runs nowhere else."""

    def test_declarations_for_tests(self):
        helper = 'entity probe { name text }\nrule probing { on box.created as b; then create probe { name = b.name } }\n'
        test = 'test "probed" { at 2026-05-04T09:00 Europe/Berlin; given box b { name = "x" }; expect count(probe) == 0 }\n'
        pack = self.pack(stock__tests__probe_flow=helper + test)
        self.assertIn("1 tests", run("check", pack).stdout)
        self.assertEqual(run("test", pack).returncode, FINE)
        self.assertNotIn("probe", run("dump", pack).stdout)
        self.assertIn("probe", run("dump", pack, self.root / "shop" / "stock" / "tests" / "probe.flow").stdout)
        broken = self.pack(stock__tests__probe_flow="entity probe { nam tex }\n")
        self.assertEqual(run("check", broken).returncode, FINDINGS)
        self.assertEqual(run("dump", broken).returncode, FINE)

    def test_nothing_leans_on_tests(self):
        pack = self.pack(stock__tests__helper_flow="define least(n int) -> int = n + 1\n",
                         stock__more_flow="define most(n int) -> int = least(n)\n")
        self.ends(run("check", pack), FINDINGS, "more.flow:1:29: error F0206", "`least`", "for `stellwerk test` alone")
        self.ends(run("dump", pack), FINDINGS, "more.flow:1:29: error F0206")


class Dump(Case):
    def test_dump(self):
        self.ends(run("dump", self.pack()), FINE, "box", "grow")
        self.ends(run("dump", self.pack(), "grow"), FINE, "grow")
        self.ends(run("dump", self.pack(), "nothing_like_it"), FINDINGS, "nothing in", "nothing_like_it")
        self.ends(run("dump", self.pack(), "a", "b"), USAGE, "there is no file or folder `a`")


class Eval(Case):
    def value(self, expression, *words):
        result = run("eval", self.pack(), expression, *words)
        self.ends(result, FINE)
        return result.stdout.splitlines()[0]

    def test_values(self):
        self.assertEqual(self.value("1 + 2"), "3  int")
        self.assertEqual(self.value("double(21)"), "42  int")
        self.assertEqual(self.value("stock.weigh(3)"), "4.5  decimal")
        self.assertIn("1.50 EUR", self.value("stock.price(small)"))
        self.assertEqual(self.value("now", "--at", "2026-03-27T16:45 Europe/Berlin"), "2026-03-27 16:45  time")
        self.assertEqual(self.value("count(box where box.size > 3)"), "1  int")

    def test_parts(self):
        result = run("eval", self.pack(), "double(2) > 3 and double(1) > 3")
        self.ends(result, FINE, "false  bool", "double(2) > 3", "double(1) > 3")

    def test_json(self):
        result = run("eval", self.pack(), "stock.weigh(3)", "--json")
        document = json.loads(result.stdout)
        self.assertEqual((document["type"], document["shown"]), ("decimal", "4.5"))
        document = json.loads(run("eval", self.pack(), "nothing + 1", "--json").stdout)
        self.assertTrue(document["diagnostics"])

    def test_failures(self):
        self.ends(run("eval", self.pack(), "doubel(1)"), FINDINGS, "error F0206", "^", "double")
        self.ends(run("eval", self.pack(), "1 / 0"), FINDINGS, "failed: ")
        self.ends(run("eval", self.pack(), "now", "--at", "tomorrow"), USAGE, "`tomorrow` is no time")
        self.ends(run("eval", self.pack(), "1 +", "2"), USAGE, "stands in '…'")

    def test_given(self):
        (self.root / "given.flow").write_text('record box second { name = "Zweite"; size = 9 }\n')
        self.assertEqual(self.value("count(box where box.size > 3)", "--given", self.root / "given.flow"), "2  int")

    def test_prompt(self):
        result = run("eval", self.pack(), text="1 + 1\n\n# nothing\n:type now\n:help\n:quit\n3\n")
        self.ends(result, FINE, "2  int", "time", ":quit")
        self.assertNotIn("3  int", result.stdout)
        self.ends(run("eval", self.pack(), text=":nonsense\n1 +\n5\n"), FINDINGS, "there is no `:nonsense`", "5  int")


SCRIPTED = {
    "pack_flow": """pack scripted "1.0.0" { title "Skripte"; zone Europe/Berlin; calendar week }
calendar week "Woche" { zone Europe/Berlin; mon..fri 08:00..17:00 }
entity box "Kiste" {
  name   text required
  size   int default 1
  opened bool default false
  twice  int = heavy(this.size)
}
event thing.happened { source text; id text key; box ref box; amount money }
clock response on box { starts on box.created; stops when box.opened; calendar week; target 4h }
record box first { name = "Erste"; size = 5 }
record box second { name = "Zweite"; size = 7 }
script heavy(n int) -> int from "scripts.lua"
script largest(boxes list of ref box) -> ref box from "scripts.lua"
script bill(box ref box) -> record(name text, cost money) from "scripts.lua"
script tell(e thing.happened) -> text from "scripts.lua"
script fails(box ref box) -> text from "scripts.lua"
rule told { on thing.happened as e; then set e.box { name = tell(e) default "" } }
test "a script reads through refs, computed fields and clocks" {
  at     2026-03-27T16:45 Europe/Berlin
  given  box b { name = "B"; size = 2 }
  when   create box as c { name = "C"; size = 3 }
  when   thing.happened { source = "x"; id = "1"; box = c; amount = 15.50 EUR }
  expect c.name == "x 31.00 EUR C 6 running"
}
""",
    "stock__boxes_flow": "",
    "stock__weigh_lua": "",
    "scripts_lua": """function heavy(n) if n > 100 then while true do end end return n * 2 end
function largest(boxes)
  table.sort(boxes, function(a, b) return a.size > b.size end)
  return boxes[1]
end
function bill(box) return { name = box.name, cost = money("1.50", "EUR") * box.size } end
function tell(e)
  return table.concat({ e.source, tostring(e.amount * 2), e.box.name, e.box.twice, e.box.response.state }, " ")
end
function fails(box) return box.nmae end
""",
}


class Scripts(Case):
    def test_refs(self):
        folder = self.pack("scripted", **SCRIPTED)
        self.ends(run("check", folder), FINE, "5 scripts")
        self.ends(run("test", folder), FINE, "1 passed")
        self.ends(run("eval", folder, "largest(all(box)).name"), FINE, '"Zweite"')
        self.ends(run("eval", folder, "bill(largest(all(box)))"), FINE, '{ name = "Zweite"; cost = 10.50 EUR }')
        self.ends(run("eval", folder, 'lookup(box where box.name == "Erste").twice'), FINE, "10  int")

    def test_failures(self):
        folder = self.pack("scripted", **SCRIPTED)
        self.ends(run("eval", folder, "fails(largest(all(box)))"), FINDINGS,
                  f"failed: {folder}/scripts.lua:10: box has no field `nmae`")
        self.ends(run("eval", folder, "heavy(101)"), FINDINGS, f"{folder}/scripts.lua:1: the script does not come to an end")


if __name__ == "__main__":
    STELLWERK = sys.argv.pop(1)
    unittest.main()
