/* `expect …`: a condition over what the test knows, or how many rows, events or calls there are. */
#include "dsl/compiler/test_items.h"

/* What is counted: a row, an event that was raised, or a call that was made. */
struct counted {
	const struct type *type;
	struct text name; /* known by it when there is no `as` */
};

static const struct type *call_type(struct compiler *compiler, const struct action *action)
{
	return type_record(compiler, action->parameters, action->parameter_count);
}

static void unknown_counted(struct test_builder *builder, const struct syntax *name, struct text word)
{
	struct compiler *compiler = builder->compiler;
	struct diagnostic *diagnostic =
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_NAME, span_in(builder->file, name),
			       "no entity, event or action is called `%.*s`", TEXT_ARGS(word));
	suggest_from_map(compiler, diagnostic, word, &compiler->program->schema.event_by_name);
	if (!diagnostic->hint.length)
		suggest_from_map(compiler, diagnostic, word, &compiler->program->schema.entity_by_name);
	if (!diagnostic->hint.length)
		suggest_from_map(compiler, diagnostic, word, &compiler->spaces[SPACE_ACTION]);
}

static struct counted counted_read(struct test_builder *builder, const struct syntax *name, struct test_item *item)
{
	struct compiler *compiler = builder->compiler;
	struct text word = syntax_text(compiler, builder->file, name);
	item->entity = schema_entity(&compiler->program->schema, word);
	if (item->entity)
		return (struct counted){type_ref(compiler, item->entity), word};
	item->event = schema_event(&compiler->program->schema, word);
	if (item->event)
		return (struct counted){event_value_type(compiler, item->event),
					alias_read(compiler, builder->file, name, item->event)};
	const struct declaration *found = map_get(&compiler->spaces[SPACE_ACTION], word);
	item->action = found ? &compiler->actions.items[found->index] : NULL;
	if (item->action)
		return (struct counted){call_type(compiler, item->action), TEXT("call")};
	unknown_counted(builder, name, word);
	return (struct counted){type_simple(compiler, TYPE_ERROR), word};
}

static int64_t count_read(struct test_builder *builder, const struct syntax *count)
{
	struct text word = syntax_text(builder->compiler, builder->file, count);
	if (text_is(word, "one"))
		return 1;
	if (text_is(word, "no"))
		return 0;
	if (text_is(word, "some"))
		return -1;
	return number_read(builder->compiler, builder->file, count);
}

/* `for t`: the record that what is counted must be about. */
static uint32_t for_read(struct test_builder *builder, const struct syntax *syntax)
{
	bool behind = false;
	for (each_child (child, syntax)) {
		if (child->kind == SYNTAX_token)
			behind = text_is(syntax_text(builder->compiler, builder->file, child), "for");
		else if (behind && child->kind == SYNTAX_identifier)
			return known_slot(builder, child, "record");
	}
	return SLOT_NONE;
}

static void expect_count(struct test_builder *builder, const struct syntax *syntax, const struct syntax *count,
			 struct test_item *item)
{
	const struct syntax *name = syntax_with_role(syntax, ROLE_event), *alias = syntax_with_role(syntax, ROLE_name);
	const struct syntax *where = syntax_child(syntax, SYNTAX_where);
	struct coder *coder = &builder->coder;
	item->kind = TEST_EXPECT_COUNT;
	item->count = count_read(builder, count);
	struct counted counted = counted_read(builder, name, item);
	item->for_slot = for_read(builder, syntax);
	item->bind = coder_slot(coder);
	coder->parameter_count = coder->slot_count;
	uint32_t variables = coder->variables.count;
	coder_variable(coder, counted.name, item->bind, counted.type, false, syntax);
	if (alias)
		coder_variable(coder, syntax_text(builder->compiler, builder->file, alias), item->bind, counted.type, false,
			       syntax);
	if (where) {
		struct operand truth = condition(coder, syntax_value(where));
		item->where = item_code(builder, &truth);
	}
	coder->variables.count = variables;
	if (alias)
		coder_variable(coder, syntax_text(builder->compiler, builder->file, alias), item->bind, counted.type, false,
			       syntax);
}

void expect_item(struct test_builder *builder, const struct syntax *syntax, struct test_item *item)
{
	const struct syntax *count = syntax_with_role(syntax, ROLE_count);
	if (count) {
		expect_count(builder, syntax, count, item);
		return;
	}
	item->kind = TEST_EXPECT;
	struct operand truth = condition(&builder->coder, syntax_named(syntax, 0));
	item->code = item_code(builder, &truth);
	facts_add(&builder->coder, syntax_named(syntax, 0));
}
