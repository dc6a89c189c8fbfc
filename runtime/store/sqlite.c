/* SQLite, and the only file that sees it: the embedded default and, in memory, the store of every test. Knows nothing of
 * entities, rows or turns; it must never build SQL of its own beyond pragmas. */
#include <sqlite3.h>
#include <stdlib.h>

#include "engine/base/check.h"
#include "runtime/store/driver.h"
#include "runtime/store/sql.h"

struct sqlite {
	struct database database;
	sqlite3 *handle;
	int constraint; /* extended result code of the last conflict */
	int64_t changes;
	struct sqlite_statement *statements;
};

struct sqlite_statement {
	struct statement statement;
	sqlite3_stmt *handle;
	struct sqlite_statement *next, **link; /* in sqlite.statements */
	/* bound to many: */
	const struct sql_value *many;
	uint32_t parameters, count, at;
};

static struct sqlite *sqlite_of(const struct database *database)
{
	return (struct sqlite *)database;
}

static sqlite3_stmt *handle_of(const struct statement *statement)
{
	return ((const struct sqlite_statement *)statement)->handle;
}

static enum status failed(struct database *database, int code, struct error *error);
static void close_file(struct database *database);
static void close_statement(struct statement *closed);

static enum status open_file(const char *path, struct database **database_out, struct error *error)
{
	/* patience first: already the change to WAL meets others */
	static const char pragmas[] = "PRAGMA busy_timeout=5000; PRAGMA foreign_keys=ON; PRAGMA journal_mode=WAL;"
				      "PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF;";
	struct sqlite *sqlite = calloc(1, sizeof *sqlite);

