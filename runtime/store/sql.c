/* Entities, rows and queries as SQL. Runs nothing and binds nothing: rows.c knows values, database.h knows statements.
 * Every table's key begins with the tenant, so a row of one can not be reached from another, whatever a pack asks. */
#include "runtime/store/sql.h"

const struct dialect dialect_sqlite = {
#define DIALECT(word, sqlite, postgres) .word = (sqlite),
#include "runtime/store/dialect.def"
#undef DIALECT
};

const struct dialect dialect_postgres = {
#define DIALECT(word, sqlite, postgres) .word = (postgres),
#include "runtime/store/dialect.def"
#undef DIALECT
};

static void parameter_add(struct text_builder *sql, uint32_t number)
{
	builder_format(sql, "?%u", number);
}

static void key_condition(struct text_builder *sql)
{
	builder_add_string(sql, " WHERE _tenant=");
	parameter_add(sql, 1);
	builder_add_string(sql, " AND id=");
	parameter_add(sql, 2);
}

/* A row whose version was not read is taken as it is. */
static void version_condition(struct text_builder *sql)
{
	builder_add_string(sql, " AND version=coalesce(?3,version)");
}

static void columns_add(struct text_builder *sql, const struct entity *entity, const char *table, uint32_t from)
{
	bool comma = false;

	for (uint32_t i = from; i < entity->field_count; i++) {
		if (column_kind(&entity->fields[i]) == COLUMN_NONE)
			continue;
		builder_add_string(sql, comma ? "," : "");
		builder_add_string(sql, table);
		sql_name(sql, entity->fields[i].name);
		comma = true;
	}
}

enum column_kind column_kind_of(const struct type *type)
{
	switch (type->kind) {
	case TYPE_BOOL:
	case TYPE_INT:
	case TYPE_DATE:
	case TYPE_TIME:
	case TYPE_TIME_OF_DAY:
		return COLUMN_INTEGER;
	case TYPE_REF:
		return COLUMN_BYTES;
	default:
		return COLUMN_TEXT;
	}
}

enum column_kind column_kind(const struct field *field)
{
	return field->computed ? COLUMN_NONE : column_kind_of(field->type);
}

bool column_is_decimal(const struct type *type)
{
	return type->kind == TYPE_DECIMAL || type->kind == TYPE_PERCENT || type->kind == TYPE_MONEY;
}

/* PostgreSQL cuts longer names, and two could become one. */
enum { NAME_MOST = 63, NAME_KEPT = 46 };

void sql_name(struct text_builder *sql, struct text name)
{
	if (name.length > NAME_MOST) {
		uint32_t kept = NAME_KEPT;
		while (kept && (name.bytes[kept] & 0xc0) == 0x80)
			kept--;
		name = text_format(sql->arena, "%.*s %016llx", (int)kept, name.bytes, (unsigned long long)text_hash(name));
	}
	builder_add_char(sql, '"');
	for (uint32_t i = 0; i < name.length; i++) {
		if (name.bytes[i] == '"')
			builder_add_char(sql, '"');
		builder_add_char(sql, name.bytes[i]);
	}
	builder_add_char(sql, '"');
}

void sql_literal(struct text_builder *sql, struct text text)
{
	builder_add_char(sql, '\'');
	for (uint32_t i = 0; i < text.length; i++) {
		if (text.bytes[i] == '\'')
			builder_add_char(sql, '\'');
		builder_add_char(sql, text.bytes[i]);
	}
	builder_add_char(sql, '\'');
}

void sql_comparable(struct text_builder *sql, const struct dialect *dialect, struct text table, struct text column,
		    bool is_decimal)
{
	struct text_builder name = {.arena = sql->arena};

	if (table.length) {
		builder_add(&name, table);
		builder_add_char(&name, '.');
	}
	sql_name(&name, column);
	struct text full = builder_text(&name);
	if (is_decimal)
		builder_format(sql, "(CASE WHEN %s(%.*s,'.')>0 THEN rtrim(rtrim(%.*s,'0'),'.') ELSE %.*s END)",
			       dialect->position, TEXT_ARGS(full), TEXT_ARGS(full), TEXT_ARGS(full));
	else
		builder_add(sql, full);
}

