/* The outbox as a table. Must never look into arguments or answers. */
#include "runtime/store/outbox.h"

#include "engine/base/check.h"
#include "runtime/store/inside.h"

static const char *const CALL_STATES[CALL_STATE_COUNT] = {
#define CALL_STATE(NAME, name, doc) [CALL_##NAME] = name,
#include "runtime/store/outbox.def"
#undef CALL_STATE
};

const char *call_state_name(enum call_state state)
{
	return CALL_STATES[state];
}

enum status outbox_create_tables(struct store *store, struct error *error)
{
	const char *integer = store->dialect->integer, *text = store->dialect->text, *bytes = store->dialect->bytes;
	struct text_builder sql = {.arena = &store->scratch};

	builder_format(
		&sql,
		"CREATE TABLE IF NOT EXISTS _call(_tenant %s NOT NULL,id %s NOT NULL,state %s NOT NULL,connector %s NOT NULL,"
		"action %s NOT NULL,arguments %s NOT NULL,made_at %s NOT NULL,due_at %s NOT NULL,"
		"attempts %s NOT NULL,sentence %s NOT NULL,answer %s NOT NULL,repeatable %s NOT NULL,traceparent %s NOT NULL,"
		"sent_at %s NOT NULL,request %s NOT NULL,PRIMARY KEY(_tenant,id))%s;",
		integer, bytes, integer, text, text, text, integer, integer, integer, text, text, integer, text, integer, text,
		store->dialect->table_end);
	builder_format(&sql,
		       "CREATE TABLE IF NOT EXISTS _line(_tenant %s NOT NULL,connector %s NOT NULL,sent %s NOT NULL,"
		       "failures %s NOT NULL,down_for %s NOT NULL,not_before %s NOT NULL,trying_until %s NOT NULL,"
		       "PRIMARY KEY(_tenant,connector))%s;",
		       integer, text, bytes, integer, integer, integer, integer, store->dialect->table_end);
	/* what is to be sent and whose lease is over is found by one index */
	builder_add_string(&sql, "CREATE INDEX IF NOT EXISTS _call_line ON _call(_tenant,connector,due_at) WHERE state<=1;"
				 "CREATE INDEX IF NOT EXISTS _call_sent ON _call(_tenant,action,sent_at) WHERE sent_at>0;"
				 "CREATE INDEX IF NOT EXISTS _call_held ON _call(_tenant,made_at) WHERE state=4;");
	return database_execute(store->database, builder_text(&sql).bytes, error);
}

/* --- writing and reading */
#define CALL_COLUMNS                                                                                                           \
	"_tenant,id,state,connector,action,arguments,made_at,due_at,attempts,sentence,answer,repeatable,traceparent,sent_at,"  \
	"request"

enum status call_add(struct store *store, const struct call *call, struct error *error)
{
	arena_reset(&store->scratch);
	const struct sql_value values[] = {sql_integer(call->tenant),   sql_from_id(&store->scratch, call->id),
					   sql_integer(call->state),    sql_text(call->connector),
					   sql_text(call->action),      sql_text(call->arguments),
					   sql_integer(call->made_at),  sql_integer(call->due_at),
					   sql_integer(call->attempts), sql_text(call->sentence),
					   sql_text(call->answer),      sql_integer(call->repeatable),
					   sql_text(call->traceparent), sql_integer(call->sent_at),
					   sql_text(call->request)};

	return store_write(store,
			   "INSERT INTO _call(" CALL_COLUMNS ") VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)",
			   values, 15, error);
}

static void call_read(struct arena *arena, struct statement *statement, struct call *call)
{
	uint32_t at = 0;

	call->tenant = statement_column(statement, at++).integer;
	call->id = id_from_sql(statement_column(statement, at++));
	call->state = (enum call_state)statement_column(statement, at++).integer;
	call->connector = store_text(arena, statement, at++);
	call->action = store_text(arena, statement, at++);
	call->arguments = store_text(arena, statement, at++);
	call->made_at = statement_column(statement, at++).integer;
	call->due_at = statement_column(statement, at++).integer;
	call->attempts = (uint32_t)statement_column(statement, at++).integer;
	call->sentence = store_text(arena, statement, at++);
	call->answer = store_text(arena, statement, at++);
	call->repeatable = (enum repeatable)statement_column(statement, at++).integer;
	call->traceparent = store_text(arena, statement, at++);
	call->sent_at = statement_column(statement, at++).integer;
	call->request = store_text(arena, statement, at++);
}

static enum status calls_read(struct statement *statement, struct arena *arena, call_list *calls_out, struct error *error)
{
	enum status status;
	bool row;

	while ((status = statement_step(statement, &row, error)) == OK && row)
		call_read(arena, statement, list_add(arena, calls_out));
	statement_reset(statement);
	return status;
}

