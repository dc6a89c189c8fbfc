/* The life of a connection: made, watched, lost, made again. Must never call anybody back but from the loop, and never wait
 * for the broker but while connecting. */
#include "runtime/bus/bus.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/check.h"
#include "runtime/bus/inside.h"

enum { NEWS_A_ROUND = 4096 }; /* then others in the loop have their turn */

static void on_alarm(void *context);
static void on_socket(void *context, int fd, unsigned ready);
static void connect_try(struct bus *bus);
static void connection_lost(struct bus *bus);
static void news_read(struct bus *bus);
static void alarm_plan(struct bus *bus);

enum status bus_open(const struct bus_options *options, struct bus **bus_out, struct error *error)
{
	struct bus *bus = calloc(1, sizeof *bus);

	CHECK(bus && options->shards >= 1 && options->shards <= BUS_SHARDS_MOST && options->prefetch >= 1);
	*bus_out = NULL;
	bus->options = *options;
	enum status status = wire_address_read(options->url, &bus->address, error);
	if (status != OK) {
		free(bus);
		return status;
	}
	snprintf(bus->name, sizeof bus->name, "%s", options->name);
	error_set(&bus->why, RETRY, "the broker at %s:%d was not asked yet", bus->address.host, bus->address.port);
	bus->batches_end = &bus->batches;
	bus->ready.end = &bus->ready.first;
	bus->taken.end = &bus->taken.first;
	bus->alarm = loop_alarm(options->loop, on_alarm, bus);
	alarm_set(bus->alarm, loop_now());
	*bus_out = bus;
	return OK;
}

void bus_close(struct bus *bus)
{
	struct error why;

	if (!bus)
		return;
	error_set(&why, RETRY, "the connection to the broker was closed before it had confirmed");
	watch_remove(bus->watch);
	alarm_remove(bus->alarm);
	wire_close(bus->wire, !bus->broken);
	bus->wire = NULL;
	batches_fail(bus, INT64_MAX, &why);
	deliveries_drop(&bus->ready);
	deliveries_drop(&bus->taken);
	free(bus);
}

enum status bus_health(const struct bus *bus, struct error *error)
{
	bool well = bus->wire && !bus->broken && !bus->blocked;

	return well ? OK : error_set(error, RETRY, "%s", bus->why.sentence);
}

void bus_break(struct bus *bus, const struct error *why)
{
	if (bus->broken)
		return;
	bus->broken = true;
	bus->why = *why;
	bus_come_again(bus);
}

void bus_come_again(struct bus *bus)
{
	alarm_set_earlier(bus->alarm, loop_now());
}

/* --- from the loop */
static void on_alarm(void *context)
{
	struct bus *bus = context;

	if (bus->wire)
		news_read(bus);
	else
		connect_try(bus);
}

static void on_socket(void *context, int fd, unsigned ready)
{
	(void)fd;
	(void)ready;
	news_read(context);
}

/* While it is open: for the heartbeat, for the patience of the oldest batch, and for what is buffered. */
static void alarm_plan(struct bus *bus)
{
	int64_t at = loop_now() + bus->address.heartbeat * 500;

	if (bus->batches && bus->batches->until < at)
		at = bus->batches->until;
	alarm_set(bus->alarm, bus->broken || wire_has_news(bus->wire) ? loop_now() : at);
}

/* --- connecting */
static enum status connection_make(struct bus *bus, struct error *error)
{
	enum status status = wire_open(&bus->address, bus->name, &bus->wire, error);

	if (status == OK)
		status = topology_declare(bus->wire, bus->options.shards, error);
	if (status == OK)
		status = wire_confirm(bus->wire, error);
	if (status == OK)
		status = wire_prefetch(bus->wire, bus->options.prefetch, error);
	if (status == OK)
		status = loop_watch(bus->options.loop, wire_socket(bus->wire), LOOP_READ, on_socket, bus, &bus->watch, error);
	return status == OK ? subscriptions_resume(bus, error) : status;
}

