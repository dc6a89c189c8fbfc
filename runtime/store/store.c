/* The store's door: open, transactions, reading, numbers, seen events, timers, settings. Writes of turns are in apply.c,
 * queries in query.c, the shape of tables in migrate.c. Must never answer differently twice within a turn. */
#include "runtime/store/inside.h"
#include "runtime/store/tenant.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/check.h"
#include "engine/base/json.h"
#include "engine/model/system.h"

static enum status read_row(void *host, struct arena *arena, const struct entity *entity, struct record_id id,
			    struct value *values_out, struct error *error);
static enum status next_number(void *host, struct text key, int64_t *number_out, struct error *error);
static enum status return_numbers(void *host, struct text key, int64_t first, struct error *error);
static enum status event_seen(void *host, struct record_id id, bool *seen_out, struct error *error);
static enum status setting_read(void *host, struct arena *arena, const struct setting *setting, struct value *value_out);

enum status store_open(const char *path, struct store **store_out, struct error *error)
{
	struct store *store = calloc(1, sizeof *store);

	CHECK(store);
	*store_out = NULL;
	arena_init(&store->schema, "store", 0);
	arena_init(&store->scratch, "store call", 0);
	arena_init(&store->chain.arena, "store chain", 0);
	arena_init(&store->batch.arena, "store batch", 0);
	store->access = map_in(&store->schema);
	store->queries = map_in(&store->schema);
	store->words = map_in(&store->schema);
	enum status status = database_open(path, &store->database, error);
	if (status != OK) {
		store_close(store);
		return status;
	}
	store->dialect = database_dialect(store->database);
	*store_out = store;
	return OK;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	database_close(store->database);
	arena_release(&store->schema);
	arena_release(&store->scratch);
	arena_release(&store->chain.arena);
	arena_release(&store->batch.arena);
	free(store);
}

enum status store_copy(struct store *from, struct store *to, struct error *error)
{
	CHECK(from->depth == 0 && to->depth == 0);
	store_forget(to);
	return database_copy(from->database, to->database, error);
}

/* --- confined */
enum status store_confine(struct store *store, struct error *error)
{
	store->is_confined = *store->dialect->api_role;
	return store->is_confined ? database_confine(store->database, store->dialect->api_role, error) : OK;
}

enum status store_show_tenant(struct store *store, int64_t tenant, struct error *error)
{
	char sql[96];
	uint32_t life;

	if (!store->is_confined)
		return OK;
	(void)store_hearing(store, &life);
	if (store->has_shown && store->shown_tenant == tenant && store->shown_life == life)
		return OK;
	snprintf(sql, sizeof sql, "SELECT set_config('stellwerk.tenant','%lld',false)", (long long)tenant);
	enum status status = database_execute(store->database, sql, error);
	(void)store_hearing(store, &life); /* it may have been connected anew for it */
	store->has_shown = status == OK;
	store->shown_tenant = tenant;
	store->shown_life = life;
	return status;
}

/* --- transactions: the outermost is one, the ones inside are savepoints */
static enum status transaction(struct store *store, const char *outermost, const char *inside, struct error *error)
{
	char sql[96];

	if (store->depth == 0)
		return database_execute(store->database, outermost, error);
	snprintf(sql, sizeof sql, inside, store->depth, store->depth);
	return database_execute(store->database, sql, error);
}

static enum status begun(struct store *store, struct error *error)
{
	store->depth++;
	chain_begin(store);
	enum status status = store_show_tenant(store, store->tenant, error);
	if (status != OK)
		store_rollback(store);
	return status;
}

enum status store_begin(struct store *store, struct error *error)
{
	enum status status = transaction(store, store->dialect->begin, "SAVEPOINT turn%u", error);

	return status == OK ? begun(store, error) : status;
}

enum status store_begin_reading(struct store *store, struct error *error)
{
	CHECK(store->depth == 0);
	enum status status = database_execute(store->database, store->dialect->begin_reading, error);

	return status == OK ? begun(store, error) : status;
}

