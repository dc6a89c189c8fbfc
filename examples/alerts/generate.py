#!/usr/bin/env python3
"""Writes the recorded week of this folder: one JSON Lines file per vendor and master.flow.

The same bytes on every run and every Python from 3.9: no clock, no set order, no `random`.
Usage: generate.py [FOLDER]   write the files (default: this folder)
       generate.py --table    print the table of README.md
"""
import base64
import hashlib
import json
import os
import sys
from datetime import datetime, timedelta, timezone

HERE = os.path.dirname(os.path.abspath(__file__))
CET = timezone(timedelta(hours=1))           # 2026-03-02 .. 2026-03-08 is all winter time
UTC = timezone.utc
VENDORS = ["tactical", "ninjaone", "datto", "atera", "level"]
RECEIVE = {"tactical": "tactical", "ninjaone": "ninja", "datto": "datto", "atera": "atera", "level": "level"}
INFO, WARNING, ERROR, CRITICAL = range(4)


class Dice:
    """A counter through SHA-256: slower than `random`, and the same for ever."""

    def __init__(self, seed):
        self.seed, self.count = seed, 0

    def below(self, n):
        self.count += 1
        digest = hashlib.sha256(f"{self.seed}:{self.count}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % n

    def between(self, low, high):
        return low + self.below(high - low + 1)

    def pick(self, items):
        return items[self.below(len(items))]

    def shuffled(self, items):
        items = list(items)
        for i in range(len(items) - 1, 0, -1):
            j = self.below(i + 1)
            items[i], items[j] = items[j], items[i]
        return items


def digest(*parts):
    return hashlib.sha256("/".join(str(part) for part in parts).encode()).hexdigest()


def uuid(*parts):
    h = digest(*parts)
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:32]}"


# --- who there is -----------------------------------------------------------------------------------------------

# key, name, tier, zone, vendor, sites: (key, name, town code, devices)
CUSTOMERS = [
    ("muster", "Muster GmbH", "gold", "Europe/Vienna", "ninjaone",
     [("graz", "Graz", "GRZ", 24), ("leoben", "Leoben", "LEO", 6)]),
    ("hotel", "Hotel Gipfelträumer KG", "silver", "Europe/Vienna", "datto",
     [("seefeld", "Seefeld", "SEE", 7), ("soelden", "Sölden", "SOE", 7)]),
    ("baeckerei", "Bäckerei Krümelmüller e.K.", "standard", "Europe/Berlin", "atera", [("rosenheim", "Rosenheim", "ROS", 6)]),
    ("steuer", "Steuerkanzlei Grünspecht & Söhne", "gold", "Europe/Berlin", "tactical",
     [("muenchen", "München", "MUC", 7), ("augsburg", "Augsburg", "AUG", 6)]),
    ("klinik", "Privatklinik Seerosenhügel GmbH", "gold", "Europe/Vienna", "ninjaone",
     [("klagenfurt", "Klagenfurt", "KLU", 7), ("villach", "Villach", "VIL", 7)]),
    ("metall", "Metallbau Eisenärmel GmbH", "silver", "Europe/Berlin", "tactical",
     [("dortmund", "Dortmund", "DTM", 7), ("luenen", "Lünen", "LUE", 6)]),
    ("zahnarzt", "Zahnarztpraxis Dr. Zähnle", "standard", "Europe/Berlin", "level", [("koeln", "Köln", "CGN", 6)]),
    ("spedition", "Spedition Nordlöwe GmbH", "silver", "Europe/Berlin", "datto",
     [("hamburg", "Hamburg", "HAM", 7), ("luebeck", "Lübeck", "LBC", 7)]),
    ("treuhand", "Beispiel Treuhand Zürich AG", "gold", "Europe/Zurich", "level",
     [("zuerich", "Zürich", "ZRH", 7), ("winterthur", "Winterthur", "WIN", 7)]),
    ("moebel", "Möbelhaus Schrägbein OHG", "standard", "Europe/Berlin", "atera",
     [("wuerzburg", "Würzburg", "WUE", 7), ("fulda", "Fulda", "FUL", 6)]),
    ("weingut", "Weingut Süßrebe", "standard", "Europe/Vienna", "ninjaone", [("krems", "Krems", "KRE", 6)]),
    ("schule", "Freie Schule Sonnenfänger e.V.", "standard", "Europe/Berlin", "level", [("jena", "Jena", "JEN", 7)]),
]
SERVERS = ["DC01", "FS01", "SQL01", "HV01", "EX01", "BK01"]
ROOMS = ["EMPFANG", "BUERO", "LAGER", "WERKSTATT", "LEITUNG", "SCHULUNG"]


