/* Workload W3 through the real thing: messages of a RabbitMQ queue become received documents, a connector makes events of them,
 * the default pack's rules have their turn, and all of it is committed, with the message itself in the table `events`, before
 * it is acknowledged. Usage: w3 COUNT [BATCH [calm]]    with QUEUE, RMQ_PORT and DATABASE_URL in the environment; from the root
 * of the project. `calm`: no rule has anything to do. Prints messages a second, from the first delivery to the last
 * acknowledgement. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/host.h"
#include "engine/base/check.h"
#include "runtime/bus/amqp.h"
#include "runtime/store/inside.h"
#include "runtime/store/journal.h"

enum { BATCH_MOST = 10000 };

struct consumer {
	struct wire *wire;
	struct host host;
	struct arena arena; /* one batch */
	struct delivery *taken[BATCH_MOST];
	uint32_t count, batch;
	struct error error;
};

/* --- from messages to turns */
static void entry_make(struct consumer *consumer, const struct delivery *delivery, struct entry *entry)
{
	struct arena *arena = &consumer->arena;

	*entry = (struct entry){.origin = ENTRY_RECEIVED,
				.id = record_id_derive(0, delivery->body.bytes, delivery->body.length),
				.source = TEXT("bench"),
				.type = TEXT("rmm"),
				.subject = TEXT("bench"),
				.content = text_format(arena, "{\"body\":%.*s}", TEXT_ARGS(delivery->body)),
				.received_at = wall_now()};
}

/* The contract wants the messages in a table of its own: in the same transaction. */
static enum status messages_keep(void *context, struct store *store, struct error *error)
{
	const struct consumer *consumer = context;
	struct text_builder text = {.arena = &store->scratch};
	struct statement *statement;
	enum status status = store_statement(
		store, "INSERT INTO events(event_id,body) SELECT b->>'id',b FROM jsonb_array_elements(?1::text::jsonb) b",
		&statement, error);

	if (status != OK)
		return status;
	arena_reset(&store->scratch);
	for (uint32_t i = 0; i < consumer->count; i++) {
		builder_add_char(&text, i ? ',' : '[');
		builder_add(&text, consumer->taken[i]->body);
	}
	builder_add_char(&text, ']');
	statement_bind(statement, 1, sql_text(builder_text(&text)));
	return statement_run(statement, error);
}

static void batch_handle(struct consumer *consumer)
{
	struct entry *entries = arena_array(&consumer->arena, struct entry, consumer->count);
	struct turned turned;

	for (uint32_t i = 0; i < consumer->count; i++)
		entry_make(consumer, consumer->taken[i], &entries[i]);
	must(turns_run_with(consumer->host.turns, entries, consumer->count, wall_now(), messages_keep, consumer, &turned,
			    &consumer->error),
	     &consumer->error);
	CHECK(turned.done == consumer->count && !turned.one_by_one && !turned.failed_rules);
	must(wire_acknowledge(consumer->wire, consumer->taken[consumer->count - 1]->tag, &consumer->error), &consumer->error);
	for (uint32_t i = 0; i < consumer->count; i++)
		free(consumer->taken[i]);
	consumer->count = 0;
	arena_reset(&consumer->arena);
}

static void deliveries_take(struct consumer *consumer, uint32_t most)
{
	struct news news;

	while (consumer->count < most) {
		must(wire_next(consumer->wire, &news, &consumer->error), &consumer->error);
		if (news.kind == NEWS_DELIVERED)
			consumer->taken[consumer->count++] = news.delivery;
		else if (news.kind == NEWS_NONE)
			poll(&(struct pollfd){.fd = wire_socket(consumer->wire), .events = POLLIN}, 1, 1000);
	}
}

/* --- opening */
static void broker_open(struct consumer *consumer)
{
	struct wire_address address;
	char url[256];

	snprintf(url, sizeof url, "amqp://guest:guest@127.0.0.1:%s", getenv("RMQ_PORT"));
	must(wire_address_read(url, &address, &consumer->error), &consumer->error);
	must(wire_open(&address, "bench/w3", &consumer->wire, &consumer->error), &consumer->error);
	must(wire_prefetch(consumer->wire, consumer->batch * 2, &consumer->error), &consumer->error);
}

int main(int count, char **words)
{
	const char *paths[] = {"rules/default",
			       count > 3 && !strcmp(words[3], "calm") ? "bench/w3_calm.flow" : "bench/w3.flow"};
	struct consumer consumer = {.batch = count > 2 ? (uint32_t)atol(words[2]) : 500};

	if (count < 2 || !getenv("QUEUE") || !getenv("RMQ_PORT") || !getenv("DATABASE_URL") || consumer.batch > BATCH_MOST)
		return 2;
	arena_init(&consumer.arena, "a batch", 0);
	host_open(&consumer.host, getenv("DATABASE_URL"), "stellwerk", paths, 2);
	broker_open(&consumer);
	must(wire_consume(consumer.wire, getenv("QUEUE"), 0, &consumer.error), &consumer.error);
	double start = seconds_now();
	long left = atol(words[1]);
	while (left > 0) {
		deliveries_take(&consumer, left < consumer.batch ? (uint32_t)left : consumer.batch);
		left -= consumer.count;
		batch_handle(&consumer);
	}
	printf("%.0f\n", (double)atol(words[1]) / (seconds_now() - start));
	wire_close(consumer.wire, true);
	host_close(&consumer.host);
	return 0;
}