enum status store_commit(struct store *store, struct error *error)
{
	CHECK(store->depth > 0);
	enum status status = store->depth == 1 ? chain_append(store, error) : OK;
	if (status == OK) {
		store->depth--;
		status = transaction(store, "COMMIT", "RELEASE turn%u", error);
		store->depth += status != OK;
	}
	if (status == OK)
		chain_end(store, true);
	else
		store_rollback(store);
	return status;
}

void store_rollback(struct store *store)
{
	struct error error;

	CHECK(store->depth > 0);
	store->depth--;
	store->batch.is_open = false;
	store->has_shown = false; /* what was said within it is taken back with it */
	chain_end(store, false);
	database_reset_all(store->database);
	/* a rollback that fails has already happened: the database gave the transaction up by itself */
	if (transaction(store, "ROLLBACK", "ROLLBACK TO turn%u;RELEASE turn%u", &error) != OK && store->depth == 0)
		database_reset_all(store->database);
}

enum status store_end(struct store *store, enum status status, struct error *error)
{
	if (status == OK)
		return store_commit(store, error);
	store_rollback(store);
	return status;
}

/* --- calls */
void store_listen(struct store *store, const char *who)
{
	database_listen(store->database, who);
}

enum status store_call(struct store *store, const char *who, struct error *error)
{
	char sql[96];

	if (!store_is_remote(store))
		return OK;
	snprintf(sql, sizeof sql, "NOTIFY \"stellwerk %s\"", who);
	return database_execute(store->database, sql, error);
}

int store_hearing(const struct store *store, uint32_t *life_out)
{
	return database_hearing(store->database, life_out);
}

bool store_heard(struct store *store)
{
	return database_heard(store->database);
}

void store_use_tenant(struct store *store, int64_t tenant)
{
	store->tenant = tenant;
}

void store_recover(struct store *store)
{
	char sql[64];
	struct error error;

	if (*store->dialect->references_inline) /* SQLite takes back only the statement */
		return;
	if (store->depth > 1)
		snprintf(sql, sizeof sql, "ROLLBACK TO turn%u", store->depth - 1);
	else
		snprintf(sql, sizeof sql, "ROLLBACK;%s", store->dialect->begin);
	if (database_execute(store->database, sql, &error) != OK)
		database_reset_all(store->database); /* the connection is gone; what is asked next says so */
}

void store_check_late(struct store *store, bool late)
{
	store->check_late = late;
}

void store_turn(struct store *store, moment at, struct record_id event)
{
	store->at = at;
	store->event = event;
}

bool store_is_remote(const struct store *store)
{
	return *store->dialect->is_remote;
}

void store_has_programs(struct store *store, store_has_fn *has, void *context)
{
	store->has_program = has;
	store->has_context = context;
}

static bool runs_elsewhere(void *host, uint64_t program)
{
	const struct store *store = host;

	return store->has_program && store->has_program(store->has_context, program);
}

void store_ports(struct store *store, struct ports *ports)
{
	*ports = (struct ports){.host = store,
				.read = read_row,
				.query = store_query,
				.next_number = next_number,
				.return_numbers = return_numbers,
				.event_seen = event_seen,
				.setting = setting_read,
				.runs_elsewhere = runs_elsewhere};
}

void store_refuse_truncate(struct text_builder *sql, const struct dialect *dialect, const char *table)
{
	if (*dialect->truncate_refused)
		builder_format(sql, "%s %s_truncate BEFORE TRUNCATE ON %s%s", dialect->trigger_make, table, table,
			       dialect->truncate_refused);
}

enum status store_create_own_tables(struct store *store, struct error *error)
{
	const char *integer = store->dialect->integer, *text = store->dialect->text, *bytes = store->dialect->bytes;
	const char *end = store->dialect->table_end;
	struct text_builder sql = {.arena = &store->scratch};

