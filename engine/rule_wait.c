/* Rules that wait: `holds for` (the guard must stay true so long) and `unless followed by` (another event must not come). The
 * event that began the wait is kept with it, so that the rule goes on as if it happened now. */
#include "engine/base/json.h"
#include "engine/rule_time.h"

enum wait { WAIT_HOLDS, WAIT_UNLESS };

static const uint16_t FIELDS[] = {MEMORY_RULE, MEMORY_PURPOSE, MEMORY_RECORD, MEMORY_UNTIL, MEMORY_TIMES};
enum { PURPOSE_OF_WAIT = 100 }; /* beyond those of rule_time.c */

/* --- the event, kept as text */
static struct text event_save(struct context *context, const struct event *event)
{
	struct text_builder text = {.arena = context->arena};
	struct json_writer writer = {.text = &text};
	struct type type = {.kind = TYPE_EVENT, .event = event->kind};
	struct value alias = event_value(event);
	char id[RECORD_ID_TEXT + 1];
	json_open_object(&writer);
	json_write_name(&writer, TEXT("event"));
	json_write_text(&writer, event->kind->name);
	record_id_write(event->id, id);
	json_write_name(&writer, TEXT("id"));
	json_write_text(&writer, text_from(id));
	json_write_name(&writer, TEXT("at"));
	json_write_int(&writer, event->at);
	json_write_name(&writer, TEXT("alias"));
	value_to_json(&writer, alias, alias.kind == VALUE_RECORD ? &type : NULL);
	json_close_object(&writer);
	return builder_text(&text);
}

static struct event *event_load(struct context *context, struct text saved)
{
	const struct json *json;
	const struct schema *schema = &context->program->schema;
	struct event *event = arena_new(context->arena, struct event);
	int64_t at;
	if (json_parse(context->arena, saved, &json, context->error) != OK)
		return NULL;
	const struct json *name = json_member(json, TEXT("event")), *id = json_member(json, TEXT("id")),
			  *alias = json_member(json, TEXT("alias")), *time = json_member(json, TEXT("at"));
	event->kind = name ? schema_event(schema, json_text(name)) : NULL;
	if (!event->kind || !id || !alias || !time || json_int(time, &at) != OK ||
	    record_id_parse(json_text(id), &event->id) != OK)
		return NULL;
	event->at = at;
	event->rule = RULE_NONE;
	if (event->kind->entity) {
		struct value *ref = arena_new(context->arena, struct value);
		struct record_id row;
		if (json_kind(alias) != JSON_TEXT || record_id_parse(json_text(alias), &row) != OK)
			return NULL;
		*ref = value_ref(event->kind->entity->index, row);
		event->fields = ref;
		return event;
	}
	struct value *fields;
	if (event_from_json(context->arena, schema, event->kind, alias, &fields, context->error) != OK)
		return NULL;
	event->fields = fields;
	return event;
}

/* --- the memory of a wait: for an entity's event one for each record, else one for each event */
static struct record_id wait_id(const struct rule *rule, enum wait wait, const struct event *event)
{
	struct {
		uint64_t rule, wait;
		struct record_id subject;
	} seed = {text_hash(rule->name), wait, event->kind->entity ? event->fields[0].id : event->id};
	return record_id_derive(0, &seed, sizeof(seed));
}

static struct text id_text(struct context *context, struct record_id id)
{
	char buffer[RECORD_ID_TEXT + 1];
	record_id_write(id, buffer);
	return text_copy(context->arena, (struct text){buffer, RECORD_ID_TEXT});
}

static enum status wait_begin(struct context *context, const struct rule *rule, enum wait wait, int64_t seconds)
{
	struct record_id id = wait_id(rule, wait, context->event);
	struct text saved = event_save(context, context->event);
	struct value values[] = {value_text(rule->name), value_int(PURPOSE_OF_WAIT + wait), value_text(saved),
				 value_time(context->now + seconds), value_missing()};
	struct write write = {.entity = system_entity(context, SYSTEM_MEMORY), .fields = FIELDS, .field_count = 5};
	enum status status = row_create_as(context, &write, values, id);
	if (status != OK)
		return status;
	return timer_set(context, wait == WAIT_HOLDS ? TIMER_HOLDS : TIMER_UNLESS, id_text(context, id), 0,
			 context->now + seconds, rule->name);
}