class Device:
    def __init__(self, customer, site, name, kind, number):
        self.customer, self.site, self.name, self.kind, self.number = customer, site, name, kind, number
        self.vendor = customer[4]
        self.key = f"{customer[0]}_{site[0]}_{name.split('-', 2)[2].lower().replace('-', '_')}"
        self.uid = self.rmm_id()

    def rmm_id(self):
        h = digest("device", self.name)
        if self.vendor == "tactical":           # 40 letters
            letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
            full = digest("agent", self.name) + h
            return "".join(letters[int(full[i * 2:i * 2 + 2], 16) % 52] for i in range(40))
        if self.vendor == "ninjaone":
            return str(100 + self.number)
        if self.vendor == "level":
            return base64.b64encode(f"gid://level/Device/{48000 + self.number}".encode()).decode().rstrip("=")
        return uuid("device", self.name)        # datto, atera

    def fqdn(self):
        return f"{self.name.lower()}.{self.customer[0]}.example"


def devices():
    made = []
    for customer in CUSTOMERS:
        prefix = customer[0][:3].upper()
        for site in customer[5]:
            code, size = site[2], site[3]
            names = [("FW01", "firewall"), ("SW01", "switch")]
            servers = SERVERS[:6] if size > 10 else SERVERS[:2]
            names += [(server, "server") for server in servers]
            if size > 10:
                names += [("SW02", "switch"), ("NAS01", "other")]
            while len(names) < size:
                n = len(names)
                names.append((f"{ROOMS[n % len(ROOMS)]}{n:02d}", "workstation"))
            for name, kind in names:
                made.append(Device(customer, site, f"{prefix}-{code}-{name}", kind, len(made) + 1))
    return made


# --- what can happen --------------------------------------------------------------------------------------------

# name (NinjaOne, Level, Atera), Tactical (alert_type, check_type, description), Datto (@class, context), message
CONDITIONS = {
    "disk c:": ("Laufwerk C: fast voll", ("check", "diskspace", "Disk Space Check: Drive C: -  Warning Threshold: 20% Error Threshold: 10%"),
                "perf_disk_usage_ctx", "Laufwerk C: zu {v} % belegt"),
    "disk d:": ("Laufwerk D: fast voll", ("check", "diskspace", "Disk Space Check: Drive D: -  Warning Threshold: 20% Error Threshold: 10%"),
                "perf_disk_usage_ctx", "Laufwerk D: zu {v} % belegt"),
    "cpu": ("CPU-Last hoch", ("check", "cpuload", "CPU Load Check -  Warning Threshold: 85% Error Threshold: 95%"),
            "perf_resource_usage_ctx", "CPU-Last seit 15 Minuten bei {v} %"),
    "memory": ("Arbeitsspeicher knapp", ("check", "memory", "Memory Check -  Warning Threshold: 85% Error Threshold: 95%"),
               "perf_resource_usage_ctx", "Arbeitsspeicher zu {v} % belegt"),
    "offline": ("Gerät offline", ("availability", "", ""), "online_offline_status_ctx", "Gerät ist seit 5 Minuten nicht erreichbar"),
    "service spooler": ("Dienst: Spooler", ("check", "winsvc", "Service Check: Spooler"), "srvc_status_ctx",
                        "Dienst Spooler (Druckwarteschlange) ist beendet"),
    "service mssqlserver": ("Dienst: MSSQLSERVER", ("check", "winsvc", "Service Check: MSSQLSERVER"), "srvc_status_ctx",
                            "Dienst MSSQLSERVER ist beendet"),
    "service sentinelagent": ("Dienst: SentinelAgent", ("check", "winsvc", "Service Check: SentinelAgent"), "srvc_status_ctx",
                              "Dienst SentinelAgent ist unerwartet beendet"),
    "backup veeam täglich": ("Backup: Veeam täglich", ("check", "script", "Script Check: Backup Veeam täglich"), "comp_script_ctx",
                             "Sicherung „Veeam täglich“ fehlgeschlagen: Ziel nicht erreichbar (0x80070035)"),
    "backup hyper-v nacht": ("Backup: Hyper-V Nacht", ("task", "", "Backup Hyper-V Nacht"), "comp_script_ctx",
                             "Sicherung „Hyper-V Nacht“ fehlgeschlagen: {v} von 120 GB geschrieben"),
    "raid": ("RAID-Verbund beeinträchtigt", ("check", "script", "Script Check: RAID-Verbund"), "comp_script_ctx",
             "RAID 5: physische Platte 0:1:{v} ausgefallen"),
    "smart": ("SMART-Fehler", ("check", "script", "Script Check: SMART-Fehler"), "comp_script_ctx",
              "SMART sagt einen Ausfall voraus, {v} ersetzte Sektoren"),
    "ups": ("USV im Akkubetrieb", ("check", "script", "Script Check: USV im Akkubetrieb"), "comp_script_ctx",
            "USV läuft auf Akku, noch {v} Minuten"),
    "certificate": ("Zertifikat läuft ab", ("check", "script", "Script Check: Zertifikat läuft ab"), "comp_script_ctx",
                    "Zertifikat der Domäne läuft in {v} Tagen ab"),
    "defender": ("Defender: Bedrohung gefunden", ("check", "eventlog", "Event Log Check: Defender 1116"), "endpoint_security_threat_ctx",
                 "Trojan:Win32/Wacatac.B!ml in C:\\Users\\Müller\\Downloads\\Rechnung_{v}.exe gefunden"),
    "sentinel": ("SentinelOne: Bedrohung gefunden", ("check", "script", "Script Check: SentinelOne"), "comp_script_ctx",
                 "SentinelOne: verdächtige Verschlüsselung, {v} Dateien, Prozess angehalten"),
    "huntress": ("Huntress: Vorfall", ("check", "script", "Script Check: Huntress"), "comp_script_ctx",
                 "Huntress: Fernzugriffswerkzeug ohne Freigabe gefunden (Fall {v})"),
    "login": ("Fehlgeschlagene Anmeldungen", ("check", "eventlog", "Event Log Check: Fehlgeschlagene Anmeldungen"), "eventlog_ctx",
              "{v} fehlgeschlagene Anmeldungen in 10 Minuten"),
    "patch": ("Patches ausstehend", ("check", "script", "Script Check: Patches ausstehend"), "patch_ctx", "{v} wichtige Updates stehen aus"),
    "reboot": ("Neustart erforderlich", ("task", "", "Neustart erforderlich"), "comp_script_ctx", "Neustart steht seit {v} Tagen aus"),
    "vpn": ("VPN-Tunnel unterbrochen", ("check", "ping", "Ping Check: VPN-Tunnel"), "comp_script_ctx", "VPN-Tunnel zur Zentrale unterbrochen"),
    "temperature": ("Temperatur Serverraum", ("check", "script", "Script Check: Temperatur Serverraum"), "comp_script_ctx",
                    "Temperatur im Serverraum {v} °C"),
}
VALUES = {"cpu": (91, 99), "memory": (90, 98), "disk c:": (88, 99), "disk d:": (88, 99), "raid": (1, 7), "temperature": (31, 44),
          "certificate": (3, 28), "ups": (6, 38), "patch": (4, 31), "reboot": (3, 21), "login": (24, 410), "smart": (8, 200),
          "backup hyper-v nacht": (3, 97), "sentinel": (12, 90), "huntress": (2201, 2299), "defender": (1001, 9999)}
