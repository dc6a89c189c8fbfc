/* Statements that any body may hold. Each adds steps; what they write and raise goes into the rule's footprint. Nothing here
 * computes: values come from expression.c. What waits is in work.c. */
#include "dsl/compiler/expression.h"
#include "dsl/compiler/statement.h"

/* --- places */
void node_of_statement(struct coder *coder, const struct syntax *syntax, uint32_t first_step)
{
	coder_node(coder, NODE_OTHER, syntax, NULL, SLOT_NONE, first_step, NULL, 0);
}

/* A row: what set, delete and note work on. SLOT_NONE after a message. */
static uint32_t row_read(struct coder *coder, const struct syntax *place, const struct entity **entity_out)
{
	struct operand row = expression(coder, place, NULL);
	*entity_out = row.type->kind == TYPE_REF ? row.type->entity : NULL;
	if (*entity_out)
		return operand_slot(coder, &row);
	if (row.type->kind != TYPE_ERROR)
		diagnostic_add(coder->compiler->diagnostics, DIAGNOSTIC_TYPE_MISMATCH, span_of(coder, place),
			       "a record is needed here; `%.*s` is %.*s",
			       TEXT_ARGS(syntax_source(coder->compiler, coder->file, place)),
			       TEXT_ARGS(type_show(coder->compiler->arena, row.type)));
	return SLOT_NONE;
}

static struct text name_here(const struct coder *coder, const struct syntax *node)
{
	const struct syntax *name = syntax_with_role(node, ROLE_name);
	return name ? syntax_text(coder->compiler, coder->file, name) : (struct text){0};
}

/* --- let */
static void let(struct coder *coder, const struct syntax *syntax)
{
	const struct syntax *value = syntax_value(syntax);
	if (!value) {
		coder_variable(coder, name_here(coder, syntax), coder_slot(coder), simple(coder, TYPE_ERROR), false, syntax);
		return;
	}
	struct operand operand = expression(coder, value, NULL);
	uint32_t slot = operand_slot(coder, &operand);
	coder_variable(coder, name_here(coder, syntax), slot, operand.type, operand.may_miss, syntax);
}

/* --- create upsert set delete note */
static void bind_row(struct coder *coder, const struct syntax *syntax, const struct entity *entity, uint32_t slot)
{
	struct text name = name_here(coder, syntax);
	if (name.length)
		coder_variable(coder, name, slot, type_ref(coder->compiler, entity), false, syntax);
}

/* After a mistake in the statement its name still stands for a row, so that what follows makes no second message. */
static void bind_unknown(struct coder *coder, const struct syntax *syntax)
{
	struct text name = name_here(coder, syntax);
	if (name.length)
		coder_variable(coder, name, coder_slot(coder), type_simple(coder->compiler, TYPE_ERROR), false, syntax);
}

static void write_step(struct coder *coder, const struct syntax *syntax, enum step_operation operation, uint32_t d, uint32_t a,
		       uint32_t write, const slot_list *slots)
{
	uint32_t first = coder_operands(coder, slots->items, slots->count);
	uint32_t step = coder_step(coder, operation, d, a, first, slots->count);
	coder->steps.items[step].extra = (uint16_t)write;
	node_of_statement(coder, syntax, step);
}

static void create(struct coder *coder, const struct syntax *syntax)
{
	const struct syntax *name = syntax_with_role(syntax, ROLE_event), *record = syntax_child(syntax, SYNTAX_record);
	const struct entity *entity = entity_read(coder->compiler, coder->file, name);
	slot_list slots = {0};
	uint32_t write = entity ? write_read(coder, record, entity, true, &slots) : SLOT_NONE;
	if (entity && !coder->first_created)
		coder->first_created = entity;
	if (write == SLOT_NONE) {
		if (entity)
			bind_row(coder, syntax, entity, coder_slot(coder));
		else
			bind_unknown(coder, syntax);
		return;
	}
	uint32_t slot = coder_slot(coder);
	write_step(coder, syntax, STEP_CREATE, slot, entity->index, write, &slots);
	footprint_write(coder, entity, FIELD_ID);
	footprint_emit(coder, entity->created);
	bind_row(coder, syntax, entity, slot);
}

