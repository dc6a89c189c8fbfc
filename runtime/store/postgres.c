/* PostgreSQL through libpq, and the only file that sees it. Knows nothing of entities, rows or turns. Statements are prepared
 * on the server when they are first run, for only then the types of their parameters are known. Values travel in binary. */
#include <arpa/inet.h>
#include <endian.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "engine/base/check.h"
#include "runtime/store/driver.h"
#include "runtime/store/many.h"
#include "runtime/store/sql.h"

enum { PLANS_FIRST = 16, PLANS_LAST = 100000 }; /* rows that are written until plans are made anew: first, and at most */

struct postgres {
	struct database database;
	PGconn *connection;
	uint32_t life; /* counts connections: what was prepared in an earlier one is gone */
	uint32_t named;
	enum constraint constraint;
	int64_t changes;
	int64_t written, renew_at; /* rows */
	char channel[64];          /* what it listens for; empty: nothing */
	char role[64];             /* what it may; empty: what its user may */
	bool is_confined;          /* to it, over this connection */
	bool open;                 /* a transaction was begun */
	bool wrote;                /* since references were last checked */
	struct postgres_statement *statements;
};

/* What the server knows under a name. */
struct prepared {
	char name[16];
	uint32_t life; /* of the connection it was prepared in; 0: never */
};

struct postgres_statement {
	struct statement statement;
	struct postgres_statement *next, **link;
	struct text sql; /* as it was given */
	struct prepared one, many;
	bool reads;
	Oid *types; /* of the parameters, known when `one` is prepared */
	/* bound to many: */
	const struct sql_value *rows_bound;
	uint32_t row_count; /* 0: it is bound to one */
	uint32_t count, room;
	struct sql_value *values;
	int64_t *numbers; /* of the INTEGERs, in network order */
	PGresult *result; /* NULL: not run */
	int row, rows;
};

static enum status failed(struct postgres *postgres, const PGresult *result, struct error *error);

static struct postgres *postgres_of(const struct database *database)
{
	return (struct postgres *)database;
}

static struct postgres_statement *statement_of(const struct statement *statement)
{
	return (struct postgres_statement *)statement;
}

/* --- the connection */
static void nothing_said(void *context, const PGresult *result)
{
	(void)context;
	(void)result; /* "table exists already, skipping" */
}

/* Its errors are about the connection, and libpq ends them with a newline. */
static enum status unreachable(struct postgres *postgres, struct error *error)
{
	const char *said = PQerrorMessage(postgres->connection);
	int length = (int)strcspn(said, "\n");

	return error_set(error, RETRY, "the database can not be reached: %.*s", length, said);
}

static void listen_now(struct postgres *postgres)
{
	char sql[96];

	if (!*postgres->channel)
		return;
	snprintf(sql, sizeof sql, "LISTEN \"%s\"", postgres->channel);
	PQclear(PQexec(postgres->connection, sql));
}

static enum status confine_now(struct postgres *postgres, struct error *error)
{
	char sql[96];

	if (!*postgres->role || postgres->is_confined)
		return OK;
	snprintf(sql, sizeof sql, "SET ROLE \"%s\"", postgres->role);
	PGresult *result = PQexec(postgres->connection, sql);
	postgres->is_confined = PQresultStatus(result) == PGRES_COMMAND_OK;
	enum status status = postgres->is_confined ? OK : failed(postgres, result, error);
	PQclear(result);
	return status;
}

static enum status settle_in(struct postgres *postgres, struct error *error)
{
	postgres->life++;
	postgres->wrote = postgres->is_confined = false;
	PQsetNoticeReceiver(postgres->connection, nothing_said, NULL);
	/* A plan for all values is good enough, and made once. Every table is found by an index that begins with the tenant; a
	 * table that is still empty must not teach the planner otherwise, for the plan stays when it has grown. */
	PQclear(PQexec(postgres->connection, "SET client_min_messages=warning; SET plan_cache_mode=force_generic_plan;"
					     "SET enable_seqscan=off"));
	listen_now(postgres);
	return confine_now(postgres, error);
}

static void close_connection(struct database *database);

/* pg_stat_activity shows by it which role a connection is of. */
static PGconn *connect_as_role(const char *where)
{
	char role[16] = "", name[32];

	prctl(PR_GET_NAME, role);
	snprintf(name, sizeof name, "stellwerk %s", role);
	return PQconnectdbParams((const char *const[]){"dbname", "fallback_application_name", NULL},
				 (const char *const[]){where, name, NULL}, 1);
}

static enum status open_connection(const char *where, struct database **database_out, struct error *error)
{
	struct postgres *postgres = calloc(1, sizeof *postgres);

