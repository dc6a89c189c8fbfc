/* From deliveries to entries. Must never settle a delivery before what became of it is committed. */
#include "runtime/service/intake.h"

#include <stdlib.h>

#include "engine/base/check.h"
#include "runtime/operate/fault.h"
#include "runtime/operate/log.h"
#include "runtime/service/envelope.h"

enum { TAKE_MOST = BROKER_SHARDS * BROKER_PREFETCH };

struct intake {
	struct programs *programs;
	struct bus *bus;
	struct delivery *taken[TAKE_MOST];
	uint32_t count;
};

static void on_open(void *context)
{
	(void)context;
	log_line(LOG_INFO, "connected to the broker");
}

static void on_closed(void *context, const struct error *error)
{
	(void)context;
	log_line(LOG_WARNING, "%s", error->sentence);
}

enum status intake_open(struct member *member, void (*on_deliveries)(void *context), struct intake **intake_out,
			struct error *error)
{
	struct intake *intake = calloc(1, sizeof *intake);
	struct bus_options options = {
		.loop = member->loop,
		.url = member->service->settings.broker,
		.name = "stellwerk worker",
		.shards = BROKER_SHARDS,
		.prefetch = BROKER_PREFETCH,
		.watcher = {.on_open = on_open, .on_closed = on_closed, .on_deliveries = on_deliveries, .context = member}};

	CHECK(intake);
	intake->programs = member->programs;
	*intake_out = intake;
	enum status status = bus_open(&options, &intake->bus, error);
	for (uint32_t shard = 0; status == OK && shard < BROKER_SHARDS; shard++)
		bus_subscribe(intake->bus, shard);
	if (status == OK)
		bus_subscribe(intake->bus, BUS_DEAD);
	return status;
}

void intake_close(struct intake *intake)
{
	if (!intake)
		return;
	bus_close(intake->bus);
	free(intake);
}

/* --- one delivery */
static void bury(struct arena *arena, const struct delivery *delivery, struct entry *entry, struct text sentence)
{
	entry->state = ENTRY_DEAD;
	entry->sentence = sentence;
	if (entry->type.length)
		return;
	/* no envelope to go by: what it says is what it is known by */
	entry->id = record_id_derive(0, delivery->body.bytes, delivery->body.length);
	entry->source = entry->subject = TEXT("broker");
	entry->type = TEXT("unreadable");
	entry->content = text_is_utf8(delivery->body) ? delivery->body
						      : text_format(arena, "%u bytes that are no UTF-8", delivery->body.length);
}

static void entry_read(struct intake *intake, struct arena *arena, const struct delivery *delivery, struct entry *entry)
{
	struct cloud_event event;
	struct error error;

	*entry = (struct entry){.origin = ENTRY_EVENT, .received_at = wall_now()};
	if (delivery_event(arena, delivery, &event, &error) != OK) {
		bury(arena, delivery, entry, text_copy(arena, text_from(error.sentence)));
		return;
	}
	if (entry_from_event(arena, intake->programs, &event, entry, &error) != OK)
		bury(arena, delivery, entry, text_copy(arena, text_from(error.sentence)));
	else if (delivery->shard == BUS_DEAD)
		bury(arena, delivery, entry,
		     text_format(arena, "the broker gave it up (%.*s in %.*s): whoever was at it did not end, again and again",
				 TEXT_ARGS(delivery->death), TEXT_ARGS(delivery->death_queue)));
}

void intake_take(struct intake *intake, struct arena *arena, uint32_t most, entry_list *entries_out)
{
	if (!intake->count) /* else those come first that could not be stored */
		intake->count = bus_take(intake->bus, intake->taken, most < TAKE_MOST ? most : TAKE_MOST);
	for (uint32_t i = 0; i < intake->count; i++)
		entry_read(intake, arena, intake->taken[i], list_add(arena, entries_out));
}

void intake_settle(struct intake *intake, bool stored)
{
	if (!intake->count)
		return;
	if (stored) {
		FAULT("delivery.stored");
		bus_acknowledge(intake->bus, intake->taken[intake->count - 1]);
	}
	intake->count = stored ? 0 : intake->count;
}
