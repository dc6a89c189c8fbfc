/* What the two files behind PostgreSQL's side of driver.h share: postgres.c has the connection, postgres_statement.c what runs
 * over it. Nobody else includes this; nobody else sees libpq. */
#ifndef STORE_POSTGRES_H
#define STORE_POSTGRES_H

#include <libpq-fe.h>

#include "runtime/store/driver.h"

enum { SENT_MOST = 64 }; /* statements whose answers are still to come */

struct postgres {
	struct database database;
	PGconn *connection;
	uint32_t life; /* counts connections: what was prepared in an earlier one is gone */
	uint32_t named;
	enum constraint constraint;
	int64_t changes;
	bool has_grown;               /* a table, so that plans for it may be of no use any more */
	char channel[64];             /* what it listens for; empty: nothing */
	char role[64];                /* what it may; empty: what its user may */
	bool is_confined;             /* to it, over this connection */
	bool open;                    /* a transaction was begun */
	bool wrote;                   /* since references were last checked */
	uint32_t sent;                /* by statement_send, and not answered yet: libpq's pipeline mode is on */
	uint32_t expected[SENT_MOST]; /* rows that each must write */
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
	int64_t written, renew_at; /* rows by this statement: so many, and when plans are to be made anew */
	Oid *types;                /* of the parameters, known when `one` is prepared */
	/* bound to many: */
	const struct sql_value *rows_bound;
	uint32_t row_count; /* 0: it is bound to one */
	uint32_t count, room;
	struct sql_value *values;
	int64_t *numbers; /* of the INTEGERs, in network order */
	PGresult *result; /* NULL: not run */
	int row, rows;
};

static inline struct postgres *postgres_of(const struct database *database)
{
	return (struct postgres *)database;
}

/* --- postgres.c */
/* A connection that was lost is made anew at the next begin, or the next question outside a transaction. What was begun on the
 * lost one is lost with it: until its rollback all of it fails. */
enum status postgres_reach(struct postgres *postgres, struct error *error) MUST_CHECK;
/* What the server says of a statement; `result` may be NULL. */
enum status postgres_failed(struct postgres *postgres, const PGresult *result, struct error *error);
/* What libpq says of the connection. */
enum status postgres_unreachable(struct postgres *postgres, struct error *error);

/* --- postgres_statement.c */
/* Waits for what statement_send has sent. The first that went wrong; those behind it were not run. */
enum status postgres_answers(struct postgres *postgres, struct error *error) MUST_CHECK;
void postgres_reset_all(struct database *database);
enum status postgres_prepare(struct database *database, struct text sql, struct statement **statement_out, struct error *error);
void postgres_close(struct statement *statement);
void postgres_bind(struct statement *statement, uint32_t parameter, struct sql_value value);
void postgres_bind_many(struct statement *statement, const struct sql_value *values, uint32_t parameters, uint32_t count);
uint32_t postgres_origin(const struct statement *statement);
enum status postgres_step(struct statement *statement, bool *row_out, struct error *error);
struct sql_value postgres_column(struct statement *statement, uint32_t column);
void postgres_reset(struct statement *statement);
enum status postgres_send(struct statement *statement, uint32_t expected, struct error *error);

#endif