	builder_add_string(&sql, store->dialect->lock_schema);
	builder_format(&sql, "CREATE TABLE IF NOT EXISTS _meta(name %s PRIMARY KEY,value %s NOT NULL)%s;", text, text, end);
	builder_format(&sql,
		       "CREATE TABLE IF NOT EXISTS _event(_tenant %s NOT NULL,id %s NOT NULL,kind %s NOT NULL,at %s NOT NULL,"
		       "PRIMARY KEY(_tenant,id))%s;",
		       integer, bytes, text, integer, end);
	builder_format(&sql,
		       "CREATE TABLE IF NOT EXISTS _sequence(_tenant %s NOT NULL,name %s NOT NULL,number %s NOT NULL,"
		       "PRIMARY KEY(_tenant,name))%s;",
		       integer, text, integer, end);
	builder_format(&sql,
		       "CREATE TABLE IF NOT EXISTS _setting(_tenant %s NOT NULL,name %s NOT NULL,value %s NOT NULL,"
		       "PRIMARY KEY(_tenant,name))%s;",
		       integer, text, text, end);
	builder_format(&sql,
		       "CREATE TABLE IF NOT EXISTS _history(number %s,_tenant %s NOT NULL,at %s NOT NULL,entity %s NOT NULL,"
		       "record %s NOT NULL,change %s NOT NULL,event %s NOT NULL,rule %s,before %s,after %s);"
		       "CREATE INDEX IF NOT EXISTS _history_record ON _history(_tenant,record,number);",
		       store->dialect->serial, integer, integer, text, bytes, text, bytes, text, text, text);
	/* append only, whoever tries */
	const struct dialect *dialect = store->dialect;
	builder_add_string(&sql, dialect->trigger_functions);
	builder_format(&sql, "%s _history_update BEFORE UPDATE ON _history%s%s", dialect->trigger_make, dialect->trigger_each,
		       dialect->trigger_append_only);
	builder_format(&sql, "%s _history_delete BEFORE DELETE ON _history%s%s", dialect->trigger_make, dialect->trigger_each,
		       dialect->trigger_append_only);
	store_refuse_truncate(&sql, dialect, "_history");
	enum status status = database_execute(store->database, builder_text(&sql).bytes, error);
	if (status == OK)
		status = chain_create_tables(store, error);
	if (status == OK)
		status = tenant_create_tables(store, error);
	if (status == OK)
		status = secret_create_tables(store, error);
	if (status == OK)
		status = stack_create_tables(store, error);
	if (status == OK)
		status = journal_create_tables(store, error);
	if (status == OK)
		status = outbox_create_tables(store, error);
	if (status == OK)
		status = deaths_create_tables(store, error);
	if (status == OK)
		status = later_columns_add(store, error);
	return status == OK ? database_execute(store->database, store->dialect->guard, error) : status;
}

/* --- statements */
enum status store_prepare(struct store *store, struct text_builder *sql, struct statement **statement_out, struct error *error)
{
	return database_prepare(store->database, builder_text(sql), statement_out, error);
}

enum status store_statement(struct store *store, const char *sql, struct statement **statement_out, struct error *error)
{
	struct text key = text_from(sql);
	*statement_out = map_get(&store->words, key);

	if (*statement_out)
		return OK;
	enum status status = database_prepare(store->database, key, statement_out, error);
	if (status == OK)
		map_put(&store->words, key, *statement_out);
	return status;
}

enum status store_number(struct store *store, const char *sql, int64_t *number_out, struct error *error)
{
	struct statement *statement;
	bool row = false;
	enum status status = store_statement(store, sql, &statement, error);

	if (status != OK)
		return status;
	statement_reset(statement);
	status = statement_step(statement, &row, error);
	bool found = status == OK && row && statement_column(statement, 0).kind == SQL_INTEGER;
	if (found)
		*number_out = statement_column(statement, 0).integer;
	statement_reset(statement);
	return status == OK && !found ? NOT_FOUND : status;
}

struct text store_text(struct arena *arena, struct statement *statement, uint32_t column)
{
	struct sql_value value = statement_column(statement, column);

	return value.kind == SQL_NULL ? TEXT("") : text_copy(arena, value.text);
}