FITS = {
    "server": ["disk c:", "disk d:", "cpu", "memory", "service spooler", "service mssqlserver", "raid", "smart", "certificate", "patch", "reboot"],
    "workstation": ["disk c:", "cpu", "memory", "smart", "patch", "reboot", "service spooler"],
    "firewall": ["vpn", "certificate", "cpu"], "switch": ["temperature", "cpu"], "other": ["disk d:", "smart", "ups"],
}
SERIOUS = {"raid": CRITICAL, "service mssqlserver": CRITICAL, "vpn": ERROR, "smart": ERROR, "ups": CRITICAL, "offline": ERROR,
           "defender": ERROR, "sentinel": CRITICAL, "huntress": CRITICAL, "login": ERROR, "backup veeam täglich": ERROR,
           "backup hyper-v nacht": ERROR, "service sentinelagent": ERROR, "disk c:": WARNING, "temperature": ERROR}


class Event:
    """One delivery: the alert it belongs to, when it happened there, when it arrived here."""

    def __init__(self, scenario, device, check, clear, alert, at, received, severity, value, since):
        self.scenario, self.device, self.check, self.clear, self.alert = scenario, device, check, clear, alert
        self.at, self.received, self.severity, self.value, self.since = at, received, severity, value, since
        self.body = None


