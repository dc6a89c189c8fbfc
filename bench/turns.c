/* Turns of the default pack against a store: what a worker does, without a broker. Each event is an alert about a device that
 * nobody knows, which the default pack keeps as a row: event, row, history and journal are written, BATCH turns a transaction.
 * Usage: turns STORE EVENTS BATCH PACK…    STORE: a file or postgresql://…, empty */
#include <stdio.h>
#include <stdlib.h>

#include "bench/host.h"
#include "runtime/store/journal.h"

static void entry_make(struct arena *arena, struct entry *entry, long number)
{
	struct text id = text_format(arena, "alert-%ld", number);

	*entry = (struct entry){.origin = ENTRY_EVENT,
				.id = journal_event_id(arena, TEXT("/bench"), id),
				.source = TEXT("/bench"),
				.type = TEXT("rmm.alert_raised"),
				.subject = text_format(arena, "device-%ld", number % 1000),
				.received_at = 1772000000 + number / 1000};
	entry->content =
		text_format(arena,
			    "{\"source\":\"bench\",\"external_id\":\"%ld\",\"check\":\"disk\",\"severity\":\"warning\","
			    "\"message\":\"Volume C: 91%% used\",\"device_name\":\"device-%ld\",\"customer_name\":\"c%ld\"}",
			    number, number % 1000, number % 100);
}

static void batches_run(struct turns *turns, long events, uint32_t batch)
{
	struct error error;
	struct arena arena;
	struct turned turned;
	long done = 0, dead = 0;

	arena_init(&arena, "events", 0);
	double start = seconds_now();
	for (long number = 0; number < events; number += batch) {
		uint32_t count = (uint32_t)(events - number < batch ? events - number : batch);
		struct entry *entries = arena_array(&arena, struct entry, count);
		for (uint32_t i = 0; i < count; i++)
			entry_make(&arena, &entries[i], number + i);
		must(turns_run(turns, entries, count, 1772000000 + number / 1000, &turned, &error), &error);
		done += turned.done;
		dead += turned.dead;
		arena_reset(&arena);
	}
	double seconds = seconds_now() - start;
	printf("%ld done, %ld dead, %.2f s, %.0f events/s\n", done, dead, seconds, (double)done / seconds);
	arena_release(&arena);
}

int main(int count, char **words)
{
	struct host host;

	if (count < 5)
		return 2;
	host_open(&host, words[1], "stellwerk", (const char *const *)words + 4, (uint32_t)count - 4);
	batches_run(host.turns, atol(words[2]), (uint32_t)atol(words[3]));
	host_close(&host);
	return 0;
}