	CHECK(postgres);
	*database_out = NULL;
	postgres->database.driver = &postgres_driver;
	postgres->connection = connect_as_role(where);
	if (PQstatus(postgres->connection) != CONNECTION_OK) {
		enum status status = unreachable(postgres, error);
		close_connection(&postgres->database);
		return status;
	}
	*database_out = &postgres->database;
	return settle_in(postgres, error);
}

static void close_statement(struct statement *closed);

static void close_connection(struct database *database)
{
	struct postgres *postgres = postgres_of(database);

	while (postgres->statements)
		close_statement(&postgres->statements->statement);
	PQfinish(postgres->connection);
	free(postgres);
}

/* A connection that was lost is made anew at the next begin, or the next question outside a transaction. What was begun on the
 * lost one is lost with it: until its rollback all of it fails. */
static enum status reach(struct postgres *postgres, struct error *error)
{
	if (postgres->open)
		return OK;
	if (PQstatus(postgres->connection) == CONNECTION_OK)
		return confine_now(postgres, error);
	PQreset(postgres->connection);
	if (PQstatus(postgres->connection) != CONNECTION_OK)
		return unreachable(postgres, error);
	return settle_in(postgres, error);
}

/* Plans are made for tables as they are; while they grow from nothing that changes quickly, later slowly. */
static void plans_renew(struct postgres *postgres)
{
	if (postgres->written < postgres->renew_at)
		return;
	postgres->renew_at = postgres->written + (postgres->written < PLANS_FIRST  ? PLANS_FIRST
						  : postgres->written < PLANS_LAST ? postgres->written
										   : PLANS_LAST);
	PQclear(PQexec(postgres->connection, "DISCARD PLANS"));
}

static enum status execute(struct database *database, const char *sql, struct error *error)
{
	struct postgres *postgres = postgres_of(database);
	struct text text = text_from(sql);
	enum status status = reach(postgres, error);

	if (status != OK)
		return status;
	if (text_is(text, "COMMIT") || text_is(text, "ROLLBACK"))
		postgres->open = false;
	PGresult *result = PQexec(postgres->connection, sql);
	ExecStatusType code = PQresultStatus(result);
	if (code != PGRES_COMMAND_OK && code != PGRES_TUPLES_OK && code != PGRES_EMPTY_QUERY)
		status = failed(postgres, result, error);
	else if (text_is(text, "COMMIT") && strcmp(PQcmdStatus(result), "COMMIT") != 0) /* it had failed before: all is gone */
		status = error_set(error, RETRY, "the database took the transaction back");
	PQclear(result);
	if (status == OK && text_is(text, "COMMIT"))
		plans_renew(postgres);
	postgres->open = postgres->open || (status == OK && text_starts(text, TEXT("BEGIN")));
	return status;
}

/* --- references are deferred: asking for them means checking them now */
static enum status check_references(struct database *database, bool on, struct error *error)
{
	(void)database;
	(void)on;
	(void)error;
	return OK; /* migrations take the constraints away and put them back: sql_references_drop */
}

static bool has_open_references(struct database *database)
{
	struct postgres *postgres = postgres_of(database);
	struct error error;

	if (!postgres->wrote)
		return false;
	postgres->wrote = false;
	return execute(database, "SET CONSTRAINTS ALL IMMEDIATE;SET CONSTRAINTS ALL DEFERRED", &error) != OK &&
	       postgres->constraint == CONSTRAINT_REFERENCE;
}

static enum constraint constraint_of(const struct database *database)
{
	return postgres_of(database)->constraint;
}

static int64_t changes_of(const struct database *database)
{
	return postgres_of(database)->changes;
}

static enum status confine(struct database *database, const char *role, struct error *error)
{
	struct postgres *postgres = postgres_of(database);

	snprintf(postgres->role, sizeof postgres->role, "%s", role);
	return reach(postgres, error);
}

/* --- calls */
static void listen_for(struct database *database, const char *who)
{
	struct postgres *postgres = postgres_of(database);

	snprintf(postgres->channel, sizeof postgres->channel, "stellwerk %s", who);
	listen_now(postgres);
}

static int hearing(const struct database *database, uint32_t *life_out)
{
	const struct postgres *postgres = postgres_of(database);

	*life_out = postgres->life;
	return PQstatus(postgres->connection) == CONNECTION_OK ? PQsocket(postgres->connection) : -1;
}

