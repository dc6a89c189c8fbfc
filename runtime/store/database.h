/* The wall to the database libraries: text of SQL in, rows of plain values out. sqlite.c and postgres.c are behind it.
 * Parameters are written ?1, ?2, … for both.
 * Statements are prepared once and used many times; a step may be left half-way at any time (an arena unwound): the next bind
 * begins afresh. */
#ifndef STORE_DATABASE_H
#define STORE_DATABASE_H

#include "engine/base/error.h"
#include "engine/base/text.h"

struct database;
struct statement;

enum sql_kind { SQL_NULL, SQL_INTEGER, SQL_TEXT, SQL_BYTES };

struct sql_value {
	enum sql_kind kind;
	int64_t integer;
	struct text text; /* TEXT and BYTES; must live until the statement has been stepped to its end */
};

/* Which constraint the last CONFLICT was about. */
enum constraint { CONSTRAINT_NONE, CONSTRAINT_UNIQUE, CONSTRAINT_REQUIRED, CONSTRAINT_REFERENCE, CONSTRAINT_SEALED };

/* `where`: a file, ":memory:", or postgresql://… */
enum status database_open(const char *where, struct database **database_out, struct error *error) MUST_CHECK;
void database_close(struct database *database);

struct dialect;
const struct dialect *database_dialect(const struct database *database);

/* One or more statements without parameters and rows. */
enum status database_execute(struct database *database, const char *sql, struct error *error) MUST_CHECK;
/* All that is in an embedded database into another, in place of what was there. Neither may be in a transaction. */
enum status database_copy(struct database *from, struct database *to, struct error *error) MUST_CHECK;
/* Whether references are checked; only outside a transaction. */
enum status database_check_references(struct database *database, bool on, struct error *error) MUST_CHECK;
/* True when some row of this transaction refers to a row that is not there. */
bool database_has_open_references(struct database *database);
enum constraint database_constraint(const struct database *database);
int64_t database_changes(const struct database *database); /* rows the last statement wrote, for all it was bound to */
/* Ends every statement that was left half-way. */
void database_reset_all(struct database *database);

/* From here on, also over connections that come later, only what that role may. Nothing where there are no roles. */
enum status database_confine(struct database *database, const char *role, struct error *error) MUST_CHECK;

/* Calls between processes, where the database can: `NOTIFY "stellwerk NAME"` by one is heard by all others that listen for
 * the name, once it is committed. */
void database_listen(struct database *database, const char *who);
/* What is readable when somebody calls, or -1: there are no calls, or no connection. `life_out` changes with each connection:
 * what was called before it was not heard. */
int database_hearing(const struct database *database, uint32_t *life_out);
/* Whether somebody has called since, or the connection is gone and with it whatever was called. Never waits. */
bool database_heard(struct database *database);

enum status database_prepare(struct database *database, struct text sql, struct statement **statement_out,
			     struct error *error) MUST_CHECK;
void statement_close(struct statement *statement);
/* Parameters count from 1. Binding the first begins the statement afresh. */
void statement_bind(struct statement *statement, uint32_t parameter, struct sql_value value);
/* Runs the statement once for each of `count` rows of `parameters` values, in one trip where there is one to save: stepping
 * gives the rows of all, in the order of the rows of values, and statement_origin the number of the one it is at, from 0. An
 * INSERT that returns rows must return one for each. The values must live until the end. */
void statement_bind_many(struct statement *statement, const struct sql_value *values, uint32_t parameters, uint32_t count);
uint32_t statement_origin(const struct statement *statement);
/* `row_out` false: the end. CONFLICT: a constraint; RETRY: another process holds the database. */
enum status statement_step(struct statement *statement, bool *row_out, struct error *error) MUST_CHECK;
/* Good until the next step or bind. */
struct sql_value statement_column(struct statement *statement, uint32_t column);
void statement_reset(struct statement *statement);
/* Steps once to its end. */
enum status statement_run(struct statement *statement, struct error *error) MUST_CHECK;
/* Runs what it is bound to, which must write `expected` rows and return none. The answer may come later, where that saves
 * waiting: CONFLICT, or whatever went wrong, is then said by the next of all statements that is stepped or executed, at the
 * latest by the COMMIT, which does not happen. The values may go when this returns. */
enum status statement_send(struct statement *statement, uint32_t expected, struct error *error) MUST_CHECK;

static inline struct sql_value sql_null(void)
{
	return (struct sql_value){.kind = SQL_NULL};
}
static inline struct sql_value sql_integer(int64_t integer)
{
	return (struct sql_value){.kind = SQL_INTEGER, .integer = integer};
}
static inline struct sql_value sql_text(struct text text)
{
	return (struct sql_value){.kind = SQL_TEXT, .text = text};
}
static inline struct sql_value sql_bytes(const void *bytes, uint32_t length)
{
	return (struct sql_value){.kind = SQL_BYTES, .text = {bytes, length}};
}

#endif
