/* Events to the broker, in CloudEvents' binary mode, and what it confirms. A batch is done when all of it is confirmed, with
 * whatever confirms and in whatever order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/check.h"
#include "runtime/bus/inside.h"

enum { ROUTING_KEY_MOST = 255, PROPERTY_NAME = 32 };
static const char PREFIX[] = "cloudEvents:";

/* --- out */
struct outgoing {
	struct property properties[WIRE_PROPERTIES_MOST];
	char names[WIRE_PROPERTIES_MOST][PROPERTY_NAME];
	uint32_t count;
};

static void attribute_add(void *context, const char *name, struct text value)
{
	struct outgoing *outgoing = context;
	char *place = outgoing->names[outgoing->count];
	int length = snprintf(place, PROPERTY_NAME, "%s%s", PREFIX, name);

	CHECK(outgoing->count < WIRE_PROPERTIES_MOST && length < PROPERTY_NAME);
	outgoing->properties[outgoing->count++] = (struct property){{place, (uint32_t)length}, value};
}

/* What must stay in order goes to one shard. */
static struct text order_of(const struct cloud_event *event, char order[2 * CLOUD_ATTRIBUTE_MOST + 1])
{
	struct text by = event->subject.length ? event->subject : event->source;
	uint32_t length = 0;

	memcpy(order, event->tenant.bytes, event->tenant.length);
	length += event->tenant.length;
	order[length++] = '/';
	memcpy(order + length, by.bytes, by.length);
	return (struct text){order, length + by.length};
}

static enum status event_send(struct bus *bus, const struct cloud_event *event, struct error *error)
{
	struct outgoing outgoing = {.count = 0};
	char order[2 * CLOUD_ATTRIBUTE_MOST + 1];
	char time[MOMENT_TEXT];

	cloud_event_attributes(event, time, attribute_add, &outgoing);
	outgoing.properties[outgoing.count++] = (struct property){text_from(BUS_ORDER), order_of(event, order)};
	struct wire_message message = {
		.exchange = BUS_EXCHANGE,
		.key = text_slice(event->type, 0,
				  event->type.length < ROUTING_KEY_MOST ? event->type.length : ROUTING_KEY_MOST),
		.content_type = TEXT("application/json"),
		.body = event->data,
		.properties = outgoing.properties,
		.property_count = outgoing.count};
	return wire_publish(bus->wire, &message, error);
}

enum status bus_publish(struct bus *bus, const struct cloud_event *events, uint32_t count, bus_published *done, void *context,
			struct error *error)
{
	enum status status = bus_health(bus, error);
	struct error why;

	CHECK(count);
	if (status != OK)
		return status;
	for (uint32_t i = 0; status == OK && i < count; i++)
		status = event_send(bus, &events[i], &why);
	if (status != OK) {
		bus_break(bus, &why);
		return error_set(error, RETRY, "%s", why.sentence);
	}
	struct batch *batch = calloc(1, sizeof *batch + (count + 7) / 8);
	CHECK(batch);
	batch->first = bus->tag + 1;
	batch->last = bus->tag += count;
	batch->open = count;
	batch->until = loop_now() + BUS_PATIENCE;
	batch->done = done;
	batch->context = context;
	*bus->batches_end = batch;
	bus->batches_end = &batch->next;
	bus_come_again(bus);
	return OK;
}

/* --- confirmed */
static void batch_end(struct bus *bus, struct batch **link, enum status status, const struct error *why)
{
	struct batch *batch = *link;

	*link = batch->next;
	if (bus->batches_end == &batch->next)
		bus->batches_end = link;
	batch->done(batch->context, status, why);
	free(batch);
}

static void confirmed_set(struct batch *batch, uint64_t tag)
{
	uint64_t at = tag - batch->first;
	uint8_t bit = (uint8_t)(1u << (at & 7));

	if (batch->confirmed[at >> 3] & bit)
		return;
	batch->confirmed[at >> 3] |= bit;
	batch->open--;
}

static void batch_settle(struct bus *bus, struct batch **link)
{
	struct batch *batch = *link;
	struct error why;

	if (batch->refused)
		error_set(&why, RETRY,
			  "the broker did not keep all events of the batch: a queue is missing, or its disk failed");
	batch_end(bus, link, batch->refused ? RETRY : OK, batch->refused ? &why : NULL);
}

void batches_confirm(struct bus *bus, uint64_t tag, bool multiple, bool refused)
{
	struct batch **link = &bus->batches;

	while (*link && (*link)->first <= tag) {
		struct batch *batch = *link;
		bool within = tag <= batch->last;
		if (within || multiple)
			batch->refused |= refused;
		if (within && !multiple)
			confirmed_set(batch, tag);
		for (uint64_t i = batch->first; multiple && batch->open && i <= (within ? tag : batch->last); i++)
			confirmed_set(batch, i);
		if (!batch->open)
			batch_settle(bus, link);
		else
			link = &batch->next;
	}
}

void batches_returned(struct bus *bus)
{
	/* the broker does not say which it was; they are sent again, and known as doubles */
	for (struct batch *batch = bus->batches; batch; batch = batch->next)
		batch->refused = true;
}

void batches_fail(struct bus *bus, int64_t until, const struct error *why)
{
	struct batch *last = NULL;

	/* those that are published by a `done` of these come behind them, and have their time */
	for (struct batch *batch = bus->batches; batch && batch->until <= until; batch = batch->next)
		last = batch;
	for (bool more = last; more;) {
		more = bus->batches != last;
		batch_end(bus, &bus->batches, RETRY, why);
	}
}
