/* Clocks: start, pause, resume, stop, reopen; what is due follows from them. A clock is never moved forward from what it was:
 * every change reckons anew from the start, with all pauses, in the calendar and towards the target that hold now. That alone
 * makes a changed target, a moved holiday and a late event come out right. Elapsed and remaining are stored when something of
 * the clock changes; clock_field reads them as of now. Whether a clock goes on is asked when its record changes, not by time.
 */
#include "engine/clock.h"

#include "engine/base/check.h"

/* What is not stored but follows: one clock of one record, in this turn. */
struct running {
	struct context *context;
	const struct clock *clock;
	struct record_id record, row;
	const struct value *stored; /* NULL: there is no row yet */
	bool start_hit, stop_hit;   /* the event that starts or stops it has come */
	/* the state, as it becomes */
	bool has_started, has_stopped;
	moment started_at, stopped_at;
	LIST(struct pause) pauses;
	int64_t fired;
	enum clock_state state;
	bool has_state; /* not: there is no target, so no clock runs; start and pauses are remembered */
	/* what holds now */
	bool stops, pauses_now, stopped_now;
	struct value target;
	struct reckoning reckoning;
	bool has_due;
	moment due;
};

static enum status clock_settle(struct running *running) MUST_CHECK;
static void follow(struct running *running);
static enum status fire(struct running *running, moment *next_out, bool *has_next_out) MUST_CHECK;
static enum status keep(struct running *running, bool has_next, moment next) MUST_CHECK;

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

/* A clock that fails is as it was, and said so; the others go on. */
static enum status clock_run(struct context *context, const struct clock *clock, struct record_id record, bool start_hit,
			     bool stop_hit)
{
	struct savepoint before = savepoint_set(context);
	struct running running;
	enum status status = running_load(context, clock, record, &running);
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
		return clock_run(context, clock, stored_field(stored, CLOCK_RECORD).id, false, false);
	}
	return OK; /* a clock that the program no longer has */
}

enum status clock_reckon_open(struct context *context, const struct clock *clock)
{
	static const uint16_t PATH[] = {FIELD_FIRST_OWN + CLOCK_STOPPED_AT};
	static const struct query_term TERM = {.path = PATH, .path_length = 1, .comparison = COMPARE_NOT_SET};
	struct query open = {.kind = QUERY_ALL, .entity = clock->state, .terms = &TERM, .term_count = 1, .terms_are_all = true};
	struct row **rows;
	uint32_t count;
	struct value none = value_missing();
	enum status status = row_query(context, &open, &none, &rows, &count);
	for (uint32_t i = 0; status == OK && i < count; i++)
		if (rows[i]->values)
			status = clock_run(context, clock, stored_field(rows[i]->values, CLOCK_RECORD).id, false, false);
	return status;
}

enum status clocks_reckon_all(struct context *context)
{
	enum status status = OK;
	for (uint32_t i = 0; status == OK && i < context->program->clock_count; i++)
		status = clock_reckon_open(context, &context->program->clocks[i]);
	return status;
}

/* --- what holds now */
static enum status condition(struct running *running, const struct code *code, bool *truth_out)
{
	struct value value = value_missing();
	enum status status = code ? eval_record(running->context, code, running->clock->entity, running->record, &value) : OK;
	*truth_out = value_is_true(value);
	return status;
}

/* A clock that starts with its record knows its start even when nothing was kept: from when a target came late. */
static enum status start_find(struct running *running)
{
	const struct clock *clock = running->clock;
	struct context *context = running->context;
	const struct value *record;
	bool starts = running->start_hit;
	enum status status = clock->starts_when ? condition(running, clock->starts_when, &starts) : OK;
	running->started_at = context->now;
	if (status == OK && clock->start_event && clock->start_event == clock->entity->created) {
		status = row_read(context, clock->entity, running->record, &record);
		if (status == OK && record[FIELD_CREATED_AT].kind == VALUE_TIME)
			running->started_at = record[FIELD_CREATED_AT].integer;
		starts = true;
	}
	/* what was over before its clock began to run is none of its business */
	running->has_started = starts && !(running->stops && running->started_at < context->now);
	return status;
}