	CHECK(sqlite);
	sqlite->database.driver = &sqlite_driver;
	*database_out = NULL;
	int code =
		sqlite3_open_v2(path, &sqlite->handle,
				SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	if (code == SQLITE_OK) {
		/* a misspelt column must be an error, never a string */
		sqlite3_db_config(sqlite->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
		sqlite3_db_config(sqlite->handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
		sqlite3_db_config(sqlite->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		code = sqlite3_exec(sqlite->handle, pragmas, NULL, NULL, NULL);
	}
	if (code != SQLITE_OK) {
		enum status status = error_set(error, (code & 0xff) == SQLITE_BUSY ? RETRY : INVALID,
					       "the database %s can not be opened: %s", path,
					       sqlite->handle ? sqlite3_errmsg(sqlite->handle) : "out of memory");
		close_file(&sqlite->database);
		return status;
	}
	*database_out = &sqlite->database;
	return OK;
}

static void close_file(struct database *database)
{
	struct sqlite *sqlite = sqlite_of(database);

	while (sqlite->statements)
		close_statement(&sqlite->statements->statement);
	sqlite3_close(sqlite->handle);
	free(sqlite);
}

static enum status execute(struct database *database, const char *sql, struct error *error)
{
	int code = sqlite3_exec(sqlite_of(database)->handle, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? OK : failed(database, code, error);
}

static enum status copy(struct database *from, struct database *to, struct error *error)
{
	sqlite3 *target = sqlite_of(to)->handle;
	sqlite3_backup *backup = sqlite3_backup_init(target, "main", sqlite_of(from)->handle, "main");

	if (backup)
		sqlite3_backup_step(backup, -1);
	int code = backup ? sqlite3_backup_finish(backup) : sqlite3_extended_errcode(target);
	return code == SQLITE_OK ? OK : failed(to, code, error);
}

static enum status check_references(struct database *database, bool on, struct error *error)
{
	return execute(database, on ? "PRAGMA foreign_keys=ON" : "PRAGMA foreign_keys=OFF", error);
}

static bool has_open_references(struct database *database)
{
	int now = 0, highest = 0;

	/* SQLite counts them, so that no reference has to be looked up twice */
	sqlite3_db_status(sqlite_of(database)->handle, SQLITE_DBSTATUS_DEFERRED_FKS, &now, &highest, 0);
	return now != 0;
}

static enum constraint constraint_of(const struct database *database)
{
	switch (sqlite_of(database)->constraint) {
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

static int64_t changes(const struct database *database)
{
	return sqlite_of(database)->changes;
}

static void reset_all(struct database *database)
{
	for (struct sqlite_statement *each = sqlite_of(database)->statements; each; each = each->next)
		sqlite3_reset(each->handle);
}

/* --- who shares a file shares a machine, where there are shorter ways to call */
static void listen_for(struct database *database, const char *who)
{
	(void)database;
	(void)who;
}

static int hearing(const struct database *database, uint32_t *life_out)
{
	(void)database;
	*life_out = 0;
	return -1;
}

static bool heard(struct database *database)
{
	(void)database;
	return false;
}

static enum status prepare(struct database *database, struct text sql, struct statement **statement_out, struct error *error)
{
	struct sqlite *sqlite = sqlite_of(database);
	sqlite3_stmt *handle = NULL;
	int code = sqlite3_prepare_v3(sqlite->handle, sql.bytes, (int)sql.length, SQLITE_PREPARE_PERSISTENT, &handle, NULL);

	*statement_out = NULL;
	if (code != SQLITE_OK)
		return failed(database, code, error);
	struct sqlite_statement *statement = calloc(1, sizeof *statement);
	CHECK(statement);
	*statement = (struct sqlite_statement){
		.statement = {database}, .handle = handle, .next = sqlite->statements, .link = &sqlite->statements};
	if (statement->next)
		statement->next->link = &statement->next;
	sqlite->statements = statement;
	*statement_out = &statement->statement;
	return OK;
}

static void close_statement(struct statement *closed)
{
	struct sqlite_statement *statement = (struct sqlite_statement *)closed;

	*statement->link = statement->next;
	if (statement->next)
		statement->next->link = statement->link;
	sqlite3_finalize(statement->handle);
	free(statement);
}

static void value_bind(sqlite3_stmt *bound, uint32_t parameter, struct sql_value value)
{
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

static void bind_value(struct statement *statement, uint32_t parameter, struct sql_value value)
{
	if (parameter == 1)
		((struct sqlite_statement *)statement)->count = 0;
	value_bind(handle_of(statement), parameter, value);
}

static void row_bind(struct sqlite_statement *statement)
{
	const struct sql_value *row = statement->many + statement->at * statement->parameters;

	for (uint32_t i = 0; i < statement->parameters; i++)
		value_bind(statement->handle, i + 1, row[i]);
}

static void bind_many(struct statement *bound, const struct sql_value *values, uint32_t parameters, uint32_t count)
{
	struct sqlite_statement *statement = (struct sqlite_statement *)bound;

	CHECK(count > 0);
	statement->many = values;
	statement->parameters = parameters;
	statement->count = count;
	statement->at = 0;
	row_bind(statement);
}

static uint32_t origin(const struct statement *statement)
{
	return ((const struct sqlite_statement *)statement)->at;
}

static enum status step(struct statement *stepped, bool *row_out, struct error *error)
{
	struct sqlite_statement *statement = (struct sqlite_statement *)stepped;
	struct sqlite *sqlite = sqlite_of(stepped->database);
	int code;

	while ((code = sqlite3_step(statement->handle)) == SQLITE_DONE) {
		bool is_first = !statement->count || !statement->at;
		sqlite->changes = (is_first ? 0 : sqlite->changes) + sqlite3_changes64(sqlite->handle);
		if (!statement->count || ++statement->at == statement->count)
			break;
		row_bind(statement);
	}
	*row_out = code == SQLITE_ROW;
	return code == SQLITE_ROW || code == SQLITE_DONE ? OK : failed(stepped->database, code, error);
}

static struct sql_value column_of(struct statement *statement, uint32_t column)
{
	sqlite3_stmt *row = handle_of(statement);
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

static void reset(struct statement *statement)
{
	sqlite3_reset(handle_of(statement));
}

static enum status failed(struct database *database, int code, struct error *error)
{
	const char *said = sqlite3_errmsg(sqlite_of(database)->handle);

	sqlite_of(database)->constraint = code;
	CHECK((code & 0xff) != SQLITE_NOMEM); /* as wherever else there is no memory: who is started anew has some */
	switch (code & 0xff) {
	case SQLITE_CONSTRAINT:
		return error_set(error, CONFLICT, "the database refuses this: %s", said);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return error_set(error, RETRY, "the database is in use by another process; the same may work later");
	case SQLITE_FULL:
	case SQLITE_IOERR:
		return error_set(error, RETRY, "the database could not write (%s); look at the disk it is on", said);
	case SQLITE_TOOBIG:
		return error_set(error, LIMIT, "the database ran out of room for one statement (%s)", said);
	}
	return error_set(error, INVALID, "the database failed: %s", said);
}

const struct driver sqlite_driver = {.dialect = &dialect_sqlite,
				     .open = open_file,
				     .close = close_file,
				     .execute = execute,
				     .copy = copy,
				     .check_references = check_references,
				     .has_open_references = has_open_references,
				     .constraint = constraint_of,
				     .changes = changes,
				     .reset_all = reset_all,
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
