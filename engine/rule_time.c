/* What rules remember and wait for. A memory's id is a hash of rule, purpose and keys, so that it is read, never searched; only
 * `unless followed by` looks through the memories of its rule, because any event may be the one that follows. */
#include "engine/rule_time.h"

#include <stdlib.h>

enum purpose { PURPOSE_DEDUPE, PURPOSE_ONCE, PURPOSE_AT_MOST, PURPOSE_DAMP, PURPOSE_BUDGET };

static const uint16_t FIELDS[] = {MEMORY_RULE, MEMORY_PURPOSE, MEMORY_RECORD, MEMORY_UNTIL, MEMORY_TIMES};

struct memory {
	struct record_id id;
	bool exists;
	struct text record; /* a ref's id; WAITING: the event as JSON */
	struct value until; /* TIME or MISSING */
	struct text times;  /* instants, blank between */
};

static struct text text_field(const struct value *values, uint32_t field)
{
	return values[field].kind == VALUE_TEXT ? value_as_text(values[field]) : (struct text){0};
}

static enum status memory_load(struct context *context, struct record_id id, struct memory *memory_out)
{
	const struct value *values;
	*memory_out = (struct memory){.id = id};
	enum status status = row_read(context, system_entity(context, SYSTEM_MEMORY), id, &values);
	if (status == NOT_FOUND)
		return OK;
	if (status != OK)
		return status;
	memory_out->exists = true;
	memory_out->record = text_field(values, MEMORY_RECORD);
	memory_out->until = values[MEMORY_UNTIL];
	memory_out->times = text_field(values, MEMORY_TIMES);
	return OK;
}

static struct record_id memory_id(struct text name, enum purpose purpose, struct value keys)
{
	uint64_t seed[] = {text_hash(name), purpose, value_hash(keys), keys.kind == VALUE_LIST ? keys.count : 0};
	return record_id_derive(0, seed, sizeof(seed));
}

/* The memory of a rule's purpose for the keys of this event; exists_out: keys with a MISSING part are a case of their own. */
static enum status memory_of(struct context *context, const struct rule *rule, enum purpose purpose, const struct code *keys,
			     struct memory *memory_out)
{
	struct value value = value_missing();
	enum status status = keys ? eval_run(context, keys, rule_frame(context, keys), &value) : OK;
	return status == OK ? memory_load(context, memory_id(rule->name, purpose, value), memory_out) : status;
}

/* `name`: the rule's, or the kind of event that a budget counts. */
static enum status memory_save(struct context *context, struct text name, enum purpose purpose, const struct memory *memory)
{
	const struct entity *entity = system_entity(context, SYSTEM_MEMORY);
	struct value values[] = {value_text(name), value_int(purpose), value_text(memory->record), memory->until,
				 value_text(memory->times)};
	if (memory->exists)
		return row_update(context, entity, memory->id, FIELDS, values, 5);
	struct write write = {.entity = entity, .fields = FIELDS, .field_count = 5};
	return row_create_as(context, &write, values, memory->id);
}

static struct text id_text(struct context *context, struct record_id id)
{
	char buffer[RECORD_ID_TEXT + 1];
	record_id_write(id, buffer);
	return text_copy(context->arena, (struct text){buffer, RECORD_ID_TEXT});
}

/* --- counting within a window */
static uint32_t times_within(struct context *context, struct text times, moment after, struct text *kept_out)
{
	struct text_builder kept = {.arena = context->arena};
	uint32_t count = 0;
	const char *at = times.length ? times.bytes : "", *end = at + times.length;
	while (at < end) {
		char *next;
		long long time = strtoll(at, &next, 10);
		if (next == at)
			break;
		if (time > after) {
			builder_format(&kept, "%s%lld", count ? " " : "", time);
			count++;
		}
		at = next;
	}
	*kept_out = builder_text(&kept);
	return count;
}

static enum status count_one(struct context *context, struct text name, enum purpose purpose, struct memory *memory,
			     struct text kept, bool any)
{
	memory->times = text_format(context->arena, "%.*s%s%lld", TEXT_ARGS(kept), any ? " " : "", (long long)context->now);
	return memory_save(context, name, purpose, memory);
}

/* The match that makes it one too many holds, and so does each further one while the window is full. */
static enum status check_damp(struct context *context, const struct rule *rule, enum outcome *outcome)
{
	struct memory memory;
	struct text kept;
	enum status status = memory_of(context, rule, PURPOSE_DAMP, rule->damp_keys, &memory);
	if (status != OK)
		return status;
	uint32_t before = times_within(context, memory.times, context->now - rule->damp.per, &kept);
	if (before >= rule->damp.count)
		*outcome = OUTCOME_DAMPED;
	return count_one(context, rule->name, PURPOSE_DAMP, &memory, kept, before);
}