static void upsert(struct coder *coder, const struct syntax *syntax)
{
	const struct syntax *name = syntax_with_role(syntax, ROLE_event), *record = syntax_child(syntax, SYNTAX_record);
	const struct entity *entity = entity_read(coder->compiler, coder->file, name);
	slot_list slots = {0};
	uint32_t write = entity ? write_read(coder, record, entity, true, &slots) : SLOT_NONE;
	if (write != SLOT_NONE)
		write = write_with_keys(coder, syntax_child(syntax, SYNTAX_by), write);
	if (write == SLOT_NONE) {
		if (entity)
			bind_row(coder, syntax, entity, coder_slot(coder));
		else
			bind_unknown(coder, syntax);
		return;
	}
	uint32_t slot = coder_slot(coder);
	write_step(coder, syntax, STEP_UPSERT, slot, entity->index, write, &slots);
	footprint_write(coder, entity, FIELD_ID);
	footprint_emit(coder, entity->created);
	footprint_emit(coder, entity->updated);
	bind_row(coder, syntax, entity, slot);
}

static void set(struct coder *coder, const struct syntax *syntax)
{
	const struct entity *entity;
	uint32_t row = row_read(coder, syntax_named(syntax, 0), &entity);
	slot_list slots = {0};
	const struct syntax *record = syntax_child(syntax, SYNTAX_record);
	uint32_t write = row == SLOT_NONE ? SLOT_NONE : write_read(coder, record, entity, false, &slots);
	if (write == SLOT_NONE)
		return;
	write_step(coder, syntax, STEP_SET, 0, row, write, &slots);
	footprint_emit(coder, entity->updated);
}

static void delete_row(struct coder *coder, const struct syntax *syntax)
{
	const struct entity *entity;
	uint32_t row = row_read(coder, syntax_named(syntax, 0), &entity);
	if (row == SLOT_NONE)
		return;
	node_of_statement(coder, syntax, coder_step(coder, STEP_DELETE, 0, row, 0, 0));
	footprint_write(coder, entity, FIELD_ID);
	footprint_emit(coder, entity->deleted);
}

static void note(struct coder *coder, const struct syntax *syntax)
{
	const struct entity *entity;
	uint32_t row = row_read(coder, syntax_named(syntax, 0), &entity);
	struct operand body =
		expression_as(coder, syntax_with_role(syntax, ROLE_text), type_simple(coder->compiler, TYPE_TEXT));
	uint32_t text = operand_slot(coder, &body);
	if (row == SLOT_NONE)
		return;
	if (!entity->note_entity) {
		diagnostic_add(coder->compiler->diagnostics, DIAGNOSTIC_NOTE_ENTITY, span_of(coder, syntax),
			       "`note` needs an entity %.*s_note with the fields %.*s (ref %.*s) and body (text)",
			       TEXT_ARGS(entity->name), TEXT_ARGS(entity->name), TEXT_ARGS(entity->name));
		return;
	}
	node_of_statement(coder, syntax, coder_step(coder, STEP_NOTE, 0, row, text, 0));
	footprint_write(coder, entity->note_entity, FIELD_ID);
	footprint_write(coder, entity->note_entity, entity->note_owner_field);
	footprint_write(coder, entity->note_entity, entity->note_body_field);
	footprint_emit(coder, entity->note_entity->created);
}

/* --- emit */
static bool can_be_emitted(struct coder *coder, const struct syntax *name, const struct event_kind *event)
{
	if (event->origin == EVENT_DECLARED)
		return true;
	diagnostic_add(coder->compiler->diagnostics, DIAGNOSTIC_NO_EFFECT_HERE, span_of(coder, name),
		       event->entity ? "`%.*s` follows from the change itself; `emit` raises declared events"
				     : "`%.*s` is raised by Stellwerk itself; `emit` raises declared events",
		       TEXT_ARGS(event->name));
	return false;
}

