/* How builders look at a node of the syntax tree, and at the names it holds. Says nothing of meaning beyond "no such name". */
#include "dsl/compiler/internal.h"

const struct syntax *syntax_named(const struct syntax *node, uint32_t nth)
{
	for (each_child (child, node))
		if (child->kind != SYNTAX_token && child->kind != SYNTAX_comment && !nth--)
			return child;
	return NULL;
}

bool syntax_has_word(const struct compiler *compiler, uint32_t file, const struct syntax *node, const char *word)
{
	for (each_child (child, node))
		if (child->kind == SYNTAX_token && text_is(syntax_text(compiler, file, child), word))
			return true;
	return false;
}

const struct syntax *syntax_value(const struct syntax *node)
{
	const struct syntax *value = syntax_with_role(node, ROLE_value);
	if (value)
		return value;
	const struct syntax *missing = syntax_child(node, SYNTAX_missing);
	if (missing || node->kind == SYNTAX_field || node->kind == SYNTAX_assignment || node->kind == SYNTAX_let)
		return missing;
	return syntax_named(node, 0);
}

/* `default.module.rule`: a pack's name may stand before what the pack declares. */
static struct text without_first_part(struct text name)
{
	int64_t dot = text_find(name, TEXT("."));
	return dot < 0 ? name : text_slice(name, (uint32_t)dot + 1, name.length);
}

static bool is_pack_name(const struct compiler *compiler, struct text name)
{
	const declaration_list *packs = &compiler->by_kind[SYNTAX_pack];
	for (uint32_t i = 0; i < packs->count; i++) {
		const struct syntax *known = syntax_with_role(packs->items[i]->syntax, ROLE_name);
		if (known && text_equal(syntax_text(compiler, packs->items[i]->file, known), name))
			return true;
	}
	return false;
}

struct declaration *target_find(struct compiler *compiler, enum name_space space, uint32_t file, const struct syntax *target)
{
	struct text name = syntax_text(compiler, file, target);
	struct declaration *found = name_find(compiler, space, compiler->inputs[file].module, name);
	struct text rest = without_first_part(name);
	if (!found && rest.length < name.length && is_pack_name(compiler, text_slice(name, 0, name.length - rest.length - 1)))
		found = name_find(compiler, space, compiler->inputs[file].module, rest);
	if (found)
		return found;
	struct diagnostic *diagnostic = diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_TARGET, span_in(file, target),
						       "nothing is called `%.*s` here", TEXT_ARGS(name));
	suggest_from_map(compiler, diagnostic, name, &compiler->spaces[space]);
	return NULL;
}

const struct event_kind *event_read(struct compiler *compiler, uint32_t file, const struct syntax *syntax)
{
	struct text name = syntax_text(compiler, file, syntax);
	const struct event_kind *event = schema_event(&compiler->program->schema, name);
	if (event)
		return event;
	struct diagnostic *diagnostic = diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_EVENT, span_in(file, syntax),
						       "there is no event `%.*s`", TEXT_ARGS(name));
	if (schema_entity(&compiler->program->schema, name))
		diagnostic->hint =
			text_format(compiler->arena, "`%.*s` is an entity; its events are %.*s.created, .updated and .deleted",
				    TEXT_ARGS(name), TEXT_ARGS(name));
	else
		suggest_from_map(compiler, diagnostic, name, &compiler->program->schema.event_by_name);
	return NULL;
}

const struct entity *entity_read(struct compiler *compiler, uint32_t file, const struct syntax *syntax)
{
	struct text name = syntax_text(compiler, file, syntax);
	const struct entity *entity = schema_entity(&compiler->program->schema, name);
	if (entity)
		return entity;
	struct diagnostic *diagnostic = diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_ENTITY, span_in(file, syntax),
						       "there is no entity `%.*s`", TEXT_ARGS(name));
	suggest_from_map(compiler, diagnostic, name, &compiler->program->schema.entity_by_name);
	return NULL;
}

struct text alias_read(const struct compiler *compiler, uint32_t file, const struct syntax *event_as,
		       const struct event_kind *event)
{
	const struct syntax *name = syntax_with_role(event_as, ROLE_name);
	if (name)
		return syntax_text(compiler, file, name);
	if (event->entity)
		return event->entity->name;
	uint32_t from = event->name.length;
	while (from && event->name.bytes[from - 1] != '.')
		from--;
	return text_slice(event->name, from, event->name.length);
}

const struct type *event_value_type(struct compiler *compiler, const struct event_kind *event)
{
	return event->entity ? type_ref(compiler, event->entity) : type_event(compiler, event);
}

void valid_read(struct compiler *compiler, uint32_t file, const struct syntax *valid, date *from_out, date *until_out)
{
	const struct syntax *from = valid ? syntax_with_role(valid, ROLE_from) : NULL;
	const struct syntax *until = valid ? syntax_with_role(valid, ROLE_until) : NULL;
	*from_out = from ? date_read(compiler, file, from) : DATE_OPEN;
	*until_out = until ? date_read(compiler, file, until) : DATE_OPEN;
	if (from && until && *until_out <= *from_out)
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_LITERAL, span_in(file, valid),
			       "this is never valid: it ends on the day it begins, or before");
}
