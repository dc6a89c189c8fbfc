/* The engine as a thing: opened, given a program, closed. What is prepared once for a program is prepared here. */
#include "engine/base/check.h"
#include "engine/clock.h"
#include "engine/parts.h"

#include <stdlib.h>

enum status engine_open(struct engine **engine_out)
{
	struct engine *engine = calloc(1, sizeof(*engine));
	CHECK(engine);
	engine->slice_clocks = LIMIT_SLICE_CLOCKS;
	arena_init(&engine->arena, "turn", 0);
	arena_init(&engine->pack_arena, "pack in use", 0);
	struct script_limits limits = {
		.instructions = LIMIT_SCRIPT_INSTRUCTIONS, .memory = LIMIT_SCRIPT_MEMORY, .depth = LIMIT_SCRIPT_DEPTH};
	enum status status = script_open(limits, &engine->scripts);
	if (status != OK) {
		engine_close(engine);
		return status;
	}
	*engine_out = engine;
	return OK;
}

void engine_close(struct engine *engine)
{
	if (engine->scripts)
		script_close(engine->scripts);
	arena_release(&engine->arena);
	arena_release(&engine->pack_arena);
	free(engine);
}

struct arena *engine_begin(struct engine *engine)
{
	arena_reset(&engine->arena);
	engine->begun = true;
	return &engine->arena;
}

void engine_observe(struct engine *engine, bool on)
{
	engine->observe = on;
}

void engine_slice(struct engine *engine, uint32_t clocks)
{
	engine->slice_clocks = clocks;
}

void engine_cover(struct engine *engine, struct coverage *coverage)
{
	engine->coverage = coverage;
}

/* --- scripts read rows as the turn that calls them sees them */
static enum status read_for_script(void *host, struct arena *arena, const struct entity *entity, const struct field *field,
				   struct record_id id, struct value *value_out, struct error *error)
{
	struct engine *engine = host;
	(void)arena, (void)error;
	CHECK(engine->running);
	return row_field(engine->running, entity, id, field->index, value_out);
}

static enum status read_clock_for_script(void *host, struct arena *arena, const struct clock *clock, uint32_t field,
					 struct record_id id, struct value *value_out, struct error *error)
{
	struct engine *engine = host;
	(void)arena, (void)error;
	CHECK(engine->running);
	return clock_field(engine->running, clock, id, field, value_out);
}

/* --- what a program is prepared with */
static void find_quiet(struct engine *engine)
{
	const struct program *program = engine->program;
	engine->quiet = arena_array(&engine->pack_arena, bool, program->schema.entity_count + 1);
	for (uint32_t i = 0; i < SYSTEM_ENTITY_COUNT && i < program->schema.entity_count; i++)
		engine->quiet[i] = i != SYSTEM_APPROVAL; /* rules tell people about those, and tests decide them */
	for (uint32_t i = 0; i < program->clock_count; i++)
		engine->quiet[program->clocks[i].state->index] = true;
}

static void index_tables(struct engine *engine)
{
	const struct program *program = engine->program;
	engine->tables = arena_array(&engine->pack_arena, struct table_index *, program->table_count + 1);
	for (uint32_t i = 0; i < program->table_count; i++)
		engine->tables[i] = table_index_build(&engine->pack_arena, &program->tables[i]);
}

static const struct event_kind *unless_event(const struct rule *rule)
{
	return rule->unless.event;
}

static const struct event_kind *holds_event(const struct rule *rule)
{
	return rule->holds_for ? rule->event : NULL;
}

/* The rules that `event_of` connects with an event, by its index. */
static struct rules_of_event *rules_by_event(struct engine *engine, const struct event_kind *(*event_of)(const struct rule *))
{
	const struct program *program = engine->program;
	struct rules_of_event *lists = arena_array(&engine->pack_arena, struct rules_of_event, program->schema.event_count + 1);
	for (uint32_t i = 0; i < program->rule_count; i++)
		if (event_of(&program->rules[i]))
			lists[event_of(&program->rules[i])->index].count++;
	for (uint32_t i = 0; i < program->schema.event_count; i++) {
		lists[i].rules = arena_array(&engine->pack_arena, const struct rule *, lists[i].count + 1);
		lists[i].count = 0;
	}
	for (uint32_t i = 0; i < program->rule_count; i++) {
		const struct event_kind *event = event_of(&program->rules[i]);
		if (event)
			lists[event->index].rules[lists[event->index].count++] = &program->rules[i];
	}
	return lists;
}

/* --- rules side by side: what 10,000 rules compile to is 30 MB with all that explains it; what an event runs of it is four */
static const struct code *code_pack(struct arena *arena, const struct code *code)
{
	enum { ALIGNMENT = _Alignof(struct value), HEAD = (sizeof(*code) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT };
	size_t steps = sizeof(struct step) * code->step_count, constants = sizeof(struct value) * code->constant_count;
	char *room = arena_alloc_raw(arena, HEAD + constants + steps, 64);
	struct code *copy = memcpy(room, code, sizeof(*code));
	copy->constants = (const struct value *)(const void *)(room + HEAD);
	copy->steps = (const struct step *)(const void *)(room + HEAD + constants);
	if (constants)
		memcpy(room + HEAD, code->constants, constants);
	if (steps)
		memcpy(room + HEAD + constants, code->steps, steps);
	return copy;
}

static void pack_rules_of(struct engine *engine, const struct rule_entry *entries, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct rule *rule = entries[i].rule;
		struct packed_rule *packed = &engine->rules[rule->index];
		if (packed->body)
			continue;
		packed->body = code_pack(&engine->pack_arena, rule->body);
		packed->guard = rule->guard ? code_pack(&engine->pack_arena, rule->guard) : NULL;
	}
}

/* In the order of the index, so that the rules of a bucket are neighbours. */
static void pack_rules(struct engine *engine)
{
	const struct program *program = engine->program;
	engine->rules = arena_array(&engine->pack_arena, struct packed_rule, program->rule_count + 1);
	for (uint32_t event = 0; program->rule_count && event < program->schema.event_count; event++) {
		const struct rule_index *index = &program->index[event];
		pack_rules_of(engine, index->always, index->always_count);
		for (uint32_t i = 0; i < index->field_count; i++)
			for (uint32_t k = 0; k < index->fields[i].capacity; k++)
				pack_rules_of(engine, index->fields[i].buckets[k].entries, index->fields[i].buckets[k].count);
	}
}

enum status engine_use_pack(struct engine *engine, const struct program *program, struct error *error)
{
	arena_reset(&engine->pack_arena);
	engine->program = program;
	engine->failed = schema_event(&program->schema, TEXT("rule.failed"));
	engine->reader = (struct script_reader){.host = engine, .read = read_for_script, .read_clock = read_clock_for_script};
	find_quiet(engine);
	constraints_prepare(engine);
	index_tables(engine);
	engine->unless_by_event = rules_by_event(engine, unless_event);
	engine->holds_by_event = rules_by_event(engine, holds_event);
	pack_rules(engine);
	clocks_prepare(engine);
	workflows_prepare(engine);
	script_read_through(engine->scripts, &engine->reader);
	return script_load(engine->scripts, program, error);
}
