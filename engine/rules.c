/* Rules on an event: the index gives the candidates, guards decide, bodies add to the plan. They run in the program's fixed
 * order and each sees what the earlier ones did; one that fails undoes only itself. States of a rule on an event: guard -> time
 * conditions (rule_time.c) -> body -> traced. */
#include "engine/operators.h"
#include "engine/rule_time.h"

/* --- candidates */
static const struct rule_bucket *bucket_find(const struct rule_index_field *field, struct value value)
{
	uint32_t mask = field->capacity - 1;
	for (uint32_t i = (uint32_t)value_hash(value) & mask;; i = (i + 1) & mask) {
		const struct rule_bucket *bucket = &field->buckets[i];
		if (!bucket->value || value_equal(*bucket->value, value))
			return bucket->value ? bucket : NULL;
	}
}

struct found {
	const struct rule *rule;
	bool holds; /* its guard is known to hold */
};

typedef LIST(struct found) rule_list;

/* The most frequent test by far, without the ways round for other kinds (workload W1, 10,000 rules: half the time of matching).
 */
static bool text_is_item(struct value text, struct value list)
{
	for (uint32_t i = 0; i < list.count; i++) {
		const struct value *item = &list.items[i];
		if (item->count == text.count && item->kind == VALUE_TEXT && !memcmp(item->text, text.text, text.count))
			return true;
	}
	return false;
}

/* What one comparison of a guard says. What it can not say (no order between the two) makes the rule fail, which is the guard's
 * business: `certain` is false then. */
static bool may_hold(struct context *context, const struct value *field, uint8_t operation, struct value constant,
		     bool *certain)
{
	static const enum step_operation PLAIN[] = {STEP_EQUAL,   STEP_NOT_EQUAL,     STEP_LESS, STEP_LESS_EQUAL,
						    STEP_GREATER, STEP_GREATER_EQUAL, STEP_IN};
	bool holds = false;
	enum status status;
	if (field->kind == VALUE_MISSING)
		return false;
	if (operation == STEP_CONSTANT_IN_FIELD && constant.kind == VALUE_TEXT && field->kind == VALUE_LIST)
		return text_is_item(constant, *field);
	if (operation == STEP_CONSTANT_IN_FIELD)
		status = compare(context, STEP_IN, constant, *field, &holds);
	else
		status = compare(context, PLAIN[operation - STEP_FIELD_EQUAL_CONSTANT], *field, constant, &holds);
	*certain &= status == OK;
	return status != OK || holds;
}

static void add_entry(struct context *context, const struct value *fields, rule_list *rules, const struct rule_entry *entry)
{
	bool certain = entry->complete;
	if (entry->operation && !may_hold(context, &fields[entry->field], entry->operation, entry->constant, &certain))
		return;
	for (uint32_t i = 0; i < entry->more_count; i++) {
		const struct rule_test *test = &entry->more[i];
		if (!may_hold(context, &fields[test->field], test->operation, test->constant, &certain))
			return;
	}
	*list_add(context->arena, rules) = (struct found){entry->rule, certain};
}

static void add_entries(struct context *context, const struct event *event, rule_list *rules, const struct rule_entry *entries,
			uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		add_entry(context, event->fields, rules, &entries[i]);
}

/* The lists that are put together are ascending; a handful of them, mostly short. */
static void sort_by_order(rule_list *rules)
{
	for (uint32_t i = 1; i < rules->count; i++) {
		struct found found = rules->items[i];
		uint32_t place = i;
		for (; place && rules->items[place - 1].rule->index > found.rule->index; place--)
			rules->items[place] = rules->items[place - 1];
		rules->items[place] = found;
	}
}

static enum status field_value(struct context *context, const struct event *event, uint16_t field, struct value *value_out)
{
	struct value alias = event_value(event);
	if (alias.kind == VALUE_RECORD) {
		*value_out = alias.items[field];
		return OK;
	}
	return row_field(context, event->kind->entity, alias.id, field, value_out);
}

