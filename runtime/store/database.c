/* Hands each call on to the driver that the database was opened with. */
#include "engine/base/check.h"
#include "runtime/store/driver.h"

enum status conflict_unexpected(struct error *error)
{
	return error_set(error, CONFLICT, "somebody else has changed what was read");
}

static bool is_postgres(const char *where)
{
	struct text text = text_from(where);

	return text_starts(text, TEXT("postgres://")) || text_starts(text, TEXT("postgresql://"));
}

enum status database_open(const char *where, struct database **database_out, struct error *error)
{
	return (is_postgres(where) ? &postgres_driver : &sqlite_driver)->open(where, database_out, error);
}

void database_close(struct database *database)
{
	if (database)
		database->driver->close(database);
}

const struct dialect *database_dialect(const struct database *database)
{
	return database->driver->dialect;
}

enum status database_execute(struct database *database, const char *sql, struct error *error)
{
	return database->driver->execute(database, sql, error);
}

enum status database_copy(struct database *from, struct database *to, struct error *error)
{
	CHECK(from->driver->copy && from->driver == to->driver);
	return from->driver->copy(from, to, error);
}

enum status database_check_references(struct database *database, bool on, struct error *error)
{
	return database->driver->check_references(database, on, error);
}

bool database_has_open_references(struct database *database)
{
	return database->driver->has_open_references(database);
}

enum constraint database_constraint(const struct database *database)
{
	return database->driver->constraint(database);
}

int64_t database_changes(const struct database *database)
{
	return database->driver->changes(database);
}

void database_reset_all(struct database *database)
{
	database->driver->reset_all(database);
}

enum status database_confine(struct database *database, const char *role, struct error *error)
{
	return database->driver->confine ? database->driver->confine(database, role, error) : OK;
}

void database_listen(struct database *database, const char *who)
{
	database->driver->listen(database, who);
}

int database_hearing(const struct database *database, uint32_t *life_out)
{
	return database->driver->hearing(database, life_out);
}

bool database_heard(struct database *database)
{
	return database->driver->heard(database);
}

enum status database_prepare(struct database *database, struct text sql, struct statement **statement_out, struct error *error)
{
	return database->driver->prepare(database, sql, statement_out, error);
}

void statement_close(struct statement *statement)
{
	statement->database->driver->statement_close(statement);
}

void statement_bind(struct statement *statement, uint32_t parameter, struct sql_value value)
{
	statement->database->driver->bind(statement, parameter, value);
}

void statement_bind_many(struct statement *statement, const struct sql_value *values, uint32_t parameters, uint32_t count)
{
	statement->database->driver->bind_many(statement, values, parameters, count);
}

uint32_t statement_origin(const struct statement *statement)
{
	return statement->database->driver->origin(statement);
}

enum status statement_step(struct statement *statement, bool *row_out, struct error *error)
{
	return statement->database->driver->step(statement, row_out, error);
}

struct sql_value statement_column(struct statement *statement, uint32_t column)
{
	return statement->database->driver->column(statement, column);
}

void statement_reset(struct statement *statement)
{
	statement->database->driver->reset(statement);
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

enum status statement_send(struct statement *statement, uint32_t expected, struct error *error)
{
	if (statement->database->driver->send)
		return statement->database->driver->send(statement, expected, error);
	enum status status = statement_run(statement, error);
	return status == OK && database_changes(statement->database) != expected ? conflict_unexpected(error) : status;
}
