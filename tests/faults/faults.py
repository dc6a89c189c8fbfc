#!/usr/bin/env python3
"""What is done to a service while it works, and what must come of it all the same: nothing lost, nothing twice, each subject in its order, soon.

Walkers take steps (pack/pack.flow): each step is a row, every fifth one a workflow with a call out, a pause and another effect. The other side
counts what it carried out. When the fault is over, a person has decided what waits for one, and all is quiet, the rows, the other side and
`stellwerk verify` are asked.

Usage: faults.py short PATH-OF-STELLWERK     a few of each fault, on the store that the environment names, as for tests/scenario/service.py
       faults.py long PATH-OF-STELLWERK …    all of them, often, on every store; see tests/faults/long
"""
import argparse
import json
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "scenario"))
sys.dont_write_bytecode = True
WORDS = sys.argv[1:]
sys.argv = [sys.argv[0], WORDS[1] if len(WORDS) > 1 else ""]
import service as scenario  # noqa: E402
from service import Outside, Service, wait_until  # noqa: E402

WALKERS = 8
RINGS = 5  # every so manieth step calls out
ACTIONS = ("ring", "pay", "open")  # which accepts a key, may not arrive twice, can be asked
LOSSES = {"cut", "late", "hang", "deaf"}  # what leaves it open whether a call arrived
DEATH = "the courier that sent it has ended before its answer"
FINE = {"lost": 0, "doubled": 0, "disordered": 0, "misjudged": 0, "unproven": 0}
SOON = 10  # seconds in which a service must be back


