/* `test` blocks. All items of a test share one frame: what one of them binds is a slot that the later ones read. Slots 0 and 1
 * are those of an action (nothing, and the actor). */
#include "dsl/compiler/statement.h"
#include "dsl/compiler/test_items.h"

/* --- codes of items */
const struct code *item_code(struct test_builder *builder, struct operand *operand)
{
	uint32_t slot = operand_slot(&builder->coder, operand);
	const struct code *code = coder_finish(&builder->coder, slot, operand->node);
	builder->coder.parameter_count = builder->coder.slot_count;
	return code;
}

static const struct code *value_code(struct test_builder *builder, const struct syntax *value, const struct type *type)
{
	struct operand operand = expression_as(&builder->coder, value, type);
	return item_code(builder, &operand);
}

/* The slots as one RECORD. */
static const struct code *record_code(struct test_builder *builder, const struct syntax *syntax, const uint32_t *slots,
				      uint32_t count)
{
	uint32_t result = coder_slot(&builder->coder), first = coder_operands(&builder->coder, slots, count);
	uint32_t step = coder_step(&builder->coder, STEP_RECORD, result, 0, first, count);
	uint32_t node = coder_node(&builder->coder, NODE_OTHER, syntax, NULL, result, step, NULL, 0);
	const struct code *code = coder_finish(&builder->coder, result, node);
	builder->coder.parameter_count = builder->coder.slot_count;
	return code;
}

uint32_t known_slot(struct test_builder *builder, const struct syntax *name, const char *what)
{
	struct text word = syntax_text(builder->compiler, builder->file, name);
	const struct variable *variable = coder_find(&builder->coder, word);
	if (variable && (variable->type->kind == TYPE_REF || variable->type->kind == TYPE_ERROR))
		return variable->slot;
	struct text *names = arena_array(builder->compiler->arena, struct text, builder->coder.variables.count + 1);
	for (uint32_t i = 0; i < builder->coder.variables.count; i++)
		names[i] = builder->coder.variables.items[i].name;
	struct diagnostic *diagnostic =
		diagnostic_add(builder->compiler->diagnostics, DIAGNOSTIC_UNKNOWN_NAME, span_in(builder->file, name),
			       "`%.*s` is no %s of this test", TEXT_ARGS(word), what);
	suggest(builder->compiler, diagnostic, word, names, builder->coder.variables.count);
	return SLOT_NONE;
}

static uint32_t actor_read(struct test_builder *builder, const struct syntax *item)
{
	const struct syntax *actor = syntax_with_role(item, ROLE_actor);
	return actor ? known_slot(builder, actor, "person") : SLOT_NONE;
}

/* --- at, after, given */
static void moment_item(struct test_builder *builder, const struct syntax *syntax, struct test_item *item)
{
	item->kind = TEST_AT;
	item->code = value_code(builder, syntax_named(syntax, 0), type_simple(builder->compiler, TYPE_TIME));
}

static void passes_item(struct test_builder *builder, const struct syntax *syntax, struct test_item *item)
{
	item->kind = TEST_AFTER;
	item->code = value_code(builder, syntax_named(syntax, 0), type_simple(builder->compiler, TYPE_DURATION));
}

static void given_item(struct test_builder *builder, const struct syntax *syntax, struct test_item *item)
{
	struct compiler *compiler = builder->compiler;
	const struct syntax *name = syntax_child(syntax, SYNTAX_identifier), *record = syntax_child(syntax, SYNTAX_record);
	const struct entity *entity = entity_read(compiler, builder->file, syntax_child(syntax, SYNTAX_dotted_name));
	struct text word = syntax_text(compiler, builder->file, name);
	slot_list slots = {0};
	item->kind = TEST_GIVEN;
	item->entity = entity;
	uint32_t number = entity ? write_read(&builder->coder, record, entity, true, &slots) : SLOT_NONE;
	if (number != SLOT_NONE) {
		struct write *write = arena_new(compiler->arena, struct write);
		*write = compiler->writes.items[number];
		item->write = write;
	}
	item->code = record_code(builder, syntax, slots.items, slots.count);
	item->bind = coder_slot(&builder->coder);
	builder->coder.parameter_count = builder->coder.slot_count;
	coder_variable(&builder->coder, word, item->bind,
		       entity ? type_ref(compiler, entity) : type_simple(compiler, TYPE_ERROR), false, syntax);
}