class Week:
    def __init__(self):
        self.dice = Dice("Stellwerk 2026-03-02")
        self.devices = devices()
        self.events, self.taken, self.alerts = [], [], 0

    # --- helpers of the scenarios

    def delay(self, device):
        if device.vendor == "atera":                         # polled every five minutes
            return self.dice.between(5, 300)
        return self.dice.between(1, 14)

    def day(self, day, hour, minute=0, second=0):
        return datetime(2026, 3, 2, tzinfo=CET) + timedelta(days=day, hours=hour, minutes=minute, seconds=second)

    def office(self, day=None):
        """A moment of the week, mostly in office hours."""
        day = self.dice.below(5) if day is None else day
        hour = self.dice.between(7, 17) if self.dice.below(5) else self.dice.pick([0, 2, 4, 5, 19, 21, 23])
        return self.day(day, hour, self.dice.below(60), self.dice.below(60))

    def free(self, check=None, kinds=None, vendor=None):
        """A device and a check no other scenario has used."""
        for device in self.dice.shuffled(self.devices):
            if (kinds and device.kind not in kinds) or (vendor and device.vendor != vendor):
                continue
            for name in [check] if check else self.dice.shuffled(FITS[device.kind]):
                if (device.key, name) not in self.taken:
                    self.taken.append((device.key, name))
                    return device, name
        raise SystemExit(f"no device left for {check} {kinds} {vendor}")

    def value(self, check):
        low, high = VALUES.get(check, (1, 9))
        return self.dice.between(low, high)

    def raised(self, scenario, device, check, at, severity=None, delay=None):
        self.alerts += 1
        severity = SERIOUS.get(check, WARNING) if severity is None else severity
        delay = self.delay(device) if delay is None else delay
        event = Event(scenario, device, check, False, self.alerts, at, at + timedelta(seconds=delay), severity, self.value(check), at)
        self.events.append(event)
        return event

    def cleared(self, scenario, trigger, at, delay=None):
        delay = self.delay(trigger.device) if delay is None else delay
        event = Event(scenario, trigger.device, trigger.check, True, trigger.alert, at, at + timedelta(seconds=delay),
                      trigger.severity, trigger.value, trigger.at)
        self.events.append(event)
        return event

    def again(self, event, seconds):
        """The same delivery once more: the body stays byte for byte."""
        copy = Event("duplicate", event.device, event.check, event.clear, event.alert, event.at,
                     event.received + timedelta(seconds=seconds), event.severity, event.value, event.since)
        copy.first = event
        self.events.append(copy)

    # --- the scenarios

    def offline_site(self):
        """Tuesday 13:20: the firewall in Graz goes, 20 devices follow, 45 minutes later all but one return."""
        site = [d for d in self.devices if d.customer[0] == "muster" and d.site[0] == "graz"]
        gateway, below = site[0], [d for d in site if d.kind != "firewall"][:20]
        start = self.day(1, 13, 20)
        for d in site:
            self.taken.append((d.key, "offline"))
        gone = self.raised("site offline", gateway, "offline", start, CRITICAL, delay=95)   # arrives after three of its devices
        lost = [self.raised("site offline", d, "offline", start + timedelta(seconds=40 + 9 * n), delay=self.dice.between(2, 9))
                for n, d in enumerate(below)]
        self.cleared("site offline", gone, start + timedelta(minutes=45))
        for n, trigger in enumerate(lost[:-1]):
            self.cleared("site offline", trigger, start + timedelta(minutes=45, seconds=20 + 7 * n))

    def storm(self):
        """Wednesday 10:02: a bad update stops the virus scanner; 120 alerts in five minutes, half recover."""
        start, hit = self.day(2, 10, 2), []
        machines = [d for d in self.devices if d.kind in ("server", "workstation")]
        for d in self.dice.shuffled(machines)[:84]:
            hit.append((d, "service sentinelagent"))
        for d in self.dice.shuffled(machines):
            if len(hit) < 120 and (d.key, "cpu") not in self.taken:
                hit.append((d, "cpu"))
        made = []
        for n, (d, check) in enumerate(hit):
            self.taken.append((d.key, check))
            made.append(self.raised("storm", d, check, start + timedelta(milliseconds=2400 * n + self.dice.below(900)),
                                    delay=self.dice.between(1, 4)))
        for trigger in made[::2]:
            self.cleared("storm recovery", trigger, self.day(2, 10, 41) + timedelta(seconds=self.dice.below(1500)))

    def flapping(self):
        """Three devices trigger and clear eight times in 20 minutes; the second ends in alarm, the others in peace."""
        for vendor, day, hour, check in (("ninjaone", 0, 9, "vpn"), ("tactical", 1, 15, "vpn"), ("level", 3, 11, "temperature")):
            device, check = self.free(check, ["firewall", "switch"], vendor)
            start = self.day(day, hour, 10)
            for n in range(8):
                trigger = self.raised("flapping", device, check, start + timedelta(seconds=150 * n), delay=2)
                if not (vendor == "tactical" and n == 7):
                    self.cleared("flapping", trigger, start + timedelta(seconds=150 * n + 70), delay=2)

    def maintenance(self):
        """Thursday 22:00 to 24:00, a declared window in Klagenfurt: servers restart, two things stay broken."""
        site = [d for d in self.devices if d.customer[0] == "klinik" and d.site[0] == "klagenfurt"]
        checks = [(d, c) for d in site for c in ("offline", "reboot" if d.kind == "workstation" else "memory")][:11]
        for n, (d, check) in enumerate(checks):
            self.taken.append((d.key, check))
            trigger = self.raised("maintenance", d, check, self.day(3, 22, 4 + 7 * n, 30), delay=3)
            if n not in (4, 9):                            # these two are still active when the window ends
                self.cleared("maintenance", trigger, self.day(3, 22, 15 + 7 * n), delay=3)
        d = site[2]
        self.taken.append((d.key, "service spooler"))
        self.raised("maintenance", d, "service spooler", self.day(4, 0), delay=0)      # the end is exclusive: this one counts

    def escalating(self):
        """Severity rises and falls again under one key."""
        for vendor in VENDORS:
            device, check = self.free("disk d:", ["server"], vendor)
            at = self.office(self.dice.below(4)).replace(hour=8)
            for n, severity in enumerate((WARNING, ERROR, CRITICAL, WARNING)):
                at += timedelta(minutes=self.dice.between(18, 70))
                trigger = self.raised("escalating", device, check, at, severity)
                if vendor == "tactical" and n < 3:         # it keeps one open alert a check: the next needs a recovery
                    self.cleared("escalating", trigger, at + timedelta(minutes=10))

    def backups(self):
        """Every night; on Tuesday and Thursday the night's success clears the failure of the night before."""
        for check in ("backup veeam täglich", "backup hyper-v nacht"):
            for _ in range(6):
                device, _check = self.free(check, ["server"])
                night = self.dice.below(3)
                last = None
                for day in range(night, min(night + 2 + self.dice.below(2), 5)):
                    at = self.day(day, self.dice.between(1, 4), self.dice.below(60), self.dice.below(60))
                    if last and device.vendor == "tactical":
                        self.cleared("backup", last, at - timedelta(minutes=30))
                    last = self.raised("backup", device, check, at)
                if self.dice.below(3):
                    self.cleared("backup", last, last.at + timedelta(hours=20, minutes=self.dice.below(60)))

    def security(self):
        for check, count in (("defender", 9), ("sentinel", 6), ("huntress", 3), ("login", 8)):
            for _ in range(count):
                device, _check = self.free(check, ["server", "workstation"])
                trigger = self.raised("security", device, check, self.office())
                if check == "defender" and self.dice.below(2):
                    self.cleared("security", trigger, trigger.at + timedelta(minutes=self.dice.between(4, 90)))

    def informational(self):
        for _ in range(40):
            device, check = self.free(self.dice.pick(["patch", "reboot"]), ["server", "workstation"])
            self.raised("informational", device, check, self.office(), INFO)

    def singles(self):
        for _ in range(90):
            device, check = self.free()
            self.raised("single", device, check, self.office())

    def recovered(self):
        for _ in range(60):
            device, check = self.free()
            trigger = self.raised("recovered", device, check, self.office(self.dice.below(4)))
            self.cleared("recovered", trigger, trigger.at + timedelta(minutes=self.dice.between(3, 300)))

    def renewed(self):
        """The condition comes again under a new id while the ticket is open: a repeat, not a second ticket."""
        for n in range(12):
            device, check = self.free(None, None, ["ninjaone", "datto", "atera", "level"][n % 4])
            at = self.office(self.dice.below(4))
            for _ in range(4):
                self.raised("renewed", device, check, at)
                at += timedelta(minutes=self.dice.between(12, 160))

    def overtaken(self):
        """The recovery is delivered before its trigger."""
        for _ in range(10):
            device, check = self.free()
            trigger = self.raised("recovery first", device, check, self.office(self.dice.below(4)), delay=400)
            self.cleared("recovery first", trigger, trigger.at + timedelta(seconds=150), delay=30)

    def late_recovery(self):
        """An old recovery is delivered after a newer trigger."""
        for n in range(6):
            device, check = self.free(None, None, ["ninjaone", "datto", "level"][n % 3])
            first = self.raised("late recovery", device, check, self.office(self.dice.below(4)))
            self.cleared("late recovery", first, first.at + timedelta(minutes=5), delay=900)
            self.raised("late recovery", device, check, first.at + timedelta(minutes=12), delay=5)

    def returned(self):
        """Cleared, then again: three within half an hour, three after a day and a half."""
        for n in range(6):
            device, check = self.free()
            first = self.raised("returned", device, check, self.office(n % 3))
            done = self.cleared("returned", first, first.at + timedelta(minutes=20), delay=8)
            self.raised("returned", device, check, done.at + (timedelta(minutes=25) if n < 3 else timedelta(hours=36)))

    def weekend(self):
        """Friday afternoon to Sunday night: what runs on a clock has to wait for Monday, or must not."""
        for day, hour, minute, check in ((4, 16, 44, "disk c:"), (4, 16, 58, "service mssqlserver"), (4, 17, 1, "memory"),
                                         (4, 18, 30, "raid"), (4, 22, 15, "offline"), (4, 23, 59, "ups"), (5, 3, 12, "backup veeam täglich"),
                                         (5, 11, 40, "offline"), (5, 19, 5, "defender"), (6, 2, 30, "backup hyper-v nacht"),
                                         (6, 14, 20, "temperature"), (6, 23, 50, "disk d:")):
            kinds = ["switch"] if check == "temperature" else ["other"] if check == "ups" else ["server"]
            device, check = self.free(check, kinds)
            self.raised("weekend", device, check, self.day(day, hour, minute, self.dice.below(60)))

    def unknown(self):
        """Devices the master data does not know."""
        for n, vendor in enumerate(VENDORS + ["ninjaone"]):
            customer = [c for c in CUSTOMERS if c[4] == vendor][0]
            site = customer[5][0]
            device = Device(customer, site, f"{customer[0][:3].upper()}-{site[2]}-NEU{n + 1:02d}", "workstation", 900 + n)
            self.raised("unknown device", device, "disk c:", self.office())

    def duplicates(self):
        """At least once: 26 deliveries come again, seconds or an hour later."""
        plain = [e for e in self.events if e.scenario in ("single", "recovered", "backup", "security")]
        for event in self.dice.shuffled(plain)[:26]:
            self.again(event, self.dice.pick([1, 2, 5, 30, 60, 300, 3600]))

    def other_activities(self):
        """NinjaOne sends activities that are no conditions: nothing is made of them."""
        for n in range(6):
            device = self.dice.pick([d for d in self.devices if d.vendor == "ninjaone"])
            event = self.raised("no alert", device, "reboot", self.office(), INFO)
            event.activity = [("ACTIONSET", "COMPLETED", "Skript „Temp leeren“ ausgeführt"), ("PATCH_MANAGEMENT", "PATCH_MANAGEMENT_SCAN_COMPLETED", "Patch-Suche beendet"),
                              ("SYSTEM", "NODE_UPDATED", "Gerät aktualisiert")][n % 3]

    def play(self):
        self.offline_site()
        self.maintenance()
        self.storm()
        self.flapping()
        self.escalating()
        self.backups()
        self.weekend()
        self.security()
        self.informational()
        self.overtaken()
        self.late_recovery()
        self.returned()
        self.renewed()
        self.recovered()
        self.singles()
        self.unknown()
        self.other_activities()
        self.duplicates()
        number_alerts(self.events)
        order = sorted(range(len(self.events)), key=lambda n: (self.events[n].received, n))
        return [self.events[n] for n in order]


