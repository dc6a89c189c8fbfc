/* The fields of entities and events: names and attributes as they are written, then types. A type may be another field's
 * (`entity.field`), so those are read when the others are known. */
#include "dsl/compiler/schema_draft.h"

enum { MAX_FIELDS = 1500 }; /* each is a column: PostgreSQL has 1,600 of them in a table, SQLite 2,000 */

/* --- labels and texts */
void escape_add(struct text_builder *builder, struct text escape)
{
	char byte = escape.length > 1 ? escape.bytes[1] : '\\';
	if (byte == 'n')
		byte = '\n';
	else if (byte == 't')
		byte = '\t';
	builder_add_char(builder, byte);
	if (escape.length > 2)
		builder_add(builder, text_slice(escape, 2, escape.length));
}

/* Said once, however often the text is looked at. */
static void unterminated(struct compiler *compiler, uint32_t file, const struct syntax *at)
{
	const struct diagnostics *known = compiler->diagnostics;
	for (uint32_t i = 0; i < known->items.count; i++)
		if (known->items.items[i].code == DIAGNOSTIC_UNTERMINATED && known->items.items[i].span.file == file &&
		    known->items.items[i].span.start == at->start)
			return;
	diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNTERMINATED, span_in(file, at),
		       "the text has no end: a `\"` is missing in this line");
}

struct text string_content(struct compiler *compiler, uint32_t file, const struct syntax *string)
{
	struct text_builder builder = {.arena = compiler->arena};
	for (each_child (child, string)) {
		struct text text = syntax_text(compiler, file, child);
		if (child->kind == SYNTAX_string_content || child->kind == SYNTAX_interpolation)
			builder_add(&builder, text);
		else if (child->kind == SYNTAX_escape)
			escape_add(&builder, text);
		else if (child->kind == SYNTAX_unterminated)
			unterminated(compiler, file, child);
	}
	return builder_text(&builder);
}

struct text label_read(const struct compiler *compiler, uint32_t file, const struct syntax *declaration)
{
	const struct syntax *label = syntax_with_role(declaration, ROLE_label);
	return label ? string_content((struct compiler *)compiler, file, label) : (struct text){0};
}

/* --- attributes */
enum attribute_of { OF_ENTITY = 1, OF_EVENT = 2 };

static const struct attribute_row {
	const char *word;
	enum attribute_of where;
	enum { PLAIN, NUMBER, PICTURE } argument;
} ATTRIBUTES[] = {
	{"required", OF_ENTITY | OF_EVENT, PLAIN},
	{"key", OF_ENTITY | OF_EVENT, PLAIN},
	{"searchable", OF_ENTITY, PLAIN},
	{"unique", OF_ENTITY, PLAIN},
	{"max", OF_ENTITY, NUMBER},
	{"sequence", OF_ENTITY, PICTURE},
	{"gapless", OF_ENTITY, PLAIN},
};
enum { ATTRIBUTE_COUNT = sizeof(ATTRIBUTES) / sizeof(*ATTRIBUTES) };

static const struct attribute_row *attribute_find(struct text word)
{
	for (uint32_t i = 0; i < ATTRIBUTE_COUNT; i++)
		if (text_is(word, ATTRIBUTES[i].word))
			return &ATTRIBUTES[i];
	return NULL;
}

static void unknown_attribute(struct compiler *compiler, uint32_t file, const struct syntax *at, struct text word)
{
	struct text words[ATTRIBUTE_COUNT];
	for (uint32_t i = 0; i < ATTRIBUTE_COUNT; i++)
		words[i] = text_from(ATTRIBUTES[i].word);
	struct diagnostic *diagnostic = diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_ATTRIBUTE, span_in(file, at),
						       "fields have no attribute `%.*s`", TEXT_ARGS(word));
	suggest(compiler, diagnostic, word, words, ATTRIBUTE_COUNT);
}

