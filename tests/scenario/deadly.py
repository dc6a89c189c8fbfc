#!/usr/bin/env python3
"""What kills whoever is at it, in the clock and in the courier: after so many deaths it is set aside where a person sees it, its neighbours go
on, and when what was deadly is mended it has its turn.

Usage: deadly.py PATH-OF-STELLWERK [CLASS[.TEST]]
On the embedded store, or on the PostgreSQL that STELLWERK_TEST_DATABASE names (it is emptied).
"""
import json
import re
import sys
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
from service import Served, event, wait_until

PACK = Path(__file__).parent / "deadly_pack"
SENTENCE = "whoever was at it did not come to its end, again and again"
DEATHS = 4  # the first is of nothing that is known yet; then three are counted


class DeadlyTest(Served):
    pack = PACK

    def deaths(self, role):
        return int(re.search(rf'stellwerk_role_deaths_total{{role="{role}"}} (\d+)', self.service.get("/metrics")).group(1))

    def logged(self, words):
        return [line for line in map(json.loads, (self.folder / "log").read_text().splitlines()) if words in line["message"]]

    def ticks(self):
        return sorted(name for name, in self.service.rows("select name from tick"))

    def test_what_is_due(self):
        self.service.stop()
        low = self.service.rows("select id from timer where subject='deadly'")[0][0]
        low = bytes.fromhex(low[2:]) if isinstance(low, str) else low
        deadly = self.folder / "points" / f"turn.timer {int.from_bytes(low[8:], 'big')}.always"
        deadly.touch()
        now = int(time.time())
        for name, due in (("before", now - 20), ("deadly", now - 10), ("behind", now - 5)):
            self.service.write(f"update timer set due_at={due} where subject='{name}'")
        self.service.start()
        wait_until(lambda: self.service.number("select count(*) from _journal where state=2") == 1, "it is dead")
        wait_until(lambda: self.ticks() == ["danach", "davor"], "its neighbours had their turns")
        self.assertEqual((self.deaths("clock"), self.deaths("worker")), (DEATHS, 0))
        self.assertEqual(self.service.rows("select count(*) from _death"), [(0,)])
        self.assertEqual(self.service.rows("select due_at>250000000000 from timer where subject='deadly'")[0][0] in (1, True, "t"), True)
        said, = self.logged("timer can not be handled")
        self.assertIn(SENTENCE, said["message"])
        self.assertEqual((said["tenant"], len(said["trace_id"])), ("default", 32))
        # it is mended, and a person lets it have its turn
        deadly.unlink()
        number = str(self.service.number("select number from _journal where state=2"))
        self.assertIn(SENTENCE, self.does("events", "dead", "show", number))
        self.does("events", "dead", "retry", number)
        wait_until(lambda: self.ticks() == ["Gift", "danach", "davor"], "it had its turn")
        self.assertIn(self.service.number("select due_at from timer where subject='deadly'"), range(now, now + 2 * 86400))
        self.assertEqual(self.deaths("clock"), DEATHS)

    def test_an_answer(self):
        deadly = self.folder / "points" / 'call.answered {"name":"Gift"}.always'
        deadly.touch()
        self.service.post_until_taken([event(name, "door.opened", name) for name in ("Anna", "Gift", "Bert")])
        held = wait_until(lambda: [each for each in json.loads(self.does("held", "list", "--json")) if each["kind"] == "call"], "it is held", 120)
        self.assertEqual([each["why"] for each in held], [SENTENCE])
        self.assertEqual(self.deaths("courier"), DEATHS)
        self.service.post_until_taken([event("Carl", "door.opened", "Carl")])
        answers = "select name from visit where answer is not null order by name"
        wait_until(lambda: [name for name, in self.service.rows(answers)] == ["Anna", "Bert", "Carl"], "its neighbours are answered")
        self.assertEqual(self.service.rows("select count(*) from _death"), [(0,)])
        said, = self.logged("waits for a person")
        self.assertEqual((said["tenant"], len(said["trace_id"])), ("default", 32))
        deadly.unlink()
        self.does("held", "retry", held[0]["id"])
        wait_until(lambda: len(self.service.rows(answers)) == 4, "it is answered")
        self.assertEqual(self.deaths("courier"), DEATHS)


if __name__ == "__main__":
    unittest.main(argv=[*sys.argv, "-v"])