void sql_read(struct text_builder *sql, const struct entity *entity)
{
	builder_add_string(sql, "SELECT ");
	columns_add(sql, entity, "", FIELD_ID);
	builder_add_string(sql, " FROM ");
	sql_name(sql, entity->name);
	key_condition(sql);
}

void sql_insert(struct text_builder *sql, const struct entity *entity)
{
	uint32_t count = 1;

	builder_add_string(sql, "INSERT INTO ");
	sql_name(sql, entity->name);
	builder_add_string(sql, "(_tenant,");
	columns_add(sql, entity, "", FIELD_ID);
	builder_add_string(sql, ") VALUES(");
	parameter_add(sql, 1);
	for (uint32_t i = 0; i < entity->field_count; i++) {
		if (column_kind(&entity->fields[i]) == COLUMN_NONE)
			continue;
		builder_add_char(sql, ',');
		parameter_add(sql, ++count);
	}
	builder_add_char(sql, ')');
}

void sql_update(struct text_builder *sql, const struct entity *entity, const uint64_t *fields)
{
	uint32_t count = 3;

	builder_add_string(sql, "UPDATE ");
	sql_name(sql, entity->name);
	builder_add_string(sql, " SET ");
	for (uint32_t i = 0; i < entity->field_count; i++) {
		if (!(fields[i / 64] >> i % 64 & 1))
			continue;
		builder_add_string(sql, count > 3 ? "," : "");
		sql_name(sql, entity->fields[i].name);
		builder_add_char(sql, '=');
		parameter_add(sql, ++count);
	}
	key_condition(sql);
	version_condition(sql);
}

void sql_delete(struct text_builder *sql, const struct entity *entity)
{
	builder_add_string(sql, "DELETE FROM ");
	sql_name(sql, entity->name);
	key_condition(sql);
	version_condition(sql);
}

void sql_referring(struct text_builder *sql, const struct entity *entity, const struct field *field)
{
	builder_add_string(sql, "SELECT ");
	columns_add(sql, entity, "", FIELD_ID);
	builder_add_string(sql, " FROM ");
	sql_name(sql, entity->name);
	builder_add_string(sql, " WHERE _tenant=");
	parameter_add(sql, 1);
	builder_add_string(sql, " AND ");
	sql_name(sql, field->name);
	builder_add_char(sql, '=');
	parameter_add(sql, 2);
	builder_add_string(sql, " ORDER BY id");
}

void sql_double(struct text_builder *sql, const struct dialect *dialect, const struct entity *entity, const uint16_t *fields,
		uint32_t count)
{
	builder_add_string(sql, "SELECT id FROM ");
	sql_name(sql, entity->name);
	builder_add_string(sql, " WHERE _tenant=");
	parameter_add(sql, 1);
	builder_add_string(sql, " AND id<>");
	parameter_add(sql, 2);
	for (uint32_t i = 0; i < count; i++) {
		const struct field *field = &entity->fields[fields[i]];
		builder_add_string(sql, " AND ");
		sql_comparable(sql, dialect, (struct text){0}, field->name, column_is_decimal(field->type));
		builder_add_char(sql, '=');
		parameter_add(sql, 3 + i);
	}
}

/* --- queries */
const struct field *term_field(const struct query *query, const struct schema *schema, const struct query_term *term)
{
	const struct entity *entity = query->entity;
	const struct field *field = NULL;

	(void)schema;
	for (uint32_t i = 0; i < term->path_length; i++) {
		if (!entity || term->path[i] >= entity->field_count)
			return NULL;
		field = &entity->fields[term->path[i]];
		if (column_kind(field) == COLUMN_NONE)
			return NULL;
		entity = field->type->kind == TYPE_REF ? field->type->entity : NULL;
	}
	return field;
}

