#!/usr/bin/env python3
"""A store made by one version of a pack, opened by the next: refused without a migration, carried over with one.

Usage: migration.py PATH-OF-STELLWERK
"""
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

STELLWERK = sys.argv.pop()

OLD = """pack box "1.0.0" { title "Kisten" }
entity box { name text required; prio enum(low, high, urgent) default urgent; legacy text }
entity old_thing { name text }
event box.seen { name text key }
rule seen { on box.seen as e; then create box { name = e.name; legacy = "x" } }
rule kept { on box.seen as e; then create old_thing { name = e.name } }
"""
NEW = """pack box "1.1.0" { title "Kisten" }
entity box { name text required; priority enum(low, high) default low }
event box.seen { name text key }
rule carried { on box.seen as e; when count(box where box.name == "A" and box.priority == high) == 1; then create box { name = e.name } }
"""
MIGRATION = """migration "1.1.0" {
  rename box.prio to priority
  update box.priority = high where box.priority == urgent
  drop   box.legacy
  drop   old_thing
}
"""


class Migration(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def simulate(self, pack, name):
        (self.folder / "pack").mkdir(exist_ok=True)
        (self.folder / "pack" / "pack.flow").write_text(pack)
        event = {"specversion": "1.0", "id": name, "source": "t", "type": "box.seen", "time": "2026-03-27T10:00:00Z", "data": {"name": name}}
        (self.folder / "events.jsonl").write_text(json.dumps(event) + "\n")
        words = [STELLWERK, "simulate", "pack", "--events", "events.jsonl", "--store", "kept.db", "--json"]
        return subprocess.run(words, cwd=self.folder, capture_output=True, text=True, timeout=60)

    def test_refused_without_and_carried_over_with_a_migration(self):
        self.assertEqual(self.simulate(OLD, "A").returncode, 0)
        refused = self.simulate(NEW, "B")
        self.assertNotEqual(refused.returncode, 0)
        for part in ("box.prio is gone", "migration \"1.1.0\"", "rename box.prio to"):
            self.assertIn(part, refused.stderr)
        carried = self.simulate(NEW + MIGRATION, "B")
        self.assertEqual(carried.returncode, 0, carried.stderr)
        self.assertEqual(json.loads(carried.stdout)["rules"]["carried"]["fired"], 1)
        again = self.simulate(NEW + MIGRATION, "C")  # what is done is not done again
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(json.loads(again.stdout)["rules"]["carried"]["fired"], 1)


if __name__ == "__main__":
    unittest.main()