/* {n} or {n:DIGITS} once; {year}, {month}, {day} before or behind it. */
static bool picture_is_good(struct text picture)
{
	uint32_t numbers = 0;
	for (uint32_t at = 0; at < picture.length; at++) {
		if (picture.bytes[at] == '}')
			return false;
		if (picture.bytes[at] != '{')
			continue;
		uint32_t end = at + 1;
		while (end < picture.length && picture.bytes[end] != '}')
			end++;
		if (end == picture.length)
			return false;
		struct text part = text_slice(picture, at + 1, end);
		bool number = text_is(part, "n") || (part.length == 3 && text_starts(part, TEXT("n:")) &&
						     part.bytes[2] >= '1' && part.bytes[2] <= '9');
		numbers += number;
		if (!number && !text_is(part, "year") && !text_is(part, "month") && !text_is(part, "day"))
			return false;
		at = end;
	}
	return numbers == 1;
}

static void sequence_read(struct compiler *compiler, struct field *field, uint32_t file, const struct syntax *string)
{
	struct text raw = syntax_text(compiler, file, string);
	struct text picture = raw.length >= 2 ? text_slice(raw, 1, raw.length - 1) : (struct text){0};
	if (!picture_is_good(picture))
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_SEQUENCE, span_in(file, string),
			       "%.*s is not a number pattern; {n} or {n:6} stands in it once, {year}, {month} and {day} may",
			       TEXT_ARGS(raw));
	struct sequence *sequence = arena_new(compiler->arena, struct sequence);
	*sequence = (struct sequence){.picture = picture, .gapless = field->sequence && field->sequence->gapless};
	field->sequence = sequence;
}

static void max_read(struct compiler *compiler, struct field *field, uint32_t file, const struct syntax *number)
{
	int64_t most = number_read(compiler, file, number);
	if (most < 1 || most > UINT32_MAX)
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_LITERAL, span_in(file, number),
			       "`max` counts characters: at least 1");
	else
		field->max_length = (uint32_t)most;
}

static void attribute_apply(struct compiler *compiler, struct field *field, uint32_t file, struct text word,
			    const struct syntax *argument)
{
	if (text_is(word, "required"))
		field->required = true;
	else if (text_is(word, "key"))
		field->key = true;
	else if (text_is(word, "searchable"))
		field->searchable = true;
	else if (text_is(word, "unique"))
		field->unique = true;
	else if (text_is(word, "max"))
		max_read(compiler, field, file, argument);
	else if (text_is(word, "sequence"))
		sequence_read(compiler, field, file, argument);
	else
		((struct sequence *)field->sequence)->gapless = true;
}

static void attribute_read(struct compiler *compiler, struct field *field, uint32_t file, const struct syntax *attribute,
			   enum attribute_of where)
{
	const struct syntax *name = syntax_with_role(attribute, ROLE_name);
	const struct syntax *argument = syntax_named(attribute, 1);
	struct text word = syntax_text(compiler, file, name);
	const struct attribute_row *row = attribute_find(word);
	if (!row) {
		unknown_attribute(compiler, file, attribute, word);
		return;
	}
	static const char *const NEEDS[] = {"nothing", "a number", "a number pattern in quotes"};
	bool fits = row->argument == PLAIN    ? !argument
		    : row->argument == NUMBER ? argument && argument->kind == SYNTAX_number
					      : argument && argument->kind == SYNTAX_string;
	bool lonely = text_is(word, "gapless") && !field->sequence;
	if (!(row->where & where) || !fits || lonely) {
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_ATTRIBUTE, span_in(file, attribute),
			       !(row->where & where) ? "fields of events have no attribute `%.*s`"
			       : lonely              ? "`%.*s` stands behind `sequence \"…\"`"
						     : "`%.*s` needs %s behind it",
			       TEXT_ARGS(word), NEEDS[row->argument]);
		return;
	}
	attribute_apply(compiler, field, file, word, argument);
	if (where == OF_EVENT && field->key)
		field->required = true; /* nothing tells two events apart by what is not set */
}

/* --- fields as they are written */
static bool is_known(const field_list *fields, struct text name)
{
	for (uint32_t i = 0; i < fields->count; i++)
		if (text_equal(fields->items[i].field.name, name))
			return true;
	return false;
}

struct field *field_add(struct compiler *compiler, field_list *fields, struct text name, const struct type *type)
{
	struct field_draft *draft = list_add(compiler->arena, fields);
	draft->field.name = name;
	draft->field.type = type;
	return &draft->field;
}

