/* Clocks: start, pause, resume, stop, reopen; what is due follows from them. A clock is never moved forward from what it was:
 * every change reckons anew from the start, with all pauses, in the calendar and towards the target that hold now. That alone
 * makes a changed target, a moved holiday and a late event come out right. Elapsed and remaining are stored when something of
 * the clock changes; clock_field reads them as of now. Whether a clock goes on is asked when its record changes, not by time.
 */
#include "engine/clock.h"

static inline struct value stored_field(const struct value *stored, enum clock_field field)
{
	return stored[FIELD_FIRST_OWN + field];
}

/* --- the stored state */
static void pauses_load(struct running *running, struct value list)
{
	for (uint32_t i = 0; list.kind == VALUE_LIST && i < list.count; i++) {
		const struct value *edges = list.items[i].items;
		bool open = edges[0].integer == edges[1].integer; /* an empty pause is never stored */
		*list_add(running->context->arena, &running->pauses) =
			(struct pause){edges[0].integer, open ? PAUSE_OPEN : edges[1].integer};
	}
}

static struct value pauses_store(const struct running *running)
{
	uint32_t count = running->pauses.count;
	struct value *ranges = arena_array(running->context->arena, struct value, count + 1);
	for (uint32_t i = 0; i < count; i++) {
		const struct pause *pause = &running->pauses.items[i];
		struct value *edges = arena_array(running->context->arena, struct value, 2);
		edges[0] = value_time(pause->from);
		edges[1] = value_time(pause->until == PAUSE_OPEN ? pause->from : pause->until);
		ranges[i] = (struct value){.kind = VALUE_RANGE, .items = edges, .count = 2};
	}
	return (struct value){.kind = VALUE_LIST, .items = ranges, .count = count};
}

static void state_load(struct running *running)
{
	const struct value *stored = running->stored;
	if (!stored)
		return;
	struct value started = stored_field(stored, CLOCK_STARTED_AT), stopped = stored_field(stored, CLOCK_STOPPED_AT);
	struct value state = stored_field(stored, CLOCK_STATE), fired = stored_field(stored, CLOCK_WARNED);
	running->has_started = started.kind == VALUE_TIME;
	running->started_at = started.integer;
	running->has_stopped = stopped.kind == VALUE_TIME;
	running->stopped_at = stopped.integer;
	running->has_state = state.kind == VALUE_ENUM;
	running->state = (enum clock_state)state.count;
	running->fired = fired.kind == VALUE_INT ? fired.integer : 0;
	pauses_load(running, stored_field(stored, CLOCK_PAUSES));
}

static enum status running_load(struct context *context, const struct clock *clock, struct record_id record,
				struct running *running)
{
	*running = (struct running){.context = context, .clock = clock, .record = record, .row = clock_row_id(clock, record)};
	enum status status = row_read(context, clock->state, running->row, &running->stored);
	if (status == NOT_FOUND) {
		running->stored = NULL;
		return OK;
	}
	if (status == OK)
		state_load(running);
	return status;
}

/* --- the ways in */
static struct text row_text(const struct running *running)
{
	char id[RECORD_ID_TEXT + 1];
	record_id_write(running->row, id);
	return text_copy(running->context->arena, text_from(id));
}

static enum status clock_failed(struct running *running)
{
	struct context *context = running->context;
	struct value *fields = arena_array(context->arena, struct value, 3);
	fields[0] = value_text(running->clock->name);
	fields[1] = context->event ? value_text(context->event->kind->name) : value_missing();
	fields[2] = value_text(text_copy(context->arena, text_from(context->error->sentence)));
	trace_say(context, "the clock %.*s could not be reckoned: %s", TEXT_ARGS(running->clock->name),
		  context->error->sentence);
	return event_raise(context, context->engine->failed, fields);
}

/* A clock that fails is as it was, and said so; the others go on. What is gone has no clocks. */
static enum status clock_run(struct context *context, const struct clock *clock, struct record_id record, bool start_hit,
			     bool stop_hit)
{
	struct savepoint before = savepoint_set(context);
	struct running running;
	const struct value *known;
	enum status status = row_read(context, clock->entity, record, &known);
	if (status != OK)
		return status == NOT_FOUND ? OK : status;
	status = running_load(context, clock, record, &running);
	running.start_hit = start_hit;
	running.stop_hit = stop_hit;
	if (status == OK)
		status = clock_settle(&running);
	if (status == OK || context->fatal)
		return status;
	savepoint_restore(context, before);
	return clock_failed(&running);
}