static bool heard(struct database *database)
{
	struct postgres *postgres = postgres_of(database);
	PGnotify *call;
	bool others = false;

	if (!PQconsumeInput(postgres->connection))
		return true;
	while ((call = PQnotifies(postgres->connection))) {
		others = others || call->be_pid != PQbackendPID(postgres->connection);
		PQfreemem(call);
	}
	return others;
}

/* --- statements */
/* ?1 becomes $1, but not within quotes. */
static char *parameters_translate(struct text sql)
{
	char *translated = malloc(sql.length + 1), quote = 0;

	CHECK(translated);
	for (uint32_t i = 0; i < sql.length; i++) {
		char byte = sql.bytes[i];
		if (quote)
			quote = byte == quote ? 0 : quote;
		else if (byte == '\'' || byte == '"')
			quote = byte;
		translated[i] = byte == '?' && !quote ? '$' : byte;
	}
	translated[sql.length] = 0;
	return translated;
}

static enum status prepare(struct database *database, struct text sql, struct statement **statement_out, struct error *error)
{
	struct postgres *postgres = postgres_of(database);
	struct postgres_statement *statement = calloc(1, sizeof *statement);

	(void)error;
	CHECK(statement);
	statement->statement.database = database;
	statement->sql = (struct text){strndup(sql.bytes, sql.length), sql.length};
	CHECK(statement->sql.bytes);
	statement->reads = text_starts(sql, TEXT("SELECT")) || text_starts(sql, TEXT("WITH"));
	snprintf(statement->one.name, sizeof statement->one.name, "s%u", ++postgres->named);
	snprintf(statement->many.name, sizeof statement->many.name, "m%u", postgres->named);
	statement->next = postgres->statements;
	statement->link = &postgres->statements;
	if (statement->next)
		statement->next->link = &statement->next;
	postgres->statements = statement;
	*statement_out = &statement->statement;
	return OK;
}

static void forget_result(struct postgres_statement *statement)
{
	PQclear(statement->result);
	statement->result = NULL;
}

static void prepared_close(struct postgres *postgres, const struct prepared *prepared)
{
	char sql[40];

	if (prepared->life != postgres->life || PQtransactionStatus(postgres->connection) == PQTRANS_INERROR)
		return;
	snprintf(sql, sizeof sql, "DEALLOCATE %s", prepared->name);
	PQclear(PQexec(postgres->connection, sql));
}

static void close_statement(struct statement *closed)
{
	struct postgres_statement *statement = statement_of(closed);
	struct postgres *postgres = postgres_of(closed->database);

	forget_result(statement);
	prepared_close(postgres, &statement->one);
	prepared_close(postgres, &statement->many);
	*statement->link = statement->next;
	if (statement->next)
		statement->next->link = statement->link;
	free((char *)statement->sql.bytes);
	free(statement->types);
	free(statement->values);
	free(statement->numbers);
	free(statement);
}

static void bind_value(struct statement *bound, uint32_t parameter, struct sql_value value)
{
	struct postgres_statement *statement = statement_of(bound);

	if (parameter == 1) {
		forget_result(statement);
		statement->count = statement->row_count = 0;
	}
	if (parameter > statement->room) {
		statement->room = parameter * 2;
		statement->values = realloc(statement->values, statement->room * sizeof *statement->values);
		statement->numbers = realloc(statement->numbers, statement->room * sizeof *statement->numbers);
		CHECK(statement->values && statement->numbers);
	}
	if (parameter > statement->count)
		statement->count = parameter;
	statement->values[parameter - 1] = value;
}

/* What is NULL now may be a number later: the server says what the column wants, which is the same. */
static Oid type_of(struct sql_value value)
{
	static const Oid types[] = {[SQL_NULL] = 0, [SQL_INTEGER] = OID_INT8, [SQL_TEXT] = OID_TEXT, [SQL_BYTES] = OID_BYTEA};

	return types[value.kind];
}

static void bind_many(struct statement *bound, const struct sql_value *values, uint32_t parameters, uint32_t count)
{
	struct postgres_statement *statement = statement_of(bound);

	CHECK(count > 0);
	forget_result(statement);
	statement->rows_bound = values;
	statement->count = parameters;
	statement->row_count = count;
}

static enum status prepare_as(struct postgres *postgres, struct prepared *prepared, const char *sql, uint32_t count,
			      const Oid *types, struct error *error)
{
	PGresult *result = PQprepare(postgres->connection, prepared->name, sql, (int)count, types);
	enum status status = PQresultStatus(result) == PGRES_COMMAND_OK ? OK : failed(postgres, result, error);

	PQclear(result);
	if (status == OK)
		prepared->life = postgres->life;
	return status;
}

