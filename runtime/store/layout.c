/* The look of the tables: from the schema, to JSON and back, and as CREATE statements. Decides nothing: migrate.c compares. */
#include "engine/model/system.h"
#include "runtime/store/layout.h"

#include "engine/base/json.h"
#include "runtime/store/rows.h"

static void entity_describe(struct arena *arena, const struct entity *entity, const struct dialect *dialect,
			    struct layout_entity *out);
static struct text type_text(struct arena *arena, const struct type *type);

void layout_from_schema(struct arena *arena, const struct schema *schema, const struct dialect *dialect,
			struct layout *layout_out)
{
	*layout_out = (struct layout){0};
	for (uint32_t i = 0; i < schema->entity_count; i++)
		entity_describe(arena, schema->entities[i], dialect, list_add(arena, &layout_out->entities));
}

/* --- from the schema */
static void values_add(struct text_builder *values, const struct type *type)
{
	if (type->kind == TYPE_ENUM) {
		for (uint32_t i = 0; i < type->enumeration->count; i++) {
			builder_add(values, type->enumeration->values[i].name);
			builder_add_char(values, ' ');
		}
	} else if (type->kind == TYPE_LIST || type->kind == TYPE_RANGE) {
		values_add(values, type->element);
	} else if (type->kind == TYPE_RECORD) {
		for (uint32_t i = 0; i < type->record->count; i++)
			values_add(values, type->record->fields[i].type);
	}
}

/* A default that is one constant can be given to the rows that are there already. */
static void fill_describe(struct arena *arena, const struct field *field, struct layout_field *out)
{
	const struct code *code = field->fallback;

	if (!code)
		return;
	out->computed_default = true;
	if (code->step_count != 1 || code->steps[0].operation != STEP_CONSTANT || code->steps[0].d != code->result)
		return;
	struct value value = code->constants[code->steps[0].a];
	struct sql_value stored = sql_from_value(arena, value, field->type);
	struct text_builder sql = {.arena = arena};
	if (stored.kind == SQL_INTEGER)
		builder_format(&sql, "%lld", (long long)stored.integer);
	else if (stored.kind == SQL_TEXT)
		sql_literal(&sql, stored.text);
	else
		return;
	out->computed_default = false;
	out->fill = builder_text(&sql);
}

static void field_describe(struct arena *arena, const struct field *field, struct layout_field *out)
{
	struct text_builder values = {.arena = arena};

	values_add(&values, field->type);
	out->name = field->name;
	out->type = type_text(arena, field->type);
	out->values = builder_text(&values);
	out->required = field->required || field->index == FIELD_ID || field->index == FIELD_VERSION;
	fill_describe(arena, field, out);
}

static void index_describe(struct arena *arena, const struct entity *entity, const uint16_t *fields, uint32_t count,
			   bool unique, const struct dialect *dialect, struct layout_entity *out)
{
	struct text_builder name = {.arena = arena}, columns = {.arena = arena}, filled = {.arena = arena};

	builder_format(&name, "%s %.*s:", unique ? "unique" : "index", TEXT_ARGS(entity->name));
	for (uint32_t i = 0; i < count; i++) {
		const struct field *field = &entity->fields[fields[i]];
		if (field->computed)
			return; /* not stored */
		builder_format(&name, " %.*s", TEXT_ARGS(field->name));
		builder_add_string(&columns, i ? "," : "");
		sql_comparable(&columns, dialect, (struct text){0}, field->name, column_is_decimal(field->type));
		builder_add_string(&filled, i ? " AND " : "");
		sql_name(&filled, field->name);
		builder_add_string(&filled, " IS NOT NULL");
	}
	struct text full = builder_text(&name);
	if (!layout_index(out, full))
		*list_add(arena, &out->indexes) =
			(struct layout_index){full, builder_text(&columns), builder_text(&filled), unique};
}

static bool index_begins_with(const struct entity *entity, uint16_t field)
{
	for (uint32_t i = 0; i < entity->index_count; i++)
		if (entity->indexes[i].count && entity->indexes[i].fields[0] == field)
			return true;
	return entity->fields[field].unique;
}