static enum status wait_end(struct context *context, enum wait wait, struct record_id id)
{
	enum status status = row_delete(context, system_entity(context, SYSTEM_MEMORY), id);
	return status == OK ? timer_clear(context, wait == WAIT_HOLDS ? TIMER_HOLDS : TIMER_UNLESS, id_text(context, id), 0)
			    : status;
}

static enum status wait_runs(struct context *context, struct record_id id, bool *runs_out)
{
	const struct value *values;
	enum status status = row_read(context, system_entity(context, SYSTEM_MEMORY), id, &values);
	*runs_out = status == OK;
	return status == NOT_FOUND ? OK : status;
}

static enum status seconds_of(struct context *context, const struct code *code, int64_t *seconds_out)
{
	struct value duration;
	enum status status = eval_run(context, code, rule_frame(context, code), &duration);
	if (status != OK)
		return status;
	if (duration.kind != VALUE_DURATION || (duration.unit != UNIT_SECOND && duration.unit != UNIT_DAY) ||
	    duration.integer < 0)
		return error_set(context->error, INVALID, "the rule waits for no exact length of time; use s, min, h or d");
	*seconds_out = duration.unit == UNIT_DAY ? duration.integer * 86400 : duration.integer;
	return OK;
}

/* --- holds for, unless: after the guard */
/* The guard on a later event of the same record, where changed(…) counts as true: it was, when the wait began. */
static enum status holds_still(struct context *context, const struct rule *rule, bool *holds_out)
{
	struct value holds = value_bool(true);
	enum status status = OK;
	context->assume_changed = true;
	if (rule->guard)
		status = eval_run(context, rule->guard, rule_frame(context, rule->guard), &holds);
	context->assume_changed = false;
	*holds_out = status == OK && value_is_true(holds);
	return status;
}

static enum status held_already(struct context *context, const struct rule *rule, struct trace_rule *traced)
{
	bool holds;
	enum status status = holds_still(context, rule, &holds);
	traced->outcome = holds ? OUTCOME_WAITING : OUTCOME_CANCELLED;
	if (status != OK || holds)
		return status;
	return wait_end(context, WAIT_HOLDS, wait_id(rule, WAIT_HOLDS, context->event));
}

static enum status begin_unless(struct context *context, const struct rule *rule, struct trace_rule *traced)
{
	int64_t seconds;
	bool runs;
	enum status status = wait_runs(context, wait_id(rule, WAIT_UNLESS, context->event), &runs);
	traced->outcome = OUTCOME_WAITING;
	if (status != OK || runs)
		return status;
	status = seconds_of(context, rule->unless.within, &seconds);
	return status == OK ? wait_begin(context, rule, WAIT_UNLESS, seconds) : status;
}

enum status rule_time_held(struct context *context, const struct rule *rule, bool holds, struct trace_rule *traced)
{
	bool runs = false;
	int64_t seconds;
	enum status status = OK;
	if (rule->holds_for) {
		status = wait_runs(context, wait_id(rule, WAIT_HOLDS, context->event), &runs);
		if (status != OK)
			return status;
		if (runs)
			return held_already(context, rule, traced);
		if (!holds)
			return OK;
		traced->outcome = OUTCOME_WAITING;
		status = seconds_of(context, rule->holds_for, &seconds);
		return status == OK ? wait_begin(context, rule, WAIT_HOLDS, seconds) : status;
	}
	return holds && rule->unless.event ? begin_unless(context, rule, traced) : OK;
}

