/* What a plan is at the end of its turn: one change a row, nothing that comes to nothing, nothing asked for twice; and a word
 * in the trace where two rules wanted different things. The later rule wins, in the fixed order of rules. */
#include "engine/context.h"

/* --- two rules, one field */
void plan_note_write(struct context *context, struct row *row, uint16_t field, struct value before, struct value after)
{
	if (context->rule == RULE_NONE || value_same(before, after))
		return;
	const struct field_write *write = row->writes;
	while (write && write->field != field)
		write = write->earlier;
	if (write && write->rule != context->rule && write->event == context->event_index) {
		const struct rule *rules = context->program->rules;
		const struct zone *zone = context->program->zone;
		struct text old = value_show(context->arena, before, zone), new = value_show(context->arena, after, zone);
		trace_say(context, "conflict: %.*s.%.*s was %.*s by %.*s and is now %.*s by %.*s, which comes later",
			  TEXT_ARGS(row->entity->name), TEXT_ARGS(row->entity->fields[field].name), TEXT_ARGS(old),
			  TEXT_ARGS(rules[write->rule].name), TEXT_ARGS(new), TEXT_ARGS(rules[context->rule].name));
	}
	struct field_write *own = arena_new(context->arena, struct field_write);
	*own = (struct field_write){
		.earlier = row->writes, .field = field, .rule = context->rule, .event = context->event_index};
	row->writes = own;
}

/* --- changes that come to nothing */
static bool says_something(const struct change *change)
{
	if (change->kind == CHANGE_DELETE)
		return change->before; /* NULL: it was made in this turn */
	if (change->kind == CHANGE_CREATE)
		return true;
	for (uint32_t i = FIELD_FIRST_OWN; i < change->entity->field_count; i++)
		if (change->changed[i / 64] >> i % 64 & 1)
			return true;
	return false;
}

/* --- the same call or message twice */
static uint64_t outgoing_hash(const struct outgoing *outgoing)
{
	struct value arguments = {.kind = VALUE_RECORD, .count = outgoing->argument_count, .items = outgoing->arguments};
	const void *what = outgoing->kind == OUTGOING_CALL ? (const void *)outgoing->action : (const void *)outgoing->notice;
	return value_hash(arguments) ^ (uint64_t)(uintptr_t)what;
}

static bool outgoing_equal(const struct outgoing *a, const struct outgoing *b)
{
	struct value left = {.kind = VALUE_RECORD, .count = a->argument_count, .items = a->arguments};
	struct value right = {.kind = VALUE_RECORD, .count = b->argument_count, .items = b->arguments};
	return a->kind == b->kind && a->action == b->action && a->notice == b->notice && value_equal(left, right);
}

static void say_double(struct context *context, const struct outgoing *outgoing)
{
	if (outgoing->kind == OUTGOING_CALL)
		trace_say(context, "%.*s.%.*s is asked for twice with the same values, and called once",
			  TEXT_ARGS(outgoing->action->connector->name), TEXT_ARGS(outgoing->action->name));
	else
		trace_say(context, "the same message to the same people is sent once");
}

static void merge_doubles(struct context *context)
{
	struct outgoing *items = context->plan->outgoing.items;
	uint32_t count = context->plan->outgoing.count, kept = 0, capacity = 8;
	if (count < 2)
		return;
	while (capacity < count * 2)
		capacity *= 2;
	uint32_t *places = arena_array(context->arena, uint32_t, capacity); /* index of a kept one + 1 */
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = (uint32_t)outgoing_hash(&items[i]) & (capacity - 1);
		while (places[at] && !outgoing_equal(&items[places[at] - 1], &items[i]))
			at = (at + 1) & (capacity - 1);
		if (places[at]) {
			say_double(context, &items[i]);
			continue;
		}
		items[kept] = items[i];
		places[at] = ++kept;
	}
	context->plan->outgoing.count = kept;
}

/* --- one after the other: the store checks what is unique with each change. Where rows wait for one another in a ring, one of
 * them steps aside. */
enum { ON_THE_WAY = 1, PLACED };

struct way {
	struct row *row;
	const struct row_wait *next;
};

static struct way way_into(struct row *row)
{
	row->place = ON_THE_WAY;
	return (struct way){row, row->values ? row->waits : NULL}; /* a deletion waits for nobody */
}

/* Adds the row behind those it waits for. */
static void row_place(struct context *context, struct row *row, row_list *placed)
{
	LIST(struct way) way = {0};
	if (row->place)
		return;
	*list_add(context->arena, &way) = way_into(row);
	while (way.count) {
		struct way *last = list_last(&way);
		if (!last->next) {
			last->row->place = PLACED;
			*list_add(context->arena, placed) = last->row;
			way.count--;
			continue;
		}
		struct row *other = last->next->row;
		last->next = last->next->earlier;
		if (!other->place)
			*list_add(context->arena, &way) = way_into(other);
		else if (other->place == ON_THE_WAY)
			other->change->steps_aside = true;
	}
}

static row_list rows_in_order(struct context *context)
{
	row_list rows = {0};
	for (uint32_t i = 0; i < context->touched.count; i++)
		row_place(context, context->touched.items[i], &rows);
	return rows;
}

void plan_finish(struct context *context)
{
	row_list rows = context->taken.count ? rows_in_order(context) : context->touched;
	for (uint32_t i = 0; i < rows.count; i++) {
		struct change *change = rows.items[i]->change;
		if (says_something(change))
			*list_add(context->arena, &context->plan->changes) = change;
	}
	merge_doubles(context);
	context->trace->steps = (uint32_t)context->steps;
}
