/* PostgreSQL through libpq: the connection, and what the server says of it. Knows nothing of entities, rows or turns. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "engine/base/check.h"
#include "runtime/store/postgres.h"
#include "runtime/store/sql.h"

/* --- the connection */
static void nothing_said(void *context, const PGresult *result)
{
	(void)context;
	(void)result; /* "table exists already, skipping" */
}

/* libpq has no code for it. What a server says of its own memory begins otherwise. */
static bool is_out_of_memory(const char *said)
{
	return text_starts(text_from(said), TEXT("out of memory")) ||
	       text_starts(text_from(said), TEXT("cannot allocate memory"));
}

/* Its errors are about the connection, and libpq ends them with a newline. */
enum status postgres_unreachable(struct postgres *postgres, struct error *error)
{
	const char *said = PQerrorMessage(postgres->connection);
	int length = (int)strcspn(said, "\n");

	CHECK(!is_out_of_memory(said)); /* as wherever else there is no memory: who is started anew has some */
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
	enum status status = postgres->is_confined ? OK : postgres_failed(postgres, result, error);
	PQclear(result);
	return status;
}

static enum status settle_in(struct postgres *postgres, struct error *error)
{
	postgres->life++;
	postgres->wrote = postgres->is_confined = false;
	postgres->sent = 0;
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
		enum status status = postgres_unreachable(postgres, error);
		close_connection(&postgres->database);
		return status;
	}
	*database_out = &postgres->database;
	return settle_in(postgres, error);
}

static void close_connection(struct database *database)
{
	struct postgres *postgres = postgres_of(database);

	while (postgres->statements)
		postgres_close(&postgres->statements->statement);
	PQfinish(postgres->connection);
	free(postgres);
}

enum status postgres_reach(struct postgres *postgres, struct error *error)
{
	if (postgres->open)
		return OK;
	bool in_order = PQpipelineStatus(postgres->connection) == PQ_PIPELINE_OFF; /* else something broke off within it */
	if (PQstatus(postgres->connection) == CONNECTION_OK && in_order)
		return confine_now(postgres, error);
	PQreset(postgres->connection);
	if (PQstatus(postgres->connection) != CONNECTION_OK)
		return postgres_unreachable(postgres, error);
	return settle_in(postgres, error);
}

/* Plans are made for tables as they are. */
static void plans_renew(struct postgres *postgres)
{
	if (postgres->has_grown)
		PQclear(PQexec(postgres->connection, "DISCARD PLANS"));
	postgres->has_grown = false;
}

static enum status execute(struct database *database, const char *sql, struct error *error)
{
	struct postgres *postgres = postgres_of(database);
	struct text text = text_from(sql);
	enum status status = postgres_reach(postgres, error);

	if (status != OK)
		return status;
	status = postgres_answers(postgres, error);
	if (status != OK && !text_starts(text, TEXT("ROLLBACK"))) /* what is taken back anyway may have failed */
		return status;
	status = OK;
	if (text_is(text, "COMMIT") || text_is(text, "ROLLBACK"))
		postgres->open = false;
	PGresult *result = PQexec(postgres->connection, sql);
	ExecStatusType code = PQresultStatus(result);
	if (code != PGRES_COMMAND_OK && code != PGRES_TUPLES_OK && code != PGRES_EMPTY_QUERY)
		status = postgres_failed(postgres, result, error);
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
	return postgres_reach(postgres, error);
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

enum status postgres_failed(struct postgres *postgres, const PGresult *result, struct error *error)
{
	const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	const char *said = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;

	postgres->constraint = CONSTRAINT_NONE;
	if (!state)
		return postgres_unreachable(postgres, error);
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
				       .reset_all = postgres_reset_all,
				       .confine = confine,
				       .listen = listen_for,
				       .hearing = hearing,
				       .heard = heard,
				       .prepare = postgres_prepare,
				       .statement_close = postgres_close,
				       .bind = postgres_bind,
				       .bind_many = postgres_bind_many,
				       .origin = postgres_origin,
				       .step = postgres_step,
				       .column = postgres_column,
				       .send = postgres_send,
				       .reset = postgres_reset};