/* A rule of `holds for` must also hear of it when its guard no longer holds. */
static void add_holding(struct context *context, const struct event *event, rule_list *rules)
{
	const struct rules_of_event *holding = &context->engine->holds_by_event[event->kind->index];
	for (uint32_t i = 0; i < holding->count; i++) {
		bool found = false;
		for (uint32_t k = 0; k < rules->count && !found; k++)
			found = rules->items[k].rule == holding->rules[i];
		if (!found)
			*list_add(context->arena, rules) = (struct found){.rule = holding->rules[i]};
	}
}

static enum status candidates(struct context *context, const struct event *event, rule_list *rules)
{
	const struct rule_index *index = &context->program->index[event->kind->index];
	add_entries(context, event, rules, index->always, index->always_count);
	uint32_t sorted = rules->count;
	for (uint32_t i = 0; i < index->field_count; i++) {
		struct value value;
		enum status status = field_value(context, event, index->fields[i].field, &value);
		if (status != OK)
			return status;
		const struct rule_bucket *bucket = value.kind == VALUE_MISSING ? NULL : bucket_find(&index->fields[i], value);
		if (bucket)
			add_entries(context, event, rules, bucket->entries, bucket->count);
	}
	add_holding(context, event, rules);
	if (rules->count > sorted)
		sort_by_order(rules);
	return OK;
}

/* For explain: every rule of the kind, in order. */
static void all_rules(struct context *context, const struct event *event, rule_list *rules)
{
	for (uint32_t i = 0; i < context->program->rule_count; i++)
		if (context->program->rules[i].event == event->kind)
			*list_add(context->arena, rules) = (struct found){.rule = &context->program->rules[i]};
}

/* --- one rule */
struct trace_rule *rule_trace(struct context *context, const struct rule *rule, enum outcome outcome)
{
	struct trace_rule *traced = list_add(context->arena, &context->trace->rules);
	*traced = (struct trace_rule){.rule = rule->index, .outcome = outcome, .event = context->event_index};
	return traced;
}

static struct text keep_sentence(struct context *context)
{
	return text_copy(context->arena, text_from(context->error->sentence));
}

/* What fails while a failure is handled has said so in the trace: telling of it again could go on for ever. */
static bool follows_failure(const struct event *event, const struct event_kind *failed)
{
	for (; event; event = event->cause)
		if (event->kind == failed)
			return true;
	return false;
}

static enum status raise_failed(struct context *context, const struct rule *rule)
{
	const struct event_kind *kind = context->engine->failed;
	if (!kind || follows_failure(context->event, kind))
		return OK;
	struct value *fields = arena_array(context->arena, struct value, kind->field_count);
	fields[0] = value_text(rule->name);
	fields[1] = value_text(context->event->kind->name);
	fields[2] = value_text(keep_sentence(context));
	return event_raise(context, kind, fields);
}

/* OK, unless the turn must end. */
enum status rule_failed(struct context *context, const struct rule *rule, struct trace_rule *traced)
{
	if (context->fatal)
		return context->error->status;
	traced->outcome = OUTCOME_FAILED;
	traced->sentence = keep_sentence(context);
	traced->step = context->failed_step;
	return raise_failed(context, rule);
}

static void count_guard(struct context *context, const struct rule *rule, bool fired)
{
	struct coverage *coverage = context->engine->coverage;
	if (coverage && fired)
		coverage->rule_fired[rule->index]++;
	else if (coverage)
		coverage->rule_rejected[rule->index]++;
}

struct value *rule_frame(struct context *context, const struct code *code)
{
	struct value *frame = frame_new(context, code);
	frame[SLOT_EVENT] = event_value(context->event);
	frame[SLOT_ACTOR] = context->actor;
	return frame;
}

static enum status run_guard(struct context *context, const struct rule *rule, struct trace_rule *traced,
			     struct value *holds_out)
{
	*holds_out = value_bool(true);
	const struct code *guard = context->engine->rules[rule->index].guard;
	if (!guard)
		return OK;
	struct value *frame = rule_frame(context, guard);
	enum status status = context->engine->observe ? eval_observed(context, guard, frame, holds_out, &traced->nodes)
						      : eval_run(context, guard, frame, holds_out);
	if (status != OK || value_is_true(*holds_out))
		return status;
	traced->outcome = value_is_false(*holds_out) ? OUTCOME_FALSE : OUTCOME_UNKNOWN;
	if (traced->outcome == OUTCOME_UNKNOWN)
		traced->sentence = eval_missing_path(guard, frame, *holds_out);
	return OK;
}

