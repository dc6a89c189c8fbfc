/* Which rules an event can concern at all: for each kind of event, its rules by the equality of their guard that tells most
 * apart. A rule is found whenever its guard could be true; that it is true, the guard itself still decides. */
#include "dsl/compiler/internal.h"

/* `field == constant`, or `field in [constants]`, that must hold for the guard to hold. */
struct candidate {
	uint32_t rule; /* in the program */
	uint16_t field;
	struct value value; /* LIST for `in` */
	bool many;
};

typedef LIST(struct candidate) candidate_list;

struct kind_index {
	candidate_list candidates;
	LIST(uint32_t) rules;
};

/* --- candidates: from the conjuncts of a guard */
static void comparison_candidate(struct arena *arena, candidate_list *list, uint32_t rule, const struct code *guard,
				 const struct node *node)
{
	for (uint32_t i = 0; i < node->child_count; i++) {
		const struct node *child = &guard->nodes[guard->children[node->first_child + i]];
		if (child->slot != SLOT_NONE || child->fused_step == SLOT_NONE)
			continue;
		const struct step *step = &guard->steps[child->fused_step];
		bool equal = step->operation == STEP_FIELD_EQUAL_CONSTANT, in = step->operation == STEP_FIELD_IN_CONSTANT;
		struct value value = guard->constants[step->c];
		if ((!equal && !(in && value.kind == VALUE_LIST)) || step->a != SLOT_EVENT || step->d != node->slot)
			continue;
		*list_add(arena, list) =
			(struct candidate){.rule = rule, .field = (uint16_t)step->b, .value = value, .many = in};
	}
}

static void candidates_of(struct arena *arena, candidate_list *list, uint32_t rule, const struct code *guard, uint32_t index)
{
	const struct node *node = &guard->nodes[index];
	if (node->kind == NODE_COMPARISON)
		comparison_candidate(arena, list, rule, guard, node);
	for (uint32_t i = 0; node->kind == NODE_AND && i < node->child_count; i++)
		candidates_of(arena, list, rule, guard, guard->children[node->first_child + i]);
}

/* A rule sees what rules before it wrote; so a field of the event's own record that a rule of the same event writes cannot
 * decide beforehand. */
static bool is_written(const struct compiler *compiler, const struct kind_index *kind, const struct entity *entity,
		       uint16_t field)
{
	uint32_t packed = (uint32_t)entity->index << 16 | field;
	for (uint32_t i = 0; i < kind->rules.count; i++) {
		const struct rule *rule = &compiler->rules.items[kind->rules.items[i]];
		uint32_t from = 0, until = rule->write_count;
		while (from < until) {
			uint32_t middle = from + (until - from) / 2;
			if (rule->writes[middle] == packed)
				return true;
			if (rule->writes[middle] < packed)
				from = middle + 1;
			else
				until = middle;
		}
	}
	return false;
}

static bool may_index(const struct compiler *compiler, const struct kind_index *kind, const struct event_kind *event,
		      uint16_t field)
{
	if (event->origin == EVENT_CREATED || event->origin == EVENT_UPDATED)
		return field >= FIELD_FIRST_OWN && !is_written(compiler, kind, event->entity, field);
	return event->origin != EVENT_DELETED;
}

/* --- how much a field tells apart: its distinct values over all rules */
struct distinct {
	uint64_t *hashes; /* 0: free */
	uint32_t count, capacity;
};

static void distinct_add(struct distinct *distinct, struct value value)
{
	uint64_t hash = value_hash(value);
	hash += !hash;
	for (uint32_t i = (uint32_t)hash & (distinct->capacity - 1);; i = (i + 1) & (distinct->capacity - 1)) {
		if (distinct->hashes[i] == hash)
			return;
		if (!distinct->hashes[i]) {
			distinct->hashes[i] = hash;
			distinct->count++;
			return;
		}
	}
}

static uint32_t values_of(const struct candidate *candidate, const struct value **values_out)
{
	*values_out = candidate->many ? candidate->value.items : &candidate->value;
	return candidate->many ? candidate->value.count : 1;
}

static uint32_t power_above(uint32_t number)
{
	uint32_t power = 4;
	while (power < number)
		power *= 2;
	return power;
}

/* By field number. */
static uint32_t *distinct_counts(struct arena *arena, const candidate_list *candidates, uint32_t field_count)
{
	struct distinct *fields = arena_array(arena, struct distinct, field_count);
	uint32_t *counts = arena_array(arena, uint32_t, field_count), *totals = arena_array(arena, uint32_t, field_count);
	const struct value *values;
	for (uint32_t i = 0; i < candidates->count; i++)
		totals[candidates->items[i].field] += values_of(&candidates->items[i], &values);
	for (uint32_t i = 0; i < field_count; i++)
		if (totals[i]) {
			fields[i].capacity = power_above(totals[i] * 2);
			fields[i].hashes = arena_array(arena, uint64_t, fields[i].capacity);
		}
	for (uint32_t i = 0; i < candidates->count; i++) {
		uint32_t count = values_of(&candidates->items[i], &values);
		for (uint32_t k = 0; k < count; k++)
			distinct_add(&fields[candidates->items[i].field], values[k]);
	}
	for (uint32_t i = 0; i < field_count; i++)
		counts[i] = fields[i].count;
	return counts;
}