# --- how the vendors say it ---------------------------------------------------------------------------------------

def number_alerts(events):
    """Vendors number alerts as they arise: ids follow the source's time."""
    numbers = {}
    for event in sorted(events, key=lambda e: (e.since, e.alert)):
        numbers.setdefault(event.alert, len(numbers))
    for event in events:
        event.number = numbers[event.alert]


def iso(at, fraction=0, zone=UTC):
    text = at.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S")
    if fraction:
        text += f".{at.microsecond:06d}"[:fraction + 1]
    offset = at.astimezone(zone).strftime("%z")
    return text + ("Z" if offset == "+0000" else f"{offset[:3]}:{offset[3:]}")


def epoch_ms(at):
    return int(at.timestamp()) * 1000 + at.microsecond // 1000


def message(event):
    return CONDITIONS[event.check][3].replace("{v}", str(event.value))


def tactical(event):
    kind, check_type, description = CONDITIONS[event.check][1]
    device = event.device
    client, site = device.customer[1], device.site[1]
    if kind == "availability":
        text = f"{device.name} in {client}, {site} is overdue."
    elif kind == "check":
        text = f"{device.name} has a {check_type} check: {description} that failed."
    else:
        text = f"{device.name} has task: {description} that failed."
    body = {
        "event": "alert_resolved" if event.clear else "alert_failure", "alert_id": 41 + event.number, "agent_id": device.uid,
        "alert_type": kind, "severity": ["info", "warning", "error", "error"][event.severity], "message": text,
        "alert_time": iso(event.since, 6, CET if event.number % 5 == 0 else UTC)}
    if event.clear:
        body["resolved_on"] = iso(event.at, 6)
    body.update({"hostname": device.name, "client": client, "site": site})
    return body