static void field_collect(struct compiler *compiler, field_list *fields, uint32_t file, const struct syntax *syntax,
			  enum attribute_of where)
{
	const struct syntax *name = syntax_with_role(syntax, ROLE_name);
	struct text word = syntax_text(compiler, file, name);
	if (name->kind != SYNTAX_identifier) {
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_FIELD_TYPE, span_in(file, name),
			       "a field's name is a word without quotes; what people read stands behind the type");
		return;
	}
	if (is_known(fields, word)) {
		bool standard = where == OF_ENTITY && (text_is(word, "id") || text_is(word, "created_at") ||
						       text_is(word, "updated_at") || text_is(word, "version"));
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_DECLARED_TWICE, span_in(file, name),
			       standard ? "every entity has a field `%.*s`" : "the field `%.*s` is already there",
			       TEXT_ARGS(word));
		return;
	}
	if (fields->count >= UINT16_MAX - 1)
		return;
	struct field *field = field_add(compiler, fields, word, NULL);
	list_last(fields)->source = (struct field_source){file, syntax};
	field->label = label_read(compiler, file, syntax);
	const struct syntax *label = syntax_with_role(syntax, ROLE_label);
	bool open = label && syntax_child(label, SYNTAX_unterminated); /* then the next line was taken for attributes */
	for (each_child (child, syntax))
		if (child->kind == SYNTAX_attribute && !open)
			attribute_read(compiler, field, file, child, where);
	if (syntax_child(syntax, SYNTAX_default))
		field->fallback = &SCHEMA_PENDING;
	else if (syntax_value(syntax))
		field->computed = &SCHEMA_PENDING;
	if (syntax_with_role(syntax, ROLE_type))
		return;
	field->type = type_simple(compiler, TYPE_ERROR);
	diagnostic_add(compiler->diagnostics, DIAGNOSTIC_FIELD_TYPE, span_in(file, syntax), "`%.*s` has no type",
		       TEXT_ARGS(word));
}

void fields_collect(struct compiler *compiler, field_list *fields, uint32_t file, const struct syntax *declaration,
		    bool of_event)
{
	for (each_child (child, declaration)) {
		if (child->kind != SYNTAX_field)
			continue;
		if (fields->count >= MAX_FIELDS) {
			diagnostic_add(compiler->diagnostics, DIAGNOSTIC_TOO_MANY, span_in(file, child),
				       "this is one field too many; %d are allowed, those that every record has among them",
				       MAX_FIELDS);
			return;
		}
		field_collect(compiler, fields, file, child, of_event ? OF_EVENT : OF_ENTITY);
	}
}

/* --- settling */
static struct field *settle(struct compiler *compiler, const field_list *drafts, struct map *by_name)
{
	struct field *fields = arena_array(compiler->arena, struct field, drafts->count ? drafts->count : 1);
	*by_name = map_in(compiler->arena);
	for (uint32_t i = 0; i < drafts->count; i++) {
		fields[i] = drafts->items[i].field;
		fields[i].index = (uint16_t)i;
		map_put(by_name, fields[i].name, &fields[i]);
	}
	return fields;
}

/* A field whose type is still to be read. */
struct pending {
	struct field *field;
	struct field_source source;
	struct text owner;
};

typedef LIST(struct pending) pending_list;

static void pending_add(struct compiler *compiler, pending_list *pending, const field_list *drafts, struct field *fields,
			struct text owner)
{
	for (uint32_t i = 0; i < drafts->count; i++)
		if (!fields[i].type)
			*list_add(compiler->arena, pending) = (struct pending){
				&fields[i], drafts->items[i].source,
				text_format(compiler->arena, "%.*s.%.*s", TEXT_ARGS(owner), TEXT_ARGS(fields[i].name))};
}