/* One look for each line that has something to send, however much it is; they are found by an index. */
enum status call_lines(struct store *store, struct arena *arena, call_line_list *lines_out, struct error *error)
{
	struct call_line after = {.tenant = INT64_MIN};
	struct statement *statement;
	bool row;
	enum status status =
		store_statement(store,
				"SELECT _tenant,connector,due_at FROM _call WHERE state<=1 AND (_tenant,connector)>(?1,?2) "
				"AND " TENANT_NOT_SUSPENDED " ORDER BY _tenant,connector,due_at LIMIT 1",
				&statement, error);

	*lines_out = (call_line_list){0};
	for (row = true; status == OK && row;) {
		statement_bind(statement, 1, sql_integer(after.tenant));
		statement_bind(statement, 2, sql_text(after.connector));
		status = statement_step(statement, &row, error);
		if (status == OK && row) {
			after = (struct call_line){.tenant = statement_column(statement, 0).integer,
						   .connector = store_text(arena, statement, 1),
						   .due_at = statement_column(statement, 2).integer};
			*list_add(arena, lines_out) = after;
		}
		statement_reset(statement);
	}
	return status;
}

enum status calls_due(struct store *store, struct arena *arena, const struct call_line *line, moment now, uint32_t most,
		      call_list *calls_out, struct error *error)
{
	struct statement *statement;
	enum status status = store_statement(store,
					     "SELECT " CALL_COLUMNS
					     " FROM _call WHERE state<=1 AND _tenant=?1 AND connector=?2 AND due_at<=?3 "
					     "ORDER BY due_at LIMIT ?4",
					     &statement, error);

	*calls_out = (call_list){0};
	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(line->tenant));
	statement_bind(statement, 2, sql_text(line->connector));
	statement_bind(statement, 3, sql_integer(now));
	statement_bind(statement, 4, sql_integer(most));
	return calls_read(statement, arena, calls_out, error);
}

enum status calls_sent(struct store *store, int64_t tenant, struct text action, moment since, int64_t *count_out,
		       struct error *error)
{
	struct statement *statement;
	bool row;
	enum status status = store_statement(
		store, "SELECT count(*) FROM _call WHERE _tenant=?1 AND action=?2 AND sent_at>=?3 AND sent_at>0", &statement,
		error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(tenant));
	statement_bind(statement, 2, sql_text(action));
	statement_bind(statement, 3, sql_integer(since));
	status = statement_step(statement, &row, error);
	if (status == OK)
		*count_out = statement_column(statement, 0).integer;
	statement_reset(statement);
	return status;
}

enum status calls_list(struct store *store, struct arena *arena, const struct call_filter *filter, call_list *calls_out,
		       struct error *error)
{
	struct statement *statement;
	enum status status =
		store_statement(store,
				"SELECT " CALL_COLUMNS " FROM _call WHERE (?1<0 OR state=?1) AND (?2=0 OR _tenant=?3) "
				"AND (?4='' OR connector=?4) ORDER BY made_at DESC,_tenant,id LIMIT ?5",
				&statement, error);

	*calls_out = (call_list){0};
	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(filter->has_state ? (int64_t)filter->state : -1));
	statement_bind(statement, 2, sql_integer(filter->has_tenant));
	statement_bind(statement, 3, sql_integer(filter->tenant));
	statement_bind(statement, 4, sql_text(filter->connector));
	statement_bind(statement, 5, sql_integer(filter->most));
	return calls_read(statement, arena, calls_out, error);
}

enum status calls_made(struct store *store, struct arena *arena, int64_t tenant, moment since, call_list *calls_out,
		       struct error *error)
{
	struct statement *statement;
	enum status status = store_statement(
		store, "SELECT " CALL_COLUMNS " FROM _call WHERE _tenant=?1 AND made_at>=?2 ORDER BY made_at,id", &statement,
		error);

	*calls_out = (call_list){0};
	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(tenant));
	statement_bind(statement, 2, sql_integer(since));
	return calls_read(statement, arena, calls_out, error);
}

static enum status call_one(struct statement *statement, struct arena *arena, struct call *call_out, struct error *error)
{
	call_list calls = {0};
	enum status status = calls_read(statement, arena, &calls, error);

	if (status == OK && calls.count)
		*call_out = calls.items[0];
	return status == OK && !calls.count ? error_set(error, NOT_FOUND, "there is no such call") : status;
}

enum status call_alike(struct store *store, struct arena *arena, const struct call *call, struct call *call_out,
		       struct error *error)
{
	struct statement *statement;
	enum status status = store_statement(store,
					     "SELECT " CALL_COLUMNS " FROM _call WHERE state=0 AND _tenant=?1 AND connector=?2 "
					     "AND action=?3 AND arguments=?4 ORDER BY made_at,id LIMIT 1",
					     &statement, error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(call->tenant));
	statement_bind(statement, 2, sql_text(call->connector));
	statement_bind(statement, 3, sql_text(call->action));
	statement_bind(statement, 4, sql_text(call->arguments));
	return call_one(statement, arena, call_out, error);
}

