/* What else stands in the braces of an entity: indexes and the transitions of a status; and which entity keeps whose notes. */
#include "dsl/compiler/schema_draft.h"

static const struct field *own_field(struct compiler *compiler, const struct entity *entity, uint32_t file,
				     const struct syntax *name)
{
	struct text word = syntax_text(compiler, file, name);
	const struct field *field = entity_field(entity, word);
	if (field)
		return field;
	struct diagnostic *diagnostic = diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_FIELD, span_in(file, name),
						       "no field `%.*s` on %.*s", TEXT_ARGS(word), TEXT_ARGS(entity->name));
	suggest_from_map(compiler, diagnostic, word, &entity->field_by_name);
	return NULL;
}

/* --- indexes */
static bool index_read(struct compiler *compiler, const struct entity *entity, uint32_t file, const struct syntax *syntax,
		       struct index *index_out)
{
	LIST(uint16_t) fields = {0};
	bool good = true;
	for (each_child (child, syntax)) {
		if (child->kind != SYNTAX_identifier)
			continue;
		const struct field *field = own_field(compiler, entity, file, child);
		if (field && field->computed)
			diagnostic_add(compiler->diagnostics, DIAGNOSTIC_COMPUTED, span_in(file, child),
				       "`%.*s` is computed, it is not stored and can have no index", TEXT_ARGS(field->name));
		good &= field && !field->computed;
		if (field)
			*list_add(compiler->arena, &fields) = field->index;
	}
	bool unique = syntax_has_word(compiler, file, syntax, "unique");
	*index_out = (struct index){.fields = fields.items, .count = fields.count, .unique = unique};
	return good;
}

void indexes_build(struct compiler *compiler, struct entity_draft *draft)
{
	LIST(struct index) indexes = {0};
	for (uint32_t i = 0; i < draft->parts.count; i++) {
		const struct entity_part *part = &draft->parts.items[i];
		for (each_child (child, part->syntax)) {
			struct index index;
			if (child->kind == SYNTAX_index && index_read(compiler, draft->entity, part->file, child, &index))
				*list_add(compiler->arena, &indexes) = index;
		}
	}
	draft->entity->indexes = indexes.items;
	draft->entity->index_count = indexes.count;
}

/* --- transitions */
typedef LIST(struct transition_set) transition_list;

static uint64_t *set_of(struct compiler *compiler, transition_list *sets, const struct field *field)
{
	for (uint32_t i = 0; i < sets->count; i++)
		if (sets->items[i].field == field->index)
			return (uint64_t *)sets->items[i].from;
	uint64_t *from = arena_array(compiler->arena, uint64_t, field->type->enumeration->count);
	*list_add(compiler->arena, sets) = (struct transition_set){field->index, from};
	return from;
}

static uint64_t status_bit(struct compiler *compiler, const struct field *field, uint32_t file, const struct syntax *name)
{
	const struct enumeration *values = field->type->enumeration;
	struct text word = syntax_text(compiler, file, name);
	struct text *known = arena_array(compiler->arena, struct text, values->count);
	for (uint32_t i = 0; i < values->count; i++) {
		if (text_equal(values->values[i].name, word))
			return UINT64_C(1) << i;
		known[i] = values->values[i].name;
	}
	struct diagnostic *diagnostic = diagnostic_add(compiler->diagnostics, DIAGNOSTIC_TRANSITION, span_in(file, name),
						       "`%.*s` has no value `%.*s`", TEXT_ARGS(field->name), TEXT_ARGS(word));
	suggest(compiler, diagnostic, word, known, values->count);
	return 0;
}

static void allow(uint64_t *from, uint64_t before, uint64_t after)
{
	for (uint32_t i = 0; i < 64; i++)
		if (before >> i & 1)
			from[i] |= after;
}

static void transition_read(struct compiler *compiler, const struct field *field, uint64_t *from, uint32_t file,
			    const struct syntax *syntax)
{
	uint64_t sides[2] = {0, 0};
	bool behind = false, both = false;
	for (each_child (child, syntax)) {
		if (child->kind == SYNTAX_token) {
			behind = true;
			both = text_is(syntax_text(compiler, file, child), "<->");
		} else if (child->kind == SYNTAX_identifier) {
			sides[behind] |= status_bit(compiler, field, file, child);
		}
	}
	allow(from, sides[0], sides[1]);
	if (both)
		allow(from, sides[1], sides[0]);
}

static void transitions_read(struct compiler *compiler, const struct entity *entity, transition_list *sets, uint32_t file,
			     const struct syntax *syntax)
{
	const struct syntax *name = syntax_with_role(syntax, ROLE_field);
	const struct field *field = name ? own_field(compiler, entity, file, name) : NULL;
	if (!field || field->type->kind == TYPE_ERROR)
		return;
	if (field->type->kind != TYPE_ENUM) {
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_TRANSITION, span_in(file, name),
			       "`transitions` needs a field with fixed values; `%.*s` is %.*s", TEXT_ARGS(field->name),
			       TEXT_ARGS(type_show(compiler->arena, field->type)));
		return;
	}
	if (field->type->enumeration->count > 64) {
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_TOO_MANY, span_in(file, name),
			       "`%.*s` has %u values; `transitions` knows at most 64", TEXT_ARGS(field->name),
			       field->type->enumeration->count);
		return;
	}
	uint64_t *from = set_of(compiler, sets, field);
	for (each_child (child, syntax))
		if (child->kind == SYNTAX_transition)
			transition_read(compiler, field, from, file, child);
}

void transitions_build(struct compiler *compiler, struct entity_draft *draft)
{
	transition_list sets = {0};
	for (uint32_t i = 0; i < draft->parts.count; i++) {
		const struct entity_part *part = &draft->parts.items[i];
		for (each_child (child, part->syntax))
			if (child->kind == SYNTAX_transitions)
				transitions_read(compiler, draft->entity, &sets, part->file, child);
	}
	draft->entity->transitions = sets.items;
	draft->entity->transition_count = sets.count;
}

/* --- notes: the entity NAME_note with the fields NAME and body */
static void note_entity_find(struct compiler *compiler, struct entity *entity)
{
	struct text name = text_format(compiler->arena, "%.*s_note", TEXT_ARGS(entity->name));
	const struct entity *notes = schema_entity(&compiler->program->schema, name);
	const struct field *owner = notes ? entity_field(notes, entity->name) : NULL;
	const struct field *body = notes ? entity_field(notes, TEXT("body")) : NULL;
	if (!owner || !body || owner->type->kind != TYPE_REF || owner->type->entity != entity || body->type->kind != TYPE_TEXT)
		return;
	entity->note_entity = notes;
	entity->note_owner_field = owner->index;
	entity->note_body_field = body->index;
}

void note_entities_find(struct compiler *compiler)
{
	for (uint32_t i = 0; i < compiler->draft->entities.count; i++)
		note_entity_find(compiler, compiler->draft->entities.items[i].entity);
}