static void connect_try(struct bus *bus)
{
	struct error error;
	const struct bus_watcher *watcher = &bus->options.watcher;

	bus->connection++;
	bus->tag = 0;
	if (connection_make(bus, &error) != OK) {
		bus->why = error;
		connection_lost(bus);
		return;
	}
	bus->failures = 0;
	if (watcher->on_open)
		watcher->on_open(watcher->context);
	alarm_plan(bus);
}

/* `why` says it. The next try comes after a time that doubles, half of it by chance, so that many do not come at once. */
static void connection_lost(struct bus *bus)
{
	const struct bus_watcher *watcher = &bus->options.watcher;
	struct error why = bus->why;
	uint32_t wait = bus->failures < 7 ? BUS_AGAIN_FIRST << bus->failures : BUS_AGAIN_MOST;

	watch_remove(bus->watch);
	wire_close(bus->wire, bus->polite); /* what was acknowledged before it was given up must arrive */
	bus->watch = NULL;
	bus->wire = NULL;
	bus->broken = bus->blocked = bus->polite = false;
	bus->failures++;
	alarm_set(bus->alarm, loop_now() + wait / 2 + arc4random_uniform(wait / 2 + 1));
	deliveries_drop(&bus->ready);
	batches_fail(bus, INT64_MAX, &why);
	if (watcher->on_closed)
		watcher->on_closed(watcher->context, &why);
}

void bus_return(struct bus *bus)
{
	struct error why;

	deliveries_drop(&bus->ready);
	deliveries_drop(&bus->taken);
	if (!bus->wire || bus->broken)
		return;
	bus->polite = true;
	error_set(&why, RETRY, "the connection to the broker was ended to give deliveries back");
	bus_break(bus, &why);
}

/* --- what the broker says */
static void blocked_set(struct bus *bus, const char *reason)
{
	bus->blocked = true;
	error_set(&bus->why, RETRY, "the broker at %s:%d takes no events for the moment: it is %s", bus->address.host,
		  bus->address.port, reason);
	batches_fail(bus, INT64_MAX, &bus->why); /* it may take hours until they are confirmed */
}

static void news_take(struct bus *bus, struct news *news, bool *delivered)
{
	switch (news->kind) {
	case NEWS_CONFIRMED:
	case NEWS_REFUSED:
		batches_confirm(bus, news->tag, news->multiple, news->kind == NEWS_REFUSED);
		break;
	case NEWS_RETURNED:
		batches_returned(bus);
		break;
	case NEWS_DELIVERED:
		delivery_arrived(bus, news->delivery);
		*delivered = true;
		break;
	case NEWS_BLOCKED:
		blocked_set(bus, news->reason);
		break;
	case NEWS_UNBLOCKED:
		bus->blocked = false;
		break;
	case NEWS_NONE:
		break;
	}
}

static void news_read(struct bus *bus)
{
	const struct bus_watcher *watcher = &bus->options.watcher;
	struct news news = {.kind = NEWS_UNBLOCKED};
	struct error error;
	bool delivered = false;

	for (int i = 0; i < NEWS_A_ROUND && !bus->broken && news.kind != NEWS_NONE; i++) {
		if (wire_next(bus->wire, &news, &error) != OK)
			bus_break(bus, &error);
		else
			news_take(bus, &news, &delivered);
	}
	if (delivered && !bus->broken && watcher->on_deliveries)
		watcher->on_deliveries(watcher->context);
	if (!bus->broken) {
		error_set(&error, RETRY, "the broker at %s:%d did not confirm within %d s", bus->address.host,
			  bus->address.port, BUS_PATIENCE / 1000);
		batches_fail(bus, loop_now(), bus->blocked ? &bus->why : &error);
	}
	if (bus->broken)
		connection_lost(bus);
	else
		alarm_plan(bus);
}