enum status call_change(struct store *store, const struct call *call, enum call_state from, uint32_t attempts_from,
			struct error *error)
{
	struct statement *statement;
	enum status status =
		store_statement(store,
				"UPDATE _call SET state=?3,due_at=?4,attempts=?5,sentence=?6,answer=?7,sent_at=?10 "
				"WHERE _tenant=?1 AND id=?2 AND state=?8 AND attempts=?9",
				&statement, error);

	if (status != OK)
		return status;
	arena_reset(&store->scratch);
	statement_bind(statement, 1, sql_integer(call->tenant));
	statement_bind(statement, 2, sql_from_id(&store->scratch, call->id));
	statement_bind(statement, 3, sql_integer(call->state));
	statement_bind(statement, 4, sql_integer(call->due_at));
	statement_bind(statement, 5, sql_integer(call->attempts));
	statement_bind(statement, 6, sql_text(call->sentence));
	statement_bind(statement, 7, sql_text(call->answer));
	statement_bind(statement, 8, sql_integer(from));
	statement_bind(statement, 9, sql_integer(attempts_from));
	statement_bind(statement, 10, sql_integer(call->sent_at));
	status = statement_run(statement, error);
	if (status == OK && database_changes(store->database) == 0)
		return error_set(error, CONFLICT, "somebody else is at this call, or has ended it");
	return status;
}

enum status call_find(struct store *store, struct arena *arena, int64_t tenant, struct record_id id, struct call *call_out,
		      struct error *error)
{
	struct statement *statement;
	enum status status =
		store_statement(store, "SELECT " CALL_COLUMNS " FROM _call WHERE _tenant=?1 AND id=?2", &statement, error);

	if (status != OK)
		return status;
	arena_reset(&store->scratch);
	statement_bind(statement, 1, sql_integer(tenant));
	statement_bind(statement, 2, sql_from_id(&store->scratch, id));
	return call_one(statement, arena, call_out, error);
}

/* --- how it stands with a line */
enum status line_take(struct store *store, struct arena *arena, int64_t tenant, struct text connector,
		      struct line_state *state_out, struct error *error)
{
	struct statement *statement;
	bool row = false;
	enum status status = store_statement(store, store->dialect->line_take, &statement, error);

	*state_out = (struct line_state){0};
	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(tenant));
	statement_bind(statement, 2, sql_text(connector));
	status = statement_step(statement, &row, error);
	if (status == OK && row)
		*state_out = (struct line_state){.sent = store_text(arena, statement, 0),
						 .failures = statement_column(statement, 1).integer,
						 .down_for = statement_column(statement, 2).integer,
						 .not_before = statement_column(statement, 3).integer,
						 .trying_until = statement_column(statement, 4).integer};
	statement_reset(statement);
	return status == OK && !row ? NOT_FOUND : status;
}

enum status line_make(struct store *store, int64_t tenant, struct text connector, struct error *error)
{
	struct statement *statement;
	enum status status =
		store_statement(store,
				"INSERT INTO _line(_tenant,connector,sent,failures,down_for,not_before,trying_until) "
				"VALUES(?1,?2,?3,0,0,0,0) ON CONFLICT(_tenant,connector) DO NOTHING",
				&statement, error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(tenant));
	statement_bind(statement, 2, sql_text(connector));
	statement_bind(statement, 3, sql_bytes("", 0));
	return statement_run(statement, error);
}

enum status line_keep(struct store *store, int64_t tenant, struct text connector, const struct line_state *state,
		      struct error *error)
{
	struct statement *statement;
	enum status status =
		store_statement(store,
				"INSERT INTO _line(_tenant,connector,sent,failures,down_for,not_before,trying_until) "
				"VALUES(?1,?2,?3,?4,?5,?6,?7) ON CONFLICT(_tenant,connector) DO UPDATE SET sent=excluded.sent,"
				"failures=excluded.failures,down_for=excluded.down_for,not_before=excluded.not_before,"
				"trying_until=excluded.trying_until",
				&statement, error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(tenant));
	statement_bind(statement, 2, sql_text(connector));
	statement_bind(statement, 3, sql_bytes(state->sent.bytes, state->sent.length));
	statement_bind(statement, 4, sql_integer(state->failures));
	statement_bind(statement, 5, sql_integer(state->down_for));
	statement_bind(statement, 6, sql_integer(state->not_before));
	statement_bind(statement, 7, sql_integer(state->trying_until));
	return statement_run(statement, error);
}