def ninjaone(event):
    device, name = event.device, CONDITIONS[event.check][0]
    seconds = epoch_ms(event.at) / 1000
    style = event.number % 7
    time = iso(event.at, 3) if style == 3 else int(seconds) if style == 5 else seconds + 0.001 * (event.number % 900)
    kind, status, text = getattr(event, "activity", ("CONDITION", "RESET" if event.clear else "TRIGGERED", message(event)))
    sites = [s[0] for s in device.customer[5]]
    organization = 10 + CUSTOMERS.index(device.customer)
    location = organization * 10 + sites.index(device.site[0])
    body = {
        "id": 177210 + 2 * event.number + (1 if event.clear else 0), "activityTime": round(time, 3) if isinstance(time, float) else time,
        "deviceId": int(device.uid), "seriesUid": uuid("series", event.number), "activityType": kind, "statusCode": status,
        "status": "Zurückgesetzt" if event.clear else "Ausgelöst", "sourceConfigUid": uuid("policy", event.check), "sourceName": name,
        "subject": name, "message": text, "type": "Bedingung" if kind == "CONDITION" else "System"}
    if event.severity != WARNING or event.number % 2:        # the captured shape has neither; the published one both
        body["severity"] = ["NONE", "MODERATE", "MAJOR", "CRITICAL"][event.severity]
        body["priority"] = ["NONE", "LOW", "MEDIUM", "HIGH"][event.severity]
    body["data"] = {"message": {"code": "condition_" + event.check.split(" ")[0].rstrip(":"), "params": {"value": str(event.value), "duration": "15"}}}
    body["device"] = {
        "id": int(device.uid), "organizationId": organization, "locationId": location,
        "nodeClass": {"server": "WINDOWS_SERVER", "workstation": "WINDOWS_WORKSTATION", "firewall": "NMS_FIREWALL", "switch": "NMS_SWITCH", "other": "NMS_OTHER"}[device.kind],
        "displayName": device.name, "systemName": device.name, "dnsName": device.fqdn(), "offline": event.check == "offline" and not event.clear,
        "references": {"organization": {"id": organization, "name": device.customer[1]}, "location": {"id": location, "name": device.site[1]}}}
    return body


