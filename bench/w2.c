/* Workload W2 through the real thing: each event starts a workflow of five steps, all in one turn or each in a turn of its own;
 * turns of many workflows are committed together. What the service's worker and clock do in two processes is done here in turn:
 * events, then whatever timers are due.
 * Usage: w2 [steps]    with DATABASE_URL, DATA, M, LAT_RATE and LAT_SEC in the environment; from the root of the project
 * Prints rows of the contract: name, column, value. The first 200 events warm up, M are a burst, the rest come at LAT_RATE a
 * second; with `steps` their time is not printed, for their steps are a second apart. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "bench/host.h"
#include "engine/base/check.h"
#include "runtime/store/database.h"
#include "runtime/store/journal.h"

enum { WARM = 200, BATCH = 500, MOST = 1000000 };

static bool steps; /* each in its own turn */
static struct host host;
static struct error error;
static struct arena arena; /* one batch */

/* --- events */
static char *lines[MOST];
static long line_count;

static void lines_read(long most)
{
	char path[1024];
	size_t room = 0;

	snprintf(path, sizeof path, "%s/events.jsonl", getenv("DATA"));
	FILE *file = fopen(path, "r");
	if (!file || most > MOST) {
		fprintf(stderr, "w2: %s can not be read\n", path);
		exit(1);
	}
	while (line_count < most && getline(&lines[line_count], &room, file) > 0) {
		line_count++;
		room = 0;
	}
	fclose(file);
}

static void entry_make(long number, struct entry *entry)
{
	struct text content = text_from(lines[number]);

	*entry = (struct entry){.origin = ENTRY_EVENT,
				.id = journal_event_id(&arena, TEXT("/bench"), text_format(&arena, "%ld", number)),
				.source = TEXT("/bench"),
				.type = TEXT("alert.came"),
				.subject = TEXT(""),
				.content = content,
				.received_at = wall_now()};
}

/* --- turns */
static void turns_do(struct entry *entries, uint32_t count)
{
	struct turned turned;

	must(turns_run(host.turns, entries, count, wall_now(), &turned, &error), &error);
	if (turned.done != count || turned.failed_rules) {
		fprintf(stderr, "w2: %u of %u turns were done, %u rules failed\n", turned.done, count, turned.failed_rules);
		exit(1);
	}
}

static void events_do(long first, long count)
{
	struct entry *entries = arena_array(&arena, struct entry, count);

	for (long i = 0; i < count; i++)
		entry_make(first + i, &entries[i]);
	turns_do(entries, (uint32_t)count);
	arena_reset(&arena);
}

static bool timers_do(void)
{
	due_list due;

	must(store_timers_due(host.store, &arena, DUE_ALL, wall_now(), BATCH, &due, &error), &error);
	struct entry *entries = arena_array(&arena, struct entry, due.count);
	for (uint32_t i = 0; i < due.count; i++)
		entries[i] = (struct entry){.tenant = due.items[i].tenant,
					    .origin = ENTRY_TIMER,
					    .id = due.items[i].timer,
					    .received_at = due.items[i].due};
	if (due.count)
		turns_do(entries, due.count);
	arena_reset(&arena);
	return due.count;
}

/* --- measuring */
static void row(const char *column, double value)
{
	printf("%s\t%s\t%.3f\n", steps ? "Stellwerk, each step its own turn" : "Stellwerk, five effects in one turn", column,
	       value);
}

static double cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

static void wait_until(double at)
{
	double wait = at - seconds_now();

	if (wait > 0)
		nanosleep(&(struct timespec){(time_t)wait, (long)((wait - (double)(time_t)wait) * 1e9)}, NULL);
}

/* Whatever is due, until nothing will be. */
static void timers_drain(void)
{
	moment next;
	enum status status;

	while ((status = store_timer_next(host.store, &next, &error)) == OK)
		if (!timers_do())
			wait_until(seconds_now() + 0.01);
	if (status != NOT_FOUND)
		must(status, &error);
}

static void burst(long first, long count)
{
	for (long done = 0; done < count; done += BATCH) {
		events_do(first + done, count - done < BATCH ? count - done : BATCH);
		timers_do();
	}
	timers_drain();
}

static int by_size(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static void low_load(long first, long count, double rate)
{
	double *took = calloc((size_t)count, sizeof *took), start = seconds_now();

	CHECK(took);
	for (long i = 0; i < count; i++) {
		wait_until(start + (double)i / rate);
		double begun = seconds_now();
		burst(first + i, 1);
		took[i] = (seconds_now() - begun) * 1000;
	}
	qsort(took, (size_t)count, sizeof *took, by_size);
	row("p50 ms", took[count / 2]);
	row("p99 ms", took[count * 99 / 100]);
	free(took);
}

/* The driver counts the rows of its own tables: ours take their place. */
static void tables_take(void)
{
	static const char SQL[] = "DROP TABLE IF EXISTS public.ticket_notes,public.sla_timers,public.tickets CASCADE;"
				  "CREATE VIEW public.tickets AS SELECT * FROM stellwerk.tickets;"
				  "CREATE VIEW public.sla_timers AS SELECT * FROM stellwerk.sla_timers;"
				  "CREATE VIEW public.ticket_notes AS SELECT * FROM stellwerk.ticket_notes";
	struct database *database;

	must(database_open(getenv("DATABASE_URL"), &database, &error), &error);
	must(database_execute(database, SQL, &error), &error);
	database_close(database);
}

int main(int count, char **words)
{
	static const char *const PATHS[] = {"bench/w2.flow", "bench/w2_steps.flow"};
	struct rusage usage;

	if (!getenv("DATABASE_URL") || !getenv("DATA") || !getenv("M") || !getenv("LAT_RATE") || !getenv("LAT_SEC"))
		return 2;
	steps = count > 1 && !strcmp(words[1], "steps");
	long most = atol(getenv("M")), rate = atol(getenv("LAT_RATE")), low = rate * atol(getenv("LAT_SEC"));
	arena_init(&arena, "a batch", 0);
	lines_read(WARM + most + low);
	host_open(&host, getenv("DATABASE_URL"), "stellwerk", PATHS, steps ? 2 : 1);
	tables_take();
	burst(0, WARM);
	double cpu = cpu_seconds(), start = seconds_now();
	burst(WARM, most);
	double took = seconds_now() - start;
	row("workflows/s", (double)most / took);
	row("steps/s", (double)most * 5 / took);
	row("engine CPU ms/wf", (cpu_seconds() - cpu) * 1000 / (double)most);
	if (steps)
		burst(WARM + most, low);
	else
		low_load(WARM + most, low, (double)rate);
	getrusage(RUSAGE_SELF, &usage);
	row("engine RSS MB", (double)usage.ru_maxrss / 1024);
	host_close(&host);
	return 0;
}