static enum status conditions_read(struct running *running)
{
	enum status status = condition(running, running->clock->stops_when, &running->stops);
	running->stops |= running->stop_hit;
	if (status == OK)
		status = condition(running, running->clock->pauses_while, &running->pauses_now);
	if (status == OK && !running->has_started)
		status = start_find(running);
	return status;
}

static const struct calendar *calendar_find(const struct program *program, struct value ref)
{
	for (uint32_t i = 0; ref.kind == VALUE_REF && i < program->calendar_count; i++)
		if (id_equal(program->calendar_ids[i], ref.id))
			return program->calendars[i];
	return NULL;
}

static enum status holidays_find(struct running *running)
{
	const struct program *program = running->context->program;
	struct value ref = value_missing();
	const struct code *code = running->clock->holidays;
	enum status status = code ? eval_record(running->context, code, running->clock->entity, running->record, &ref) : OK;
	for (uint32_t i = 0; status == OK && ref.kind == VALUE_REF && i < program->holiday_count; i++)
		if (id_equal(program->holiday_ids[i], ref.id)) {
			running->reckoning.work.extra = &program->holidays[i];
			running->reckoning.work.extra_count = 1;
		}
	return status;
}

/* No calendar or no target: no clock, and never a guess. */
static enum status policy_read(struct running *running)
{
	const struct clock *clock = running->clock;
	struct value calendar = value_missing();
	struct reckoning *reckoning = &running->reckoning;
	enum status status = OK;
	running->target = value_missing();
	if (clock->calendar)
		status = eval_record(running->context, clock->calendar, clock->entity, running->record, &calendar);
	if (status == OK)
		status = holidays_find(running);
	reckoning->work.calendar = calendar_find(running->context->program, calendar);
	if (status == OK && clock->target && reckoning->work.calendar)
		status = eval_record(running->context, clock->target, clock->entity, running->record, &running->target);
	if (status != OK || running->target.kind != VALUE_DURATION)
		return status;
	reckoning->target = running->target.integer;
	reckoning->unit = running->target.unit;
	if (reckoning->unit == UNIT_MONTH || reckoning->target < 0)
		return error_set(running->context->error, INVALID,
				 "a target is working time or workdays, and not negative; write `4h` or `2 workdays`");
	return OK;
}

/* --- one clock, from what was to what is */
static void reckoning_follow(struct running *running)
{
	running->reckoning.started_at = running->started_at;
	running->reckoning.pauses = running->pauses.items;
	running->reckoning.pause_count = running->pauses.count;
	running->has_due = running->target.kind == VALUE_DURATION && reckon_due(&running->reckoning, &running->due) == OK;
}

static bool is_paused(const struct running *running)
{
	return running->pauses.count && list_last(&running->pauses)->until == PAUSE_OPEN;
}

static void state_find(struct running *running)
{
	moment now = running->context->now;
	bool past = running->has_due && (running->stopped_now ? running->due < now : running->due <= now);
	running->has_state = running->target.kind == VALUE_DURATION;
	running->state = past                   ? CLOCK_BREACHED
			 : running->stopped_now ? CLOCK_MET
			 : is_paused(running)   ? CLOCK_PAUSED
						: CLOCK_RUNNING;
}

/* Nothing is known that the record itself does not say. */
static bool is_nothing(const struct running *running)
{
	return !running->stored && running->target.kind != VALUE_DURATION && !running->pauses.count &&
	       running->clock->start_event && running->clock->start_event == running->clock->entity->created;
}