/* Whether the database's `=` over these says yes wherever the engine's does. */
static bool equality_is_exact(const struct type *type, struct value parameter)
{
	switch (type->kind) {
	case TYPE_BOOL:
		return parameter.kind == VALUE_BOOL;
	case TYPE_INT:
		return parameter.kind == VALUE_INT;
	case TYPE_DATE:
		return parameter.kind == VALUE_DATE;
	case TYPE_TIME:
		return parameter.kind == VALUE_TIME;
	case TYPE_TIME_OF_DAY:
		return parameter.kind == VALUE_TIME_OF_DAY;
	case TYPE_TEXT:
	case TYPE_FILE:
	case TYPE_SECRET:
		return parameter.kind == VALUE_TEXT;
	case TYPE_DECIMAL:
	case TYPE_PERCENT:
		return parameter.kind == VALUE_DECIMAL || parameter.kind == VALUE_PERCENT || parameter.kind == VALUE_INT;
	case TYPE_MONEY:
		return parameter.kind == VALUE_MONEY;
	case TYPE_ENUM:
		return parameter.kind == VALUE_ENUM && parameter.enumeration == type->enumeration;
	case TYPE_REF:
		return parameter.kind == VALUE_REF;
	default:
		return false;
	}
}

/* Enums are kept by name, decimals as text: their order is not the database's. That of refs nobody can ask for in Flow; it is
 * the one in which the engine goes through rows. */
static bool order_is_exact(const struct type *type, struct value parameter)
{
	bool ordered = column_kind_of(type) == COLUMN_INTEGER || type->kind == TYPE_TEXT || type->kind == TYPE_REF;

	return ordered && equality_is_exact(type, parameter);
}

/* `!=` must not be stricter than the engine's: numbers of different kinds are left to it. */
static bool inequality_is_exact(const struct type *type, struct value parameter)
{
	if (type->kind == TYPE_DECIMAL && parameter.kind != VALUE_DECIMAL)
		return false;
	if (type->kind == TYPE_PERCENT && parameter.kind != VALUE_PERCENT)
		return false;
	return equality_is_exact(type, parameter);
}

static bool list_push(const struct type *type, struct value list, struct pushed_term *pushed)
{
	pushed->shape = TERM_LIST;
	for (uint32_t i = 0; i < list.count; i++) {
		if (list.items[i].kind == VALUE_MISSING)
			continue;
		if (!equality_is_exact(type, list.items[i]) || ++pushed->parameter_count > QUERY_LIST_LIMIT)
			return false;
	}
	return true;
}

bool term_push(const struct query *query, const struct schema *schema, uint32_t term, struct value parameter,
	       struct pushed_term *pushed_out)
{
	const struct field *field = term_field(query, schema, &query->terms[term]);
	*pushed_out = (struct pushed_term){.term = term, .shape = TERM_PLAIN, .parameter_count = 1};

	if (!field)
		return false;
	switch (query->terms[term].comparison) {
	case COMPARE_IS_SET:
	case COMPARE_NOT_SET:
		pushed_out->parameter_count = 0;
		return true;
	case COMPARE_EQUAL:
		return equality_is_exact(field->type, parameter);
	case COMPARE_NOT_EQUAL:
		return inequality_is_exact(field->type, parameter);
	case COMPARE_IN:
		pushed_out->parameter_count = 0;
		if (parameter.kind == VALUE_LIST)
			return list_push(field->type, parameter, pushed_out);
		pushed_out->shape = TERM_RANGE;
		pushed_out->parameter_count = 2;
		return parameter.kind == VALUE_RANGE && order_is_exact(field->type, parameter.items[0]) &&
		       order_is_exact(field->type, parameter.items[1]);
	default:
		return order_is_exact(field->type, parameter);
	}
}