static enum status prepare_one(struct postgres_statement *statement, const struct sql_value *values, struct error *error)
{
	struct postgres *postgres = postgres_of(statement->statement.database);
	Oid types[statement->count + 1];

	if (statement->one.life == postgres->life)
		return OK;
	for (uint32_t i = 0; i < statement->count; i++)
		types[i] = type_of(values[i]);
	char *sql = parameters_translate(statement->sql);
	enum status status = prepare_as(postgres, &statement->one, sql, statement->count, types, error);
	free(sql);
	return status;
}

/* Which types the server has given the parameters, those of NULLs too. */
static enum status types_learn(struct postgres_statement *statement, struct error *error)
{
	struct postgres *postgres = postgres_of(statement->statement.database);
	enum status status = prepare_one(statement, statement->rows_bound, error);

	if (status != OK || statement->types)
		return status;
	PGresult *result = PQdescribePrepared(postgres->connection, statement->one.name);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		status = failed(postgres, result, error);
	else
		statement->types = calloc(statement->count + 1, sizeof *statement->types);
	CHECK(status != OK || statement->types);
	for (uint32_t i = 0; status == OK && i < statement->count; i++)
		statement->types[i] = PQparamtype(result, (int)i);
	PQclear(result);
	return status;
}

static enum status prepare_many(struct postgres_statement *statement, struct arena *arena, struct error *error)
{
	struct postgres *postgres = postgres_of(statement->statement.database);
	struct text_builder sql = {.arena = arena};

	if (statement->many.life == postgres->life)
		return OK;
	enum status status = types_learn(statement, error);
	if (status != OK)
		return status;
	many_sql(&sql, statement->sql, statement->types, statement->count);
	return prepare_as(postgres, &statement->many, builder_text(&sql).bytes, 0, NULL, error);
}

static enum status run_prepared(struct postgres_statement *statement, const struct prepared *prepared,
				const char *const *values, const int *lengths, struct error *error)
{
	struct postgres *postgres = postgres_of(statement->statement.database);
	int formats[statement->count + 1];

	for (uint32_t i = 0; i < statement->count; i++)
		formats[i] = 1;
	statement->result =
		PQexecPrepared(postgres->connection, prepared->name, (int)statement->count, values, lengths, formats, 1);
	ExecStatusType code = PQresultStatus(statement->result);
	if (code != PGRES_COMMAND_OK && code != PGRES_TUPLES_OK) {
		enum status status = failed(postgres, statement->result, error);
		forget_result(statement);
		return status;
	}
	statement->row = -1;
	statement->rows = PQntuples(statement->result);
	if (!statement->reads) {
		postgres->changes = strtoll(PQcmdTuples(statement->result), NULL, 10);
		postgres->written += postgres->changes;
		postgres->wrote = true;
	}
	return OK;
}

static enum status run_many(struct postgres_statement *statement, struct error *error)
{
	const char *values[statement->count + 1];
	int lengths[statement->count + 1];
	struct arena arena;

	arena_init(&arena, "parameters", 0);
	enum status status = prepare_many(statement, &arena, error);
	for (uint32_t i = 0; status == OK && i < statement->count; i++) {
		struct text_builder array = {.arena = &arena};
		many_array(&array, statement->rows_bound + i, statement->count, statement->row_count, statement->types[i]);
		values[i] = array.bytes;
		lengths[i] = (int)array.length;
	}
	if (status == OK)
		status = run_prepared(statement, &statement->many, values, lengths, error);
	arena_release(&arena);
	return status;
}

static enum status run_one(struct postgres_statement *statement, struct error *error)
{
	const char *values[statement->count + 1];
	int lengths[statement->count + 1];
	enum status status = prepare_one(statement, statement->values, error);

	for (uint32_t i = 0; status == OK && i < statement->count; i++) {
		struct sql_value value = statement->values[i];
		bool number = value.kind == SQL_INTEGER;
		if (number)
			statement->numbers[i] = (int64_t)htobe64((uint64_t)value.integer);
		values[i] = number                   ? (const char *)&statement->numbers[i]
			    : value.kind == SQL_NULL ? NULL
			    : value.text.bytes       ? value.text.bytes
						     : "";
		lengths[i] = number ? (int)sizeof *statement->numbers : (int)value.text.length;
	}
	return status == OK ? run_prepared(statement, &statement->one, values, lengths, error) : status;
}

static enum status run(struct postgres_statement *statement, struct error *error)
{
	enum status status = reach(postgres_of(statement->statement.database), error);

	if (status != OK)
		return status;
	return statement->row_count ? run_many(statement, error) : run_one(statement, error);
}