/* --- unless: the other event comes */
static enum status followed(struct context *context, const struct rule *rule, const struct row *memory,
			    const struct event *other)
{
	struct value saved = memory->values[MEMORY_RECORD], holds = value_bool(true);
	struct event *first = saved.kind == VALUE_TEXT ? event_load(context, value_as_text(saved)) : NULL;
	enum status status = OK;
	if (!first)
		return OK;
	if (rule->unless.where) {
		struct value *frame = frame_new(context, rule->unless.where);
		frame[0] = event_value(other);
		frame[1 + SLOT_EVENT] = event_value(first);
		status = eval_run(context, rule->unless.where, frame, &holds);
	}
	if (status != OK || !value_is_true(holds))
		return context->fatal ? status : OK;
	rule_trace(context, rule, OUTCOME_CANCELLED);
	return wait_end(context, WAIT_UNLESS, memory->id);
}

enum status rule_time_follows(struct context *context, const struct event *event)
{
	uint32_t index = event->kind->index;
	enum status status = OK;
	for (uint32_t i = 0; status == OK && i < context->engine->unless_by_event[index].count; i++) {
		const struct rule *rule = context->engine->unless_by_event[index].rules[i];
		struct row **rows;
		uint32_t count;
		status = row_query_equal(context, system_entity(context, SYSTEM_MEMORY), MEMORY_RULE, value_text(rule->name),
					 &rows, &count);
		for (uint32_t k = 0; status == OK && k < count; k++)
			if (rows[k]->values && rows[k]->values[MEMORY_PURPOSE].integer == PURPOSE_OF_WAIT + WAIT_UNLESS)
				status = followed(context, rule, rows[k], event);
	}
	return status;
}

/* --- the time has come */
static const struct rule *rule_named(const struct context *context, struct text name)
{
	for (uint32_t i = 0; i < context->program->rule_count; i++)
		if (text_equal(context->program->rules[i].name, name))
			return &context->program->rules[i];
	return NULL;
}

static enum status go_on(struct context *context, const struct rule *rule, enum wait wait)
{
	struct trace_rule result = *rule_trace(context, rule, OUTCOME_FIRED);
	uint32_t place = context->trace->rules.count - 1;
	bool holds = true;
	enum status status = wait == WAIT_HOLDS ? holds_still(context, rule, &holds) : OK;
	if (status == OK && !holds)
		result.outcome = OUTCOME_CANCELLED;
	else if (status == OK && wait == WAIT_HOLDS && rule->unless.event)
		status = begin_unless(context, rule, &result);
	if (status != OK)
		status = rule_failed(context, rule, &result);
	else if (result.outcome == OUTCOME_FIRED)
		status = rule_body(context, rule, &result);
	context->trace->rules.items[place] = result;
	context->rule = RULE_NONE;
	return status;
}

static enum status due(struct context *context, const struct timer *timer, enum wait wait)
{
	const struct rule *rule = rule_named(context, timer->data);
	const struct value *values;
	struct record_id id;
	if (record_id_parse(timer->subject, &id) != OK)
		return OK;
	enum status status = row_read(context, system_entity(context, SYSTEM_MEMORY), id, &values);
	if (status != OK)
		return status == NOT_FOUND ? OK : status;
	struct value saved = values[MEMORY_RECORD];
	struct event *event = saved.kind == VALUE_TEXT ? event_load(context, value_as_text(saved)) : NULL;
	status = row_delete(context, system_entity(context, SYSTEM_MEMORY), id);
	if (status != OK || !rule || !event) {
		trace_say(context, "the rule %.*s is gone, and with it what it waited for", TEXT_ARGS(timer->data));
		return status;
	}
	context->event = event;
	context->event_index = context->trace->events.count;
	*list_add(context->arena, &context->trace->events) = event;
	return go_on(context, rule, wait);
}

enum status rules_on_holds(struct context *context, const struct timer *timer)
{
	return due(context, timer, WAIT_HOLDS);
}

enum status rules_on_unless(struct context *context, const struct timer *timer)
{
	return due(context, timer, WAIT_UNLESS);
}