static void statements_close(struct map *map)
{
	for (uint32_t i = 0; i < map->capacity; i++)
		if (map->entries[i].value)
			statement_close(map->entries[i].value);
}

void store_forget(struct store *store)
{
	for (uint32_t i = 0; i < store->access.capacity; i++) {
		struct entity_access *access = store->access.entries[i].value;
		if (!access)
			continue;
		struct statement *each[] = {access->read, access->insert, access->erase};
		for (int s = 0; s < 3; s++)
			if (each[s])
				statement_close(each[s]);
		statements_close(&access->updates);
	}
	statements_close(&store->queries);
	statements_close(&store->words);
	arena_reset(&store->schema);
	store->access = map_in(&store->schema);
	store->queries = map_in(&store->schema);
	store->words = map_in(&store->schema);
}

void store_forget_programs(struct store *store)
{
	store_forget(store);
	store->program = NULL;
}

void store_bind_key(struct store *store, struct statement *statement, struct record_id id)
{
	statement_bind(statement, 1, sql_integer(store->tenant));
	statement_bind(statement, 2, sql_from_id(&store->scratch, id));
}

enum status store_write(struct store *store, const char *sql, const struct sql_value *values, uint32_t count,
			struct error *error)
{
	struct statement *statement;
	enum status status = store_statement(store, sql, &statement, error);

	if (status != OK)
		return status;
	if (store->batch.is_open) {
		batch_queue(store, statement, values, count);
		return OK;
	}
	for (uint32_t i = 0; i < count; i++)
		statement_bind(statement, i + 1, values[i]);
	status = statement_run(statement, error);
	if (status == OK && database_changes(store->database) == 0)
		return error_set(error, CONFLICT, "nothing was written: it is there already, or somebody else has changed it");
	return status;
}

void store_use_program(struct store *store, const struct program *program)
{
	store->program = program;
}

/* By the entity itself, not its index: programs of several tenants number theirs differently. */
struct entity_access *store_access(struct store *store, const struct entity *entity)
{
	struct entity_access *access = map_get(&store->access, (struct text){(const char *)&entity, sizeof entity});

	if (access)
		return access;
	access = arena_new(&store->schema, struct entity_access);
	access->entity = entity;
	access->updates = map_in(&store->schema);
	map_put(&store->access, (struct text){(const char *)&access->entity, sizeof entity}, access);
	return access;
}

/* --- what an engine asks */
enum status store_read_statement(struct store *store, const struct entity *entity, struct statement **statement_out,
				 struct error *error)
{
	struct statement **read = &store_access(store, entity)->read;
	struct text_builder sql = {.arena = &store->scratch};
	enum status status = OK;

	if (!*read) {
		sql_read(&sql, entity);
		status = store_prepare(store, &sql, read, error);
	}
	*statement_out = *read;
	return status;
}

static enum status read_row(void *host, struct arena *arena, const struct entity *entity, struct record_id id,
			    struct value *values_out, struct error *error)
{
	struct store *store = host;
	struct statement *statement;
	bool row;

	if (store->batch.is_open)
		return batch_read(store, arena, entity, id, values_out, error);
	arena_reset(&store->scratch);
	enum status status = store_read_statement(store, entity, &statement, error);
	if (status != OK)
		return status;
	store_bind_key(store, statement, id);
	status = statement_step(statement, &row, error);
	if (status == OK)
		status = row ? row_from_sql(arena, entity, statement, values_out, error) : NOT_FOUND;
	statement_reset(statement);
	return status;
}

static enum status next_number(void *host, struct text key, int64_t *number_out, struct error *error)
{
	struct store *store = host;
	struct statement *statement;
	bool row = false;

	if (store->batch.is_open)
		return batch_next_number(store, key, number_out, error);
	enum status status =
		store_statement(store,
				"INSERT INTO _sequence(_tenant,name,number) VALUES(?1,?2,1) "
				"ON CONFLICT(_tenant,name) DO UPDATE SET number=_sequence.number+1 RETURNING number",
				&statement, error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(store->tenant));
	statement_bind(statement, 2, sql_text(key));
	status = statement_step(statement, &row, error);
	if (status == OK && row)
		*number_out = statement_column(statement, 0).integer;
	statement_reset(statement);
	return status;
}