/* A SELECT for many ends its rows with the number of their origin. */
static uint32_t origin(const struct statement *stepped)
{
	const struct postgres_statement *statement = statement_of(stepped);
	uint64_t wide;

	if (!statement->row_count || !statement->reads)
		return (uint32_t)statement->row;
	memcpy(&wide, PQgetvalue(statement->result, statement->row, PQnfields(statement->result) - 1), sizeof wide);
	return (uint32_t)be64toh(wide) - 1;
}

static enum status step(struct statement *stepped, bool *row_out, struct error *error)
{
	struct postgres_statement *statement = statement_of(stepped);
	enum status status = statement->result ? OK : run(statement, error);

	*row_out = status == OK && ++statement->row < statement->rows;
	return status;
}

static struct sql_value column_of(struct statement *stepped, uint32_t column)
{
	const struct postgres_statement *statement = statement_of(stepped);
	int at = (int)column, length = PQgetlength(statement->result, statement->row, at);
	const char *bytes = PQgetvalue(statement->result, statement->row, at);
	uint64_t wide;
	uint32_t narrow;

	if (PQgetisnull(statement->result, statement->row, at))
		return sql_null();
	switch (PQftype(statement->result, at)) {
	case OID_INT8:
		memcpy(&wide, bytes, sizeof wide);
		return sql_integer((int64_t)be64toh(wide));
	case OID_INT4:
		memcpy(&narrow, bytes, sizeof narrow);
		return sql_integer((int32_t)ntohl(narrow));
	case OID_BOOL:
		return sql_integer(*bytes);
	case OID_BYTEA:
		return sql_bytes(bytes, (uint32_t)length);
	default:
		return sql_text((struct text){bytes, (uint32_t)length});
	}
}

static void reset(struct statement *statement)
{
	forget_result(statement_of(statement));
}

static void reset_all(struct database *database)
{
	for (struct postgres_statement *each = postgres_of(database)->statements; each; each = each->next)
		forget_result(each);
}

/* --- what went wrong. https://www.postgresql.org/docs/15/errcodes-appendix.html */
static const struct state {
	const char *begins;
	enum status status;
	enum constraint constraint;
} STATES[] = {
	{"23505", CONFLICT, CONSTRAINT_UNIQUE},
	{"23502", CONFLICT, CONSTRAINT_REQUIRED},
	{"23503", CONFLICT, CONSTRAINT_REFERENCE},
	{"SW001", CONFLICT, CONSTRAINT_SEALED}, /* raised by our own triggers */
	{"23", CONFLICT, CONSTRAINT_NONE},
	{"40", RETRY, CONSTRAINT_NONE}, /* serialization, deadlock */
	{"55P03", RETRY, CONSTRAINT_NONE},
	{"08", RETRY, CONSTRAINT_NONE},
	{"57P", RETRY, CONSTRAINT_NONE}, /* it is being shut down */
	{"53", RETRY, CONSTRAINT_NONE},  /* disk full, too many connections */
	{"58", RETRY, CONSTRAINT_NONE},
	{"25006", RETRY, CONSTRAINT_NONE}, /* read only: a standby that is about to take over */
	{"42501", DENIED, CONSTRAINT_NONE},
	{"54", LIMIT, CONSTRAINT_NONE},
};

static enum status failed(struct postgres *postgres, const PGresult *result, struct error *error)
{
	const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	const char *said = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;

	postgres->constraint = CONSTRAINT_NONE;
	if (!state)
		return unreachable(postgres, error);
	for (size_t i = 0; i < sizeof STATES / sizeof *STATES; i++) {
		if (strncmp(state, STATES[i].begins, strlen(STATES[i].begins)))
			continue;
		postgres->constraint = STATES[i].constraint;
		return error_set(error, STATES[i].status, "the database %s this: %s",
				 STATES[i].status == RETRY ? "can not do" : "refuses", said ? said : state);
	}
	return error_set(error, INVALID, "the database failed: %s (%s)", said ? said : "", state);
}

const struct driver postgres_driver = {.dialect = &dialect_postgres,
				       .open = open_connection,
				       .close = close_connection,
				       .execute = execute,
				       .check_references = check_references,
				       .has_open_references = has_open_references,
				       .constraint = constraint_of,
				       .changes = changes_of,
				       .reset_all = reset_all,
				       .confine = confine,
				       .listen = listen_for,
				       .hearing = hearing,
				       .heard = heard,
				       .prepare = prepare,
				       .statement_close = close_statement,
				       .bind = bind_value,
				       .bind_many = bind_many,
				       .origin = origin,
				       .step = step,
				       .column = column_of,
				       .reset = reset};
