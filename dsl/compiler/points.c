/* The durable points of a workflow, for those who move its instances to another version: what each is called, and what an
 * instance has to know there so that the steps behind it find what they read. Looks at finished code alone; must never change
 * it. docs/decisions/0025 */
#include "dsl/compiler/statement.h"

/* --- collected while the statements are compiled */
void point_known(struct coder *coder, uint32_t index)
{
	struct work_point *point = &coder->points.items[index];
	struct work_variable *known = arena_array(coder->compiler->arena, struct work_variable, coder->variables.count + 1);
	for (uint32_t i = 0; i < coder->variables.count; i++) {
		const struct variable *variable = &coder->variables.items[i];
		known[i] = (struct work_variable){
			.name = variable->name, .type = variable->type, .slot = variable->slot, .may_miss = variable->may_miss};
	}
	point->variables = known;
	point->variable_count = coder->variables.count;
}

void point_add(struct coder *coder, uint32_t step, struct text name)
{
	if (!coder->workflow)
		return;
	*list_add(coder->compiler->arena, &coder->points) =
		(struct work_point){.name = name, .step = step, .parallel = coder->parallel, .strand = coder->strand};
	point_known(coder, coder->points.count - 1);
}

/* --- which slots a step reads and writes, by its shape */
struct reading {
	struct compiler *compiler;
	const struct code *code;
	uint32_t words;   /* of a set of slots */
	uint64_t *live;   /* by step, one more than there are: what is read from there on and not written before */
	uint32_t *writer; /* by slot: the first step that writes it; SLOT_NONE: none, it is a parameter */
};

static uint64_t *live_at(const struct reading *reading, uint32_t step)
{
	return reading->live + (size_t)step * reading->words;
}

static void set_add(uint64_t *set, uint32_t slot)
{
	set[slot / 64] |= (uint64_t)1 << slot % 64;
}

static void set_take(uint64_t *set, uint32_t slot)
{
	set[slot / 64] &= ~((uint64_t)1 << slot % 64);
}

static bool set_has(const uint64_t *set, uint32_t slot)
{
	return set[slot / 64] >> slot % 64 & 1;
}

static void set_unite(uint64_t *set, const uint64_t *other, uint32_t words)
{
	for (uint32_t i = 0; i < words; i++)
		set[i] |= other[i];
}

static void reads_of_step(const struct code *code, const struct step *step, uint64_t *set)
{
	const char *shape = step_shape(step->operation);
	const uint32_t operands[] = {step->a, step->b, step->c};
	for (int i = 0; i < 3; i++)
		if (shape[i + 1] == 's')
			set_add(set, operands[i]);
	for (uint32_t i = 0; shape[2] == 'l' && i < step->c; i++)
		set_add(set, code->operands[step->b + i]);
	if (step->operation == STEP_EACH_COLLECT)
		set_add(set, step->d);
}

/* SLOT_NONE: none. */
static uint32_t written_by(const struct step *step)
{
	return step_shape(step->operation)[0] == 's' ? step->d : SLOT_NONE;
}

static void writers_find(struct reading *reading)
{
	const struct code *code = reading->code;
	reading->writer = arena_array(reading->compiler->arena, uint32_t, code->slot_count + 1);
	for (uint32_t i = 0; i < code->slot_count; i++)
		reading->writer[i] = SLOT_NONE;
	for (uint32_t i = code->step_count; i-- > 0;)
		if (written_by(&code->steps[i]) != SLOT_NONE)
			reading->writer[written_by(&code->steps[i])] = i;
}

/* --- what is read behind a step */
/* The arguments of an undo are taken at the next rest; those that were not computed right behind the call are kept until then.
 */
static void undo_unite(const struct reading *reading, const struct step *step, uint64_t *set)
{
	const struct work_options *options = &reading->compiler->work_options.items[step->extra];
	uint32_t at = (uint32_t)(step - reading->code->steps);
	for (uint32_t i = 0; i < options->undo_count; i++) {
		uint32_t slot = options->undo_operands[i];
		if (reading->writer[slot] == SLOT_NONE || reading->writer[slot] < at)
			set_add(set, slot);
	}
}