static enum status clock_settle(struct running *running)
{
	enum status status = conditions_read(running);
	if (status != OK || !running->has_started)
		return status;
	bool was_stopped = running->has_stopped;
	follow(running);
	if (was_stopped && running->has_stopped)
		return OK; /* it keeps its result */
	status = policy_read(running);
	if (status != OK)
		return status;
	reckoning_follow(running);
	if (is_nothing(running))
		return OK;
	state_find(running);
	bool has_next = false;
	moment next = 0;
	status = fire(running, &next, &has_next);
	return status == OK ? keep(running, has_next && !running->has_stopped, next) : status;
}

/* --- start, pause, resume, stop, reopen */
static void pause_begin(struct running *running, moment from)
{
	struct pause *last = running->pauses.count ? list_last(&running->pauses) : NULL;
	if (last && last->until == from)
		last->until = PAUSE_OPEN;
	else
		*list_add(running->context->arena, &running->pauses) = (struct pause){from, PAUSE_OPEN};
}

static void pause_end(struct running *running, moment until)
{
	struct pause *last = list_last(&running->pauses);
	if (last->from >= until)
		running->pauses.count--;
	else
		last->until = until;
}

static void reopen(struct running *running)
{
	moment now = running->context->now;
	running->has_stopped = false;
	if (running->clock->reopened == REOPENED_RESTART) {
		running->started_at = now;
		running->pauses.count = 0;
		running->fired = 0;
	} else if (running->stopped_at < now) {
		pause_begin(running, running->stopped_at);
		pause_end(running, now);
	}
}

static void stop(struct running *running)
{
	if (is_paused(running))
		pause_end(running, running->context->now);
	running->has_stopped = running->stopped_now = true;
	running->stopped_at = running->context->now;
}

/* A clock that an event stops is reopened by the event that starts it. */
static bool is_reopened(const struct running *running)
{
	return running->has_stopped && !running->stops && (running->clock->stops_when || running->start_hit);
}

static void follow(struct running *running)
{
	if (is_reopened(running))
		reopen(running);
	if (running->has_stopped)
		return;
	if (running->stops)
		stop(running);
	else if (running->pauses_now && !is_paused(running))
		pause_begin(running, running->context->now);
	else if (!running->pauses_now && is_paused(running))
		pause_end(running, running->context->now);
}

/* --- thresholds: the warnings and, at its place among them, the due itself. `fired` counts how many have been. */
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
static enum status fire(struct running *running, moment *next_out, bool *has_next_out)
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

static bool is_same(struct value a, struct value b)
{
	return (a.kind == VALUE_MISSING && b.kind == VALUE_MISSING) || value_equal(a, b);
}

/* Time goes by without the row being written: elapsed and remaining alone are no change. */
static bool has_changed(const struct running *running, const struct value *values)
{
	for (int i = 0; i < CLOCK_FIELD_COUNT; i++)
		if (i != CLOCK_ELAPSED && i != CLOCK_REMAINING && !is_same(values[i], stored_field(running->stored, i)))
			return true;
	return false;
}

static enum status values_keep(struct running *running)
{
	struct context *context = running->context;
	struct value values[CLOCK_FIELD_COUNT];
	uint16_t fields[CLOCK_FIELD_COUNT];
	for (int i = 0; i < CLOCK_FIELD_COUNT; i++)
		fields[i] = (uint16_t)(FIELD_FIRST_OWN + i);
	values_find(running, values);
	if (!running->stored) {
		struct write write = {.entity = running->clock->state, .fields = fields, .field_count = CLOCK_FIELD_COUNT};
		return row_create_as(context, &write, values, running->row);
	}
	if (!has_changed(running, values))
		return OK;
	return row_update(context, running->clock->state, running->row, fields, values, CLOCK_FIELD_COUNT);
}

static enum status keep(struct running *running, bool has_next, moment next)
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
	enum status status = policy_read(running);
	context->call_depth--;
	if (status != OK)
		return status;
	reckoning_follow(running);
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
