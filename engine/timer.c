/* Timers: rows of the system entity `timer`, so that what is due survives with everything else. A timer's kind says who handles
 * it. */
#include "engine/parts.h"
#include "engine/schedule.h"

typedef enum status (*timer_handler)(struct context *context, const struct timer *timer);

static enum status schedule_due(struct context *context, const struct timer *timer)
{
	return schedule_run(context, timer->subject, timer->due);
}

static const timer_handler HANDLERS[TIMER_KIND_COUNT] = {
	[TIMER_CLOCK] = clocks_on_timer,       [TIMER_HOLDS] = rules_on_holds,  [TIMER_UNLESS] = rules_on_unless,
	[TIMER_WORKFLOW] = workflows_on_timer, [TIMER_SCHEDULE] = schedule_due, [TIMER_SLICE] = clocks_on_slice,
};

static const uint16_t FIELDS[] = {TIMER_DUE_AT, TIMER_KIND, TIMER_SUBJECT, TIMER_NUMBER, TIMER_DATA};

static struct record_id timer_id(struct context *context, enum timer_kind kind, struct text subject, int64_t number)
{
	struct text seed = text_format(context->arena, "timer %d %lld %.*s", (int)kind, (long long)number, TEXT_ARGS(subject));
	return record_id_derive(0, seed.bytes, seed.length);
}

enum status timer_set(struct context *context, enum timer_kind kind, struct text subject, int64_t number, moment due,
		      struct text data)
{
	const struct entity *entity = system_entity(context, SYSTEM_TIMER);
	const struct value *existing;
	struct record_id id = timer_id(context, kind, subject, number);
	struct value values[] = {value_time(due), value_int(kind), value_text(subject), value_int(number), value_text(data)};
	enum status status = row_read(context, entity, id, &existing);
	if (status == OK)
		return row_update(context, entity, id, FIELDS, values, 5);
	if (status != NOT_FOUND)
		return status;
	struct write write = {.entity = entity, .fields = FIELDS, .field_count = 5};
	return row_create_as(context, &write, values, id);
}

enum status timer_clear(struct context *context, enum timer_kind kind, struct text subject, int64_t number)
{
	const struct entity *entity = system_entity(context, SYSTEM_TIMER);
	const struct value *existing;
	struct record_id id = timer_id(context, kind, subject, number);
	enum status status = row_read(context, entity, id, &existing);
	return status == OK ? row_delete(context, entity, id) : status == NOT_FOUND ? OK : status;
}

static struct text field_text(const struct value *values, uint32_t field)
{
	return values[field].kind == VALUE_TEXT ? value_as_text(values[field]) : (struct text){0};
}

enum status timer_run(struct context *context, struct record_id id)
{
	const struct entity *entity = system_entity(context, SYSTEM_TIMER);
	const struct value *values;
	enum status status = row_read(context, entity, id, &values);
	if (status != OK)
		return status == NOT_FOUND ? OK : status; /* somebody was faster */
	struct timer timer = {.subject = field_text(values, TIMER_SUBJECT),
			      .data = field_text(values, TIMER_DATA),
			      .number = values[TIMER_NUMBER].integer,
			      .due = values[TIMER_DUE_AT].integer};
	int64_t kind = values[TIMER_KIND].integer;
	status = row_delete(context, entity, id);
	if (status != OK || kind < 0 || kind >= TIMER_KIND_COUNT)
		return status;
	return HANDLERS[kind](context, &timer);
}