/* What its strands give a value themselves is not known before them. */
static void parallel_unite(const struct reading *reading, const struct step *step, uint64_t *set)
{
	const struct code *code = reading->code;
	uint32_t at = (uint32_t)(step - code->steps);
	set_unite(set, live_at(reading, step->a), reading->words);
	for (uint32_t i = at; i < step->a; i++)
		if (written_by(&code->steps[i]) != SLOT_NONE)
			set_take(set, written_by(&code->steps[i]));
	for (uint32_t i = 0; i < step->c; i++)
		set_unite(set, live_at(reading, code->operands[step->b + i]), reading->words);
}

static uint32_t otherwise_of(const struct reading *reading, const struct step *step)
{
	switch (step->operation) {
	case STEP_JUMP_FALSE ... STEP_JUMP_SET:
	case STEP_EACH_NEXT:
		return step->b;
	case STEP_WORK_CALL:
		return reading->compiler->work_options.items[step->extra].else_step;
	case STEP_WORK_WAIT:
		return reading->compiler->waits.items[step->a].else_step;
	case STEP_WORK_APPROVE:
		return reading->compiler->approvals.items[step->a].else_step;
	default:
		return SLOT_NONE;
	}
}

/* Adds to `set`. */
static void behind(const struct reading *reading, uint32_t at, uint64_t *set)
{
	const struct step *step = &reading->code->steps[at];
	uint32_t other = otherwise_of(reading, step);
	switch (step->operation) {
	case STEP_JUMP:
		set_unite(set, live_at(reading, step->b), reading->words);
		return;
	case STEP_STOP:
	case STEP_FAIL:
	case STEP_WORK_END:
		return;
	case STEP_WORK_PARALLEL:
		parallel_unite(reading, step, set);
		return;
	case STEP_WORK_CALL:
		undo_unite(reading, step, set);
		break;
	default:
		break;
	}
	set_unite(set, live_at(reading, at + 1), reading->words);
	if (other != SLOT_NONE)
		set_unite(set, live_at(reading, other), reading->words);
	if (written_by(step) != SLOT_NONE)
		set_take(set, written_by(step));
}

static void live_find(struct reading *reading)
{
	const struct code *code = reading->code;
	uint64_t *set = arena_array(reading->compiler->arena, uint64_t, reading->words);
	bool changed = true;
	reading->live = arena_array(reading->compiler->arena, uint64_t, (size_t)reading->words * (code->step_count + 1));
	while (changed) {
		changed = false;
		for (uint32_t at = code->step_count; at-- > 0;) {
			memset(set, 0, reading->words * sizeof *set);
			behind(reading, at, set);
			reads_of_step(code, &code->steps[at], set);
			changed = changed || memcmp(set, live_at(reading, at), reading->words * sizeof *set) != 0;
			memcpy(live_at(reading, at), set, reading->words * sizeof *set);
		}
	}
}

/* --- what a point needs */
/* Of what nothing has been able to write before, nothing need be known: `and` reads a slot that it has jumped over. */
static bool may_be_set(const struct reading *reading, uint32_t slot, uint32_t at)
{
	uint32_t writer = reading->writer[slot];
	if (writer == SLOT_NONE || writer < at)
		return slot < reading->code->parameter_count || writer != SLOT_NONE;
	for (uint32_t i = at; i < reading->code->step_count; i++) { /* in a loop, the round before */
		const struct step *step = &reading->code->steps[i];
		if (step->operation == STEP_JUMP && step->b <= at && writer <= i)
			return true;
	}
	return false;
}

/* A call may be made again, and a wait compares as long as it waits; the others have read what they read when they began. */
static uint32_t read_while_resting(const struct reading *reading, const struct step *step)
{
	if (step->operation == STEP_WORK_CALL)
		return step->c;
	return step->operation == STEP_WORK_WAIT ? reading->compiler->waits.items[step->a].captured : 0;
}