/* False when the type names a field whose own type is not read yet. */
static bool is_ready(const struct compiler *compiler, uint32_t file, const struct syntax *type)
{
	for (const struct syntax *node = type; node < type + type->size; node++) {
		if (node->kind != SYNTAX_dotted_name)
			continue;
		struct text name = syntax_text(compiler, file, node);
		int64_t dot = text_find(name, TEXT("."));
		if (dot < 0 || schema_event(&compiler->program->schema, name))
			continue;
		const struct entity *entity = schema_entity(&compiler->program->schema, text_slice(name, 0, (uint32_t)dot));
		const struct field *field =
			entity ? entity_field(entity, text_slice(name, (uint32_t)dot + 1, name.length)) : NULL;
		if (field && !field->type)
			return false;
	}
	return true;
}

static void check_enum(struct compiler *compiler, const struct pending *pending, const struct syntax *type)
{
	const struct type *read = pending->field->type;
	if (!read->enumeration || !syntax_child(type, SYNTAX_enum_value))
		return;
	struct map seen = map_in(compiler->arena);
	for (each_child (child, type)) {
		if (child->kind != SYNTAX_enum_value)
			continue;
		struct text name = syntax_text(compiler, pending->source.file, syntax_with_role(child, ROLE_name));
		if (map_put(&seen, name, (void *)child))
			diagnostic_add(compiler->diagnostics, DIAGNOSTIC_DECLARED_TWICE, span_in(pending->source.file, child),
				       "the value `%.*s` is already there", TEXT_ARGS(name));
	}
}

static void check_attributes(struct compiler *compiler, const struct pending *pending)
{
	const struct field *field = pending->field;
	if (field->type->kind == TYPE_TEXT || field->type->kind == TYPE_ERROR)
		return;
	const char *word = field->sequence ? "sequence" : field->max_length ? "max" : field->searchable ? "searchable" : NULL;
	if (word)
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_ATTRIBUTE,
			       span_in(pending->source.file, pending->source.syntax), "`%s` is only for texts; `%.*s` is %.*s",
			       word, TEXT_ARGS(field->name), TEXT_ARGS(type_show(compiler->arena, field->type)));
}

static bool type_settle(struct compiler *compiler, const struct pending *pending)
{
	const struct syntax *type = syntax_with_role(pending->source.syntax, ROLE_type);
	if (!is_ready(compiler, pending->source.file, type))
		return false;
	pending->field->type = type_read(compiler, pending->source.file, type, pending->owner);
	check_enum(compiler, pending, type);
	check_attributes(compiler, pending);
	return true;
}

static void types_settle(struct compiler *compiler, pending_list *pending)
{
	for (uint32_t left = pending->count, before = left + 1; left && left < before;) {
		before = left;
		left = 0;
		for (uint32_t i = 0; i < before; i++)
			if (!type_settle(compiler, &pending->items[i]))
				pending->items[left++] = pending->items[i];
		pending->count = left;
	}
	for (uint32_t i = 0; i < pending->count; i++) {
		pending->items[i].field->type = type_simple(compiler, TYPE_ERROR);
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_CYCLE,
			       span_in(pending->items[i].source.file, pending->items[i].source.syntax),
			       "the type of `%.*s` is that of another field, and so on in a circle",
			       TEXT_ARGS(pending->items[i].owner));
	}
}

void fields_settle(struct compiler *compiler)
{
	pending_list pending = {0};
	for (uint32_t i = 0; i < compiler->draft->entities.count; i++) {
		struct entity_draft *draft = &compiler->draft->entities.items[i];
		draft->final = settle(compiler, &draft->fields, &draft->entity->field_by_name);
		draft->entity->fields = draft->final;
		draft->entity->field_count = (uint16_t)draft->fields.count;
		pending_add(compiler, &pending, &draft->fields, draft->final, draft->entity->name);
	}
	for (uint32_t i = 0; i < compiler->draft->events.count; i++) {
		struct event_draft *draft = &compiler->draft->events.items[i];
		draft->final = settle(compiler, &draft->fields, &draft->event->field_by_name);
		draft->event->fields = draft->final;
		draft->event->field_count = (uint16_t)draft->fields.count;
		for (uint32_t k = 0; k < draft->fields.count; k++)
			draft->event->has_key |= draft->final[k].key;
		pending_add(compiler, &pending, &draft->fields, draft->final, draft->event->name);
	}
	types_settle(compiler, &pending);
}