static void emit(struct coder *coder, const struct syntax *syntax)
{
	const struct syntax *name = syntax_child(syntax, SYNTAX_dotted_name), *record = syntax_child(syntax, SYNTAX_record);
	const struct event_kind *event = event_read(coder->compiler, coder->file, name);
	if (!event || !can_be_emitted(coder, name, event))
		return;
	uint32_t *slots = event_fields_read(coder, record, event, name);
	if (!slots)
		return;
	uint32_t first = coder_operands(coder, slots, event->field_count);
	node_of_statement(coder, syntax, coder_step(coder, STEP_EMIT, 0, event->index, first, event->field_count));
	footprint_emit(coder, event);
}

/* --- if, for each */
static void nested(struct coder *coder, const struct syntax *syntax)
{
	uint32_t variables = coder->variables.count;
	statements(coder, syntax);
	coder->variables.count = variables;
}

static void if_else(struct coder *coder, const struct syntax *syntax)
{
	const struct syntax *test = syntax_named(syntax, 0), *block = syntax_child(syntax, SYNTAX_block);
	const struct syntax *otherwise = block + block->size;
	while (otherwise < syntax + syntax->size && otherwise->kind == SYNTAX_token)
		otherwise += otherwise->size;
	bool has_else = otherwise < syntax + syntax->size;
	struct operand truth = condition(coder, test);
	uint32_t slot = operand_slot(coder, &truth), first = coder->steps.count;
	uint32_t to_else = coder_jump(coder, STEP_JUMP_NOT_TRUE, slot), mark = facts_mark(coder);
	node_of_statement(coder, test, first);
	facts_add(coder, test);
	coder_branch(coder, test, NULL);
	nested(coder, block);
	facts_reset(coder, mark);
	if (!has_else) {
		coder_land(coder, to_else);
		return;
	}
	uint32_t to_end = coder_jump(coder, STEP_JUMP, 0);
	coder_land(coder, to_else);
	facts_add_else(coder, test);
	if (otherwise->kind == SYNTAX_block)
		coder_branch(coder, otherwise, "else");
	nested(coder, otherwise);
	facts_reset(coder, mark);
	coder_land(coder, to_end);
}

/* The element type of what is gone through; data may be a list. */
static const struct type *items_read(struct coder *coder, const struct syntax *syntax, uint32_t *slot_out)
{
	struct compiler *compiler = coder->compiler;
	struct operand list = expression(coder, syntax, NULL);
	if (list.type->kind == TYPE_DATA)
		make_typed(coder, &list, type_list(compiler, type_simple(compiler, TYPE_DATA)), false);
	*slot_out = operand_slot(coder, &list);
	if (list.type->kind == TYPE_LIST)
		return list.type->element;
	if (list.type->kind != TYPE_ERROR)
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_TYPE_MISMATCH, span_of(coder, syntax),
			       "`for each` goes through a list; this is %.*s",
			       TEXT_ARGS(type_show(compiler->arena, list.type)));
	return type_simple(compiler, TYPE_ERROR);
}

/* An instance that rests inside keeps where it is in which list. The names have blanks: no author can mean them. */
static void loop_known(struct coder *coder, const struct syntax *over, uint32_t list, uint32_t counter,
		       const struct type *element)
{
	struct compiler *compiler = coder->compiler;
	struct text source = syntax_source(compiler, coder->file, over);
	struct text all = text_format(compiler->arena, "the list of `for each … in %.*s`", TEXT_ARGS(source));
	struct text place = text_format(compiler->arena, "the place in `for each … in %.*s`", TEXT_ARGS(source));
	coder_variable(coder, all, list, type_list(compiler, element), true, over);
	coder_variable(coder, place, counter, type_simple(compiler, TYPE_INT), false, over);
}

static void for_each(struct coder *coder, const struct syntax *syntax)
{
	const struct syntax *where = syntax_child(syntax, SYNTAX_where), *block = syntax_child(syntax, SYNTAX_block);
	uint32_t list, variables = coder->variables.count, mark = facts_mark(coder), first = coder->steps.count;
	const struct type *element = items_read(coder, syntax_named(syntax, 1), &list);
	uint32_t counter = coder_slot(coder), item = coder_slot(coder);
	coder_step(coder, STEP_EACH_BEGIN, counter, list, 0, 0);
	uint32_t next = coder_step(coder, STEP_EACH_NEXT, item, list, 0, counter);
	node_of_statement(coder, syntax_named(syntax, 1), first);
	if (coder->workflow)
		loop_known(coder, syntax_named(syntax, 1), list, counter, element);
	coder_variable(coder, name_here(coder, syntax), item, element, false, syntax);
	if (where) {
		struct operand truth = condition(coder, syntax_value(where));
		uint32_t jump = coder_jump(coder, STEP_JUMP_NOT_TRUE, operand_slot(coder, &truth));
		coder->steps.items[jump].b = next;
		facts_add(coder, syntax_value(where));
	}
	nested(coder, block);
	uint32_t again = coder_jump(coder, STEP_JUMP, 0);
	coder->steps.items[again].b = next;
	coder_land(coder, next);
	facts_reset(coder, mark);
	coder->variables.count = variables;
}