static enum work_need need_of(const struct reading *reading, const struct work_point *point, uint32_t slot, const uint64_t *set)
{
	const struct step *step = &reading->code->steps[point->step];
	uint32_t at = step->operation == STEP_WORK_PARALLEL ? step->a : point->step;
	if (set_has(set, slot) && may_be_set(reading, slot, at))
		return NEED_BEHIND;
	for (uint32_t i = 0; i < read_while_resting(reading, step); i++)
		if (reading->code->operands[step->b + i] == slot)
			return NEED_POINT;
	return NEED_NONE;
}

static const struct node *node_of_slot(const struct code *code, uint32_t slot)
{
	for (uint32_t i = 0; i < code->node_count; i++)
		if (code->nodes[i].slot == slot && code->nodes[i].type)
			return &code->nodes[i];
	return NULL;
}

static struct work_variable own_variable(const struct code *code, uint32_t slot)
{
	const struct node *node = node_of_slot(code, slot);
	struct work_variable variable = {.slot = slot, .may_miss = true, .is_own = true};
	if (node) {
		variable.name = node->source;
		variable.type = node->type;
	}
	return variable;
}

static bool has_variable(const struct work_point *point, uint32_t slot)
{
	for (uint32_t i = 0; i < point->variable_count; i++)
		if (point->variables[i].slot == slot)
			return true;
	return false;
}

typedef LIST(struct work_variable) variable_list;

/* The author's first, then what the compiler keeps besides. */
static variable_list variables_of(const struct reading *reading, const struct work_point *point, const uint64_t *set)
{
	struct arena *arena = reading->compiler->arena;
	variable_list list = {0};
	for (uint32_t i = 0; i < point->variable_count; i++)
		*list_add(arena, &list) = point->variables[i];
	for (uint32_t slot = 0; slot < reading->code->slot_count; slot++)
		if (!has_variable(point, slot) && need_of(reading, point, slot, set))
			*list_add(arena, &list) = own_variable(reading->code, slot);
	for (uint32_t i = 0; i < list.count; i++) {
		list.items[i].need = need_of(reading, point, list.items[i].slot, set);
		list.items[i].written = reading->writer[list.items[i].slot];
	}
	return list;
}

/* --- names that are said once */
static struct text counted(struct arena *arena, struct text name, uint32_t before)
{
	return before ? text_format(arena, "%.*s #%u", TEXT_ARGS(name), before + 1) : name;
}

static void variables_name(struct arena *arena, variable_list *list)
{
	for (uint32_t i = list->count; i-- > 0;) {
		uint32_t before = 0;
		for (uint32_t k = 0; k < i; k++)
			before += text_equal(list->items[k].name, list->items[i].name);
		if (list->items[i].name.length)
			list->items[i].name = counted(arena, list->items[i].name, before);
	}
}

static void points_name(struct coder *coder)
{
	for (uint32_t i = coder->points.count; i-- > 0;) {
		uint32_t before = 0;
		for (uint32_t k = 0; k < i; k++)
			before += text_equal(coder->points.items[k].name, coder->points.items[i].name);
		coder->points.items[i].name = counted(coder->compiler->arena, coder->points.items[i].name, before);
	}
}

void points_finish(struct coder *coder, const struct code *code, struct workflow *workflow)
{
	struct reading reading = {.compiler = coder->compiler, .code = code, .words = code->slot_count / 64 + 1};
	uint64_t *set = arena_array(coder->compiler->arena, uint64_t, reading.words);
	if (!coder->points.count || coder->compiler->diagnostics->errors)
		return;
	points_name(coder);
	writers_find(&reading);
	live_find(&reading);
	for (uint32_t i = 0; i < coder->points.count; i++) {
		struct work_point *point = &coder->points.items[i];
		const struct step *step = &code->steps[point->step];
		memset(set, 0, reading.words * sizeof *set);
		if (step->operation == STEP_WORK_PARALLEL)
			set_unite(set, live_at(&reading, step->a), reading.words);
		else
			behind(&reading, point->step, set);
		variable_list variables = variables_of(&reading, point, set);
		variables_name(coder->compiler->arena, &variables);
		point->variables = variables.items;
		point->variable_count = variables.count;
	}
	workflow->points = coder->points.items;
	workflow->point_count = coder->points.count;
}
