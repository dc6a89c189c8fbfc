#!/usr/bin/env python3
"""Bookings on their way to accounting systems: the files of connectors/datev and connectors/bmd byte for byte against testdata/, no booking twice,
the same stack with the same bytes again.

Usage: accounting.py PATH-OF-STELLWERK [CLASS[.TEST]]     GOLDEN_WRITE=1 writes testdata/ anew; what changed is then read in the diff
"""
import csv
import hashlib
import os
import re
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
from service import Service, wait_until

CONNECTORS = Path(__file__).resolve().parents[2] / "connectors"
NAMES = "098f89c80237a74bfa03dd3e1f4bb5cf2ecc8157fb4ee373626bdd70a0966cf7"  # of the titles, as two unrelated projects publish it
BOOKINGS = [
    {"document": "RE-2026-0001", "day": "2026-01-05", "amount": 1190, "tax": 190, "rate": 19, "side": "debit", "account": "10001", "contra": "8400",
     "subject": "Wartung Jänner – Büro „Süd“", "due": "2026-01-19", "service_day": "2026-01-03", "cost_centre": "100"},
    {"document": "RE-2026-0002", "day": "2026-01-31", "amount": 107, "tax": 7, "rate": 7, "side": "debit", "account": "10002", "contra": "8300",
     "subject": "Zwei Zeilen\nund ein sehr langer Buchungstext, der nicht in sechzig Zeichen passt", "link": "E0A08953-FBAA-4054-AF36-993D5D68F040"},
    {"document": "GS-2026-0001", "day": "2026-01-15", "amount": 119, "tax": 19, "rate": 19, "side": "credit", "account": "10001", "contra": "8400",
     "subject": "Gutschrift", "journal": "GS"},
    {"document": "RE-2026-0001", "day": "2026-01-20", "amount": -1190, "tax": -190, "rate": 19, "side": "debit", "account": "10001", "contra": "8400",
     "subject": "Storno", "reversal": True},
    {"document": "RE-2026-0003", "day": "2026-01-21", "amount": 500, "side": "debit", "account": "10003", "contra": "8336", "vat_id": "ATU12345678",
     "subject": "Leistung an Unternehmer in AT"},
    {"document": "RE-2026-0004", "day": "2026-01-22", "amount": 0, "side": "debit", "account": "10003", "contra": "8400", "subject": "nichts"},
    {"document": "RE-2026-0005", "day": "2026-02-01", "amount": 23.80, "side": "debit", "account": "10001", "contra": "8400", "subject": "Februar"},
]


class AccountingTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.service = Service(self.folder, str(CONNECTORS / "datev"), str(CONNECTORS / "bmd"), pack=CONNECTORS / "ledger")
        self.addCleanup(self.service.log.close)
        self.addCleanup(self.service.stop)
        self.sent = 0
        for name, value in ("datev_adviser", "29098"), ("datev_client", "55003"):
            self.does("tenant", "set", "default", name, value)

    def does(self, *words, code=0):
        run = self.service.command(*words)
        self.assertEqual(run.returncode, code, run.stdout + run.stderr)
        return run.stdout + run.stderr

    def send(self, kind, *items):
        for item in items:
            self.sent += 1
            event = {"specversion": "1.0", "id": str(self.sent), "source": "/test", "type": kind, "data": item}
            self.assertEqual(self.service.post(event)[0], 202)
        wait_until(lambda: self.service.number("select count(*) from _journal where state=0") == 0, "all is handled")
        self.assertEqual(self.service.rows("select sentence from _journal where state=2"), [])

    def book(self, *bookings):
        self.send("ledger.booked", *({"id": f"b{self.sent + i}", **booking} for i, booking in enumerate(bookings)))

    def close(self, system, month="2026-01-01"):
        self.send("ledger.close", {"system": system, "month": month})
        return [number for number, in self.service.rows(f"select number from batch where system='{system}' order by number")]

    def export(self, what, code=0, **arguments):
        to = Path(tempfile.mkdtemp(dir=self.folder))
        words = [word for name, value in arguments.items() for word in ("--arg", f"{name}={value}")]
        told = self.does("export", what, *words, "--to", str(to), code=code)
        return told, {path.name: path.read_bytes() for path in sorted(to.iterdir())}

    def is_golden(self, connector, files):
        for name, content in files.items():
            path = CONNECTORS / connector / "testdata" / name
            if "Buchungsstapel" in name:  # when the stack was made
                content = re.sub(rb"\b20\d{15}\b", b"20260203101500000", content)
            if os.environ.get("GOLDEN_WRITE"):
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(content)
            self.assertEqual(content, path.read_bytes(), name)

    def test_stacks_for_datev(self):
        self.book(*BOOKINGS)
        first, = self.close("datev")
        told, files = self.export("datev_bookings", batch=first)
        self.assertIn("left out RE-2026-0004 (000000006): der Betrag ist 0", told)
        self.is_golden("datev", files)
        (name, content), = files.items()
        self.assertRegex(name, r"^EXTF_.{0,51}\.csv$")
        lines = content.decode("cp1252").split("\r\n")
        self.assertEqual((len(lines), lines[-1]), (2 + 5 + 1, ""))
        rows = list(csv.reader(lines[:-1], delimiter=";"))
        self.assertEqual([len(row) for row in rows], [31] + 6 * [125])
        self.assertLessEqual(len(lines[0]), 1000)
        self.assertEqual(hashlib.sha256(lines[1].encode()).hexdigest(), NAMES)
        self.assertEqual(self.export("datev_bookings", batch=first)[1], files)  # again: the same bytes
        # nothing twice: what comes later for January is in another stack
        self.assertEqual(self.close("datev"), [first])
        self.book({**BOOKINGS[0], "document": "RE-2026-0006"})
        second = self.close("datev")[1]
        documents = [row[10] for row in csv.reader(list(self.export("datev_bookings", batch=second)[1].values())[0].decode("cp1252").split("\r\n")[2:-1], delimiter=";")]
        self.assertEqual(documents, ["RE-2026-0006"])
        self.assertEqual(self.export("datev_bookings", batch=first)[1], files)

    def test_what_datev_would_not_take_is_refused(self):
        self.book({**BOOKINGS[0], "document": "RE 1/2026"}, {**BOOKINGS[0], "amount": 12345678901.5}, {**BOOKINGS[0], "account": "1000x"},
                  {**BOOKINGS[0], "account": "1234567"}, {**BOOKINGS[0], "subject": "Привет"}, BOOKINGS[0])
        batch, = self.close("datev")
        told, files = self.export("datev_bookings", code=1, batch=batch)
        self.assertEqual(files, {})
        for number, reason in ((1, "die Belegnummer RE 1/2026 hat Zeichen oder eine Länge"), (2, "is 12345678901.50, and 10 digits before the point"),
                               (3, "das Konto 1000x ist keine Zahl"), (4, "das Konto 1234567 hat mehr als 5 Stellen"), (5, "has the character П in it")):
            self.assertRegex(told, rf"refused  \S.* \(00000000{number}\): .*{re.escape(reason)}")
        self.assertIn("5 rows can not be written as they are", told)
        self.does("tenant", "set", "default", "datev_adviser", "7")
        self.assertIn("die Beraternummer (setting datev_adviser) liegt zwischen 1001 und 9999999", self.export("datev_bookings", code=3, batch=batch)[0])

    def test_accounts_and_terms(self):
        self.send("ledger.terms_known", {"number": 10, "name": "14 Tage 2 %, 30 netto", "days": 30, "discount": 2, "discount_days": 14})
        self.send("ledger.partner_known",
                  {"account": "10001", "name": "Müller & Söhne Gesellschaft für sehr lange Namen mit beschränkter Haftung", "short_name": "Müller", "street": "Hauptstraße 1",
                   "zip": "80331", "city": "München", "vat_id": "DE133546770", "email": "rechnung@mueller.example", "iban": "DE02120300000000202051", "terms": 10, "number": "K-1"},
                  {"account": "10002", "name": "Huber", "first_name": "Anna", "kind": "person", "country": "AT"})
        self.is_golden("datev", self.export("datev_accounts", day="2026-02-03", changed_since="2026-01-01")[1])
        self.is_golden("datev", self.export("datev_terms", day="2026-02-03")[1])
        self.is_golden("bmd", self.export("bmd_accounts", changed_since="2026-01-01")[1])
        self.assertIn("there are no rows", self.export("datev_accounts", day="2026-02-03", changed_since="2030-01-01")[0])
        self.send("ledger.partner_known", {"account": "8400", "name": "kein Personenkonto"})
        self.assertIn("das Konto 8400 hat nicht 5 Stellen", self.export("datev_accounts", code=1, day="2026-02-03", changed_since="2026-01-01")[0])

    def test_stacks_for_bmd(self):
        self.book(*BOOKINGS)
        batch, = self.close("bmd")
        told, files = self.export("bmd_bookings", batch=batch)
        self.is_golden("bmd", files)
        self.assertIn("left out RE-2026-0004", told)
        self.assertIn("ist keiner für DATEV", self.export("datev_bookings", code=3, batch=batch)[0])
        for name, value in (("bmd_compact_dates", "true"), ("bmd_digits_only", "false"), ("bmd_number_length", "20"), ("bmd_tax_opposite", "false")):
            self.does("tenant", "set", "default", name, value)
        rows = list(csv.DictReader(list(self.export("bmd_bookings", batch=batch)[1].values())[0].decode("cp1252").splitlines(), delimiter=";"))
        self.assertEqual([rows[0][name] for name in ("belegnr", "belegdatum", "betrag", "steuer")], ["RE-2026-0001", "20260105", "1190,00", "190,00"])


if __name__ == "__main__":
    unittest.main(argv=[*sys.argv, "-v"])