class Trial:
    """One service that is kept at work while something is done to it; then the books are looked into."""

    def __init__(self, store, clock=False, disk=None):
        self.folder = Path(tempfile.mkdtemp(prefix="stellwerk-fault-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.points, self.offset, self.disk = self.folder / "points", self.folder / "offset", disk
        self.points.mkdir()
        (self.folder / "other").mkdir()
        self.store, self.outside = store, Outside()
        if store == "production":
            scenario.broker_empty()
        self.environment = {"STELLWERK_FAULT": str(self.points)}
        if clock:
            self.offset.write_text("+0")
            self.environment.update(LD_PRELOAD=FAKETIME, FAKETIME_TIMESTAMP_FILE=str(self.offset), FAKETIME_NO_CACHE="1",
                                    FAKETIME_DONT_FAKE_MONOTONIC="1", ASAN_OPTIONS="verify_asan_link_order=0")
        if disk and store == "embedded":
            (disk / "data").mkdir(mode=0o700)
            (self.folder / "data").symlink_to(disk / "data")
        self.service = Service(self.folder, "--bridge", self.outside.url, "--batch", "16", pack=HERE / "pack", environment=self.environment)
        self.taken, self.calls = {f"Wanderer {i}": 0 for i in range(WALKERS)}, {action: set() for action in ACTIONS}
        self.way, self.orders, self.deafness, self.held = lambda: "answer", [], 0, {}
        self.outside.behaviour, self.outside.deaf = lambda number: self.behave(self.outside.now), self.is_deaf
        self.probes, self.recoveries, self.chance = 0, [], random.Random(7)

    # --- the other side
    def behave(self, request):
        """As it was ordered, or by chance. Who has carried out a call says the same of it each time: garbage once is garbage always."""
        key, action = request["id"], request["action"].removeprefix("outside.")
        if key in self.outside.garbled:
            return "garbage"
        order = next((order for order in self.orders if order[1] == action), None)
        if order:
            self.orders.remove(order)
        how = order[0] if order else self.way()
        if how == "kill":
            self.courier_kill()
            return "cut"
        return "answer" if how == "garbage" and key in self.outside.carried_out.get(request["action"], {}) else how

    def is_deaf(self):
        with self.outside.lock:
            is_deaf = self.deafness > 0
            self.deafness -= is_deaf
            return is_deaf

    def courier_kill(self):
        pid = wait_until(lambda: self.service.children().get("courier"), "there is a courier")
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: self.service.children().get("courier") != pid, "it is dead")

    def decide(self):
        """What a person does with what is held: asks the other side. Whether there was anything."""
        held = json.loads(self.service.command("held", "list", "--json").stdout)
        for call in held:
            self.held.setdefault(call["id"], []).append(call["why"])
            carried = call["id"] in self.outside.carried_out.get(call["what"], {})
            verb = "cancel" if call["id"] in self.outside.garbled else "go-on" if carried else "retry"
            said = self.service.command("held", verb, call["id"])
            assert said.returncode == 0, said.stderr
        return bool(held)

    # --- work
    def step(self, name, action=""):
        self.taken[name] += 1
        n = self.taken[name]
        if action:
            self.calls[action].add(f"{name} {n}")
        return {"specversion": "1.0", "id": f"{name} {n}", "source": "/faults", "type": "step.taken", "subject": name, "data": {"name": name, "n": n, "rings": action}}

    def steps(self, each=2):
        """The next steps of every walker, each walker's in their order, the walkers mixed."""
        return [self.step(name, self.action(self.taken[name] + 1)) for name in list(self.taken) * each if name.startswith("Wanderer")]

    def action(self, n):
        return "" if n % RINGS else ACTIONS[n // RINGS % len(ACTIONS)]

    def post(self, events):
        self.service.post_until_taken(events)

    def work(self, rounds=1):
        for _ in range(rounds):
            self.post(self.steps())

    def work_until(self, over):
        """As much as is handled at once: a fault is felt by what is being done, not by what waits."""
        while not over.is_set():
            wait_until(lambda: over.is_set() or self.count("select count(*) from _journal where state=0") < 4 * WALKERS, "there is little to do", 120)
            self.work()

    def feels(self, *words):
        """Until the service itself has said that something is wrong: then the fault is one."""
        before = len((self.folder / "log").read_text())
        return lambda: wait_until(lambda: any(word in (self.folder / "log").read_text()[before:] for word in words), f"the service says one of {words}")

    # --- how soon it is back
    def probe(self):
        """From now until something that comes in now is done."""
        begun = time.monotonic()
        self.probes += 1
        name = f"Bote {self.probes}"
        self.taken[name] = 0
        self.post([self.step(name)])
        wait_until(lambda: self.count(f"select count(*) from walker where name='{name}'") == 1, "the service is back", 60)
        self.recoveries.append(time.monotonic() - begun)

    def count(self, sql):
        try:
            return self.service.number(sql)
        except Exception:  # the store is what is gone
            return -1

    # --- the oracle
    def quiet(self):
        try:
            return self.service.all_quiet() and not (self.count("select count(*) from _call where state=4") and self.decide())
        except Exception:
            return False

    def settle(self):
        wait_until(self.quiet, "all is quiet", 600)

    def verdict(self):
        """{lost, doubled, disordered, misjudged, unproven}: all must be 0. Each step and each call is looked for by its name."""
        steps = {f"{name} {n}" for name, last in self.taken.items() for n in range(1, last + 1)}
        prints = self.service.rows("select walker.name,n,greeted from footprint join walker on walker.id=footprint.walker")
        printed = [f"{name} {n}" for name, n, _ in prints]
        greeted = {f"{name} {n}" for name, n, greeted in prints if greeted}
        carried, names, judged = self.carried(), self.names(), self.judged()
        calls, garbled = set().union(*self.calls.values()), {names[key] for key in self.outside.garbled}
        once = [len(requests) for action in ("pay", "open") for requests in self.outside.carried_out.get(f"outside.{action}", {}).values()]
        lost = {"steps": steps - set(printed), "calls": calls - set(carried), "greetings": calls - garbled - greeted}
        doubled = {"steps": len(printed) - len(set(printed)), "calls": len(carried) - len(set(carried)), "requests": sum(once) - len(once)}
        strange = {"steps": set(printed) - steps, "calls": set(carried) - calls, "greetings": greeted - (calls - garbled)}
        last = dict(self.service.rows("select name,last from walker"))
        behind = {name for name, n in self.taken.items() if last.get(name, 0) < n}
        dead = self.service.rows("select type,sentence,count(*) from _journal where state=2 and type<>'step.poisoned' group by 1,2")
        proof = self.service.command("verify")
        reasons = {names[key]: reasons for key, reasons in self.held.items() if names[key] in judged["held"]}
        self.found = {"lost": lost, "held because": reasons, "behind": behind, "doubled": doubled, "strange": strange, "misjudged": judged, "dead": dead, "verify": proof.returncode and proof.stdout + proof.stderr}
        return {
            "lost": sum(map(len, lost.values())) + len(behind),
            "doubled": sum(doubled.values()) + len(strange["steps"]) + len(strange["calls"]),
            "disordered": int(self.service.number("select coalesce(sum(out_of_order),0) from walker")),
            "misjudged": sum(map(len, judged.values())) + len(strange["greetings"]),
            "unproven": int(proof.returncode != 0),
        }

    def carried(self):
        """The names of the calls that the other side has carried out, one for each key."""
        return [requests[0]["name"] for actions in self.outside.carried_out.values() for requests in actions.values()]

    def names(self):
        return {request["id"]: request["arguments"]["name"] for request, _ in self.outside.behaved}

    def judged(self):
        """What was decided otherwise than it must: which call failed, and which one was held for a person, who is not to be asked for nothing."""
        names, behaved = self.names(), self.outside.behaved
        failed = {json.loads(arguments)["name"] for (arguments,) in self.service.rows("select arguments from _call where state=3")}
        held = {names[key] for key in self.held}
        by_death = {names[key] for key, reasons in self.held.items() if DEATH in reasons}
        open_ended = {request["id"] for request, how in behaved if request["action"] == "outside.pay" and how in LOSSES}
        unclear = {request["id"] for request, how in behaved if request.get("ask") and how == "garbage"}
        must = {names[key] for key in open_ended | unclear}
        return {"failed": failed ^ {names[key] for key in self.outside.garbled}, "not held": must - held, "held": held - must - by_death}

    def close(self):
        try:
            self.service.stop()
        except subprocess.TimeoutExpired:
            self.service.kill_all()
        self.service.log.close()
        self.outside.close()
        shutil.rmtree(self.folder, ignore_errors=True)


# --- faults: each is given a trial and how often
def kill_at_random(trial, times):
    for _ in range(times):
        trial.work()
        children = [pid for name, pid in trial.service.children().items()]
        if children:
            os.kill(trial.chance.choice(children), signal.SIGKILL)
        trial.probe()


def kill_at(point):
    """Whoever comes to that point next dies there."""

    def fault(trial, times):
        armed = trial.points / point
        for _ in range(times):
            armed.touch()
            trial.work()
            wait_until(lambda: not armed.exists() or trial.work(), f"somebody comes to {point}")
            trial.probe()

    return fault


def power_cut(trial, times):
    for _ in range(times):
        trial.work()
        trial.service.kill_all()
        begun = time.monotonic()
        trial.service.start()
        trial.probe()
        trial.recoveries[-1] = time.monotonic() - begun


def broker_remembers():
    """RabbitMQ writes down which quorum queues there are half a second after they were made. A broker that is killed before that comes back
    without knowing whom to start, and answers no consumer of them for a minute (seen with 3.10): its own fault, and no test of ours."""
    scenario.server("rabbitmq", "ctl", "eval", "[ok = dets:sync(Table) || Table <- [ra_directory_reverse, ra_log_meta]].")


def while_away(name, *what):
    """A server is restarted or killed while work comes in."""

    def fault(trial, times):
        if name == "rabbitmq":
            broker_remembers()
        for _ in range(times):
            posting = threading.Thread(target=trial.work, args=(3,))
            posting.start()
            for word in what:
                scenario.server(name, word)
            posting.join()
            trial.probe()

    return fault


# Looks for a transaction that has written and is still open, and cuts its connection at once: the server is nearer to it than any test.
CUT = """create function pg_temp.cut(who text) returns setof text language plpgsql as $$
declare prey record; until timestamptz := clock_timestamp() + interval '2 s';
begin
  while clock_timestamp() < until loop
    perform pg_stat_clear_snapshot();
    select pid, backend_xid into prey from pg_stat_activity
      where application_name=who and state in ('active','idle in transaction') and xact_start is not null and backend_xid is not null limit 1;
    if found and pg_terminate_backend(prey.pid) then return next prey.backend_xid::text; return; end if;
  end loop;
end $$; select pg_temp.cut('stellwerk {}')"""


def cut_in_transaction(role):
    """Whether the connection of that role was lost in mid-transaction: the server knows what became of it."""
    cut = scenario.psql(CUT.format(role))

    def end():
        found = scenario.psql(f"select pg_xact_status('{cut[0][0]}')")[0][0]
        return found != "in progress" and found

    return bool(cut) and wait_until(end, "the transaction has ended") == "aborted"


def connections_cut(trial, times):
    """Each time that of another role, with a transaction open in which something was written."""
    roles = ["worker", "courier", "clock"] if trial.store == "production" else ["worker", "courier", "clock", "api"]  # there the api writes to the broker
    for i in range(times):
        over = threading.Event()
        posting = threading.Thread(target=trial.work_until, args=(over,))
        posting.start()
        try:
            wait_until(lambda: cut_in_transaction(roles[i % len(roles)]), f"a transaction of the {roles[i % len(roles)]} is cut")
        finally:
            over.set()
            posting.join()
        trial.probe()


def alarm(*setting):
    """The broker is short of memory or disk and blocks its publishers, until it is not."""

    def fault(trial, times):
        for _ in range(times):
            scenario.server("rabbitmq", "ctl", *setting[0])
            felt = trial.feels("503")
            posting = threading.Thread(target=trial.work, args=(2,))
            posting.start()
            felt()
            scenario.server("rabbitmq", "ctl", *setting[1])
            posting.join()
            trial.probe()

    return fault


def doubled_and_mixed(trial, times):
    """What was taken comes again, in any order, together with what is new."""
    for _ in range(times):
        events = trial.steps(3)
        trial.post(events)
        again = events * 2
        trial.chance.shuffle(again)
        trial.post(again)
        trial.probe()


def other_side(trial, times):
    """It cuts, has no time, answers garbage, answers twice, or later than anybody waits."""
    ways = 8 * ["answer"] + ["cut", "unavailable", "garbage", "twice", "late"]
    trial.way = lambda: trial.chance.choice(ways)
    for _ in range(times):
        trial.work(3)
        trial.probe()
    trial.way = lambda: "answer"  # what failed again and again waits longer each time


def silence(trial, times):
    """It reads and never answers, or takes the connection and does not even read. Nobody else waits for it."""
    for _ in range(times):
        for orders, deafness in ([("hang", action) for action in ACTIONS], 0), ([], len(ACTIONS)):  # fewer than those that make the courier leave it alone
            until = trial.outside.given_up + len(orders) + deafness
            trial.orders, trial.deafness = orders, deafness
            wait_until(lambda: not trial.orders and not trial.deafness or trial.work(), "all of them are out")
            trial.probe()
            wait_until(lambda: trial.outside.given_up >= until, "nobody waits any longer")


def killed_in_flight(trial, times):
    """The courier dies when the other side has the request, and has not answered it."""
    for i in range(times):
        trial.orders = [("kill", ACTIONS[i % len(ACTIONS)])]
        wait_until(lambda: not trial.orders or trial.work(), "the request has arrived")
        trial.probe()


def clock_jumps(trial, times):
    """Forth while there is work; back when all is quiet, for what was to be in a second is in an hour and a second then."""
    for i in range(times):
        trial.work(3)
        trial.offset.write_text("+3600")
        trial.work(3)
        wait_until(lambda: trial.count(f"select count(*) from _journal where handled_at>{int(time.time()) + 3000}") > 0, "the service sees it")
        trial.probe()
        trial.settle()
        trial.offset.write_text("+0")
        trial.probe()
        trial.work(3)
        trial.settle()


def two_services(trial, times):
    """Two schedulers, two couriers, two workers on one database."""
    other = Service(trial.folder / "other", "--bridge", trial.outside.url, "--batch", "16", fresh=False, pack=HERE / "pack", environment=trial.environment)
    try:
        for i in range(times):
            trial.work()
            other.post_until_taken(trial.steps())
            if i % 3 == 2:
                other.kill_all()
                other.start()
            trial.probe()
    finally:
        other.stop()
        other.log.close()


def disk_full(trial, times):
    """The data's file system has no room left, until somebody makes some."""
    filler = trial.disk / "filler"
    for _ in range(times):
        trial.work()
        felt = trial.feels("could not write", "No space left", "the database")
        fill(filler)
        over = threading.Event()
        posting = threading.Thread(target=trial.work_until, args=(over,))
        posting.start()
        felt()
        over.set()
        filler.unlink()
        if trial.store == "postgres":  # which gives up when its log has no room
            scenario.server("postgres", "restart")
        posting.join()
        trial.probe()


def fill(path):
    with open(path, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 20))
        except OSError:
            pass
        try:
            while True:
                file.write(bytes(512))
        except OSError:
            pass


def out_of_memory(trial, times):
    """A worker that gets no more memory than it has, and ever heavier events. A fresh one each time: its elder has room from those before."""
    for _ in range(times):
        elder = wait_until(lambda: trial.service.children().get("worker"), "there is a worker")
        os.kill(elder, signal.SIGKILL)
        trial.probe()
        pid = wait_until(lambda: trial.service.children().get("worker"), "there is another")
        have = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        subprocess.run(["prlimit", f"--as={have}", "--pid", str(pid)], check=True)
        died, weight = lambda: trial.service.children().get("worker") != pid, 1 << 18
        while not died():
            events = [*trial.steps(), trial.step("Wanderer 0"), *trial.steps()]
            events[2 * WALKERS]["data"]["luggage"] = weight * "x"
            trial.post(events)
            wait_until(lambda: died() or trial.count("select last from walker where name='Wanderer 0'") == trial.taken["Wanderer 0"], "it has handled it, or died of it")
            weight = min(2 * weight, 4 << 20)
        trial.probe()


def poison(trial, times):
    """An event that kills whoever handles it. It must not keep the others from their turns for long, and be dead in the end."""
    deadly = trial.points / "turn.of step.poisoned.always"
    deadly.touch()
    for i in range(times):
        event = {"specversion": "1.0", "id": f"poison {i}", "source": "/faults", "type": "step.poisoned", "subject": "Wanderer 1", "data": {"name": "Gift"}}
        trial.post(trial.steps() + [event] + trial.steps())
        trial.probe()
    wait_until(lambda: trial.count("select count(*) from _journal where state=2 and type='step.poisoned'") == times, "it is dead")
    deadly.unlink()


POINTS = ["post.written", "post.committed", "turn.written", "turn.committed", "call.leased", "call.answered", "call.settled", "timer.due"]
BROKER_POINTS = [point for point in POINTS if not point.startswith("post.")] + ["delivery.stored"]
EVERYWHERE, SERVERS, POSTED, BROKERED = {"embedded", "postgres", "production"}, {"postgres", "production"}, {"embedded", "postgres"}, {"production"}
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"

# fault, how it is done, on which stores, how often in the short and in the long form
FAULTS = [
    ("any process killed at random, under load", kill_at_random, EVERYWHERE, 5, 500),
    *((f"killed at `{point}`", kill_at(point), POSTED if point.startswith("post.") else EVERYWHERE, 1, 10) for point in POINTS),
    ("killed at `delivery.stored`", kill_at("delivery.stored"), BROKERED, 1, 10),
    ("power cut: all processes killed", power_cut, EVERYWHERE, 1, 20),
    ("PostgreSQL restarted", while_away("postgres", "restart"), SERVERS, 1, 5),
    ("PostgreSQL killed", while_away("postgres", "kill", "restart"), SERVERS, 1, 5),
    ("connections to PostgreSQL cut in mid-transaction", connections_cut, SERVERS, 4, 20),
    ("RabbitMQ restarted", while_away("rabbitmq", "restart"), BROKERED, 0, 5),
    ("RabbitMQ killed", while_away("rabbitmq", "kill", "restart"), BROKERED, 1, 5),
    ("RabbitMQ: memory alarm", alarm(("set_vm_memory_high_watermark", "absolute", "1MB"), ("set_vm_memory_high_watermark", "absolute", "512MB")), BROKERED, 1, 5),
    ("RabbitMQ: disk alarm", alarm(("set_disk_free_limit", "10000GB"), ("set_disk_free_limit", "50MB")), BROKERED, 1, 5),
    ("events doubled and mixed", doubled_and_mixed, EVERYWHERE, 2, 20),
    ("the courier killed while the other side has its request", killed_in_flight, EVERYWHERE, 3, 15),
    ("the other side cuts, is late, answers twice or garbage", other_side, EVERYWHERE, 1, 10),
    ("the other side never answers, or does not even read", silence, EVERYWHERE, 1, 5),
    ("two services at once, one killed now and then", two_services, SERVERS, 3, 15),
    ("a worker out of memory", out_of_memory, EVERYWHERE, 1, 10),
    ("an event that kills whoever handles it", poison, EVERYWHERE, 1, 5),
    ("the clock jumps an hour, forth and back", clock_jumps, EVERYWHERE, 1, 5),
    ("disk full", disk_full, POSTED, 1, 5),
]


def the_oracle_sees(store):
    """What it is there for: a row that is gone, an effect that was had twice, steps in the wrong order, garbage that hides a greeting."""
    trial = Trial(store)
    try:
        trial.orders = [("garbage", "ring"), ("cut", "pay")]
        trial.work(9)
        trial.settle()
        assert trial.verdict() == FINE and len(trial.held) == len(trial.outside.garbled) == 1, trial.held
        trial.taken["Wirr"] = 0
        first, second = trial.step("Wirr"), trial.step("Wirr")
        trial.post([second, first])
        wait_until(lambda: trial.count("select count(*) from walker where name='Wirr'") == 1, "both have come")
        trial.settle()
        rung, paid = (trial.outside.carried_out[f"outside.{action}"] for action in ("ring", "pay"))
        rung["again"] = next(iter(rung.values()))  # another key for the same
        next(iter(paid.values())).append({})  # the same key once more
        key = next(key for key in trial.held)
        trial.held = {next(other for other in paid if other != key): ["for nothing"]}
        trial.outside.garbled.pop()
        trial.service.write("delete from footprint where n=1")  # of the walkers and of Wirr, who is behind
        trial.service.write("drop trigger _history_update" if store == "embedded" else "alter table _history disable trigger user")
        trial.service.write("update _history set at=at+1 where number=(select min(number) from _history)")
        found = trial.verdict()
        assert found == {"lost": WALKERS + 1 + 1 + 1, "doubled": 2, "disordered": 2, "misjudged": 3, "unproven": 1}, found
    finally:
        trial.close()


# --- the short form: one service takes it all
def short(store):
    if store != "production":  # whose rows are in the same database
        the_oracle_sees(store)
    mine = [row for row in FAULTS if store in row[2] and row[3]]
    failures = together(store, [row for row in mine if row[1] not in (clock_jumps, disk_full)])
    failures += together(store, [row for row in mine if row[1] is clock_jumps], clock=True)
    full = [row for row in mine if row[1] is disk_full]
    if full and not may_mount():
        print("disk full: not here, for a file system that can be filled is mounted, and that may only root")
    elif full:
        failures += with_disk(store, lambda disk: together(store, full, disk=disk))
    return failures


def together(store, faults, **how):
    trial = Trial(store, **how)
    try:
        for name, fault, _, times, _ in faults:
            begun = time.monotonic()
            fault(trial, times)
            print(f"{name:58} {time.monotonic() - begun:6.1f} s", flush=True)
        begun = time.monotonic()
        trial.settle()
        print(f"{'until all is quiet':58} {time.monotonic() - begun:6.1f} s", flush=True)
        return judge(trial)
    finally:
        trial.close()


def judge(trial):
    verdict = trial.verdict()
    worst = max(trial.recoveries)
    if any(verdict.values()):
        print(trial.found)
    print(f"{trial.store}: {sum(trial.taken.values())} events, {sum(map(len, trial.calls.values()))} calls, {len(trial.held)} held, {len(trial.recoveries)} times back, at worst after {worst:.1f} s: {verdict}")
    return any(verdict.values()) + (worst > SOON)


def may_mount():
    return os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0


def with_disk(store, run):
    """A small file system of its own, which can be filled: the embedded store's, or that of a server of its own."""
    disk = Path(tempfile.mkdtemp(prefix="stellwerk-disk-", dir="/tmp"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={'128m' if store == 'embedded' else '400m'},mode=755", "tmpfs", disk], check=True)
    before = scenario.DATABASE, scenario.FOLDERS["postgres"]
    try:
        if store == "postgres":
            port = re.search(r":(\d+)/", scenario.DATABASE).group(1)
            other = str(int(port) + 6)  # behind those of tests/servers.cmake
            scenario.FOLDERS["postgres"] = str(disk / "postgres")
            scenario.server("postgres", "start", other)
            scenario.DATABASE = scenario.DATABASE.replace(port, other)
        return run(disk)
    finally:
        if store == "postgres":
            scenario.server("postgres", "stop")
        scenario.DATABASE, scenario.FOLDERS["postgres"] = before
        subprocess.run(["umount", disk], check=True)
        disk.rmdir()


# --- the long form: a service for each fault, and a table
def row(store, name, fault, times):
    found = {}

    def run(disk=None):
        trial = Trial(store, clock=fault is clock_jumps, disk=disk)
        try:
            fault(trial, times)
            trial.settle()
            verdict = trial.verdict()
            if any(verdict.values()):
                print(trial.found, file=sys.stderr)
            found.update(verdict, events=sum(trial.taken.values()), median=statistics.median(trial.recoveries), worst=max(trial.recoveries))
        except Exception as error:  # whatever it was: the other faults have their turn, and this one has failed
            print((trial.folder / "log").read_text()[-4000:], file=sys.stderr)
            found.update(lost=f"**{error}**", doubled="?", disordered="?", misjudged="?", unproven="?", events=sum(trial.taken.values()), median=0, worst=SOON + 1)
        finally:
            trial.close()

    with_disk(store, run) if fault is disk_full else run()
    found["failed"] = any(found[word] for word in FINE) or found["worst"] > SOON
    print(f"{'FAILED' if found['failed'] else 'fine':7}{store:11} {name:58} x{times:<4} {found}", flush=True)
    return f"| {name} | {times} | {found['events']:,} | {found['median']:.1f} s | {found['worst']:.1f} s | {found['lost']} | {found['doubled']} | {found['disordered']} | {found['misjudged']} | {found['unproven']} |", found["failed"]


HEAD = "| fault | times | events | back after | at worst | lost | doubled | out of order | misjudged | unproven |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"


def long(store, only, share):
    rows, failures = [], 0
    for name, fault, stores, _, times in FAULTS:
        if store not in stores or only not in name:
            continue
        text, failed = row(store, name, fault, max(1, times * share // 100))
        rows.append(text)
        failures += failed
    print("\n".join(["", f"### {store}", "", HEAD, *rows]))
    return failures


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("form", choices=("short", "long"))
    words.add_argument("stellwerk")
    words.add_argument("--only", default="", help="faults whose name contains this")
    words.add_argument("--share", type=int, default=100, help="per cent of the repetitions")
    given = words.parse_args(WORDS)
    store = "production" if scenario.BROKER else "postgres" if scenario.DATABASE else "embedded"
    sys.exit(1 if (short(store) if given.form == "short" else long(store, given.only, given.share)) else 0)


if __name__ == "__main__":
    main()