static void setting_item(struct test_builder *builder, const struct syntax *syntax, struct test_item *item)
{
	struct compiler *compiler = builder->compiler;
	const struct syntax *assignment = syntax_child(syntax, SYNTAX_assignment),
			    *name = syntax_with_role(assignment, ROLE_name);
	struct text word = syntax_text(compiler, builder->file, name);
	const struct declaration *found = map_get(&compiler->spaces[SPACE_SETTING], word);
	item->kind = TEST_SETTING;
	if (!found) {
		struct diagnostic *diagnostic =
			diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_SETTING, span_in(builder->file, name),
				       "there is no setting `%.*s`", TEXT_ARGS(word));
		suggest_from_map(compiler, diagnostic, word, &compiler->spaces[SPACE_SETTING]);
		return;
	}
	item->setting = found->index;
	item->code = value_code(builder, syntax_value(assignment), compiler->settings.items[found->index].type);
}

/* --- when: an event, or what a person does */
static void happens_item(struct test_builder *builder, const struct syntax *syntax, struct test_item *item)
{
	const struct syntax *name = syntax_child(syntax, SYNTAX_dotted_name), *record = syntax_child(syntax, SYNTAX_record);
	const struct event_kind *event = event_read(builder->compiler, builder->file, name);
	item->kind = TEST_WHEN;
	item->event = event;
	if (event && event->entity) {
		diagnostic_add(
			builder->compiler->diagnostics, DIAGNOSTIC_NO_EFFECT_HERE, span_in(builder->file, name),
			"`%.*s` follows from a change; write it as `when create %.*s { … }`, `when set …` or `when delete …`",
			TEXT_ARGS(event->name), TEXT_ARGS(event->entity->name));
		return;
	}
	uint32_t *slots = event ? event_fields_read(&builder->coder, record, event, name) : NULL;
	item->actor = actor_read(builder, syntax);
	if (slots)
		item->code = record_code(builder, syntax, slots, event->field_count);
}

/* `when run NAME(…)` of a format: its files are written into memory. */
static const struct format *format_named(const struct test_builder *builder, const struct syntax *act)
{
	const struct syntax *invocation = act->kind == SYNTAX_run ? syntax_child(act, SYNTAX_invocation) : NULL;
	const struct syntax *name = invocation ? syntax_with_role(invocation, ROLE_function) : NULL;
	struct compiler *compiler = builder->compiler;
	if (!name)
		return NULL;
	const struct declaration *found = name_find(compiler, SPACE_OTHER, compiler->inputs[builder->file].module,
						    syntax_text(compiler, builder->file, name));
	return found && found->syntax->kind == SYNTAX_format ? &compiler->formats.items[found->index] : NULL;
}

static void export_item(struct test_builder *builder, const struct syntax *run, struct test_item *item)
{
	const struct format *format = item->format;
	uint32_t *slots = arena_array(builder->compiler->arena, uint32_t, format->parameter_count + 1);
	bool may_miss;
	item->kind = TEST_EXPORT;
	builder->coder.allows_missing = true; /* what is not set is said when it runs */
	if (arguments_read(&builder->coder, syntax_child(run, SYNTAX_invocation), format->parameters, format->parameter_count,
			   format->name, slots, &may_miss))
		item->code = record_code(builder, run, slots, format->parameter_count);
	builder->coder.allows_missing = false;
}

static void acts_item(struct test_builder *builder, const struct syntax *syntax, struct test_item *item)
{
	item->format = format_named(builder, syntax_named(syntax, 0));
	if (item->format) {
		export_item(builder, syntax_named(syntax, 0), item);
		return;
	}
	uint32_t variables = builder->coder.variables.count;
	item->kind = TEST_ACT;
	item->actor = actor_read(builder, syntax);
	builder->coder.effects = true;
	statement(&builder->coder, syntax_named(syntax, 0));
	builder->coder.effects = false;
	if (builder->coder.variables.count > variables)
		item->bind = list_last(&builder->coder.variables)->slot;
	item->code = coder_finish(&builder->coder, SLOT_NONE, NODE_NONE);
	builder->coder.parameter_count = builder->coder.slot_count;
}