/* The engine's own rows are found by equality of one field. */
static bool is_looked_up_by(const struct entity *entity, uint16_t field)
{
	static const uint16_t INDEXES[][2] = {
#define SYSTEM_ENTITY(name, NAME, label)
#define SYSTEM_FIELD(entity, name, NAME, kind)
#define SYSTEM_INDEX(ENTITY, NAME) {SYSTEM_##ENTITY, ENTITY##_##NAME},
#include "engine/model/system.def"
#undef SYSTEM_ENTITY
#undef SYSTEM_FIELD
#undef SYSTEM_INDEX
	};
	for (size_t i = 0; i < sizeof INDEXES / sizeof *INDEXES; i++)
		if (INDEXES[i][0] == entity->index && INDEXES[i][1] == field)
			return true;
	return false;
}

static void entity_describe(struct arena *arena, const struct entity *entity, const struct dialect *dialect,
			    struct layout_entity *out)
{
	struct text_builder seal = {.arena = arena};

	out->name = entity->name;
	for (uint32_t i = 0; i < entity->index_count; i++)
		index_describe(arena, entity, entity->indexes[i].fields, entity->indexes[i].count, entity->indexes[i].unique,
			       dialect, out);
	for (uint16_t i = 0; i < entity->field_count; i++) {
		const struct field *field = &entity->fields[i];
		if (field->computed)
			continue;
		field_describe(arena, field, list_add(arena, &out->fields));
		if (field->unique)
			index_describe(arena, entity, &i, 1, true, dialect, out);
		/* a referred row must be found from both ends: queries ask for it, and deleting checks it */
		else if (i != FIELD_ID && field->type->kind == TYPE_REF && !index_begins_with(entity, i))
			index_describe(arena, entity, &i, 1, false, dialect, out);
		/* times are asked for in order: what is due, what is older than */
		else if (i > FIELD_UPDATED_AT && field->required && field->type->kind == TYPE_TIME &&
			 !index_begins_with(entity, i))
			index_describe(arena, entity, &i, 1, false, dialect, out);
		else if (is_looked_up_by(entity, i))
			index_describe(arena, entity, &i, 1, false, dialect, out);
	}
	sql_seal(&seal, dialect, entity);
	out->seal = builder_text(&seal);
}

static struct text type_text(struct arena *arena, const struct type *type)
{
	static const char *const words[] = {
		[TYPE_BOOL] = "bool",         [TYPE_INT] = "int",     [TYPE_DECIMAL] = "decimal",
		[TYPE_PERCENT] = "decimal",   [TYPE_MONEY] = "money", [TYPE_TEXT] = "text",
		[TYPE_DATE] = "date",         [TYPE_TIME] = "time",   [TYPE_TIME_OF_DAY] = "time_of_day",
		[TYPE_DURATION] = "duration", [TYPE_ENUM] = "enum",   [TYPE_FILE] = "text",
		[TYPE_SECRET] = "text",       [TYPE_DATA] = "data",   [TYPE_EVENT] = "event",
		[TYPE_NOTHING] = "nothing",
	};
	struct text_builder text = {.arena = arena};

	if (type->kind == TYPE_REF) {
		builder_add_string(&text, "ref ");
		builder_add(&text, type->entity->name);
	} else if (type->kind == TYPE_LIST || type->kind == TYPE_RANGE) {
		builder_add_string(&text, type->kind == TYPE_LIST ? "list of " : "range of ");
		builder_add(&text, type_text(arena, type->element));
	} else if (type->kind == TYPE_RECORD) {
		builder_add_string(&text, "record(");
		for (uint32_t i = 0; i < type->record->count; i++)
			builder_format(&text, "%s%.*s %.*s", i ? ", " : "", TEXT_ARGS(type->record->fields[i].name),
				       TEXT_ARGS(type_text(arena, type->record->fields[i].type)));
		builder_add_char(&text, ')');
	} else {
		builder_add_string(&text, words[type->kind] ? words[type->kind] : "?");
	}
	return builder_text(&text);
}

