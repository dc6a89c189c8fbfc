/* The clock: what is due, when it is due. Sleeps until the next timer or a bell; polls nothing. Two clocks at once do no harm:
 * a timer's row goes in its turn, and of two that take it away only one commits.
 *
 * Slices of clocks that are reckoned anew are long turns, and have transactions of their own: one, then whatever else has
 * become due in the meantime, then the next, of whoever waits longest. */
#include <stdlib.h>

#include "engine/base/check.h"
#include "runtime/operate/fault.h"
#include "runtime/service/careful.h"

enum {
	DUE_MOST = 256,           /* timers in one transaction */
	SLEEP_MOST = 3600 * 1000, /* milliseconds: the machine's clock may have been set */
};

struct due_clock {
	struct arena arena;
	struct careful careful;
};

static enum status due_entries(struct member *member, struct arena *arena, enum due_kind kind, uint32_t most,
			       entry_list *entries, struct error *error)
{
	due_list due;
	enum status status = store_timers_due(member->store, arena, kind, wall_now(), most, &due, error);

	for (uint32_t i = 0; status == OK && i < due.count; i++)
		*list_add(arena, entries) = (struct entry){.tenant = due.items[i].tenant,
							   .origin = ENTRY_TIMER,
							   .id = due.items[i].timer,
							   .received_at = due.items[i].due};
	return status;
}

static enum status sleep_until_next(struct member *member, moment now, struct error *error)
{
	moment next;
	enum status status = store_timer_next(member->store, &next, error);

	if (status == NOT_FOUND)
		return OK;
	if (status == OK) {
		int64_t seconds = next > now ? next - now : 0;
		member_come_again(member, seconds < SLEEP_MOST / 1000 ? seconds * 1000 : SLEEP_MOST);
	}
	return status;
}

static enum status entries_run(struct member *member, entry_list *entries, struct error *error)
{
	struct turned turned = {0};
	enum status status = turns_run(member->turns, entries->items, entries->count, wall_now(), &turned, error);

	if (status == OK && turned.calls)
		bell_ring(member->service, ROLE_COURIER);
	return status;
}

/* What is due of a kind, in one transaction. */
static enum status due_run(struct member *member, enum due_kind kind, uint32_t most, uint32_t *count_out, struct error *error)
{
	struct due_clock *clock = member->own;
	entry_list entries = {0};

	arena_reset(&clock->arena);
	enum status status = due_entries(member, &clock->arena, kind, most, &entries, error);
	*count_out = entries.count;
	if (entries.count)
		FAULT("timer.due");
	if (status != OK || !entries.count)
		return status;
	return clock->careful.left ? careful_run(&clock->careful, member, &entries, entries_run, error)
				   : entries_run(member, &entries, error);
}

static void clock_work(struct member *member)
{
	uint32_t count = 0, slices = 0;
	struct error error;
	enum status status = due_run(member, DUE_BUT_SLICES, DUE_MOST, &count, &error);

	if (status == OK)
		status = due_run(member, DUE_SLICES, 1, &slices, &error);
	if (status == OK && count + slices)
		member_come_again(member, 0);
	else if (status == OK)
		status = sleep_until_next(member, wall_now(), &error);
	member_weather(member, status, &error);
}

static enum status clock_start(struct member *member, struct error *error)
{
	struct due_clock *clock = calloc(1, sizeof *clock);

	CHECK(clock);
	(void)error;
	arena_init(&clock->arena, "what is due", 0);
	careful_begin(&clock->careful, member, DUE_MOST + 1);
	member->own = clock;
	return OK;
}

static void clock_end(struct member *member)
{
	struct due_clock *clock = member->own;

	if (clock)
		arena_release(&clock->arena);
	free(clock);
}

const struct role_duty CLOCK_DUTY = {.start = clock_start, .work = clock_work, .end = clock_end};
