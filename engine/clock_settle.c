/* One clock of one record, from what was to what is: what holds now, whether it starts, pauses, stops or is open again, and
 * what then is due. Writes nothing: clock_keep does. */
#include "engine/clock.h"

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
enum status clock_policy(struct running *running)
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
void clock_reckon(struct running *running)
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

/* --- all of it */
/* Nothing is known that the record itself does not say. */
static bool is_nothing(const struct running *running)
{
	return !running->stored && running->target.kind != VALUE_DURATION && !running->pauses.count &&
	       running->clock->start_event && running->clock->start_event == running->clock->entity->created;
}

enum status clock_settle(struct running *running)
{
	enum status status = conditions_read(running);
	if (status != OK || !running->has_started)
		return status;
	bool was_stopped = running->has_stopped;
	follow(running);
	if (was_stopped && running->has_stopped)
		return OK; /* it keeps its result */
	status = clock_policy(running);
	if (status != OK)
		return status;
	clock_reckon(running);
	if (is_nothing(running))
		return OK;
	state_find(running);
	bool has_next = false;
	moment next = 0;
	status = clock_fire(running, &next, &has_next);
	return status == OK ? clock_keep(running, has_next && !running->has_stopped, next) : status;
}
