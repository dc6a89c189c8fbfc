/* What a clock goes by: the fields of other entities that its calendar, target and conditions read. Found once per program, by
 * following the kinds of values through the code; where that can not be followed (scripts), every field is taken to be read.
 * Reading too much costs time, reading too little would leave a due date wrong. */
#include "engine/clock.h"

#include "engine/base/check.h"

struct reads {
	const struct program *program;
	uint64_t *set;
	uint32_t width; /* fields of the widest entity */
	bool *seen;     /* functions, then tables, then entities × computed fields: walked already */
	struct arena *arena;
	bool all;
};

static void walk_code(struct reads *reads, const struct code *code, const struct type *const *parameters, uint32_t count,
		      const struct entity *first);

static void mark(struct reads *reads, const struct entity *entity, uint32_t field)
{
	uint32_t bit = entity->index * reads->width + field;
	bool known = reads->set[bit / 64] >> (bit % 64) & 1;
	reads->set[bit / 64] |= UINT64_C(1) << (bit % 64);
	if (!known && entity->fields[field].computed)
		walk_code(reads, entity->fields[field].computed, NULL, 0, entity);
}

/* FIELD_ID stands for which rows there are. */
static void mark_entity(struct reads *reads, const struct entity *entity)
{
	for (uint32_t i = 0; i < entity->field_count; i++)
		mark(reads, entity, i);
}

/* --- kinds of values: which entity a slot refers to, or a list of whose refs, as far as it matters */
static const struct entity *entity_of(const struct type *type)
{
	while (type && type->kind == TYPE_LIST)
		type = type->element;
	return type && type->kind == TYPE_REF ? type->entity : NULL;
}

static const struct type *const *parameter_types(struct reads *reads, const struct record_field *parameters, uint32_t count)
{
	const struct type **types = arena_array(reads->arena, const struct type *, count + 1);
	for (uint32_t i = 0; i < count; i++)
		types[i] = parameters[i].type;
	return types;
}

static void walk_function(struct reads *reads, uint32_t index)
{
	const struct function *function = &reads->program->functions[index];
	if (reads->seen[index])
		return;
	reads->seen[index] = true;
	walk_code(reads, function->code, parameter_types(reads, function->parameters, function->parameter_count),
		  function->parameter_count, NULL);
}

static void walk_table(struct reads *reads, uint32_t index)
{
	const struct table *table = &reads->program->tables[index];
	bool *seen = &reads->seen[reads->program->function_count + index];
	if (*seen)
		return;
	*seen = true;
	const struct type *const *types = parameter_types(reads, table->parameters, table->parameter_count);
	for (uint32_t i = 0; i < table->input_count; i++)
		walk_code(reads, table->inputs[i], types, table->parameter_count, NULL);
	for (uint32_t i = 0; i < table->row_count; i++)
		for (uint32_t k = 0; k < table->outputs->count; k++)
			if (table->rows[i].outputs[k])
				walk_code(reads, table->rows[i].outputs[k], types, table->parameter_count, NULL);
}

static void walk_query(struct reads *reads, const struct query *query)
{
	mark_entity(reads, query->entity);
	if (query->where)
		walk_code(reads, query->where, NULL, 0, query->entity);
	if (query->value)
		walk_code(reads, query->value, NULL, 0, query->entity);
}

/* --- code: each slot is written by one place, so one pass in order knows its entity when it is read */
struct slot_kinds {
	const struct entity **entity;
	const struct record_type **record;
};

static void step_field(struct reads *reads, struct slot_kinds *kinds, const struct step *step, bool keeps)
{
	const struct entity *owner = kinds->entity[step->a];
	const struct record_type *record = kinds->record[step->a];
	if (owner && step->b < owner->field_count) {
		mark(reads, owner, step->b);
		if (keeps)
			kinds->entity[step->d] = entity_of(owner->fields[step->b].type);
	} else if (record && step->b < record->count && keeps) {
		kinds->entity[step->d] = entity_of(record->fields[step->b].type);
	} else if (!owner && !record) {
		reads->all = true; /* not followed */
	}
}

static void step_result(struct reads *reads, struct slot_kinds *kinds, const struct step *step, const struct type *type)
{
	(void)reads;
	kinds->entity[step->d] = entity_of(type);
	kinds->record[step->d] = type && type->kind == TYPE_RECORD ? type->record : NULL;
}