def datto(event):
    device, name, kind = event.device, CONDITIONS[event.check][0], CONDITIONS[event.check][2]
    context = {"@class": kind}
    if kind == "perf_disk_usage_ctx":
        context.update({"diskName": event.check[-2:].upper(), "totalVolume": 476, "freeSpace": 476 * (100 - event.value) // 100, "unitOfMeasure": "GB"})
    elif kind == "perf_resource_usage_ctx":
        context.update({"type": "CPU" if event.check == "cpu" else "Memory", "percentage": event.value})
    elif kind == "online_offline_status_ctx":
        context.update({"status": "offline"})
    elif kind == "srvc_status_ctx":
        context.update({"serviceName": name.split(": ")[1], "status": "stopped"})
    elif kind == "eventlog_ctx":
        context.update({"logName": "Security", "code": "4625", "type": "Audit Failure", "source": "Microsoft-Windows-Security-Auditing", "description": name})
    elif kind == "comp_script_ctx":
        context["samples"] = {"Alert": f"{name} | {message(event)}"}
    elif kind == "endpoint_security_threat_ctx":
        context.update({"threatName": "Trojan:Win32/Wacatac.B!ml", "provider": "Windows Defender"})
    else:
        context["info"] = message(event)
    stamp = epoch_ms(event.since)
    body = {
        "alertUid": uuid("alert", event.number), "priority": ["Information", "Moderate", "High", "Critical"][event.severity],
        "diagnostics": message(event), "resolved": event.clear, "resolvedBy": "AUTO" if event.clear else None,
        "resolvedOn": epoch_ms(event.at) if event.clear else None, "muted": False, "ticketNumber": None,
        "timestamp": iso(event.since, 3) if event.number % 9 == 4 else stamp,
        "alertMonitorInfo": {"sendsEmails": False, "createsTicket": False}, "alertContext": context,
        "alertSourceInfo": {"deviceUid": device.uid, "deviceName": device.name, "siteUid": uuid("site", *device.site[:2]),
                            "siteName": f"{device.customer[1]} {device.site[1]}"},
        "responseActions": [], "autoresolveMins": 60}
    return {key: value for key, value in body.items() if value is not None or key == "ticketNumber"}


def atera(event):
    device, name = event.device, CONDITIONS[event.check][0]
    body = {
        "AlertID": 90211000 + event.number, "Code": 7000 + list(CONDITIONS).index(event.check), "Source": "Agent", "Title": name,
        "Severity": ["Information", "Warning", "Critical", "Critical"][event.severity], "Created": iso(event.since), "SnoozedEndDate": None,
        "DeviceGuid": device.uid, "AdditionalInfo": "", "Archived": event.clear, "AlertCategoryID": "Hardware",
        "ArchivedDate": iso(event.at) if event.clear else None, "TicketID": None, "AlertMessage": message(event), "DeviceName": device.name,
        "CustomerID": 310 + CUSTOMERS.index(device.customer), "CustomerName": device.customer[1], "FolderID": None, "PollingCyclesCount": 1,
        "ThresholdValue1": str(event.value), "AgentId": 5000 + device.number}
    return body


def level(event):
    device = event.device
    return {
        "id": base64.b64encode(f"gid://level/Alert/{771000 + event.number}".encode()).decode().rstrip("="), "device_id": device.uid,
        "device_hostname": device.name, "name": CONDITIONS[event.check][0], "description": message(event), "payload": {"value": event.value},
        "severity": ["information", "warning", "critical", "emergency"][event.severity], "is_resolved": event.clear,
        "started_at": iso(event.since, 3), "resolved_at": iso(event.at, 3) if event.clear else None}


SAY = {"tactical": tactical, "ninjaone": ninjaone, "datto": datto, "atera": atera, "level": level}
AGENT = {"tactical": "python-requests/2.32.3", "ninjaone": "NinjaOne-Webhook/2.0", "datto": "DattoRMM/Webhook", "level": "Level/1.0"}


def envelope(event):
    vendor = event.device.vendor
    headers = {"Content-Type": "application/json"}
    if vendor != "atera":                                    # polled, no webhook; a recording keeps no secret
        headers["User-Agent"] = AGENT[vendor]
        headers["X-Stellwerk-Secret"] = "(entfernt)"
    return {"received_at": iso(event.received), "connector": vendor, "receive": RECEIVE[vendor], "headers": headers, "body": SAY[vendor](event)}


# --- master data ----------------------------------------------------------------------------------------------------

def master(all_devices):
    lines = ["# Whom the recorded week is about: customers, sites and devices. Generated by generate.py; change it there.", ""]
    for key, name, tier, zone, _vendor, _sites in CUSTOMERS:
        lines.append(f'record customer {key} {{ name = "{name}"; tier = {tier}; zone = "{zone}" }}')
    lines.append("")
    for customer in CUSTOMERS:
        for site in customer[5]:
            gateway = [d for d in all_devices if d.customer is customer and d.site is site and d.kind == "firewall"][0]
            lines.append(f'record site {customer[0]}_{site[0]} {{ name = "{site[1]}"; customer = {customer[0]}; gateway = {gateway.key} }}')
    for customer in CUSTOMERS:
        for site in customer[5]:
            lines += ["", f"# {customer[1]}, {site[1]}"]
            for d in all_devices:
                if d.customer is customer and d.site is site:
                    lines.append(f'record asset {d.key} {{ customer = {customer[0]}; site = {customer[0]}_{site[0]}; name = "{d.name}"; '
                                 f'kind = {d.kind}; rmm_id = "{d.uid}" }}')
    return "\n".join(lines) + "\n"


def files():
    """Name to bytes of every file this script owns, and the events in order of arrival."""
    week = Week()
    events = week.play()
    made = {"master.flow": master(week.devices).encode()}
    for vendor in VENDORS:
        lines = [json.dumps(envelope(e), ensure_ascii=False, separators=(",", ":")) for e in events if e.device.vendor == vendor]
        made[f"{vendor}.jsonl"] = ("\n".join(lines) + "\n").encode()
    return made, events


SCENARIOS = [
    ("single", "one alert, no recovery"), ("recovered", "alert and recovery"), ("renewed", "new ids, same device and condition, nothing in between"),
    ("duplicate", "the same delivery again, byte for byte, after 1 s to 1 h"), ("flapping", "three devices, eight triggers and recoveries in 20 minutes; the second ends in alarm"),
    ("recovery first", "recovery delivered before its trigger"), ("late recovery", "an old recovery delivered after a newer trigger"),
    ("returned", "back after the recovery: three in 25 minutes, three in 36 hours"), ("escalating", "warning, error, critical, warning under one key"),
    ("site offline", "Tue 13:20 Graz: the firewall, 20 devices, all but one return from 14:05"), ("storm", "Wed 10:02 a bad update: 120 alerts in five minutes"),
    ("storm recovery", "every second one recovers from 10:41"), ("maintenance", "Thu 22:00–24:00 window in Klagenfurt; two stay active, one alert at 24:00 sharp"),
    ("security", "malware, EDR, failed logins"), ("backup", "failed nightly backups, some succeed later"), ("informational", "severity info"),
    ("weekend", "Fri 16:44 to Sun 23:50"), ("unknown device", "the device is not in the master data"), ("no alert", "other NinjaOne activities: nothing is made of them"),
]


def table(events):
    rows = ["| scenario | what | " + " | ".join(VENDORS) + " | all |", "|---|---|" + "--:|" * (len(VENDORS) + 1)]
    for name, what in SCENARIOS:
        counts = [sum(e.scenario == name and e.device.vendor == v for e in events) for v in VENDORS]
        rows.append(f"| {name} | {what} | " + " | ".join(str(c) if c else "·" for c in counts) + f" | {sum(counts)} |")
    counts = [sum(e.device.vendor == v for e in events) for v in VENDORS]
    rows.append("| **all** | | " + " | ".join(str(c) for c in counts) + f" | **{len(events)}** |")
    return "\n".join(rows)


def main():
    made, events = files()
    if sys.argv[1:] == ["--table"]:
        print(table(events))
        return
    folder = sys.argv[1] if len(sys.argv) > 1 else HERE
    for name, data in made.items():
        with open(os.path.join(folder, name), "wb") as out:
            out.write(data)


if __name__ == "__main__":
    main()
