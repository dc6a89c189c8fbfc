/* Schedules: what happens at a time of its own accord. Each has one timer, and its own run sets the next. What came due while
 * nobody was there runs once, late; it is not made up for many times. */
#include "engine/schedule.h"

#include "engine/context.h"

static enum status next_set(struct context *context, const struct schedule *schedule, moment due)
{
	moment next, after = context->now;
	if (schedule->every > 0 && due <= after) /* in step with its first run, however late this one is */
		after = due + (after - due) / schedule->every * schedule->every;
	if (schedule_next(schedule, context->program->default_calendar, after, &next) != OK) {
		trace_say(context, "the schedule %.*s is never due again", TEXT_ARGS(schedule->name));
		return OK;
	}
	return timer_set(context, TIMER_SCHEDULE, schedule->name, 0, next, TEXT(""));
}

/* --- activation */
static enum status timer_find(struct context *context, const struct schedule *schedule, moment *due_out, bool *found_out)
{
	struct row **rows;
	uint32_t count;
	*found_out = false;
	enum status status = row_query_equal(context, system_entity(context, SYSTEM_TIMER), TIMER_SUBJECT,
					     value_text(schedule->name), &rows, &count);
	for (uint32_t i = 0; status == OK && i < count; i++)
		if (rows[i]->values && rows[i]->values[TIMER_KIND].integer == TIMER_SCHEDULE) {
			*due_out = rows[i]->values[TIMER_DUE_AT].integer;
			*found_out = true;
		}
	return status;
}

/* What is overdue stays so and will run; an interval that runs goes on; a time of day is that of the new pack. */
static bool stays(const struct context *context, const struct schedule *schedule, moment due)
{
	return due <= context->now || (schedule->every > 0 && due <= context->now + schedule->every);
}

enum status schedules_activate(struct context *context)
{
	enum status status = OK;
	for (uint32_t i = 0; status == OK && i < context->program->schedule_count; i++) {
		const struct schedule *schedule = &context->program->schedules[i];
		bool found;
		moment due = 0;
		status = timer_find(context, schedule, &due, &found);
		if (status == OK && (!found || !stays(context, schedule, due)))
			status = next_set(context, schedule, context->now);
	}
	return status;
}

/* --- a run */
static enum status guard_holds(struct context *context, const struct schedule *schedule, bool *holds_out)
{
	struct value truth = value_bool(true);
	enum status status = OK;
	if (schedule->guard)
		status = eval_run(context, schedule->guard, frame_new(context, schedule->guard), &truth);
	*holds_out = status == OK && value_is_true(truth);
	if (status == OK || context->fatal)
		return status;
	trace_say(context, "the condition of the schedule %.*s failed: %s", TEXT_ARGS(schedule->name),
		  context->error->sentence);
	return OK;
}

static enum status run(struct context *context, const struct schedule *schedule)
{
	bool holds;
	enum status status = guard_holds(context, schedule, &holds);
	if (status != OK || !holds)
		return status;
	char *who = arena_format(context->arena, "schedule %.*s", TEXT_ARGS(schedule->name));
	return body_run(context, schedule->body, frame_new(context, schedule->body), who);
}

enum status schedule_run(struct context *context, struct text name, moment due)
{
	for (uint32_t i = 0; i < context->program->schedule_count; i++) {
		const struct schedule *schedule = &context->program->schedules[i];
		if (!text_equal(schedule->name, name))
			continue;
		enum status status = next_set(context, schedule, due);
		return status == OK ? run(context, schedule) : status;
	}
	return OK; /* the program has it no longer */
}
