#!/usr/bin/env python3
"""What the history of a store says of a clock: reckoned anew by an event, and by a calendar that the next version declares otherwise.

Usage: history.py PATH-OF-STELLWERK
"""
import json
import sqlite3
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

STELLWERK = sys.argv.pop()

PACK = """pack box "1.0.0" {{ title "Kisten"; zone Europe/Berlin }}
calendar office {{ zone Europe/Berlin; mon..fri {hours} }}
entity box {{ name text required; hurry bool default false }}
event box.seen {{ name text key; hurry bool default false }}
clock packing on box {{ starts on box.created; stops when box.name == "packed"; calendar office; target if box.hurry then 1h else 4h }}
rule seen {{ on box.seen as e; when not e.hurry; then create box {{ name = e.name }} }}
rule hurries {{ on box.seen as e; when e.hurry; then {{ for each b in all(box) {{ set b {{ hurry = true }} }} }} }}
"""
FRIDAY = "2026-03-27T{}:00Z"  # 9:00 in Berlin is 8:00


class History(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def simulate(self, hours, *events):
        (self.folder / "pack").mkdir(exist_ok=True)
        (self.folder / "pack" / "pack.flow").write_text(PACK.format(hours=hours))
        lines = [{"specversion": "1.0", "id": name, "source": "t", "type": "box.seen", "time": FRIDAY.format(time),
                  "data": {"name": name, "hurry": hurry}} for time, name, hurry in events]
        (self.folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        words = [STELLWERK, "simulate", "pack", "--events", "events.jsonl", "--store", "kept.db"]
        run = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, timeout=60)
        self.assertEqual(run.returncode, 0, run.stderr)

    def changes(self):
        """(before, after) of when the clock is due, the oldest first."""
        store = sqlite3.connect(self.folder / "kept.db")
        self.addCleanup(store.close)
        rows = store.execute("SELECT before,after FROM _history WHERE entity='packing' AND change='update' ORDER BY number")
        sides = [(json.loads(before), json.loads(after)) for before, after in rows]
        return [(before["due_at"], after["due_at"]) for before, after in sides if "due_at" in after]

    def test_an_event_that_moves_the_target(self):
        self.simulate("08:00..17:00", ("08:00", "A", False), ("08:10", "go", True))
        self.assertEqual(self.changes(), [("2026-03-27T12:00:00Z", "2026-03-27T09:00:00Z")])

    def test_a_calendar_declared_otherwise(self):
        self.simulate("08:00..17:00", ("08:00", "A", False))
        self.assertEqual(self.changes(), [])
        self.simulate("08:00..12:00", ("08:10", "B", False))
        self.assertEqual(self.changes(), [("2026-03-27T12:00:00Z", "2026-03-30T07:00:00Z")])


unittest.main()