/* The record is gone, and with it its clocks. */
static enum status clock_drop(struct context *context, const struct clock *clock, struct record_id record)
{
	struct running running;
	enum status status = running_load(context, clock, record, &running);
	if (status != OK || !running.stored)
		return status;
	status = timer_clear(context, TIMER_CLOCK, row_text(&running), 0);
	return status == OK ? row_delete(context, clock->state, running.row) : status;
}

enum status clocks_drop(struct context *context, const struct entity *entity, struct record_id record)
{
	enum status status = OK;
	for (uint32_t i = 0; status == OK && i < entity->clock_count; i++)
		status = clock_drop(context, entity->clocks[i], record);
	return status;
}

static bool event_record(const struct event *event, const struct entity *entity, struct record_id *record_out)
{
	for (uint32_t i = 0; i < event->kind->field_count; i++)
		if (event->fields[i].kind == VALUE_REF && event->fields[i].entity == entity->index) {
			*record_out = event->fields[i].id;
			return true;
		}
	return false;
}

static enum status clock_on_event(struct context *context, const struct clock *clock, const struct event *event)
{
	const struct event_kind *kind = event->kind;
	bool own = kind->entity == clock->entity, hit = kind == clock->start_event || kind == clock->stop_event;
	struct record_id record;
	if ((!own && !hit) || !event_record(event, clock->entity, &record))
		return OK;
	if (own && kind->origin == EVENT_DELETED)
		return clock_drop(context, clock, record);
	return clock_run(context, clock, record, kind == clock->start_event, kind == clock->stop_event);
}

enum status clocks_on_event(struct context *context, const struct event *event)
{
	const struct program *program = context->program;
	enum status status = OK;
	for (uint32_t i = 0; event->kind && status == OK && i < program->clock_count; i++) {
		status = clock_on_event(context, &program->clocks[i], event);
		if (status == OK && clock_reads(context->engine, &program->clocks[i], event))
			status = clock_reckon_open(context, &program->clocks[i]);
	}
	return status;
}

enum status clocks_on_timer(struct context *context, const struct timer *timer)
{
	const struct program *program = context->program;
	struct record_id row;
	const struct value *stored;
	for (uint32_t i = 0; i < program->clock_count; i++) {
		const struct clock *clock = &program->clocks[i];
		if (!text_equal(clock->name, timer->data) || record_id_parse(timer->subject, &row) != OK)
			continue;
		enum status status = row_read(context, clock->state, row, &stored);
		if (status != OK)
			return context->fatal ? status : OK; /* its record went away */
		return clock_again(context, clock, stored_field(stored, CLOCK_RECORD).id);
	}
	return OK; /* a clock that the program no longer has */
}

enum status clock_again(struct context *context, const struct clock *clock, struct record_id record)
{
	return clock_run(context, clock, record, false, false);
}

/* --- the row and its timer */
static void values_find(const struct running *running, struct value values_out[CLOCK_FIELD_COUNT])
{
	const struct type *state = running->clock->state->fields[FIELD_FIRST_OWN + CLOCK_STATE].type;
	moment now = running->context->now;
	int64_t left;
	for (int i = 0; i < CLOCK_FIELD_COUNT; i++)
		values_out[i] = value_missing();
	values_out[CLOCK_RECORD] = value_ref(running->clock->entity->index, running->record);
	values_out[CLOCK_STARTED_AT] = value_time(running->started_at);
	values_out[CLOCK_PAUSES] = pauses_store(running);
	values_out[CLOCK_WARNED] = value_int(running->fired);
	values_out[CLOCK_TARGET] = running->target;
	if (running->has_stopped)
		values_out[CLOCK_STOPPED_AT] = value_time(running->stopped_at);
	if (!running->has_state)
		return;
	values_out[CLOCK_STATE] =
		(struct value){.kind = VALUE_ENUM, .count = running->state, .enumeration = state->enumeration};
	if (running->has_due)
		values_out[CLOCK_DUE_AT] = value_time(running->due);
	values_out[CLOCK_ELAPSED] = value_duration(reckon_elapsed(&running->reckoning, now), UNIT_SECOND);
	if (reckon_remaining(&running->reckoning, now, &left) == OK)
		values_out[CLOCK_REMAINING] = value_duration(left, UNIT_SECOND);
}

