/* The tenants of a store, by name and number. Must never touch what belongs to one of them: that is rows, and they are its own.
 */
#include "runtime/store/tenant.h"

#include "runtime/store/inside.h"

enum status tenant_create_tables(struct store *store, struct error *error)
{
	const char *integer = store->dialect->integer, *text = store->dialect->text;
	struct text_builder sql = {.arena = &store->scratch};

	builder_format(&sql,
		       "CREATE TABLE IF NOT EXISTS _tenant(number %s PRIMARY KEY,name %s NOT NULL UNIQUE,state %s NOT NULL,"
		       "created_at %s NOT NULL,stack %s);"
		       "INSERT INTO _tenant(number,name,state,created_at) VALUES(0,'default',0,0) ON CONFLICT DO NOTHING;"
		       "CREATE INDEX IF NOT EXISTS _tenant_suspended ON _tenant(number) WHERE state=1;"
		       "INSERT INTO _meta(name,value) VALUES('generation','1') ON CONFLICT DO NOTHING;",
		       integer, text, integer, integer, integer);
	return database_execute(store->database, builder_text(&sql).bytes, error);
}

enum status store_make_own_tables(struct store *store, struct error *error)
{
	enum status status = store_begin(store, error);

	if (status != OK)
		return status;
	status = store_create_own_tables(store, error);
	return store_end(store, status, error);
}

/* --- the generation */
enum status store_generation(struct store *store, int64_t *generation_out, struct error *error)
{
	return store_number(store, "SELECT CAST(value AS bigint) FROM _meta WHERE name='generation'", generation_out, error);
}

enum status store_generation_next(struct store *store, struct error *error)
{
	return database_execute(store->database,
				"UPDATE _meta SET value=CAST(CAST(value AS bigint)+1 AS text) WHERE name='generation'", error);
}

/* --- tenants */
const char *tenant_state_name(enum tenant_state state)
{
	return state == TENANT_ACTIVE ? "active" : "suspended";
}

static bool is_name(struct text name)
{
	for (uint32_t i = 0; i < name.length; i++) {
		char c = name.bytes[i];
		bool letter = c >= 'a' && c <= 'z';
		if (!letter && (!i || !((c >= '0' && c <= '9') || c == '-' || c == '_')))
			return false;
	}
	return name.length && name.length <= TENANT_NAME_MOST;
}

enum status tenant_create(struct store *store, struct text name, moment now, int64_t *number_out, struct error *error)
{
	struct statement *statement;
	bool row = false;

	if (!is_name(name))
		return error_set(
			error, INVALID,
			"`%.*s` can not be a tenant's name: that has lower-case letters, digits, `-` and `_`, begins with a "
			"letter and is no longer than %d",
			TEXT_ARGS(text_slice(name, 0, name.length > TENANT_NAME_MOST ? TENANT_NAME_MOST : name.length)),
			TENANT_NAME_MOST);
	enum status status =
		store_statement(store,
				"INSERT INTO _tenant(number,name,state,created_at) "
				"SELECT max(number)+1,?1,0,?2 FROM _tenant WHERE true ON CONFLICT(name) DO NOTHING "
				"RETURNING number",
				&statement, error);
	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_text(name));
	statement_bind(statement, 2, sql_integer(now));
	status = statement_step(statement, &row, error);
	if (status == OK && row)
		*number_out = statement_column(statement, 0).integer;
	statement_reset(statement);
	if (status == OK && !row)
		return error_set(error, CONFLICT, "there is a tenant `%.*s` already", TEXT_ARGS(name));
	return status == OK ? store_generation_next(store, error) : status;
}

static void tenant_read(struct arena *arena, struct statement *statement, struct tenant *tenant)
{
	tenant->number = statement_column(statement, 0).integer;
	tenant->name = store_text(arena, statement, 1);
	tenant->state = (enum tenant_state)statement_column(statement, 2).integer;
	tenant->created_at = statement_column(statement, 3).integer;
	tenant->has_stack = statement_column(statement, 4).kind == SQL_INTEGER;
	tenant->stack = tenant->has_stack ? (uint64_t)statement_column(statement, 4).integer : 0;
}

