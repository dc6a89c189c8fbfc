/* Static types: interned, so that equal types are equal pointers; read from `type` nodes; and what fits where. */
#include "dsl/compiler/internal.h"

struct interned {
	struct type type; /* first: a type's pointer is also this one's */
	uint32_t index;
};

/* The bytes that tell it from every other type. */
static struct text content_of(struct compiler *compiler, const struct type *type, uintptr_t plain[6])
{
	plain[0] = type->kind;
	plain[1] = (uintptr_t)type->enumeration;
	plain[2] = (uintptr_t)type->entity;
	plain[3] = (uintptr_t)type->element;
	plain[4] = 0;
	plain[5] = (uintptr_t)type->event;
	struct text content = {(const char *)plain, 6 * sizeof(*plain)};
	if (type->kind != TYPE_RECORD)
		return content;
	struct text_builder builder = {.arena = compiler->arena};
	builder_add(&builder, content);
	for (uint32_t i = 0; i < type->record->count; i++) {
		const struct record_field *field = &type->record->fields[i];
		builder_add(&builder, (struct text){(const char *)&field->type, sizeof(field->type)});
		builder_add(&builder, field->name);
		builder_add_char(&builder, field->required ? '!' : '?');
	}
	return builder_text(&builder);
}

static const struct type *intern(struct compiler *compiler, struct type wanted)
{
	uintptr_t plain[6];
	struct text content = content_of(compiler, &wanted, plain);
	struct map *map = &compiler->type_by_content;
	if (!map->arena)
		*map = map_in(compiler->arena);
	struct interned *known = map_get(map, content);
	if (known)
		return &known->type;
	known = arena_new(compiler->arena, struct interned);
	*known = (struct interned){.type = wanted, .index = compiler->types.count};
	*list_add(compiler->arena, &compiler->types) = &known->type;
	map_put(map, text_copy(compiler->arena, content), known);
	return &known->type;
}

void types_enter(struct compiler *compiler, const struct program *program)
{
	uintptr_t plain[6];
	compiler->type_by_content = map_in(compiler->arena);
	for (uint32_t i = 0; i < program->type_count; i++) {
		struct text content = content_of(compiler, program->types[i], plain);
		map_put(&compiler->type_by_content, text_copy(compiler->arena, content), (void *)program->types[i]);
	}
	compiler->types.items = (const struct type **)program->types;
	compiler->types.count = compiler->types.capacity = program->type_count;
}

uint32_t type_index(const struct type *type)
{
	return ((const struct interned *)type)->index;
}

const struct type *type_simple(struct compiler *compiler, enum type_kind kind)
{
	return intern(compiler, (struct type){.kind = kind});
}

const struct type *type_ref(struct compiler *compiler, const struct entity *entity)
{
	return intern(compiler, (struct type){.kind = TYPE_REF, .entity = entity});
}

const struct type *type_list(struct compiler *compiler, const struct type *element)
{
	return intern(compiler, (struct type){.kind = TYPE_LIST, .element = element});
}

const struct type *type_range(struct compiler *compiler, const struct type *element)
{
	return intern(compiler, (struct type){.kind = TYPE_RANGE, .element = element});
}

const struct type *type_enum(struct compiler *compiler, const struct enumeration *enumeration)
{
	return intern(compiler, (struct type){.kind = TYPE_ENUM, .enumeration = enumeration});
}

const struct type *type_event(struct compiler *compiler, const struct event_kind *event)
{
	return intern(compiler, (struct type){.kind = TYPE_EVENT, .event = event});
}

const struct type *type_record(struct compiler *compiler, const struct record_field *fields, uint32_t count)
{
	struct record_type *record = arena_new(compiler->arena, struct record_type);
	*record = (struct record_type){.fields = fields, .count = count};
	return intern(compiler, (struct type){.kind = TYPE_RECORD, .record = record});
}

bool type_is_number(const struct type *type)
{
	return type->kind == TYPE_INT || type->kind == TYPE_DECIMAL || type->kind == TYPE_PERCENT;
}