/* --- buckets */
struct growing_bucket {
	struct value value;
	LIST(struct rule_entry) entries;
};

struct growing_field {
	struct rule_index_field field;
	struct growing_bucket **buckets;
	uint32_t values; /* at most, for the capacity */
};

static void bucket_add(struct arena *arena, struct growing_field *field, const struct value *value,
		       const struct rule_entry *entry)
{
	uint32_t mask = field->field.capacity - 1;
	for (uint32_t i = (uint32_t)value_hash(*value) & mask;; i = (i + 1) & mask) {
		struct growing_bucket *bucket = field->buckets[i];
		if (bucket && !value_equal(bucket->value, *value))
			continue;
		if (!bucket) {
			bucket = field->buckets[i] = arena_new(arena, struct growing_bucket);
			bucket->value = *value;
		}
		if (!bucket->entries.count || list_last(&bucket->entries)->rule != entry->rule)
			*list_add(arena, &bucket->entries) = *entry;
		return;
	}
}

static void field_finish(struct arena *arena, struct growing_field *field, struct rule_index_field *field_out)
{
	*field_out = field->field;
	field_out->buckets = arena_array(arena, struct rule_bucket, field->field.capacity);
	for (uint32_t i = 0; i < field->field.capacity; i++) {
		struct growing_bucket *bucket = field->buckets[i];
		if (bucket)
			field_out->buckets[i] = (struct rule_bucket){
				.value = &bucket->value, .entries = bucket->entries.items, .count = bucket->entries.count};
	}
}

/* --- one kind of event */
/* The best candidate of each rule of the kind, by position in kind->rules; NULL: none. */
static const struct candidate **choose(struct compiler *compiler, const struct kind_index *kind, const struct event_kind *event)
{
	uint32_t fields = event->entity ? event->entity->field_count : event->field_count;
	uint32_t *counts = distinct_counts(compiler->arena, &kind->candidates, fields + 1);
	for (uint32_t i = 0; i < fields; i++)
		if (counts[i] && !may_index(compiler, kind, event, (uint16_t)i))
			counts[i] = 0;
	const struct candidate **chosen = arena_array(compiler->arena, const struct candidate *, kind->rules.count);
	uint32_t at = 0;
	for (uint32_t i = 0; i < kind->candidates.count; i++) {
		const struct candidate *candidate = &kind->candidates.items[i];
		while (kind->rules.items[at] != candidate->rule)
			at++;
		uint32_t count = counts[candidate->field];
		if (count && (!chosen[at] || count > counts[chosen[at]->field]))
			chosen[at] = candidate;
	}
	return chosen;
}

/* --- the comparisons of an entry, in the order in which they most likely say no */
enum { MOST_TESTS = 8 };

struct tests {
	struct rule_test items[MOST_TESTS];
	uint32_t count;
	bool complete;
};

static int selectivity(enum step_operation operation)
{
	switch (operation) {
	case STEP_CONSTANT_IN_FIELD:
		return 4;
	case STEP_FIELD_EQUAL_CONSTANT:
		return 3;
	case STEP_FIELD_IN_CONSTANT:
		return 2;
	case STEP_FIELD_NOT_EQUAL_CONSTANT:
		return 0;
	default:
		return 1;
	}
}

static void test_insert(struct tests *tests, struct rule_test test)
{
	uint32_t place = tests->count;
	if (place == MOST_TESTS) {
		tests->complete = false;
		return;
	}
	tests->count++;
	for (; place && selectivity(tests->items[place - 1].operation) < selectivity(test.operation); place--)
		tests->items[place] = tests->items[place - 1];
	tests->items[place] = test;
}

/* The fused step behind a comparison of a field of the event with a constant, or NULL. */
static const struct step *fused_comparison(const struct code *guard, const struct node *node)
{
	for (uint32_t i = 0; node->kind == NODE_COMPARISON && i < node->child_count; i++) {
		const struct node *child = &guard->nodes[guard->children[node->first_child + i]];
		if (child->slot != SLOT_NONE || child->fused_step == SLOT_NONE)
			continue;
		const struct step *step = &guard->steps[child->fused_step];
		if (step->a == SLOT_EVENT && step->d == node->slot)
			return step;
	}
	return NULL;
}

