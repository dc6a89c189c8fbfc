/* What computes in the schema: defaults, computed fields, `sealed when`. Runs when every name and type is known. */
#include "dsl/compiler/schema_draft.h"

/* Which computed fields a computed field reads, to find circles. */
struct computed {
	const struct entity *entity;
	const struct field *field;
	struct field_source source;
	struct footprint reads;
	enum { NEW, OPEN, DONE } state;
};

typedef LIST(struct computed) computed_list;

static const struct code *code_of_fallback(struct compiler *compiler, const struct field *field, uint32_t file,
					   const struct syntax *fallback)
{
	struct coder coder = coder_new(compiler, file);
	struct operand result;
	return code_for_expression(&coder, syntax_value(fallback), field->type, &result);
}

/* The row is known by its entity's name, and as `this`. */
static struct coder row_coder(struct compiler *compiler, uint32_t file, const struct entity *entity)
{
	struct coder coder = coder_new(compiler, file);
	coder.this_entity = entity;
	coder_variable(&coder, entity->name, coder_slot(&coder), type_ref(compiler, entity), false, NULL);
	coder.parameter_count = coder.slot_count;
	return coder;
}

static void field_bodies(struct compiler *compiler, const struct entity *entity, struct field *field,
			 struct field_source source, computed_list *computed)
{
	const struct syntax *fallback = syntax_child(source.syntax, SYNTAX_default);
	if (fallback) {
		const struct code *code = code_of_fallback(compiler, field, source.file, fallback);
		if (code) /* after a mistake in it the field still has one, as far as others are concerned */
			field->fallback = code;
	} else if (!syntax_value(source.syntax))
		return;
	else if (!entity) {
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_COMPUTED, span_in(source.file, source.syntax),
			       "`%.*s` of an event cannot be computed; give it a `default`", TEXT_ARGS(field->name));
	} else {
		struct computed *item = list_add(compiler->arena, computed);
		*item = (struct computed){.entity = entity, .field = field, .source = source};
		struct coder coder = row_coder(compiler, source.file, entity);
		coder.footprint = &item->reads;
		coder.allows_missing = true;
		struct operand result;
		const struct code *code = code_for_expression(&coder, syntax_value(source.syntax), field->type, &result);
		if (code)
			field->computed = code;
	}
}

static void sealed_body(struct compiler *compiler, struct entity_draft *draft)
{
	bool found = false;
	for (uint32_t i = 0; i < draft->parts.count; i++) {
		const struct entity_part *part = &draft->parts.items[i];
		for (each_child (child, part->syntax)) {
			if (child->kind != SYNTAX_sealed)
				continue;
			const struct syntax *when = syntax_child(child, SYNTAX_when);
			struct coder coder = row_coder(compiler, part->file, draft->entity);
			struct operand truth = condition(&coder, syntax_value(when));
			if (found)
				diagnostic_add(compiler->diagnostics, DIAGNOSTIC_ITEM_TWICE, span_in(part->file, child),
					       "`sealed when` stands twice on %.*s; join the conditions with `or`",
					       TEXT_ARGS(draft->entity->name));
			found = true;
			draft->entity->sealed_when = coder_finish(&coder, operand_slot(&coder, &truth), truth.node);
		}
	}
}

/* --- circles */
/* The list is in the order of entities and their fields. */
static struct computed *computed_at(computed_list *list, uint32_t packed)
{
	uint32_t from = 0, until = list->count;
	while (from < until) {
		uint32_t middle = from + (until - from) / 2;
		uint32_t found = (uint32_t)list->items[middle].entity->index << 16 | list->items[middle].field->index;
		if (found == packed)
			return &list->items[middle];
		if (found < packed)
			from = middle + 1;
		else
			until = middle;
	}
	return NULL;
}

enum { DEEPEST_COMPUTED = 60 }; /* below the engine's LIMIT_CALL_DEPTH */

static bool find_circle(struct compiler *compiler, computed_list *list, struct computed *item, uint32_t depth)
{
	if (item->state == DONE)
		return false;
	if (item->state == OPEN || depth > DEEPEST_COMPUTED) {
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_CYCLE, span_in(item->source.file, item->source.syntax),
			       "`%.*s.%.*s` is computed from itself, or through more than %d others",
			       TEXT_ARGS(item->entity->name), TEXT_ARGS(item->field->name), DEEPEST_COMPUTED);
		return true;
	}
	item->state = OPEN;
	bool found = false;
	for (uint32_t i = 0; i < item->reads.reads.count && !found; i++) {
		struct computed *other = computed_at(list, item->reads.reads.items[i]);
		found = other && find_circle(compiler, list, other, depth + 1);
	}
	item->state = DONE;
	return found;
}

void schema_bodies(struct compiler *compiler)
{
	computed_list computed = {0};
	for (uint32_t i = 0; i < compiler->draft->entities.count; i++) {
		struct entity_draft *draft = &compiler->draft->entities.items[i];
		for (uint32_t k = 0; k < draft->fields.count; k++)
			if (draft->fields.items[k].source.syntax)
				field_bodies(compiler, draft->entity, &draft->final[k], draft->fields.items[k].source,
					     &computed);
		sealed_body(compiler, draft);
	}
	for (uint32_t i = 0; i < compiler->draft->events.count; i++) {
		struct event_draft *draft = &compiler->draft->events.items[i];
		for (uint32_t k = 0; k < draft->fields.count; k++)
			if (draft->fields.items[k].source.syntax)
				field_bodies(compiler, NULL, &draft->final[k], draft->fields.items[k].source, &computed);
	}
	for (uint32_t i = 0; i < computed.count; i++)
		find_circle(compiler, &computed, &computed.items[i], 0);
}