static enum status return_numbers(void *host, struct text key, int64_t first, struct error *error)
{
	struct store *store = host;
	struct statement *statement;

	if (store->batch.is_open) {
		batch_return_numbers(store, key, first);
		return OK;
	}
	enum status status =
		store_statement(store, "UPDATE _sequence SET number=?3-1 WHERE _tenant=?1 AND name=?2", &statement, error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(store->tenant));
	statement_bind(statement, 2, sql_text(key));
	statement_bind(statement, 3, sql_integer(first));
	return statement_run(statement, error);
}

#define EVENT_SEEN "SELECT 1 FROM _event WHERE _tenant=?1 AND id=?2"
#define EVENT_ADD_NEW "INSERT INTO _event(_tenant,id,kind,at) VALUES(?1,?2,?3,?4)" /* with others of which each must be new */
#define EVENT_ADD EVENT_ADD_NEW " ON CONFLICT(_tenant,id) DO NOTHING"

static enum status event_seen(void *host, struct record_id id, bool *seen_out, struct error *error)
{
	return store_has(host, EVENT_SEEN, id, seen_out, error);
}

enum status store_has(struct store *store, const char *sql, struct record_id id, bool *found_out, struct error *error)
{
	struct statement *statement;

	if (store->batch.is_open)
		return batch_recall(store, sql, id, found_out, error);
	enum status status = store_statement(store, sql, &statement, error);
	if (status != OK)
		return status;
	arena_reset(&store->scratch);
	store_bind_key(store, statement, id);
	status = statement_step(statement, found_out, error);
	statement_reset(statement);
	return status;
}

enum status store_event_is_new(struct store *store, const struct event *event, bool *is_new_out, struct error *error)
{
	bool seen = false;
	enum status status = store->batch.is_open ? event_seen(store, event->id, &seen, error) : OK;

	arena_reset(&store->scratch);
	const struct sql_value values[] = {sql_integer(store->tenant), sql_from_id(&store->scratch, event->id),
					   sql_text(event->kind ? event->kind->name : TEXT("")), sql_integer(event->at)};
	*is_new_out = false;
	store_turn(store, event->at, event->id);
	if (status != OK || seen)
		return status;
	status = store_write(store, store->batch.is_open ? EVENT_ADD_NEW : EVENT_ADD, values, 4, error);
	if (status == OK && store->batch.is_open)
		batch_remember(store, EVENT_SEEN, event->id);
	*is_new_out = status == OK;
	return status == CONFLICT ? OK : status;
}

enum status store_next_timer(struct store *store, moment until, struct record_id *timer_out, moment *due_out,
			     struct error *error)
{
	struct statement *statement;
	bool row = false;
	enum status status = store_statement(store,
					     "SELECT id,due_at FROM timer WHERE _tenant=?1 AND due_at<=?2 "
					     "ORDER BY due_at,id LIMIT 1",
					     &statement, error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(store->tenant));
	statement_bind(statement, 2, sql_integer(until));
	status = statement_step(statement, &row, error);
	if (status == OK && row) {
		*timer_out = id_from_sql(statement_column(statement, 0));
		*due_out = statement_column(statement, 1).integer;
	}
	statement_reset(statement);
	return status == OK && !row ? NOT_FOUND : status;
}

#define DUE_SQL(which)                                                                                                         \
	"SELECT _tenant,id,due_at FROM timer WHERE due_at<=?1 AND " TENANT_NOT_SUSPENDED which " ORDER BY due_at,id LIMIT ?2"
_Static_assert(TIMER_SLICE == 5, "as it is written here");