/* --- JSON */
struct text layout_to_json(struct arena *arena, const struct layout *layout)
{
	struct text_builder text = {.arena = arena};
	struct json_writer writer = {.text = &text};

	json_open_list(&writer);
	for (uint32_t i = 0; i < layout->entities.count; i++) {
		const struct layout_entity *entity = &layout->entities.items[i];
		json_open_object(&writer);
		json_write_member(&writer, "name", entity->name);
		json_write_name(&writer, TEXT("fields"));
		json_open_list(&writer);
		for (uint32_t f = 0; f < entity->fields.count; f++) {
			const struct layout_field *field = &entity->fields.items[f];
			json_open_object(&writer);
			json_write_member(&writer, "name", field->name);
			json_write_member(&writer, "type", field->type);
			json_write_member(&writer, "values", field->values);
			json_write_name(&writer, TEXT("required"));
			json_write_bool(&writer, field->required);
			json_close_object(&writer);
		}
		json_close_list(&writer);
		json_write_name(&writer, TEXT("indexes"));
		json_open_list(&writer);
		for (uint32_t x = 0; x < entity->indexes.count; x++) {
			const struct layout_index *index = &entity->indexes.items[x];
			json_open_object(&writer);
			json_write_member(&writer, "name", index->name);
			json_write_member(&writer, "columns", index->columns);
			json_write_member(&writer, "filled", index->filled);
			json_write_name(&writer, TEXT("unique"));
			json_write_bool(&writer, index->unique);
			json_close_object(&writer);
		}
		json_close_list(&writer);
		json_write_member(&writer, "seal", entity->seal);
		json_close_object(&writer);
	}
	json_close_list(&writer);
	return builder_text(&text);
}

static bool member_true(const struct json *object, const char *name)
{
	const struct json *member = json_member(object, text_from(name));

	return member && json_kind(member) == JSON_BOOL && json_bool(member);
}

enum status layout_from_json(struct arena *arena, struct text source, struct layout *layout_out, struct error *error)
{
	const struct json *json;
	enum status status = json_parse(arena, source, &json, error);

	*layout_out = (struct layout){0};
	if (status != OK)
		return error_within(error, "the database's note of its own tables can not be read");
	for (const struct json *item = json_first(json); item; item = json_next(item)) {
		struct layout_entity *entity = list_add(arena, &layout_out->entities);
		entity->name = json_member_text(item, "name");
		entity->seal = json_member_text(item, "seal");
		const struct json *fields = json_member(item, TEXT("fields")), *indexes = json_member(item, TEXT("indexes"));
		for (const struct json *field = fields ? json_first(fields) : NULL; field; field = json_next(field))
			*list_add(arena, &entity->fields) = (struct layout_field){.name = json_member_text(field, "name"),
										  .type = json_member_text(field, "type"),
										  .values = json_member_text(field, "values"),
										  .required = member_true(field, "required")};
		for (const struct json *index = indexes ? json_first(indexes) : NULL; index; index = json_next(index))
			*list_add(arena, &entity->indexes) =
				(struct layout_index){.name = json_member_text(index, "name"),
						      .columns = json_member_text(index, "columns"),
						      .filled = json_member_text(index, "filled"),
						      .unique = member_true(index, "unique")};
	}
	return OK;
}

/* --- finding */
struct layout_entity *layout_entity(const struct layout *layout, struct text name)
{
	for (uint32_t i = 0; i < layout->entities.count; i++)
		if (text_equal(layout->entities.items[i].name, name))
			return &layout->entities.items[i];
	return NULL;
}

struct layout_field *layout_field(const struct layout_entity *entity, struct text name)
{
	for (uint32_t i = 0; entity && i < entity->fields.count; i++)
		if (text_equal(entity->fields.items[i].name, name))
			return &entity->fields.items[i];
	return NULL;
}