/* The alias of the table that holds a term's last field: r for the row itself, j<term>_<hop> behind refs. */
static struct text term_table(struct text_builder *sql, const struct query_term *term, uint32_t number)
{
	if (term->path_length == 1)
		return TEXT("r");
	return text_format(sql->arena, "j%u_%u", number, term->path_length - 1);
}

/* Left joins: `x.y is not set` also holds where x is not set. */
static void joins_add(struct text_builder *sql, const struct query *query, const struct pushed_term *pushed)
{
	const struct query_term *term = &query->terms[pushed->term];
	const struct entity *entity = query->entity;
	struct text from = TEXT("r");

	for (uint32_t i = 0; i + 1 < term->path_length; i++) {
		const struct field *field = &entity->fields[term->path[i]];
		struct text to = text_format(sql->arena, "j%u_%u", pushed->term, i + 1);
		entity = field->type->entity;
		builder_add_string(sql, " LEFT JOIN ");
		sql_name(sql, entity->name);
		builder_format(sql, " %.*s ON %.*s._tenant=r._tenant AND %.*s.id=%.*s.", TEXT_ARGS(to), TEXT_ARGS(to),
			       TEXT_ARGS(to), TEXT_ARGS(from));
		sql_name(sql, field->name);
		from = to;
	}
}

static void comparison_add(struct text_builder *sql, enum comparison comparison, const struct pushed_term *pushed,
			   uint32_t *parameter)
{
	static const char *const operators[] = {
		[COMPARE_EQUAL] = "=",
		[COMPARE_NOT_EQUAL] = "<>",
		[COMPARE_LESS] = "<",
		[COMPARE_LESS_EQUAL] = "<=",
		[COMPARE_GREATER] = ">",
		[COMPARE_GREATER_EQUAL] = ">=",
		[COMPARE_IS_SET] = " IS NOT NULL",
		[COMPARE_NOT_SET] = " IS NULL",
	};

	if (pushed->shape == TERM_PLAIN) {
		builder_add_string(sql, operators[comparison]);
		if (pushed->parameter_count)
			parameter_add(sql, ++*parameter);
		return;
	}
	builder_add_string(sql, pushed->shape == TERM_RANGE ? " BETWEEN " : " IN (");
	for (uint32_t i = 0; i < pushed->parameter_count; i++) {
		if (i)
			builder_add_string(sql, pushed->shape == TERM_RANGE ? " AND " : ",");
		parameter_add(sql, ++*parameter);
	}
	/* an empty list has no item that is equal */
	builder_add_string(sql, pushed->shape == TERM_RANGE ? "" : pushed->parameter_count ? ")" : "NULL)");
}

void sql_query(struct text_builder *sql, const struct dialect *dialect, const struct query *query, const struct schema *schema,
	       const struct pushed_term *pushed, uint32_t pushed_count, uint32_t most)
{
	uint32_t parameter = 1;

	builder_add_string(sql, "SELECT ");
	columns_add(sql, query->entity, "r.", FIELD_ID);
	builder_add_string(sql, " FROM ");
	sql_name(sql, query->entity->name);
	builder_add_string(sql, " r");
	for (uint32_t i = 0; i < pushed_count; i++)
		joins_add(sql, query, &pushed[i]);
	builder_add_string(sql, " WHERE r._tenant=");
	parameter_add(sql, 1);
	for (uint32_t i = 0; i < pushed_count; i++) {
		const struct query_term *term = &query->terms[pushed[i].term];
		const struct field *field = term_field(query, schema, term);
		bool set = term->comparison == COMPARE_IS_SET || term->comparison == COMPARE_NOT_SET;
		builder_add_string(sql, " AND ");
		sql_comparable(sql, dialect, term_table(sql, term, pushed[i].term), field->name,
			       !set && column_is_decimal(field->type));
		comparison_add(sql, term->comparison, &pushed[i], &parameter);
	}
	if (most && query->in_order) {
		builder_add_string(sql, " ORDER BY r.");
		sql_name(sql, query->entity->fields[query->order].name);
	}
	if (most)
		builder_format(sql, " LIMIT %u", most);
}