enum status store_timers_due(struct store *store, struct arena *arena, enum due_kind kind, moment until, uint32_t most,
			     due_list *due_out, struct error *error)
{
	static const char *const SQL[] = {
		[DUE_ALL] = DUE_SQL(""), [DUE_BUT_SLICES] = DUE_SQL(" AND kind<>5"), [DUE_SLICES] = DUE_SQL(" AND kind=5")};
	struct statement *statement;
	bool row;
	enum status status = store_statement(store, SQL[kind], &statement, error);

	*due_out = (due_list){0};
	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(until));
	statement_bind(statement, 2, sql_integer(most));
	while ((status = statement_step(statement, &row, error)) == OK && row)
		*list_add(arena, due_out) =
			(struct due_timer){statement_column(statement, 0).integer, id_from_sql(statement_column(statement, 1)),
					   statement_column(statement, 2).integer};
	statement_reset(statement);
	return status;
}

enum status store_timer_next(struct store *store, moment *due_out, struct error *error)
{
	return store_number(store, "SELECT due_at FROM timer WHERE " TENANT_NOT_SUSPENDED " ORDER BY due_at LIMIT 1", due_out,
			    error);
}

enum status store_timer_put_off(struct store *store, struct record_id timer, moment until, struct error *error)
{
	struct statement *statement;
	enum status status = store_statement(store, "UPDATE timer SET due_at=?3,version=version+1 WHERE _tenant=?1 AND id=?2",
					     &statement, error);

	if (status != OK)
		return status;
	arena_reset(&store->scratch);
	store_bind_key(store, statement, timer);
	statement_bind(statement, 3, sql_integer(until));
	return statement_run(statement, error);
}

enum status store_timer_come_back(struct store *store, struct record_id timer, moment due, struct error *error)
{
	struct statement *statement;
	enum status status =
		store_statement(store, "UPDATE timer SET due_at=?3,version=version+1 WHERE _tenant=?1 AND id=?2 AND due_at=?4",
				&statement, error);

	if (status != OK)
		return status;
	arena_reset(&store->scratch);
	store_bind_key(store, statement, timer);
	statement_bind(statement, 3, sql_integer(due));
	statement_bind(statement, 4, sql_integer(TIMER_ASIDE));
	return statement_run(statement, error);
}

enum status store_latest(struct store *store, moment *at_out, struct error *error)
{
	return store_number(store, "SELECT at FROM _history ORDER BY number DESC LIMIT 1", at_out, error);
}

/* --- settings: kept in a list of one, so that every type has the same form */
enum status store_set_setting(struct store *store, const struct setting *setting, struct value value, struct error *error)
{
	const struct type list = {.kind = TYPE_LIST, .element = setting->type};
	const struct value items = {.kind = VALUE_LIST, .count = 1, .items = &value};

	arena_reset(&store->scratch);
	return tenant_setting_put(
		store, &(struct tenant_setting){setting->name, sql_from_value(&store->scratch, items, &list).text}, error);
}

static enum status setting_text(struct store *store, struct arena *arena, struct text name, struct text *value_out)
{
	struct statement *statement;
	struct error error;
	bool row = false;

	if (store->batch.is_open)
		return batch_setting(store, name, value_out, &error);
	enum status status =
		store_statement(store, "SELECT value FROM _setting WHERE _tenant=?1 AND name=?2", &statement, &error);
	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(store->tenant));
	statement_bind(statement, 2, sql_text(name));
	status = statement_step(statement, &row, &error);
	if (status == OK && row)
		*value_out = store_text(arena, statement, 0);
	statement_reset(statement);
	return status == OK && !row ? NOT_FOUND : status;
}

static enum status setting_read(void *host, struct arena *arena, const struct setting *setting, struct value *value_out)
{
	struct error error;
	const struct type list = {.kind = TYPE_LIST, .element = setting->type};
	struct value items;
	struct text text;
	enum status status = setting_text(host, arena, setting->name, &text);

	if (status == OK)
		status = value_from_sql(arena, &list, sql_text(text), &items, &error);
	if (status != OK)
		return status;
	*value_out = items.kind == VALUE_LIST && items.count == 1 ? items.items[0] : value_missing();
	return value_out->kind == VALUE_MISSING ? NOT_FOUND : OK;
}