struct layout_index *layout_index(const struct layout_entity *entity, struct text name)
{
	for (uint32_t i = 0; i < entity->indexes.count; i++)
		if (text_equal(entity->indexes.items[i].name, name))
			return &entity->indexes.items[i];
	return NULL;
}

/* --- statements */
static const char *column_type(const struct dialect *dialect, struct text type)
{
	static const char *const integers[] = {"bool", "int", "date", "time", "time_of_day"};

	if (text_starts(type, TEXT("ref ")))
		return dialect->bytes;
	for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
		if (text_is(type, integers[i]))
			return dialect->integer;
	return dialect->text;
}

static void reference_add(struct text_builder *sql, const struct layout_field *field)
{
	builder_add_string(sql, "FOREIGN KEY(_tenant,");
	sql_name(sql, field->name);
	builder_add_string(sql, ") REFERENCES ");
	sql_name(sql, text_slice(field->type, 4, field->type.length));
	builder_add_string(sql, "(_tenant,id) DEFERRABLE INITIALLY DEFERRED");
}

void sql_add_reference(struct text_builder *sql, const struct layout_entity *entity, const struct layout_field *field)
{
	builder_add_string(sql, "ALTER TABLE ");
	sql_name(sql, entity->name);
	builder_add_string(sql, " ADD ");
	reference_add(sql, field);
}

void sql_create_table(struct text_builder *sql, const struct dialect *dialect, const struct layout_entity *entity,
		      struct text name)
{
	builder_add_string(sql, "CREATE TABLE ");
	sql_name(sql, name);
	builder_format(sql, "(_tenant %s NOT NULL", dialect->integer);
	for (uint32_t i = 0; i < entity->fields.count; i++) {
		const struct layout_field *field = &entity->fields.items[i];
		builder_add_char(sql, ',');
		sql_name(sql, field->name);
		builder_format(sql, " %s%s", column_type(dialect, field->type), field->required ? " NOT NULL" : "");
	}
	builder_add_string(sql, ",PRIMARY KEY(_tenant,id)");
	for (uint32_t i = FIELD_FIRST_OWN; i < entity->fields.count; i++) {
		const struct layout_field *field = &entity->fields.items[i];
		if (!text_starts(field->type, TEXT("ref ")) || !*dialect->references_inline)
			continue;
		builder_add_char(sql, ',');
		reference_add(sql, field);
	}
	builder_format(sql, ")%s;", dialect->table_end);
}

void sql_create_index(struct text_builder *sql, const struct layout_entity *entity, const struct layout_index *index)
{
	builder_format(sql, "CREATE %sINDEX ", index->unique ? "UNIQUE " : "");
	sql_name(sql, index->name);
	builder_add_string(sql, " ON ");
	sql_name(sql, entity->name);
	builder_format(sql, "(_tenant,%.*s);", TEXT_ARGS(index->columns));
}

/* TRUNCATE asks no row, so that it is refused whatever they are. */
const char *sql_seal_action(const struct dialect *dialect, uint32_t number)
{
	static const char *const ACTIONS[] = {"UPDATE", "DELETE", "TRUNCATE"};

	return number < (*dialect->truncate_refused ? 3 : 2) ? ACTIONS[number] : NULL;
}

void sql_create_seal(struct text_builder *sql, const struct dialect *dialect, const struct layout_entity *entity)
{
	const char *action;

	for (uint32_t i = 0; entity->seal.length && (action = sql_seal_action(dialect, i)); i++) {
		builder_add_string(sql, "CREATE TRIGGER ");
		sql_name(sql, text_format(sql->arena, "seal %.*s %s", TEXT_ARGS(entity->name), action));
		builder_format(sql, " BEFORE %s ON ", action);
		sql_name(sql, entity->name);
		if (i < 2)
			builder_format(sql, "%s WHEN (%.*s)", dialect->trigger_each, TEXT_ARGS(entity->seal));
		builder_add_string(sql, dialect->trigger_sealed);
	}
}