/* Time goes by without the row being written: elapsed and remaining alone are no change. */
static bool has_changed(const struct running *running, const struct value *values)
{
	for (int i = 0; i < CLOCK_FIELD_COUNT; i++)
		if (i != CLOCK_ELAPSED && i != CLOCK_REMAINING && !value_same(values[i], stored_field(running->stored, i)))
			return true;
	return false;
}

static void change_say(const struct running *running, const struct value *values)
{
	struct context *context = running->context;
	struct text_builder text = {.arena = context->arena};
	static const enum clock_field SHOWN[] = {CLOCK_STATE, CLOCK_TARGET, CLOCK_DUE_AT, CLOCK_STOPPED_AT};
	static const char *const WORDS[] = {"state", "target", "due", "stopped"};
	for (int i = 0; i < 4; i++) {
		struct value before = running->stored ? stored_field(running->stored, SHOWN[i]) : value_missing();
		if (value_same(before, values[SHOWN[i]]))
			continue;
		builder_format(&text, "%s %s ", text.length ? "," : "", WORDS[i]);
		value_write(&text, values[SHOWN[i]], context->program->zone);
		if (before.kind == VALUE_MISSING)
			continue;
		builder_add_string(&text, " (was ");
		value_write(&text, before, context->program->zone);
		builder_add_char(&text, ')');
	}
	if (text.length)
		trace_say(context, "clock %.*s:%.*s", TEXT_ARGS(running->clock->name), TEXT_ARGS(builder_text(&text)));
}

static enum status values_keep(struct running *running)
{
	struct context *context = running->context;
	struct value values[CLOCK_FIELD_COUNT];
	uint16_t fields[CLOCK_FIELD_COUNT];
	for (int i = 0; i < CLOCK_FIELD_COUNT; i++)
		fields[i] = (uint16_t)(FIELD_FIRST_OWN + i);
	values_find(running, values);
	if (running->stored && !has_changed(running, values))
		return OK;
	change_say(running, values);
	if (!running->stored) {
		struct write write = {.entity = running->clock->state, .fields = fields, .field_count = CLOCK_FIELD_COUNT};
		return row_create_as(context, &write, values, running->row);
	}
	return row_update(context, running->clock->state, running->row, fields, values, CLOCK_FIELD_COUNT);
}

enum status clock_keep(struct running *running, bool has_next, moment next)
{
	struct context *context = running->context;
	enum status status = values_keep(running);
	if (status != OK)
		return status;
	if (has_next)
		return timer_set(context, TIMER_CLOCK, row_text(running), 0, next, running->clock->name);
	return timer_clear(context, TIMER_CLOCK, row_text(running), 0);
}

/* --- reading */
/* The calendar's own code may read clocks: not for ever. */
static enum status read_now(struct running *running, enum clock_field field, struct value *value_out)
{
	struct context *context = running->context;
	struct value values[CLOCK_FIELD_COUNT];
	if (context->call_depth >= LIMIT_CALL_DEPTH)
		return error_set(context->error, LIMIT, "the clock %.*s goes by itself", TEXT_ARGS(running->clock->name));
	context->call_depth++;
	enum status status = clock_policy(running);
	context->call_depth--;
	if (status != OK)
		return status;
	clock_reckon(running);
	values_find(running, values);
	*value_out = values[field];
	return OK;
}

enum status clock_field(struct context *context, const struct clock *clock, struct record_id record, enum clock_field field,
			struct value *value_out)
{
	struct running running;
	*value_out = value_missing();
	enum status status = running_load(context, clock, record, &running);
	if (status != OK || !running.stored)
		return status;
	*value_out = stored_field(running.stored, field);
	bool moves = field == CLOCK_ELAPSED || field == CLOCK_REMAINING;
	return moves && !running.has_stopped && running.has_state ? read_now(&running, field, value_out) : OK;
}
