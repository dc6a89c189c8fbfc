/* Code as it grows: steps, constants, operands and the nodes of what the author wrote. Knows no syntax and no names; what a
 * step means is decided by who asks for it. */
#include "dsl/compiler/internal.h"
#include "engine/base/check.h"

/* Parameters of an inner code get their final numbers when all of them are known. */
enum { CAPTURED_BASE = 1u << 24 };

static const char *const SHAPES[STEP_COUNT] = {
#define SHAPE(operation, shape) [STEP_##operation] = shape,
#include "dsl/compiler/step_shape.def"
#undef SHAPE
};

const char *step_shape(enum step_operation operation)
{
	return SHAPES[operation];
}

struct coder coder_new(struct compiler *compiler, uint32_t file)
{
	struct coder coder = {0};
	if (compiler->spare.count)
		coder = compiler->spare.items[--compiler->spare.count];
	coder.compiler = compiler;
	coder.file = file;
	return coder;
}

void coder_again(struct coder *coder, uint32_t slots)
{
	struct coder fresh = coder_new(coder->compiler, coder->file);
	coder->steps = fresh.steps;
	coder->constants = fresh.constants;
	coder->operands = fresh.operands;
	coder->nodes = fresh.nodes;
	coder->children = fresh.children;
	coder->slot_count = slots;
}

struct coder coder_inner(struct coder *outer, struct text name, const struct type *type)
{
	struct coder coder = coder_new(outer->compiler, outer->file);
	coder.outer = outer;
	coder.row_name = name;
	coder.footprint = outer->footprint;
	coder.allows_missing = outer->allows_missing;
	coder_variable(&coder, name, coder_slot(&coder), type, false, NULL);
	return coder;
}

uint32_t coder_slot(struct coder *coder)
{
	CHECK(coder->slot_count < CAPTURED_BASE);
	return coder->slot_count++;
}

uint32_t coder_captured(struct coder *coder, uint32_t outer_slot)
{
	*list_add(coder->compiler->arena, &coder->captured) = outer_slot;
	return CAPTURED_BASE + coder->captured.count - 1;
}

uint32_t coder_parameter(uint32_t inner_slot)
{
	return inner_slot >= CAPTURED_BASE && inner_slot != SLOT_NONE ? inner_slot - CAPTURED_BASE : SLOT_NONE;
}

void coder_variable(struct coder *coder, struct text name, uint32_t slot, const struct type *type, bool may_miss,
		    const struct syntax *at)
{
	*list_add(coder->compiler->arena, &coder->variables) =
		(struct variable){.name = name, .slot = slot, .type = type, .may_miss = may_miss, .declared = at};
}

const struct variable *coder_find(const struct coder *coder, struct text name)
{
	for (uint32_t i = coder->variables.count; i--;)
		if (text_equal(coder->variables.items[i].name, name))
			return &coder->variables.items[i];
	return NULL;
}

/* Equal texts become the same text: a comparison of equal ones is then one of pointers, and what many rules name is warm. */
struct value constant_shared(struct compiler *compiler, struct value value)
{
	if (value.kind != VALUE_TEXT || !value.count)
		return value;
	compiler->constant_texts.arena = compiler->arena;
	struct text *known = map_get(&compiler->constant_texts, value_as_text(value));
	if (!known) {
		known = arena_new(compiler->arena, struct text);
		*known = value_as_text(value);
		map_put(&compiler->constant_texts, *known, known);
	}
	return value_text(*known);
}

uint32_t coder_constant(struct coder *coder, struct value value)
{
	value = constant_shared(coder->compiler, value);
	*list_add(coder->compiler->arena, &coder->constants) = value;
	return coder->constants.count - 1;
}

uint32_t coder_step(struct coder *coder, enum step_operation operation, uint32_t d, uint32_t a, uint32_t b, uint32_t c)
{
	*list_add(coder->compiler->arena, &coder->steps) =
		(struct step){.operation = (uint8_t)operation, .d = d, .a = a, .b = b, .c = c, .node = NODE_NONE};
	return coder->steps.count - 1;
}

uint32_t coder_operands(struct coder *coder, const uint32_t *slots, uint32_t count)
{
	uint32_t first = coder->operands.count;
	for (uint32_t i = 0; i < count; i++)
		*list_add(coder->compiler->arena, &coder->operands) = slots[i];
	return first;
}

uint32_t coder_jump(struct coder *coder, enum step_operation operation, uint32_t condition_slot)
{
	return coder_step(coder, operation, 0, condition_slot, 0, 0);
}

void coder_land(struct coder *coder, uint32_t jump)
{
	coder->steps.items[jump].b = coder->steps.count;
}

