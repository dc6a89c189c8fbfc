#!/usr/bin/env python3
"""`stellwerk export`: files byte for byte, row after row in constant memory, what is left out and what is refused, arguments, and that a failed
export leaves nothing behind.

Usage: exports.py PATH-OF-STELLWERK [CLASS[.TEST]]
On the embedded store, or on the PostgreSQL that STELLWERK_TEST_DATABASE names (it is emptied).
"""
import json
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
from service import Served, event, wait_until

PACK = Path(__file__).parent / "exports_pack"


class ExportTest(Served):
    pack = PACK

    def setUp(self):
        super().setUp()
        self.to = self.folder / "to"
        self.to.mkdir()
        self.taken = 0

    def take(self, *items):
        events = [{**event(item["name"], "item.taken", f"i{self.taken + i}"), "data": item} for i, item in enumerate(items)]
        self.taken += len(events)
        for first in range(0, len(events), 500):
            self.service.post_until_taken(events[first:first + 500])
        wait_until(lambda: self.service.number("select count(*) from item") == self.taken, "all items are there", 150)

    def export(self, *words, code=0):
        run = self.service.command("export", *words, "--to", str(self.to))
        self.assertEqual(run.returncode, code, run.stdout + run.stderr)
        return run.stdout + run.stderr

    def list(self, *more, title="Liste", least="small", code=0):
        return self.export("stock_list", "--arg", f"title={title}", "--arg", f"least={least}", *more, code=code)

    def files(self):
        return {path.name: path.read_bytes() for path in self.to.iterdir()}

    def test_bytes(self):
        self.take({"name": "Öl €", "price": 12.5, "weight": 0.5, "note": "kühl \"und\" trocken; dunkel"})
        self.take({"name": "=1+1", "price": -3})
        expected = ("\"Liste\";1\r\nNummer;Name;Preis;Gewicht;Notiz\r\n"
                    "\"W-00001\";\"Öl €\";12,50;0,5;\"kühl \"\"und\"\"\"\r\n"
                    "\"W-00002\";\"'=1+1\";-3,00;;\"\"\r\nEnde\r\n")
        self.assertIn("Liste_1.csv", self.list())
        self.assertEqual(self.files(), {"Liste_1.csv": expected.encode("cp1252")})
        before = self.files()
        self.list()  # again: the same bytes in the same place
        self.assertEqual(self.files(), before)

    def test_many_rows_are_split(self):
        self.take(*({"name": f"Ware {i}"} for i in range(768)))  # three pages of the engine, and no row is left for a fourth
        told = json.loads(self.list("--json"))
        self.assertEqual(told["files"], [{"name": f"Liste_{n}.csv", "rows": rows, "bytes": len(self.files()[f"Liste_{n}.csv"])}
                                         for n, rows in ((1, 300), (2, 300), (3, 168))])
        numbers = []
        for n in (1, 2, 3):
            lines = self.files()[f"Liste_{n}.csv"].decode("cp1252").split("\r\n")
            self.assertEqual((lines[0], lines[-2:]), (f"\"Liste\";{n}", ["Ende", ""]))
            numbers += [line.split(";")[0].strip('"') for line in lines[2:-2]]
        self.assertEqual(numbers, [f"W-{i:05}" for i in range(1, 769)])
        for least, count in ((1, 768), (2, 767), (512, 257), (513, 256), (768, 1), (769, 0)):  # by ids, around the ends of pages
            self.export("names", "--arg", f"least=W-{least:05}")
            names = json.loads(self.files().get("names.json", b"[]")) if count else []
            self.assertEqual(sorted(row["number"] for row in names), [f"W-{i:05}" for i in range(least, 769)])

    def test_what_is_left_out_is_told_with_its_reason(self):
        self.take({"name": "da"})
        self.take({"name": "nicht da", "note": "weg"})
        self.assertIn("left out W-00002: ist weg\n", self.list())
        self.assertEqual(json.loads(self.list("--json"))["missed"], [{"row": "W-00002", "left_out": "ist weg"}])

    def test_what_does_not_fit_is_refused_and_nothing_is_written(self):
        self.take({"name": "gut"})
        self.take({"name": "x" * 21, "price": 12345, "weight": 1.25})
        self.take({"name": "Привет"})
        self.take({"name": "leer\x01"})
        told = self.list(code=1)
        self.assertIn("refused  W-00002: \"Name\" has 21 characters, and 20 have room", told)
        self.assertIn("\"Preis\" is 12345.00, and 4 digits before the point have room", told)
        self.assertIn("\"Gewicht\" is 1.25, and 1 digits behind the point have room", told)
        self.assertIn("refused  W-00003: \"Name\" has the character П in it, which windows_1252 does not have", told)
        self.assertIn("refused  W-00004: \"Name\" has a control character in it", told)
        self.assertIn("nothing was written: 3 rows can not be written as they are", told)
        self.assertEqual(self.files(), {})
        self.assertEqual([set(row) for row in json.loads(self.list("--json", code=1))["missed"]], [{"row", "refused"}] * 3)

    def test_arguments(self):
        self.assertIn("there are no rows", self.list())
        self.take({"name": "klein"}, {"name": "groß", "size": "large"}, {"name": "oben", "on_shelf": True})
        self.list(least="large")
        self.assertEqual(self.files()["Liste_1.csv"].decode("cp1252").split("\r\n")[2].split(";")[1], '"groß"')
        self.export("shelf_list", "--arg", "on=Links")
        self.assertEqual(self.files()["regal.csv"], b"oben,Links\n")
        self.assertIn("--arg on: there is no such record", self.export("shelf_list", "--arg", "on=Rechts", code=3))
        self.assertIn("did you mean `stock_list`?", self.export("stock_lst", code=3))
        self.assertIn("takes other arguments", self.export("stock_list", "--arg", "title=x", code=1))
        self.assertIn("`stock_list` has no parameter `titel`", self.export("stock_list", "--arg", "titel=x", code=1))
        self.assertIn("is not of the form NAME=VALUE", self.export("stock_list", "--arg", "title", code=2))
        self.assertIn("no tenant", self.list("--tenant", "niemand", code=3))

    def test_names_that_lead_out_of_the_folder(self):
        self.take({"name": "gut"})
        for title in ("../böse", "/etc/x", ".versteckt", "a\\b", "c:d", "x" * 300):
            self.assertIn("can be no file's name", self.list(title=title, code=3), title)
        self.list(title="{n}")  # an argument is a value, and nothing that is computed
        self.assertEqual(set(self.files()), {"{n}_1.csv"})
        self.list(title="\", least = large) } #", code=3)
        self.list(title="a\nb", code=2)

    def test_words_that_say_nothing(self):
        for words, sentence in (((), "which format? `stellwerk export FORMAT`"), (("shelf_list", "rules/default"), "`rules/default` is one word too many")):
            run = self.service.command("export", *words)
            self.assertEqual(run.returncode, 2)
            self.assertIn(sentence, run.stderr)

    def test_a_folder_that_takes_nothing(self):
        self.take({"name": "gut"})
        run = self.service.command("export", "shelf_list", "--arg", "on=Links", "--to", str(self.folder / "nirgends"))
        self.assertEqual(run.returncode, 0)  # without rows no file is asked for
        run = self.service.command("export", "stock_list", "--arg", "title=x", "--arg", "least=small", "--to", str(self.folder / "nirgends"))
        self.assertEqual(run.returncode, 3)
        self.assertIn("can not be made: No such file or directory", run.stderr)


if __name__ == "__main__":
    unittest.main(argv=[*sys.argv, "-v"])