/* What a refused turn has counted is taken back with it, so that there is room again when the window has moved on. */
enum status budget_count(struct context *context, const struct event *event)
{
	const struct event_kind *kind = event->kind;
	struct memory memory;
	struct text kept;
	if (!kind || !kind->budget_count)
		return OK;
	enum status status = memory_load(context, memory_id(kind->name, PURPOSE_BUDGET, value_missing()), &memory);
	if (status != OK)
		return status;
	uint32_t before = times_within(context, memory.times, context->now - kind->budget_seconds, &kept);
	if (before < kind->budget_count)
		return count_one(context, kind->name, PURPOSE_BUDGET, &memory, kept, before);
	context->fatal = true;
	struct text_builder span = {.arena = context->arena};
	duration_write(&span, kind->budget_seconds, UNIT_SECOND);
	return error_set(context->error, LIMIT, "the packs have a budget of %u %.*s in %.*s, and it is used up",
			 kind->budget_count, TEXT_ARGS(kind->name), TEXT_ARGS(builder_text(&span)));
}

static enum status check_at_most(struct context *context, const struct rule *rule, enum outcome *outcome)
{
	struct memory memory;
	struct text kept;
	enum status status = memory_of(context, rule, PURPOSE_AT_MOST, rule->at_most_keys, &memory);
	if (status == OK && times_within(context, memory.times, context->now - rule->at_most.per, &kept) >= rule->at_most.count)
		*outcome = OUTCOME_AT_MOST;
	return status;
}

static enum status check_once(struct context *context, const struct rule *rule, enum outcome *outcome)
{
	struct memory memory;
	enum status status = memory_of(context, rule, PURPOSE_ONCE, rule->once_keys, &memory);
	if (status == OK && memory.exists && memory.until.kind == VALUE_TIME && context->now < memory.until.integer)
		*outcome = OUTCOME_ONCE;
	return status;
}

/* --- dedupe */
static enum status still_counts(struct context *context, const struct rule *rule, struct record_id id, bool *counts_out)
{
	const struct value *values;
	*counts_out = false;
	enum status status = row_read(context, rule->dedupe_entity, id, &values);
	if (status != OK)
		return status == NOT_FOUND ? OK : status;
	*counts_out = true;
	if (!rule->dedupe_while)
		return OK;
	struct value holds;
	status = eval_record(context, rule->dedupe_while, rule->dedupe_entity, id, &holds);
	*counts_out = status == OK && value_is_true(holds);
	return status;
}

static enum status check_dedupe(struct context *context, const struct rule *rule, enum outcome *outcome)
{
	struct memory memory;
	struct record_id id;
	bool counts = false;
	enum status status = memory_of(context, rule, PURPOSE_DEDUPE, rule->dedupe_keys, &memory);
	if (status != OK || !memory.exists || record_id_parse(memory.record, &id) != OK)
		return status;
	status = still_counts(context, rule, id, &counts);
	if (status != OK || !counts)
		return status;
	*outcome = OUTCOME_DUPLICATE;
	const struct event_kind *kind = context->event->kind;
	struct text said = kind->label.length ? kind->label : kind->name;
	if (!rule->dedupe_entity->note_entity)
		return OK;
	return note_add(context, value_ref(rule->dedupe_entity->index, id), value_text(said));
}

enum status rule_time_passes(struct context *context, const struct rule *rule, struct trace_rule *traced)
{
	enum status status = OK;
	traced->outcome = OUTCOME_FIRED;
	if (rule->damp.count)
		status = check_damp(context, rule, &traced->outcome);
	if (status == OK && traced->outcome == OUTCOME_FIRED && rule->dedupe_keys)
		status = check_dedupe(context, rule, &traced->outcome);
	if (status == OK && traced->outcome == OUTCOME_FIRED && rule->once_per)
		status = check_once(context, rule, &traced->outcome);
	if (status == OK && traced->outcome == OUTCOME_FIRED && rule->at_most.count)
		status = check_at_most(context, rule, &traced->outcome);
	return status;
}

/* --- after the body */
static enum status remember_created(struct context *context, const struct rule *rule, uint32_t touched)
{
	struct memory memory;
	enum status status = memory_of(context, rule, PURPOSE_DEDUPE, rule->dedupe_keys, &memory);
	for (uint32_t i = touched; status == OK && i < context->touched.count; i++) {
		const struct row *row = context->touched.items[i];
		if (row->entity != rule->dedupe_entity || row->change->kind != CHANGE_CREATE)
			continue;
		memory.record = id_text(context, row->id);
		return memory_save(context, rule->name, PURPOSE_DEDUPE, &memory);
	}
	return status;
}

enum status rule_time_fired(struct context *context, const struct rule *rule, uint32_t touched)
{
	struct memory memory;
	struct text kept;
	enum status status = OK;
	if (rule->dedupe_keys && rule->dedupe_entity)
		status = remember_created(context, rule, touched);
	if (status == OK && rule->once_per) {
		status = memory_of(context, rule, PURPOSE_ONCE, rule->once_keys, &memory);
		memory.until = value_time(context->now + rule->once_per);
		if (status == OK)
			status = memory_save(context, rule->name, PURPOSE_ONCE, &memory);
	}
	if (status == OK && rule->at_most.count) {
		status = memory_of(context, rule, PURPOSE_AT_MOST, rule->at_most_keys, &memory);
		uint32_t before =
			status == OK ? times_within(context, memory.times, context->now - rule->at_most.per, &kept) : 0;
		if (status == OK)
			status = count_one(context, rule->name, PURPOSE_AT_MOST, &memory, kept, before);
	}
	return status;
}