/* --- fail, log, stop */
static void say(struct coder *coder, const struct syntax *syntax, enum step_operation operation)
{
	uint32_t first = coder->steps.count;
	struct operand text = expression_as(coder, syntax_named(syntax, 0), type_simple(coder->compiler, TYPE_TEXT));
	coder_step(coder, operation, 0, operand_slot(coder, &text), 0, 0);
	node_of_statement(coder, syntax, first);
}

static void fail(struct coder *coder, const struct syntax *syntax)
{
	say(coder, syntax, STEP_FAIL);
}

static void log_text(struct coder *coder, const struct syntax *syntax)
{
	say(coder, syntax, STEP_LOG);
}

static void stop(struct coder *coder, const struct syntax *syntax)
{
	node_of_statement(coder, syntax, coder_step(coder, STEP_STOP, 0, 0, 0, 0));
}

/* --- which is which */
static const struct statement_row {
	enum syntax_kind kind;
	void (*build)(struct coder *, const struct syntax *);
	bool waits; /* only in workflows */
} STATEMENTS[] = {
	{SYNTAX_let, let, false},
	{SYNTAX_create, create, false},
	{SYNTAX_upsert, upsert, false},
	{SYNTAX_set, set, false},
	{SYNTAX_delete, delete_row, false},
	{SYNTAX_note, note, false},
	{SYNTAX_emit, emit, false},
	{SYNTAX_call, effect_call, false},
	{SYNTAX_start, effect_start, false},
	{SYNTAX_cancel, effect_cancel, false},
	{SYNTAX_run, run_statement, false},
	{SYNTAX_notify, effect_notify, false},
	{SYNTAX_if, if_else, false},
	{SYNTAX_for_each, for_each, false},
	{SYNTAX_fail, fail, false},
	{SYNTAX_log, log_text, false},
	{SYNTAX_stop, stop, false},
	{SYNTAX_hold, work_hold, true},
	{SYNTAX_approve, work_approve, true},
	{SYNTAX_step, work_step, true},
	{SYNTAX_parallel, work_parallel, true},
	{SYNTAX_wait, work_wait, true},
	{SYNTAX_sleep, work_sleep, true},
};

static const struct statement_row *statement_find(uint16_t kind)
{
	for (size_t i = 0; i < sizeof(STATEMENTS) / sizeof(*STATEMENTS); i++)
		if (STATEMENTS[i].kind == kind)
			return &STATEMENTS[i];
	return NULL;
}

bool is_statement(const struct syntax *syntax)
{
	return statement_find(syntax->kind) != NULL;
}

void statement(struct coder *coder, const struct syntax *syntax)
{
	const struct statement_row *row = statement_find(syntax->kind);
	if (!row)
		return;
	if (row->waits && !coder->workflow) {
		const struct syntax *first = syntax->size > 1 ? syntax + 1 : syntax; /* `hold` is its own word */
		struct text word = syntax_text(coder->compiler, coder->file, first);
		diagnostic_add(coder->compiler->diagnostics, DIAGNOSTIC_NO_EFFECT_HERE, span_of(coder, syntax),
			       "`%.*s` takes time and belongs into a workflow; `start` one from here", TEXT_ARGS(word));
		return;
	}
	row->build(coder, syntax);
}

void statements(struct coder *coder, const struct syntax *syntax)
{
	if (syntax->kind != SYNTAX_block) {
		statement(coder, syntax);
		return;
	}
	for (each_child (child, syntax))
		statement(coder, child);
}