static bool record_fits(const struct record_type *to, const struct record_type *from)
{
	if (to->count != from->count)
		return false;
	for (uint32_t i = 0; i < to->count; i++)
		if (!text_equal(to->fields[i].name, from->fields[i].name) ||
		    !type_fits(to->fields[i].type, from->fields[i].type))
			return false;
	return true;
}

bool type_fits(const struct type *to, const struct type *from)
{
	if (to == from || to->kind == TYPE_ERROR || from->kind == TYPE_ERROR || from->kind == TYPE_NOTHING)
		return true;
	if (to->kind == TYPE_DATA)
		return true;
	if ((to->kind == TYPE_FILE || to->kind == TYPE_SECRET) && from->kind == TYPE_TEXT)
		return true;
	if (to->kind != from->kind)
		return false;
	if (to->kind == TYPE_LIST || to->kind == TYPE_RANGE)
		return type_fits(to->element, from->element);
	if (to->kind == TYPE_RECORD)
		return record_fits(to->record, from->record);
	return false;
}

/* --- reading */
static const struct {
	const char *word;
	enum type_kind kind;
} WORDS[] = {
	{"text", TYPE_TEXT},         {"bool", TYPE_BOOL},       {"int", TYPE_INT},
	{"decimal", TYPE_DECIMAL},   {"percent", TYPE_PERCENT}, {"money", TYPE_MONEY},
	{"date", TYPE_DATE},         {"time", TYPE_TIME},       {"time_of_day", TYPE_TIME_OF_DAY},
	{"duration", TYPE_DURATION}, {"file", TYPE_FILE},       {"secret", TYPE_SECRET},
	{"data", TYPE_DATA},
};

static const struct type *unknown_type(struct compiler *compiler, uint32_t file, const struct syntax *syntax, struct text name)
{
	struct text words[sizeof(WORDS) / sizeof(*WORDS)];
	for (size_t i = 0; i < sizeof(WORDS) / sizeof(*WORDS); i++)
		words[i] = text_from(WORDS[i].word);
	struct diagnostic *diagnostic = diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_TYPE, span_in(file, syntax),
						       "there is no type `%.*s`", TEXT_ARGS(name));
	if (map_get(&compiler->spaces[SPACE_ENTITY], name))
		diagnostic->hint = text_format(compiler->arena, "an entity is referred to as `ref %.*s`", TEXT_ARGS(name));
	else
		suggest(compiler, diagnostic, name, words, sizeof(WORDS) / sizeof(*WORDS));
	return type_simple(compiler, TYPE_ERROR);
}

/* A period of days: what last_month is, and `over month` gives. */
const struct type *type_period(struct compiler *compiler)
{
	struct record_field *fields = arena_array(compiler->arena, struct record_field, 2);
	fields[0] = (struct record_field){TEXT("from"), type_simple(compiler, TYPE_DATE), true};
	fields[1] = (struct record_field){TEXT("until"), type_simple(compiler, TYPE_DATE), true};
	return type_record(compiler, fields, 2);
}

/* `asset.kind`: the type of that field; `door.opened`: an event. */
static const struct type *named_type(struct compiler *compiler, uint32_t file, const struct syntax *syntax)
{
	struct text name = syntax_text(compiler, file, syntax);
	for (size_t i = 0; i < sizeof(WORDS) / sizeof(*WORDS); i++)
		if (text_is(name, WORDS[i].word))
			return type_simple(compiler, WORDS[i].kind);
	if (text_is(name, "period"))
		return type_period(compiler);
	const struct event_kind *event = schema_event(&compiler->program->schema, name);
	if (event)
		return event->entity ? type_ref(compiler, event->entity) : type_event(compiler, event);
	int64_t dot = text_find(name, TEXT("."));
	if (dot > 0) {
		const struct entity *entity = schema_entity(&compiler->program->schema, text_slice(name, 0, (uint32_t)dot));
		struct text field_name = text_slice(name, (uint32_t)dot + 1, name.length);
		const struct field *field = entity ? entity_field(entity, field_name) : NULL;
		if (field && field->type)
			return field->type;
	}
	return unknown_type(compiler, file, syntax, name);
}

