/* Statements of PostgreSQL: prepared on the server when they are first run, for only then the types of their parameters are
 * known; for one row of them or for many; answered at once, or later (libpq's pipeline mode). Values travel in binary. */
#include <arpa/inet.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/check.h"
#include "runtime/store/many.h"
#include "runtime/store/postgres.h"

enum { PLANS_FIRST = 16, PLANS_LAST = 100000 }; /* rows until plans are made anew: first, and at most */

static struct postgres_statement *statement_of(const struct statement *statement)
{
	return (struct postgres_statement *)statement;
}

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

enum status postgres_prepare(struct database *database, struct text sql, struct statement **statement_out, struct error *error)
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

void postgres_close(struct statement *closed)
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

void postgres_bind(struct statement *bound, uint32_t parameter, struct sql_value value)
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

void postgres_bind_many(struct statement *bound, const struct sql_value *values, uint32_t parameters, uint32_t count)
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
	enum status status = postgres_answers(postgres, error);

	if (status != OK)
		return status;
	PGresult *result = PQprepare(postgres->connection, prepared->name, sql, (int)count, types);
	status = PQresultStatus(result) == PGRES_COMMAND_OK ? OK : postgres_failed(postgres, result, error);
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
	status = postgres_answers(postgres, error);
	if (status != OK)
		return status;
	PGresult *result = PQdescribePrepared(postgres->connection, statement->one.name);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		status = postgres_failed(postgres, result, error);
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

/* While a table grows from nothing its plans change quickly, later slowly. Each statement counts for itself: a table that comes
 * into use when others have millions of rows is new all the same. */
static void rows_written(struct postgres_statement *statement, int64_t rows)
{
	statement->written += rows;
	if (statement->written < statement->renew_at)
		return;
	statement->renew_at = statement->written + (statement->written < PLANS_FIRST  ? PLANS_FIRST
						    : statement->written < PLANS_LAST ? statement->written
										      : PLANS_LAST);
	postgres_of(statement->statement.database)->has_grown = true;
}

static enum status run_prepared(struct postgres_statement *statement, const struct prepared *prepared,
				const char *const *values, const int *lengths, struct error *error)
{
	struct postgres *postgres = postgres_of(statement->statement.database);
	int formats[statement->count + 1];
	enum status status = postgres_answers(postgres, error);

	if (status != OK)
		return status;
	for (uint32_t i = 0; i < statement->count; i++)
		formats[i] = 1;
	statement->result =
		PQexecPrepared(postgres->connection, prepared->name, (int)statement->count, values, lengths, formats, 1);
	ExecStatusType code = PQresultStatus(statement->result);
	if (code != PGRES_COMMAND_OK && code != PGRES_TUPLES_OK) {
		status = postgres_failed(postgres, statement->result, error);
		forget_result(statement);
		return status;
	}
	statement->row = -1;
	statement->rows = PQntuples(statement->result);
	if (!statement->reads) {
		postgres->changes = strtoll(PQcmdTuples(statement->result), NULL, 10);
		rows_written(statement, postgres->changes);
		postgres->wrote = true;
	}
	return OK;
}

typedef enum status run_fn(struct postgres_statement *statement, const struct prepared *prepared, const char *const *values,
			   const int *lengths, struct error *error);

static enum status run_many(struct postgres_statement *statement, run_fn *run_as, struct error *error)
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
		status = run_as(statement, &statement->many, values, lengths, error);
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
	enum status status = postgres_reach(postgres_of(statement->statement.database), error);

	if (status != OK)
		return status;
	return statement->row_count ? run_many(statement, run_prepared, error) : run_one(statement, error);
}

/* --- sent now, answered later: while the server is at one statement, the next is put together */
static enum status send_prepared(struct postgres_statement *statement, const struct prepared *prepared,
				 const char *const *values, const int *lengths, struct error *error)
{
	struct postgres *postgres = postgres_of(statement->statement.database);
	int formats[statement->count + 1];

	for (uint32_t i = 0; i < statement->count; i++)
		formats[i] = 1;
	if (PQenterPipelineMode(postgres->connection) &&
	    PQsendQueryPrepared(postgres->connection, prepared->name, (int)statement->count, values, lengths, formats, 1))
		return OK;
	return postgres_unreachable(postgres, error);
}

enum status postgres_send(struct statement *sent, uint32_t expected, struct error *error)
{
	struct postgres_statement *statement = statement_of(sent);
	struct postgres *postgres = postgres_of(sent->database);
	enum status status = OK;

	CHECK(statement->row_count && postgres->open);
	if (postgres->sent == SENT_MOST)
		status = postgres_answers(postgres, error);
	if (status == OK)
		status = run_many(statement, send_prepared, error);
	if (status != OK)
		return status;
	postgres->expected[postgres->sent++] = expected;
	rows_written(statement, expected);
	postgres->wrote = true;
	return OK;
}

static enum status answer_read(struct postgres *postgres, PGresult *result, uint32_t expected, struct error *error)
{
	if (PQresultStatus(result) == PGRES_PIPELINE_ABORTED)
		return OK;
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		return postgres_failed(postgres, result, error);
	postgres->changes = strtoll(PQcmdTuples(result), NULL, 10);
	return postgres->changes == expected ? OK : conflict_unexpected(error);
}

enum status postgres_answers(struct postgres *postgres, struct error *error)
{
	uint32_t count = postgres->sent;
	enum status status = OK;

	if (!count)
		return OK;
	postgres->sent = 0;
	if (!PQpipelineSync(postgres->connection))
		return postgres_unreachable(postgres, error);
	for (uint32_t i = 0; i < count; i++) {
		struct error one;
		PGresult *result = PQgetResult(postgres->connection);
		enum status answer = answer_read(postgres, result, postgres->expected[i], &one);
		if (status == OK && answer != OK)
			*error = one;
		status = status == OK ? answer : status;
		PQclear(result);
		PQclear(PQgetResult(postgres->connection)); /* NULL: the end of its answer */
	}
	PQclear(PQgetResult(postgres->connection)); /* the sync's own */
	if (!PQexitPipelineMode(postgres->connection) && status == OK)
		status = postgres_unreachable(postgres, error);
	return status;
}

/* A SELECT for many ends its rows with the number of their origin. */
uint32_t postgres_origin(const struct statement *stepped)
{
	const struct postgres_statement *statement = statement_of(stepped);
	uint64_t wide;

	if (!statement->row_count || !statement->reads)
		return (uint32_t)statement->row;
	memcpy(&wide, PQgetvalue(statement->result, statement->row, PQnfields(statement->result) - 1), sizeof wide);
	return (uint32_t)be64toh(wide) - 1;
}

enum status postgres_step(struct statement *stepped, bool *row_out, struct error *error)
{
	struct postgres_statement *statement = statement_of(stepped);
	enum status status = statement->result ? OK : run(statement, error);

	*row_out = status == OK && ++statement->row < statement->rows;
	return status;
}

struct sql_value postgres_column(struct statement *stepped, uint32_t column)
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

void postgres_reset(struct statement *statement)
{
	forget_result(statement_of(statement));
}

void postgres_reset_all(struct database *database)
{
	for (struct postgres_statement *each = postgres_of(database)->statements; each; each = each->next)
		forget_result(each);
}
