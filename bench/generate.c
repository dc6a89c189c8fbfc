/* Makes the data of workload W1: events as JSON lines, rules as TSV. Integers only (splitmix64), so the same bytes everywhere.
 * Usage: generate events|rules COUNT SEED */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CUSTOMERS = 1000, CHECKS = 20 };

static const char *const TAGS[] = {"disk",     "cpu",         "memory", "network",      "service", "backup",      "antivirus",
				   "patch",    "certificate", "smart",  "raid",         "ups",     "temperature", "process",
				   "eventlog", "login",       "vpn",    "dns",          "dhcp",    "printer",     "windows",
				   "linux",    "macos",       "vmware", "hyperv",       "prod",    "test",        "dr",
				   "branch",   "hq",          "server", "workstation",  "laptop",  "switch",      "firewall",
				   "nas",      "vip",         "24x7",   "office-hours", "legacy"};

static const char *const NAMES[CHECKS] = {"disk_space",   "cpu_load",    "memory_usage", "network_ping",       "service_state",
					  "backup_job",   "av_status",   "patch_level",  "certificate_expiry", "smart_status",
					  "raid_state",   "ups_battery", "temperature",  "process_count",      "event_log",
					  "failed_login", "vpn_tunnel",  "dns_lookup",   "dhcp_scope",         "printer_queue"};

static const char *const DEVICES[] = {"srv", "ws", "lt", "sw", "fw"};

static uint64_t state;

static uint64_t next(void)
{
	uint64_t z = (state += 0x9E3779B97F4A7C15u);
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

static unsigned below(unsigned n)
{
	return (unsigned)((next() >> 33) % n);
}

/* The product of two uniforms favours small numbers: a few are busy. */
static unsigned skewed(unsigned n)
{
	uint64_t a = below(65536) + 1, b = below(65536) + 1;
	return (unsigned)((a * b * n) >> 32) % n;
}

static const char *kind_of(unsigned percent)
{
	return percent < 85 ? "alert" : percent < 93 ? "alert.cleared" : percent < 98 ? "heartbeat" : "ticket.updated";
}

static unsigned severity_of(unsigned percent)
{
	static const unsigned BOUNDS[] = {10, 30, 60, 82, 95};
	unsigned severity = 0;
	while (severity < 5 && percent >= BOUNDS[severity])
		severity++;
	return severity;
}

static void print_message(unsigned check, char unit, unsigned value)
{
	switch (check) {
	case 0:
		printf("Disk %c: usage at %u%% exceeds threshold of 85%%", unit, value);
		break;
	case 1:
		printf("CPU %c load %u%% for 5 minutes", unit, value);
		break;
	case 2:
		printf("Memory bank %c usage %u%%, paging heavily", unit, value);
		break;
	case 3:
		printf("Ping to gateway %c lost %u%% of packets", unit, value);
		break;
	case 4:
		printf("Service group %c: %u service(s) not running", unit, value);
		break;
	case 5:
		printf("Backup job \\\"Nightly-%c\\\" finished with %u warnings", unit, value);
		break;
	case 6:
		printf("Antivirus engine %c definitions %u days old", unit, value);
		break;
	case 7:
		printf("Ring %c: %u patches missing, reboot pending", unit, value);
		break;
	case 8:
		printf("Certificate \\\"*.%c.example.net\\\" expires in %u days", unit, value);
		break;
	case 9:
		printf("Drive %c reports %u reallocated sectors", unit, value);
		break;
	case 10:
		printf("RAID volume %c degraded, rebuild at %u%%", unit, value);
		break;
	case 11:
		printf("UPS %c battery at %u%%, on battery power", unit, value);
		break;
	case 12:
		printf("Sensor %c reads %u degrees Celsius", unit, value);
		break;
	case 13:
		printf("Pool %c runs %u processes, limit exceeded", unit, value);
		break;
	case 14:
		printf("Event log channel %c: %u errors in 15 minutes", unit, value);
		break;
	case 15:
		printf("Account svc-%c: %u failed logins in 10 minutes", unit, value);
		break;
	case 16:
		printf("VPN tunnel site-%c down for %u minutes", unit, value);
		break;
	case 17:
		printf("DNS zone %c: lookup time %u0 ms", unit, value);
		break;
	case 18:
		printf("DHCP scope %c has %u leases left", unit, value);
		break;
	default:
		printf("Print queue %c has %u jobs waiting", unit, value);
		break;
	}
}

static void print_time(uint64_t milliseconds)
{
	uint64_t seconds = (milliseconds - 1767571200000u) / 1000;
	unsigned day = 5 + (unsigned)(seconds / 86400), month = 1;
	seconds %= 86400;
	for (; day > 31; day -= 31)
		month++;
	printf("2026-%02u-%02uT%02u:%02u:%02u.%03uZ", month, day, (unsigned)(seconds / 3600), (unsigned)(seconds / 60 % 60),
	       (unsigned)(seconds % 60), (unsigned)(milliseconds % 1000));
}

/* The order in which numbers are drawn is part of the format. */
static void print_event(long number, uint64_t *milliseconds)
{
	*milliseconds += below(800);
	const char *kind = kind_of(below(100));
	unsigned customer = skewed(CUSTOMERS), site = below(4), device = below(60), device_kind = below(5),
		 check = below(CHECKS);
	unsigned severity = severity_of(below(100)), value = 1 + below(99), unit = below(6);
	printf("{\"id\":\"evt-%09ld\",\"type\":\"%s\",\"timestamp\":\"", number, kind);
	print_time(*milliseconds);
	printf("\",\"customer\":\"cust-%04u\",\"site\":\"cust-%04u/site-%u\",\"device\":\"%s-%04u-%03u\",\"severity\":%u,",
	       customer, customer, site, DEVICES[device_kind], customer, device, severity);
	printf("\"check\":\"%s\",\"message\":\"", NAMES[check]);
	print_message(check, "CDEFGH"[unit], value);
	/* The arguments of one call would be drawn in an order of the compiler's choice. */
	unsigned tag3 = 30 + device_kind, tag2 = 25 + below(5), tag1 = 20 + below(5), build = below(30), minor = below(9),
		 tenth = below(10);
	printf("\",\"value\":%u.%u,\"threshold\":85,\"agent\":\"7.%u.%u\",\"tags\":[\"%s\",\"%s\",\"%s\",\"%s\"", value, tenth,
	       minor, build, TAGS[check], TAGS[tag1], TAGS[tag2], TAGS[tag3]);
	if (below(4) == 0)
		printf(",\"%s\"", TAGS[36 + below(4)]);
	puts("]}");
}

static void print_rule(long number)
{
	unsigned severity = 1 + below(5), customer = skewed(CUSTOMERS), tag = below(40);
	printf("%ld\t%u\tcust-%04u\t%s\n", number, severity, customer, TAGS[tag]);
}

int main(int count, char **words)
{
	if (count < 4 || (strcmp(words[1], "events") && strcmp(words[1], "rules"))) {
		fprintf(stderr, "usage: %s events|rules COUNT SEED\n", words[0]);
		return 2;
	}
	long wanted = atol(words[2]);
	state = strtoull(words[3], NULL, 10);
	uint64_t milliseconds = 1767600000000u; /* 2026-01-05T08:00:00Z */
	for (long i = 0; i < wanted; i++) {
		if (!strcmp(words[1], "rules"))
			print_rule(i);
		else
			print_event(i, &milliseconds);
	}
	return 0;
}