/* `known`: the equality that led to the bucket. */
static void collect_tests(const struct code *guard, uint32_t index, const struct candidate *known, struct tests *tests)
{
	const struct node *node = &guard->nodes[index];
	for (uint32_t i = 0; node->kind == NODE_AND && i < node->child_count; i++)
		collect_tests(guard, guard->children[node->first_child + i], known, tests);
	if (node->kind == NODE_AND)
		return;
	const struct step *step = fused_comparison(guard, node);
	if (!step) {
		tests->complete = false;
		return;
	}
	struct rule_test test = {
		.operation = step->operation, .field = (uint16_t)step->b, .constant = guard->constants[step->c]};
	bool is_known = known && !known->many && step->operation == STEP_FIELD_EQUAL_CONSTANT && known->field == test.field &&
			value_equal(known->value, test.constant);
	if (!is_known)
		test_insert(tests, test);
}

/* Only for events that carry their fields: a row's may be changed by the rules before. */
static struct rule_entry entry_of(struct compiler *compiler, const struct event_kind *event, const struct rule *rule,
				  const struct candidate *known)
{
	struct rule_entry entry = {.rule = rule};
	struct tests tests = {.complete = true};
	if (!rule->guard || event->entity)
		return entry;
	collect_tests(rule->guard, rule->guard->root, known, &tests);
	entry.complete = tests.complete;
	if (!tests.count)
		return entry;
	entry.operation = tests.items[0].operation;
	entry.field = tests.items[0].field;
	entry.constant = tests.items[0].constant;
	entry.more_count = (uint8_t)(tests.count - 1);
	entry.more =
		tests.count > 1 ? arena_copy(compiler->arena, tests.items + 1, sizeof(*tests.items) * (tests.count - 1)) : NULL;
	return entry;
}

static void kind_build(struct compiler *compiler, const struct kind_index *kind, const struct event_kind *event,
		       struct rule_index *index_out)
{
	struct arena *arena = compiler->arena;
	const struct candidate **chosen = choose(compiler, kind, event);
	uint32_t fields = (event->entity ? event->entity->field_count : event->field_count) + 1, used = 0;
	struct growing_field *growing = arena_array(arena, struct growing_field, fields);
	const struct value *values;
	for (uint32_t i = 0; i < kind->rules.count; i++)
		if (chosen[i])
			growing[chosen[i]->field].values += values_of(chosen[i], &values);
	for (uint32_t i = 0; i < fields; i++)
		if (growing[i].values) {
			used++;
			growing[i].field =
				(struct rule_index_field){.field = (uint16_t)i, .capacity = power_above(growing[i].values * 2)};
			growing[i].buckets = arena_array(arena, struct growing_bucket *, growing[i].field.capacity);
		}
	LIST(struct rule_entry) always = {0};
	for (uint32_t i = 0; i < kind->rules.count; i++) {
		struct rule *rule = &compiler->rules.items[kind->rules.items[i]];
		struct rule_entry entry = entry_of(compiler, event, rule, chosen[i]);
		if (!chosen[i]) {
			*list_add(arena, &always) = entry;
			continue;
		}
		rule->index_field = chosen[i]->field;
		rule->index_value = chosen[i]->value;
		uint32_t count = values_of(chosen[i], &values);
		for (uint32_t k = 0; k < count; k++)
			bucket_add(arena, &growing[chosen[i]->field], &values[k], &entry);
	}
	*index_out = (struct rule_index){.always = always.items,
					 .always_count = always.count,
					 .fields = arena_array(arena, struct rule_index_field, used),
					 .field_count = used};
	used = 0;
	for (uint32_t i = 0; i < fields; i++)
		if (growing[i].values)
			field_finish(arena, &growing[i], &index_out->fields[used++]);
}

void index_build(struct compiler *compiler)
{
	uint32_t event_count = compiler->program->schema.event_count;
	struct kind_index *kinds = arena_array(compiler->arena, struct kind_index, event_count);
	compiler->program->index = arena_array(compiler->arena, struct rule_index, event_count);
	for (uint32_t i = 0; i < compiler->rules.count; i++) {
		struct rule *rule = &compiler->rules.items[i];
		rule->index_field = SLOT_NONE;
		rule->name_hash = text_hash(rule->name);
		rule->in_time = rule->dedupe_keys || rule->once_per || rule->at_most.count || rule->damp.count ||
				rule->holds_for || rule->unless.event;
		if (!rule->event)
			continue;
		struct kind_index *kind = &kinds[rule->event->index];
		*list_add(compiler->arena, &kind->rules) = i;
		if (rule->guard)
			candidates_of(compiler->arena, &kind->candidates, i, rule->guard, rule->guard->root);
	}
	for (uint32_t i = 0; i < event_count; i++)
		if (kinds[i].rules.count)
			kind_build(compiler, &kinds[i], compiler->program->schema.events[i], &compiler->program->index[i]);
}
