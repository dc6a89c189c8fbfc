/* The thresholds of a clock: each fires once, in order, however late it is seen. */
#include "engine/clock.h"

#include "engine/base/check.h"

/* The thresholds: the warnings and, at its place among them, the due itself. `fired` counts how many have been. */
static uint32_t due_place(const struct clock *clock)
{
	uint32_t place = 0;
	while (place < clock->warn_count && decimal_compare(value_decimal(clock->warn_at[place]), decimal_from_int(1)) <= 0)
		place++;
	return place;
}

static bool threshold_at(const struct running *running, uint32_t number, moment *at_out)
{
	uint32_t place = due_place(running->clock);
	if (number == place)
		*at_out = running->due;
	if (number == place || running->target.kind != VALUE_DURATION)
		return running->has_due;
	struct value share = running->clock->warn_at[number < place ? number : number - 1];
	return reckon_share(&running->reckoning, value_decimal(share), at_out) == OK;
}

static enum status raise(struct running *running, const struct event_kind *kind, struct value percent)
{
	if (!kind)
		return OK;
	struct value *fields = arena_array(running->context->arena, struct value, 3);
	fields[0] = value_ref(running->clock->entity->index, running->record);
	fields[1] = running->has_due ? value_time(running->due) : value_missing();
	fields[2] = percent;
	CHECK(kind->field_count <= 3);
	return event_raise(running->context, kind, fields);
}

static enum status threshold_fire(struct running *running, uint32_t number)
{
	const struct clock *clock = running->clock;
	uint32_t place = due_place(clock);
	if (number == place)
		return raise(running, clock->breached, value_missing());
	return raise(running, clock->warned, clock->warn_at[number < place ? number : number - 1]);
}

/* Who stops at the very second of a threshold has kept it. */
enum status clock_fire(struct running *running, moment *next_out, bool *has_next_out)
{
	moment until = running->context->now - running->stopped_now;
	enum status status = OK;
	for (*has_next_out = false; status == OK && running->fired <= running->clock->warn_count; running->fired++) {
		*has_next_out = threshold_at(running, (uint32_t)running->fired, next_out);
		if (!*has_next_out || *next_out > until)
			break;
		status = threshold_fire(running, (uint32_t)running->fired);
		*has_next_out = false;
	}
	if (status == OK && running->stopped_now && running->has_state && running->state == CLOCK_MET)
		status = raise(running, running->clock->met, value_missing());
	return status;
}