static const struct type *enum_read(struct compiler *compiler, uint32_t file, const struct syntax *type, struct text owner)
{
	LIST(struct enum_value) values = {0};
	for (each_child (child, type)) {
		if (child->kind != SYNTAX_enum_value)
			continue;
		const struct syntax *name = syntax_with_role(child, ROLE_name);
		*list_add(compiler->arena, &values) = (struct enum_value){.name = syntax_text(compiler, file, name),
									  .label = label_read(compiler, file, child)};
	}
	for (uint32_t e = 0; !owner.length && e < compiler->enumerations.count; e++) {
		const struct enumeration *known = compiler->enumerations.items[e];
		bool same = known->count == values.count;
		for (uint32_t i = 0; same && i < values.count; i++)
			same = text_equal(known->values[i].name, values.items[i].name);
		if (same)
			return type_enum(compiler, known);
	}
	struct enumeration *enumeration = arena_new(compiler->arena, struct enumeration);
	*enumeration = (struct enumeration){.name = owner, .values = values.items, .count = values.count};
	*list_add(compiler->arena, &compiler->enumerations) = enumeration;
	return type_enum(compiler, enumeration);
}

static const struct type *ref_read(struct compiler *compiler, uint32_t file, const struct syntax *target)
{
	struct text name = syntax_text(compiler, file, target);
	const struct entity *entity = schema_entity(&compiler->program->schema, name);
	if (entity)
		return type_ref(compiler, entity);
	struct diagnostic *diagnostic = diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_ENTITY, span_in(file, target),
						       "there is no entity `%.*s`", TEXT_ARGS(name));
	suggest_from_map(compiler, diagnostic, name, &compiler->program->schema.entity_by_name);
	return type_simple(compiler, TYPE_ERROR);
}

struct record_field *parameters_read(struct compiler *compiler, uint32_t file, const struct syntax *parameters,
				     struct text owner, uint32_t *count_out)
{
	LIST(struct record_field) fields = {0};
	if (parameters) {
		for (each_child (child, parameters)) {
			if (child->kind != SYNTAX_field)
				continue;
			const struct syntax *name = syntax_with_role(child, ROLE_name);
			const struct syntax *type = syntax_with_role(child, ROLE_type);
			struct record_field *field = list_add(compiler->arena, &fields);
			field->name = syntax_text(compiler, file, name);
			field->required = true;
			if (type) {
				field->type = type_read(compiler, file, type, owner);
				continue;
			}
			field->type = type_simple(compiler, TYPE_ERROR);
			diagnostic_add(compiler->diagnostics, DIAGNOSTIC_FIELD_TYPE, span_in(file, child), "`%.*s` has no type",
				       TEXT_ARGS(field->name));
		}
	}
	*count_out = fields.count;
	return fields.items;
}

const struct type *type_read(struct compiler *compiler, uint32_t file, const struct syntax *type, struct text owner)
{
	const struct syntax *first = type + 1;
	struct text word = syntax_text(compiler, file, first);
	if (first->kind == SYNTAX_dotted_name)
		return named_type(compiler, file, first);
	const struct syntax *inner = first + first->size;
	bool has_inner = inner < type + type->size;
	if (text_is(word, "ref") && has_inner)
		return ref_read(compiler, file, inner);
	if (text_is(word, "enum"))
		return enum_read(compiler, file, type, owner);
	if (text_is(word, "record")) {
		uint32_t count = 0;
		const struct record_field *fields = parameters_read(compiler, file, type, owner, &count);
		return type_record(compiler, fields, count);
	}
	const struct syntax *element = syntax_child(type, SYNTAX_type);
	if (text_is(word, "list") && element)
		return type_list(compiler, type_read(compiler, file, element, owner));
	return unknown_type(compiler, file, type, word);
}