uint32_t coder_node(struct coder *coder, enum node_kind kind, const struct syntax *syntax, const struct type *type,
		    uint32_t slot, uint32_t first_step, const uint32_t *children, uint32_t child_count)
{
	struct arena *arena = coder->compiler->arena;
	uint32_t index = coder->nodes.count, first_child = coder->children.count;
	for (uint32_t i = 0; i < child_count; i++)
		*list_add(arena, &coder->children) = children[i];
	*list_add(arena, &coder->nodes) = (struct node){.kind = kind,
							.span = span_of(coder, syntax),
							.source = syntax_source(coder->compiler, coder->file, syntax),
							.type = type,
							.slot = slot,
							.fused_step = SLOT_NONE,
							.first_child = first_child,
							.child_count = child_count};
	for (uint32_t i = first_step; i < coder->steps.count; i++)
		if (coder->steps.items[i].node == NODE_NONE)
			coder->steps.items[i].node = index;
	return index;
}

void coder_branch(struct coder *coder, const struct syntax *syntax, const char *source)
{
	struct compiler *compiler = coder->compiler;
	coder_step(coder, STEP_BRANCH, 0, compiler->branches.count, 0, 0);
	*list_add(compiler->arena, &compiler->branches) =
		(struct branch){.span = span_of(coder, syntax),
				.source = source ? text_from(source) : syntax_source(compiler, coder->file, syntax)};
}

/* --- the end: parameters move to the front, lists shrink to what they hold */
static uint32_t final_slot(const struct coder *coder, uint32_t slot)
{
	if (!coder->outer || slot == SLOT_NONE)
		return slot;
	if (slot >= CAPTURED_BASE)
		return slot - CAPTURED_BASE + 1;
	return slot ? slot + coder->captured.count : 0;
}

static void renumber_step(const struct coder *coder, struct step *step)
{
	const char *shape = step_shape(step->operation);
	uint32_t *operands[] = {&step->d, &step->a, &step->b, &step->c};
	for (int i = 0; i < 4; i++)
		if (shape[i] == 's')
			*operands[i] = final_slot(coder, *operands[i]);
}

static void renumber(struct coder *coder)
{
	for (uint32_t i = 0; i < coder->steps.count; i++)
		renumber_step(coder, &coder->steps.items[i]);
	for (uint32_t i = 0; i < coder->operands.count; i++)
		coder->operands.items[i] = final_slot(coder, coder->operands.items[i]);
	for (uint32_t i = 0; i < coder->nodes.count; i++)
		coder->nodes.items[i].slot = final_slot(coder, coder->nodes.items[i].slot);
	coder->slot_count += coder->captured.count;
	coder->parameter_count = 1 + coder->captured.count;
}

/* Every step says what it belongs to: those between two statements, the one before. */
static void own_every_step(struct coder *coder, uint32_t root)
{
	if (!coder->nodes.count)
		*list_add(coder->compiler->arena, &coder->nodes) = (struct node){
			.kind = NODE_OTHER, .span = {.file = coder->file, .line = 1, .column = 1}, .slot = SLOT_NONE};
	uint32_t node = root == NODE_NONE ? 0 : root;
	for (uint32_t i = 0; i < coder->steps.count; i++) {
		if (coder->steps.items[i].node == NODE_NONE)
			coder->steps.items[i].node = node;
		else if (root == NODE_NONE)
			node = coder->steps.items[i].node;
	}
}

/* A copy of its own size; the list's memory serves the next code. */
#define take(arena, list)                                                                                                      \
	((list).count ? arena_copy((arena), (list).items, (list).count * sizeof(*(list).items)) : (void *)(list).items)

static void give_back(struct coder *coder)
{
	struct coder spare = {0};
	spare.steps = coder->steps;
	spare.constants = coder->constants;
	spare.operands = coder->operands;
	spare.nodes = coder->nodes;
	spare.children = coder->children;
	spare.steps.count = spare.constants.count = spare.operands.count = spare.nodes.count = spare.children.count = 0;
	*list_add(coder->compiler->arena, &coder->compiler->spare) = spare;
	struct coder empty = {0};
	coder->steps = empty.steps;
	coder->constants = empty.constants;
	coder->operands = empty.operands;
	coder->nodes = empty.nodes;
	coder->children = empty.children;
}

const struct code *coder_finish(struct coder *coder, uint32_t result_slot, uint32_t root)
{
	struct arena *arena = coder->compiler->arena;
	result_slot = final_slot(coder, result_slot);
	if (coder->outer)
		renumber(coder);
	own_every_step(coder, root);
	struct code *code = arena_new(arena, struct code);
	*code = (struct code){.steps = take(arena, coder->steps),
			      .step_count = coder->steps.count,
			      .slot_count = coder->slot_count,
			      .parameter_count = coder->parameter_count,
			      .constants = take(arena, coder->constants),
			      .constant_count = coder->constants.count,
			      .operands = take(arena, coder->operands),
			      .result = result_slot,
			      .nodes = take(arena, coder->nodes),
			      .node_count = coder->nodes.count,
			      .children = take(arena, coder->children),
			      .root = root == NODE_NONE ? coder->nodes.count - 1 : root};
	give_back(coder);
	return code;
}