static void walk_step(struct reads *reads, struct slot_kinds *kinds, const struct code *code, const struct step *step)
{
	const struct program *program = reads->program;
	switch (step->operation) {
	case STEP_CONSTANT:
		if (code->constants[step->a].kind == VALUE_REF)
			kinds->entity[step->d] = program->schema.entities[code->constants[step->a].entity];
		break;
	case STEP_COPY:
	case STEP_EACH_NEXT:
		if (!kinds->entity[step->d])
			kinds->entity[step->d] = kinds->entity[step->a];
		if (!kinds->record[step->d])
			kinds->record[step->d] = kinds->record[step->a];
		break;
	case STEP_FIELD:
		step_field(reads, kinds, step, true);
		break;
	case STEP_FIELD_EQUAL_CONSTANT ... STEP_CONSTANT_IN_FIELD:
		step_field(reads, kinds, step, false);
		break;
	case STEP_CLOCK_FIELD:
		kinds->entity[step->d] = entity_of(program->clocks[step->c].state->fields[step->b].type);
		break;
	case STEP_SEED:
		kinds->entity[step->d] = program->seeds[step->a].entity;
		break;
	case STEP_SETTING:
		kinds->entity[step->d] = entity_of(program->settings[step->a].type);
		break;
	case STEP_DEFINE:
		walk_function(reads, step->a);
		step_result(reads, kinds, step, program->functions[step->a].result);
		break;
	case STEP_TABLE:
		walk_table(reads, step->a);
		kinds->record[step->d] = program->tables[step->a].outputs;
		break;
	case STEP_QUERY:
		walk_query(reads, &program->queries[step->a]);
		kinds->entity[step->d] = program->queries[step->a].entity;
		break;
	case STEP_SCRIPT:
		reads->all = true;
		break;
	case STEP_BUILTIN: /* first(list) and the like give what they were given */
	case STEP_LIST:
		for (uint32_t i = 0; i < step->c; i++)
			if (!kinds->entity[step->d])
				kinds->entity[step->d] = kinds->entity[code->operands[step->b + i]];
		break;
	default:
		break;
	}
}

static void walk_code(struct reads *reads, const struct code *code, const struct type *const *parameters, uint32_t count,
		      const struct entity *first)
{
	struct slot_kinds kinds = {arena_array(reads->arena, const struct entity *, code->slot_count + 1),
				   arena_array(reads->arena, const struct record_type *, code->slot_count + 1)};
	for (uint32_t i = 0; i < count && i < code->slot_count; i++) {
		kinds.entity[i] = entity_of(parameters[i]);
		kinds.record[i] = parameters[i] && parameters[i]->kind == TYPE_RECORD ? parameters[i]->record : NULL;
	}
	if (first && code->slot_count)
		kinds.entity[0] = first;
	for (uint32_t i = 0; i < code->step_count; i++)
		walk_step(reads, &kinds, code, &code->steps[i]);
}

/* --- all clocks */
static uint32_t widest(const struct schema *schema)
{
	uint32_t width = 1;
	for (uint32_t i = 0; i < schema->entity_count; i++)
		if (schema->entities[i]->field_count > width)
			width = schema->entities[i]->field_count;
	return width;
}

static uint64_t *clock_walk(struct engine *engine, const struct clock *clock)
{
	const struct program *program = engine->program;
	const struct code *codes[] = {clock->starts_when, clock->stops_when, clock->pauses_while,
				      clock->calendar,    clock->target,     clock->holidays};
	struct reads reads = {.program = program, .arena = &engine->pack_arena, .width = widest(&program->schema)};
	uint32_t words = (program->schema.entity_count * reads.width + 63) / 64;
	reads.set = arena_array(reads.arena, uint64_t, words + 1);
	reads.seen = arena_array(reads.arena, bool, program->function_count + program->table_count + 1);
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (codes[i])
			walk_code(&reads, codes[i], NULL, 0, clock->entity);
	if (reads.all)
		memset(reads.set, 0xff, words * sizeof *reads.set);
	return reads.set;
}

void clocks_prepare(struct engine *engine)
{
	const struct program *program = engine->program;
	engine->clock_reads = arena_array(&engine->pack_arena, uint64_t *, program->clock_count + 1);
	for (uint32_t i = 0; i < program->clock_count; i++)
		engine->clock_reads[i] = clock_walk(engine, &program->clocks[i]);
	engine->clock_read_width = widest(&program->schema);
}

static bool is_read(const struct engine *engine, const struct clock *clock, const struct entity *entity, uint32_t field)
{
	uint32_t bit = entity->index * engine->clock_read_width + field;
	return engine->clock_reads[clock->index][bit / 64] >> (bit % 64) & 1;
}

/* A row that comes or goes matters to queries only; to be reached by a ref, it is there before the ref is. */
bool clock_reads(const struct engine *engine, const struct clock *clock, const struct event *event)
{
	const struct entity *entity = event->kind->entity;
	if (!entity || entity == clock->entity)
		return false; /* its own record is asked anyway */
	if (event->kind->origin != EVENT_UPDATED || !event->before || !event->after)
		return is_read(engine, clock, entity, FIELD_ID);
	for (uint32_t i = FIELD_FIRST_OWN; i < entity->field_count; i++)
		if (is_read(engine, clock, entity, i) && !value_same(event->before[i], event->after[i]))
			return true;
	return false;
}