static bool is_valid(const struct context *context, const struct rule *rule)
{
	date today;
	clock_time time;
	if (rule->valid_from == DATE_OPEN && rule->valid_until == DATE_OPEN)
		return true;
	moment_to_local(context->program->zone, context->now, &today, &time);
	return (rule->valid_from == DATE_OPEN || today >= rule->valid_from) &&
	       (rule->valid_until == DATE_OPEN || today < rule->valid_until);
}

enum status rule_body(struct context *context, const struct rule *rule, struct trace_rule *traced)
{
	const struct code *body = context->engine->rules[rule->index].body;
	struct savepoint before = savepoint_set(context);
	context->rule = rule->index;
	enum status status = rule->in_time ? rule_time_passes(context, rule, traced) : OK;
	if (status == OK && traced->outcome == OUTCOME_FIRED)
		status = eval_run(context, body, rule_frame(context, body), NULL);
	if (status == OK && rule->in_time && traced->outcome == OUTCOME_FIRED)
		status = rule_time_fired(context, rule, before.touched);
	if (status == OK)
		status = constraints_check(context, before);
	if (status == OK)
		return OK;
	savepoint_restore(context, before);
	return rule_failed(context, rule, traced);
}

static struct record_id maker_of(const struct context *context, const struct rule *rule)
{
	struct {
		struct record_id event;
		uint64_t rule;
	} seed = {context->event->id, rule->name_hash};
	return record_id_derive(0, &seed, sizeof(seed));
}

/* `holds`: the index has found the guard to hold already. */
static enum status run_rule(struct context *context, const struct rule *rule, bool known)
{
	struct trace_rule *traced = rule_trace(context, rule, OUTCOME_FIRED);
	uint32_t place = context->trace->rules.count - 1;
	struct trace_rule result = *traced;
	struct value holds = value_bool(true);
	enum status status = OK;
	context->rule = rule->index;
	if (!is_valid(context, rule)) {
		result.outcome = OUTCOME_NOT_VALID;
	} else {
		status = known ? OK : run_guard(context, rule, &result, &holds);
		if (status == OK && rule->in_time)
			status = rule_time_held(context, rule, value_is_true(holds), &result);
		count_guard(context, rule, status == OK && value_is_true(holds));
		if (status != OK) {
			status = rule_failed(context, rule, &result);
		} else if (value_is_true(holds) && result.outcome == OUTCOME_FIRED) {
			context->maker = maker_of(context, rule);
			context->made = 0;
			status = rule_body(context, rule, &result);
			context->maker = context->event->id;
		}
	}
	context->trace->rules.items[place] = result;
	return status;
}

/* Candidates lie far apart in memory, each behind three pointers: they are asked for together, so that the waits overlap
 * (workload W1, 10,000 rules: a third of the time of matching). */
static void warm(const struct engine *engine, const rule_list *rules)
{
	for (uint32_t i = 0; i < rules->count; i++)
		__builtin_prefetch(rules->items[i].rule);
	for (uint32_t i = 0; i < rules->count; i++) {
		const struct packed_rule *packed = &engine->rules[rules->items[i].rule->index];
		const char *first = (const char *)(rules->items[i].holds || !packed->guard ? packed->body : packed->guard);
		for (int line = 0; line < 3; line++)
			__builtin_prefetch(first + 64 * line);
	}
}

enum status rules_on_event(struct context *context, const struct event *event)
{
	rule_list rules = {0};
	enum status status = rule_time_follows(context, event);
	if (status == OK && context->engine->observe)
		all_rules(context, event, &rules);
	else if (status == OK)
		status = candidates(context, event, &rules);
	warm(context->engine, &rules);
	for (uint32_t i = 0; status == OK && i < rules.count; i++)
		status = run_rule(context, rules.items[i].rule, rules.items[i].holds);
	return status;
}
