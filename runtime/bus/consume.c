/* Deliveries: from the broker to the worker, and what became of them back. They are kept in the order they came, so that one
 * word to the broker settles many. */
#include <stdlib.h>

#include "engine/base/check.h"
#include "runtime/bus/inside.h"

static const char *const PREFIXES[] = {"cloudEvents:", "cloudEvents_"}; /* the second for carriers that allow no colon */

/* --- subscriptions */
static enum status subscription_resume(struct bus *bus, uint32_t shard, struct error *error)
{
	char name[BUS_NAME];

	shard_queue_name(shard, name);
	return wire_consume(bus->wire, name, shard, error);
}

enum status subscriptions_resume(struct bus *bus, struct error *error)
{
	enum status status = OK;

	for (uint32_t shard = 0; status == OK && shard <= BUS_DEAD; shard++)
		if (bus->subscribed[shard])
			status = subscription_resume(bus, shard, error);
	return status;
}

void bus_subscribe(struct bus *bus, uint32_t shard)
{
	struct error error;

	CHECK(shard < bus->options.shards || shard == BUS_DEAD);
	if (bus->subscribed[shard])
		return;
	bus->subscribed[shard] = true;
	if (!bus->wire || bus->broken)
		return;
	if (subscription_resume(bus, shard, &error) != OK)
		bus_break(bus, &error);
	else
		bus_come_again(bus);
}

void bus_unsubscribe(struct bus *bus, uint32_t shard)
{
	CHECK(shard <= BUS_DEAD);
	if (!bus->subscribed[shard])
		return;
	bus->subscribed[shard] = false;
	bus_return(bus); /* the next consumer begins with what this one leaves */
}

/* --- taking and settling */
static void queue_add(struct delivery_queue *queue, struct delivery *delivery)
{
	delivery->next = NULL;
	*queue->end = delivery;
	queue->end = &delivery->next;
}

static struct delivery *queue_take(struct delivery_queue *queue)
{
	struct delivery *delivery = queue->first;

	queue->first = delivery->next;
	if (!queue->first)
		queue->end = &queue->first;
	return delivery;
}

void deliveries_drop(struct delivery_queue *queue)
{
	while (queue->first)
		free(queue_take(queue));
}

void delivery_arrived(struct bus *bus, struct delivery *delivery)
{
	delivery->connection = bus->connection;
	queue_add(&bus->ready, delivery);
}

uint32_t bus_take(struct bus *bus, struct delivery **deliveries, uint32_t most)
{
	uint32_t count = 0;

	while (count < most && bus->ready.first) {
		deliveries[count] = queue_take(&bus->ready);
		queue_add(&bus->taken, deliveries[count++]);
	}
	return count;
}

/* Of a connection that is gone: whoever has the queue now gets it again. */
static bool can_settle(const struct bus *bus, const struct delivery *delivery)
{
	return bus->wire && !bus->broken && delivery->connection == bus->connection;
}

void bus_acknowledge(struct bus *bus, struct delivery *last)
{
	struct delivery *delivery;
	struct error error;

	if (can_settle(bus, last) && wire_acknowledge(bus->wire, last->tag, &error) != OK)
		bus_break(bus, &error);
	do {
		CHECK(bus->taken.first);
		delivery = queue_take(&bus->taken);
		free(delivery);
	} while (delivery != last);
}

void bus_reject(struct bus *bus, struct delivery *delivery)
{
	struct delivery **link = &bus->taken.first;
	struct error error;

	if (can_settle(bus, delivery) && wire_reject(bus->wire, delivery->tag, &error) != OK)
		bus_break(bus, &error);
	while (*link != delivery) {
		CHECK(*link);
		link = &(*link)->next;
	}
	*link = delivery->next;
	if (!delivery->next)
		bus->taken.end = link;
	free(delivery);
}

/* --- reading */
static struct text property_find(void *context, const char *name)
{
	const struct delivery *delivery = context;

	for (uint32_t i = 0; i < delivery->property_count; i++) {
		struct text full = delivery->properties[i].name;
		for (size_t k = 0; k < sizeof PREFIXES / sizeof *PREFIXES; k++) {
			struct text prefix = text_from(PREFIXES[k]);
			if (text_starts(full, prefix) && text_is(text_slice(full, prefix.length, full.length), name))
				return delivery->properties[i].value;
		}
	}
	return TEXT("");
}

enum status delivery_event(struct arena *arena, const struct delivery *delivery, struct cloud_event *event_out,
			   struct error *error)
{
	if (text_starts(delivery->content_type, TEXT("application/cloudevents+json")))
		return cloud_event_read(arena, delivery->body, event_out, error);
	if (!property_find((void *)delivery, "specversion").length)
		return error_set(
			error, INVALID,
			"this is no CloudEvent: publish it with the content type application/cloudevents+json, or with "
			"`cloudEvents:` headers");
	return cloud_event_read_binary(arena, property_find, (void *)delivery, delivery->content_type, delivery->body,
				       event_out, error);
}