enum status tenant_find(struct store *store, struct arena *arena, struct text name, struct tenant *tenant_out,
			struct error *error)
{
	struct statement *statement;
	bool row = false;
	enum status status = store_statement(store, "SELECT number,name,state,created_at,stack FROM _tenant WHERE name=?1",
					     &statement, error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_text(name));
	status = statement_step(statement, &row, error);
	if (status == OK && row)
		tenant_read(arena, statement, tenant_out);
	statement_reset(statement);
	return status == OK && !row ? tenant_unknown(name, error) : status;
}

enum status tenant_unknown(struct text name, struct error *error)
{
	return error_set(error, NOT_FOUND, "there is no tenant `%.*s`",
			 TEXT_ARGS(text_slice(name, 0, name.length > TENANT_NAME_MOST ? TENANT_NAME_MOST : name.length)));
}

enum status tenants_read(struct store *store, struct arena *arena, known_tenants *tenants_out, struct error *error)
{
	struct statement *statement;
	bool row;
	enum status status = store_statement(store, "SELECT number,name,state,created_at,stack FROM _tenant ORDER BY number",
					     &statement, error);

	*tenants_out = (known_tenants){0};
	if (status != OK)
		return status;
	statement_reset(statement);
	while ((status = statement_step(statement, &row, error)) == OK && row)
		tenant_read(arena, statement, list_add(arena, tenants_out));
	statement_reset(statement);
	return status;
}

const struct tenant *tenant_numbered(const known_tenants *tenants, int64_t number)
{
	for (uint32_t i = 0; i < tenants->count; i++)
		if (tenants->items[i].number == number)
			return &tenants->items[i];
	return NULL;
}

enum status tenant_set_state(struct store *store, const struct tenant *tenant, enum tenant_state state, struct error *error)
{
	struct statement *statement;
	enum status status =
		store_statement(store, "UPDATE _tenant SET state=?2 WHERE number=?1 AND state<>?2", &statement, error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(tenant->number));
	statement_bind(statement, 2, sql_integer(state));
	status = statement_run(statement, error);
	if (status == OK && !database_changes(store->database))
		return error_set(error, CONFLICT, "the tenant `%.*s` is %s already", TEXT_ARGS(tenant->name),
				 tenant_state_name(state));
	return status == OK ? store_generation_next(store, error) : status;
}

/* --- what they have set */
enum status tenant_settings_read(struct store *store, struct arena *arena, tenant_settings *settings_out, struct error *error)
{
	struct statement *statement;
	bool row;
	enum status status =
		store_statement(store, "SELECT name,value FROM _setting WHERE _tenant=?1 ORDER BY name", &statement, error);

	*settings_out = (tenant_settings){0};
	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(store->tenant));
	while ((status = statement_step(statement, &row, error)) == OK && row)
		*list_add(arena, settings_out) =
			(struct tenant_setting){store_text(arena, statement, 0), store_text(arena, statement, 1)};
	statement_reset(statement);
	return status;
}

enum status tenant_setting_put(struct store *store, const struct tenant_setting *setting, struct error *error)
{
	struct statement *statement;
	enum status status = store_statement(store,
					     "INSERT INTO _setting(_tenant,name,value) VALUES(?1,?2,?3) "
					     "ON CONFLICT(_tenant,name) DO UPDATE SET value=excluded.value",
					     &statement, error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(store->tenant));
	statement_bind(statement, 2, sql_text(setting->name));
	statement_bind(statement, 3, sql_text(setting->value));
	return statement_run(statement, error);
}

enum status tenant_setting_unset(struct store *store, struct text name, struct error *error)
{
	struct statement *statement;
	enum status status = store_statement(store, "DELETE FROM _setting WHERE _tenant=?1 AND name=?2", &statement, error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(store->tenant));
	statement_bind(statement, 2, sql_text(name));
	status = statement_run(statement, error);
	if (status == OK && !database_changes(store->database))
		return error_set(error, NOT_FOUND, "the setting `%.*s` has its default already", TEXT_ARGS(name));
	return status;
}
