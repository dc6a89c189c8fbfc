/* What the bus carries, without turns and store: publishing with confirms, then consuming, reading the envelope, acknowledging.
 * Usage: bus BROKER COUNT BATCH SHARDS EVENTS   EVENTS: a file with JSON objects, one a line
 * Prints a line each for publishing and consuming: what, and messages a second. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "engine/base/check.h"
#include "runtime/bus/bus.h"

enum { BATCHES_OUT = 8, BATCH_MOST = 10000 };

struct measure {
	struct loop *loop;
	struct bus *bus;
	struct arena arena;
	bool is_open;
	uint32_t batches_out;
};

static void fail(const char *sentence)
{
	fprintf(stderr, "bus: %s\n", sentence);
	exit(1);
}

static void on_open(void *context)
{
	((struct measure *)context)->is_open = true;
}

static void on_closed(void *context, const struct error *why)
{
	(void)context;
	fail(why->sentence);
}

static void on_published(void *context, enum status status, const struct error *why)
{
	if (status != OK)
		fail(why->sentence);
	((struct measure *)context)->batches_out--;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void turn(struct measure *measure)
{
	struct error error;

	if (loop_turn(measure->loop, -1, &error) != OK)
		fail(error.sentence);
}

static void measure_open(struct measure *measure, const char *url, uint32_t shards, uint32_t batch)
{
	struct error error;

	*measure = (struct measure){0};
	arena_init(&measure->arena, "an envelope", 0);
	if (loop_open(&measure->loop, &error) != OK)
		fail(error.sentence);
	struct bus_options options = {.loop = measure->loop,
				      .url = url,
				      .name = "bench",
				      .shards = shards,
				      .prefetch = 2 * batch,
				      .watcher = {on_open, on_closed, NULL, measure}};
	if (bus_open(&options, &measure->bus, &error) != OK)
		fail(error.sentence);
	while (!measure->is_open)
		turn(measure);
}

static void measure_close(struct measure *measure)
{
	bus_close(measure->bus);
	loop_close(measure->loop);
	arena_release(&measure->arena);
}

static struct cloud_event *events_read(struct arena *arena, const char *path, uint32_t count)
{
	struct cloud_event *events = arena_array(arena, struct cloud_event, count);
	FILE *file = fopen(path, "r");
	char *line = NULL;
	size_t room = 0;

	if (!file)
		fail("the file of events can not be read");
	for (uint32_t i = 0; i < count; i++) {
		ssize_t length = getline(&line, &room, file);
		if (length <= 0) {
			rewind(file);
			length = getline(&line, &room, file);
		}
		CHECK(length > 1);
		events[i] = (struct cloud_event){.id = text_format(arena, "%u", i),
						 .source = TEXT("/bench"),
						 .type = TEXT("bench.event"),
						 .subject = text_format(arena, "subject %u", i % 1000),
						 .tenant = TEXT("default"),
						 .data = text_copy(arena, (struct text){line, (uint32_t)length - 1})};
	}
	free(line);
	fclose(file);
	return events;
}

static void publish(const char *url, uint32_t count, uint32_t batch, uint32_t shards, const char *path)
{
	struct measure measure;
	struct error error;

	measure_open(&measure, url, shards, batch);
	struct cloud_event *events = events_read(&measure.arena, path, count);
	double start = seconds();
	for (uint32_t i = 0; i < count; i += batch) {
		while (measure.batches_out == BATCHES_OUT)
			turn(&measure);
		measure.batches_out++;
		if (bus_publish(measure.bus, events + i, count - i < batch ? count - i : batch, on_published, &measure,
				&error) != OK)
			fail(error.sentence);
	}
	while (measure.batches_out)
		turn(&measure);
	printf("publish, confirmed\t%.0f\n", count / (seconds() - start));
	measure_close(&measure);
}

static void consume(const char *url, uint32_t count, uint32_t batch, uint32_t shards)
{
	struct delivery *deliveries[BATCH_MOST];
	struct measure measure;
	struct cloud_event event;
	struct error error;
	uint32_t got = 0, taken = 0;

	measure_open(&measure, url, shards, batch);
	double start = seconds();
	for (uint32_t shard = 0; shard < shards; shard++)
		bus_subscribe(measure.bus, shard);
	while (got < count) {
		uint32_t more = bus_take(measure.bus, deliveries + taken, batch - taken);
		for (uint32_t i = taken; i < taken + more; i++)
			if (delivery_event(&measure.arena, deliveries[i], &event, &error) != OK)
				fail(error.sentence);
		taken += more;
		if (taken == batch || got + taken == count) {
			bus_acknowledge(measure.bus, deliveries[taken - 1]);
			arena_reset(&measure.arena);
			got += taken;
			taken = 0;
		} else if (!more) {
			turn(&measure);
		}
	}
	printf("consume, acknowledged\t%.0f\n", count / (seconds() - start));
	measure_close(&measure);
}

int main(int count, char **arguments)
{
	if (count != 6)
		fail("usage: bus BROKER COUNT BATCH SHARDS EVENTS");
	uint32_t messages = (uint32_t)atoi(arguments[2]), batch = (uint32_t)atoi(arguments[3]);
	uint32_t shards = (uint32_t)atoi(arguments[4]);

	if (!messages || !batch || batch > BATCH_MOST || !shards)
		fail("COUNT, BATCH and SHARDS are numbers from 1; BATCH is 10,000 at most");
	publish(arguments[1], messages, batch, shards, arguments[5]);
	consume(arguments[1], messages, batch, shards);
	return 0;
}
