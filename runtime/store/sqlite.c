/* SQLite, and the only file that sees it: the embedded default and, in memory, the store of every test. Knows nothing of
 * entities, rows or turns; it must never build SQL of its own beyond pragmas. */
#include <sqlite3.h>
#include <stdlib.h>

#include "engine/base/check.h"
#include "runtime/store/database.h"

struct database {
	sqlite3 *handle;
	int constraint; /* extended result code of the last conflict */
	struct statement *statements;
};

struct statement {
	struct database *database;
	sqlite3_stmt *handle;
	struct statement *next, **link; /* in database.statements */
};

static enum status failed(struct database *database, int code, struct error *error);

enum status database_open(const char *path, struct database **database_out, struct error *error)
{
	static const char pragmas[] = "PRAGMA foreign_keys=ON; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
				      "PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF; PRAGMA busy_timeout=5000;";
	struct database *database = calloc(1, sizeof *database);

	CHECK(database);
	*database_out = NULL;
	int code =
		sqlite3_open_v2(path, &database->handle,
				SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	if (code == SQLITE_OK) {
		/* a misspelt column must be an error, never a string */
		sqlite3_db_config(database->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
		sqlite3_db_config(database->handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
		sqlite3_db_config(database->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		code = sqlite3_exec(database->handle, pragmas, NULL, NULL, NULL);
	}
	if (code != SQLITE_OK) {
		enum status status =
			error_set(error, code == SQLITE_BUSY ? RETRY : INVALID, "the database %s can not be opened: %s", path,
				  database->handle ? sqlite3_errmsg(database->handle) : "out of memory");
		database_close(database);
		return status;
	}
	*database_out = database;
	return OK;
}

void database_close(struct database *database)
{
	if (!database)
		return;
	while (database->statements)
		statement_close(database->statements);
	sqlite3_close(database->handle);
	free(database);
}

enum status database_execute(struct database *database, const char *sql, struct error *error)
{
	int code = sqlite3_exec(database->handle, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? OK : failed(database, code, error);
}

enum status database_check_references(struct database *database, bool on, struct error *error)
{
	return database_execute(database, on ? "PRAGMA foreign_keys=ON" : "PRAGMA foreign_keys=OFF", error);
}

bool database_has_open_references(struct database *database)
{
	int now = 0, highest = 0;

	/* SQLite counts them, so that no reference has to be looked up twice */
	sqlite3_db_status(database->handle, SQLITE_DBSTATUS_DEFERRED_FKS, &now, &highest, 0);
	return now != 0;
}

enum constraint database_constraint(const struct database *database)
{
	switch (database->constraint) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
		return CONSTRAINT_UNIQUE;
	case SQLITE_CONSTRAINT_NOTNULL:
		return CONSTRAINT_REQUIRED;
	case SQLITE_CONSTRAINT_FOREIGNKEY:
		return CONSTRAINT_REFERENCE;
	case SQLITE_CONSTRAINT_TRIGGER:
		return CONSTRAINT_SEALED;
	}
	return CONSTRAINT_NONE;
}

int64_t database_changes(const struct database *database)
{
	return sqlite3_changes64(database->handle);
}

void database_reset_all(struct database *database)
{
	for (struct statement *each = database->statements; each; each = each->next)
		sqlite3_reset(each->handle);
}

enum status database_prepare(struct database *database, struct text sql, struct statement **statement_out, struct error *error)
{
	sqlite3_stmt *handle = NULL;
	int code = sqlite3_prepare_v3(database->handle, sql.bytes, (int)sql.length, SQLITE_PREPARE_PERSISTENT, &handle, NULL);

	*statement_out = NULL;
	if (code != SQLITE_OK)
		return failed(database, code, error);
	struct statement *statement = calloc(1, sizeof *statement);
	CHECK(statement);
	*statement = (struct statement){database, handle, database->statements, &database->statements};
	if (statement->next)
		statement->next->link = &statement->next;
	database->statements = statement;
	*statement_out = statement;
	return OK;
}

void statement_close(struct statement *statement)
{
	*statement->link = statement->next;
	if (statement->next)
		statement->next->link = statement->link;
	sqlite3_finalize(statement->handle);
	free(statement);
}

void statement_bind(struct statement *statement, uint32_t parameter, struct sql_value value)
{
	sqlite3_stmt *bound = statement->handle;
	const char *bytes = value.text.bytes ? value.text.bytes : "";
	int code = SQLITE_OK, at = (int)parameter;

	if (parameter == 1)
		sqlite3_reset(bound);
	switch (value.kind) {
	case SQL_NULL:
		code = sqlite3_bind_null(bound, at);
		break;
	case SQL_INTEGER:
		code = sqlite3_bind_int64(bound, at, value.integer);
		break;
	case SQL_TEXT:
		code = sqlite3_bind_text(bound, at, bytes, (int)value.text.length, SQLITE_STATIC);
		break;
	case SQL_BYTES:
		code = sqlite3_bind_blob(bound, at, bytes, (int)value.text.length, SQLITE_STATIC);
		break;
	}
	CHECK(code == SQLITE_OK);
}

enum status statement_step(struct statement *statement, bool *row_out, struct error *error)
{
	int code = sqlite3_step(statement->handle);

	*row_out = code == SQLITE_ROW;
	if (code == SQLITE_ROW || code == SQLITE_DONE)
		return OK;
	return failed(statement->database, code, error);
}

struct sql_value statement_column(struct statement *statement, uint32_t column)
{
	sqlite3_stmt *row = statement->handle;
	int at = (int)column;

	switch (sqlite3_column_type(row, at)) {
	case SQLITE_INTEGER:
		return sql_integer(sqlite3_column_int64(row, at));
	case SQLITE_TEXT: {
		const char *bytes = (const char *)sqlite3_column_text(row, at);
		return sql_text((struct text){bytes, (uint32_t)sqlite3_column_bytes(row, at)});
	}
	case SQLITE_BLOB: {
		const void *bytes = sqlite3_column_blob(row, at);
		return sql_bytes(bytes, (uint32_t)sqlite3_column_bytes(row, at));
	}
	}
	return sql_null();
}

void statement_reset(struct statement *statement)
{
	sqlite3_reset(statement->handle);
}

enum status statement_run(struct statement *statement, struct error *error)
{
	bool row = true;
	enum status status = OK;

	while (row && status == OK)
		status = statement_step(statement, &row, error);
	statement_reset(statement);
	return status;
}

static enum status failed(struct database *database, int code, struct error *error)
{
	const char *said = sqlite3_errmsg(database->handle);

	database->constraint = code;
	switch (code & 0xff) {
	case SQLITE_CONSTRAINT:
		return error_set(error, CONFLICT, "the database refuses this: %s", said);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return error_set(error, RETRY, "the database is in use by another process; the same may work later");
	case SQLITE_FULL:
	case SQLITE_IOERR:
		return error_set(error, RETRY, "the database could not write (%s); look at the disk it is on", said);
	case SQLITE_NOMEM:
	case SQLITE_TOOBIG:
		return error_set(error, LIMIT, "the database ran out of room for one statement (%s)", said);
	}
	return error_set(error, INVALID, "the database failed: %s", said);
}