/* --- answer */
static void answer_item(struct test_builder *builder, const struct syntax *syntax, struct test_item *item)
{
	struct compiler *compiler = builder->compiler;
	const struct syntax *name = syntax_child(syntax, SYNTAX_dotted_name), *record = syntax_child(syntax, SYNTAX_record);
	const struct syntax *failure = syntax_with_role(syntax, ROLE_failure);
	const struct declaration *found = map_get(&compiler->spaces[SPACE_ACTION], syntax_text(compiler, builder->file, name));
	item->kind = TEST_ANSWER;
	item->fails = failure != NULL;
	if (!found) {
		struct text word = syntax_text(compiler, builder->file, name);
		struct diagnostic *diagnostic =
			diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_FUNCTION, span_in(builder->file, name),
				       "there is no action `%.*s`", TEXT_ARGS(word));
		suggest_from_map(compiler, diagnostic, word, &compiler->spaces[SPACE_ACTION]);
		return;
	}
	item->action = &compiler->actions.items[found->index];
	if (failure)
		item->code = value_code(builder, failure, type_simple(compiler, TYPE_TEXT));
	else if (item->action->result)
		item->code = value_code(builder, record, item->action->result);
	else if (record->size > 1)
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_TYPE_MISMATCH, span_in(builder->file, record),
			       "`%.*s` gives no result; answer it with { }", TEXT_ARGS(item->action->name));
}

static const struct {
	enum syntax_kind kind;
	void (*build)(struct test_builder *, const struct syntax *, struct test_item *);
} ITEMS[] = {
	{SYNTAX_moment_is, moment_item},      {SYNTAX_passes, passes_item},   {SYNTAX_given, given_item},
	{SYNTAX_given_setting, setting_item}, {SYNTAX_happens, happens_item}, {SYNTAX_acts, acts_item},
	{SYNTAX_answer, answer_item},         {SYNTAX_expect, expect_item},
};

static void item_build(struct test_builder *builder, const struct syntax *syntax, struct test *test, struct test_item *item)
{
	*item = (struct test_item){
		.span = span_in(builder->file, syntax), .actor = SLOT_NONE, .bind = SLOT_NONE, .for_slot = SLOT_NONE};
	for (size_t i = 0; i < sizeof(ITEMS) / sizeof(*ITEMS); i++)
		if (ITEMS[i].kind == syntax->kind) {
			ITEMS[i].build(builder, syntax, item);
			test->item_count++;
		}
}

static struct text test_name(struct compiler *compiler, const struct declaration *declaration)
{
	return string_content(compiler, declaration->file, syntax_child(declaration->syntax, SYNTAX_string));
}

static void test_build(struct compiler *compiler, struct declaration *declaration)
{
	struct test_builder builder = {.compiler = compiler, .file = declaration->file};
	struct test test = {.name = test_name(compiler, declaration), .span = span_in(declaration->file, declaration->syntax)};
	builder.coder = coder_new(compiler, declaration->file);
	builder.coder.in_test = true;
	builder.coder.slot_count = builder.coder.parameter_count = RULE_PARAMETERS;
	struct test_item *items = arena_array(compiler->arena, struct test_item, declaration->syntax->size);
	for (each_child (child, declaration->syntax))
		item_build(&builder, child, &test, &items[test.item_count]);
	test.items = items;
	test.slot_count = builder.coder.slot_count;
	*list_add(compiler->arena, &compiler->tests) = test;
}

void tests_build(struct compiler *compiler)
{
	const declaration_list *declared = &compiler->by_kind[SYNTAX_test];
	struct map names = map_in(compiler->arena);
	for (uint32_t i = 0; i < declared->count; i++) {
		struct declaration *declaration = declared->items[i];
		struct declaration *before = map_get(&names, test_name(compiler, declaration));
		if (before) {
			struct diagnostic *diagnostic =
				diagnostic_add(compiler->diagnostics, DIAGNOSTIC_TEST_NAME,
					       span_in(declaration->file, declaration->syntax + 2),
					       "a test of this name stands in line %u of %.*s", before->syntax->line,
					       TEXT_ARGS(compiler->inputs[before->file].path));
			diagnostic->other = span_in(before->file, before->syntax);
		} else {
			map_put(&names, test_name(compiler, declaration), declaration);
		}
		test_build(compiler, declaration);
	}
}
