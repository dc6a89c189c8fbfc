/* All open clocks of a kind reckoned anew, for packs, a setting or a row that they go by has changed. They may be any number: a
 * turn takes a slice of them, in the order of ids, and leaves a timer for the next. How far they have come is the engine's
 * memory, a row like all it knows. What comes to be in between knows the new already.
 * docs/decisions/0024-a-slice-of-clocks-a-turn.md */
#include "engine/clock.h"

#include <stdlib.h>

enum { PURPOSE_OF_SLICE = 200 }; /* beyond those of rule_time.c and rule_wait.c */

/* A way through all open clocks of a kind: from `after` to the end and, if `until` is not behind it, on from the begin to
 * there. So what changes again while it goes on makes it longer, and never begins anew. */
struct round {
	const struct clock *clock;
	struct record_id memory;
	bool exists;
	struct record_id after, until; /* all zero: the begin */
	int64_t number;                /* of the next slice: no two timers are the same, of no two rounds */
};

static struct record_id memory_id(const struct clock *clock)
{
	uint64_t seed[] = {text_hash(clock->name), PURPOSE_OF_SLICE};
	return record_id_derive(0, seed, sizeof(seed));
}

static enum status place_parse(struct text place, struct round *round)
{
	uint32_t second = RECORD_ID_TEXT + 1, third = 2 * second;
	if (place.length <= third || record_id_parse(text_slice(place, 0, RECORD_ID_TEXT), &round->after) != OK)
		return INVALID;
	round->number = strtoll(place.bytes + third, NULL, 10);
	return record_id_parse(text_slice(place, second, third - 1), &round->until);
}

static struct text place_text(struct context *context, const struct round *round)
{
	char after[RECORD_ID_TEXT + 1], until[RECORD_ID_TEXT + 1];
	record_id_write(round->after, after);
	record_id_write(round->until, until);
	return text_format(context->arena, "%s %s %lld", after, until, (long long)round->number);
}

static enum status round_load(struct context *context, const struct clock *clock, struct round *round)
{
	const struct value *values;
	*round = (struct round){.clock = clock, .memory = memory_id(clock)};
	enum status status = row_read(context, system_entity(context, SYSTEM_MEMORY), round->memory, &values);
	if (status != OK)
		return status == NOT_FOUND ? OK : status;
	round->exists = true;
	if (values[MEMORY_RECORD].kind != VALUE_TEXT || place_parse(value_as_text(values[MEMORY_RECORD]), round) != OK)
		round->after = round->until = (struct record_id){0};
	return OK;
}

static enum status round_save(struct context *context, const struct round *round)
{
	static const uint16_t FIELDS[] = {MEMORY_RULE, MEMORY_PURPOSE, MEMORY_RECORD};
	const struct entity *entity = system_entity(context, SYSTEM_MEMORY);
	struct value values[] = {value_text(round->clock->name), value_int(PURPOSE_OF_SLICE),
				 value_text(place_text(context, round))};
	struct write write = {.entity = entity, .fields = FIELDS, .field_count = 3};
	enum status status = round->exists ? row_update(context, entity, round->memory, FIELDS, values, 3)
					   : row_create_as(context, &write, values, round->memory);
	if (status != OK)
		return status;
	return timer_set(context, TIMER_SLICE, round->clock->name, round->number, context->now, TEXT(""));
}

static enum status round_end(struct context *context, const struct round *round)
{
	return round->exists ? row_delete(context, system_entity(context, SYSTEM_MEMORY), round->memory) : OK;
}

/* --- one slice */
static enum status slice_read(struct context *context, const struct round *round, struct row_slice *slice)
{
	static const uint16_t ID[] = {FIELD_ID}, STOPPED[] = {FIELD_FIRST_OWN + CLOCK_STOPPED_AT};
	static const struct query_term TERMS[] = {{.path = ID, .path_length = 1, .comparison = COMPARE_GREATER},
						  {.path = STOPPED, .path_length = 1, .comparison = COMPARE_NOT_SET}};
	struct query *open = arena_new(context->arena, struct query);
	*open = (struct query){.kind = QUERY_ALL,
			       .entity = round->clock->state,
			       .terms = TERMS,
			       .term_count = 2,
			       .parameter_count = 1,
			       .terms_are_all = true,
			       .most = context->engine->slice_clocks,
			       .in_order = true};
	return row_query_after(context, open, round->after, slice);
}

/* What clocks raise is handled behind them, in the same turn. */
static bool is_enough(const struct context *context)
{
	return context->pending.count - context->handled >= LIMIT_SLICE_EVENTS;
}

/* From the first of a slice on; `until_out`: how far it has come. */
static enum status rows_run(struct context *context, const struct round *round, const struct row_slice *slice,
			    struct record_id *until_out)
{
	enum status status = OK;
	for (uint32_t i = 0; status == OK && i < slice->rows.count; i++) {
		const struct row *row = slice->rows.items[i];
		if (i && is_enough(context))
			return OK;
		*until_out = row->id;
		if (row->values)
			status = clock_again(context, round->clock, row->values[FIELD_FIRST_OWN + CLOCK_RECORD].id);
	}
	if (slice->more)
		*until_out = slice->until;
	return status;
}

/* `over_out`: there is nothing left of the round. */
static enum status slice_run(struct context *context, struct round *round, bool *over_out)
{
	struct record_id begin = {0};
	struct row_slice slice;
	bool to_the_end = id_compare(round->until, round->after) <= 0;
	enum status status = slice_read(context, round, &slice);
	if (status == OK)
		status = rows_run(context, round, &slice, &round->after);
	bool is_at_the_end = !slice.more && (!slice.rows.count || id_equal(round->after, (*list_last(&slice.rows))->id));
	if (!to_the_end) {
		*over_out = is_at_the_end || id_compare(round->after, round->until) >= 0;
		return status;
	}
	*over_out = is_at_the_end && id_equal(round->until, begin);
	if (is_at_the_end)
		round->after = begin;
	return status;
}

static enum status round_go_on(struct context *context, struct round *round)
{
	bool over;
	enum status status = slice_run(context, round, &over);
	if (status != OK)
		return status;
	if (over)
		return round_end(context, round);
	round->number = round->exists ? round->number + 1 : context->now;
	trace_say(context, "clock %.*s: there are more open ones than a turn reckons anew; the rest follows",
		  TEXT_ARGS(round->clock->name));
	return round_save(context, round);
}

/* --- ways in */
enum status clock_reckon_open(struct context *context, const struct clock *clock)
{
	struct round round;
	enum status status = round_load(context, clock, &round);
	if (status != OK)
		return status;
	if (!round.exists)
		return round_go_on(context, &round);
	round.until = round.after;
	return round_save(context, &round);
}

enum status clocks_reckon_all(struct context *context)
{
	enum status status = OK;
	for (uint32_t i = 0; status == OK && i < context->program->clock_count; i++)
		status = clock_reckon_open(context, &context->program->clocks[i]);
	return status;
}

enum status clocks_on_slice(struct context *context, const struct timer *timer)
{
	const struct program *program = context->program;
	struct round round;
	for (uint32_t i = 0; i < program->clock_count; i++) {
		if (!text_equal(program->clocks[i].name, timer->subject))
			continue;
		enum status status = round_load(context, &program->clocks[i], &round);
		bool is_next = round.exists && round.number == timer->number;
		return status == OK && is_next ? round_go_on(context, &round) : status;
	}
	return OK; /* the program has it no longer */
}
