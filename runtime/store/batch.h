/* Many turns in one transaction, and in as many trips to the database as their reads have kinds. What was read is kept and
 * answered again; what turns write is kept on top of it and goes to the database at the end, all rows of one form at once.
 * Turns that only scout make known what the batch will read: docs/decisions/0017-turns-are-scouted.md. Private to the store;
 * its door is store_batch_* in runtime/store/store.h. */
#ifndef STORE_BATCH_H
#define STORE_BATCH_H

#include "engine/base/list.h"
#include "engine/base/map.h"
#include "runtime/store/chain.h"
#include "runtime/store/store.h"

/* ASKED: noted, and not fetched yet. */
enum knowledge { UNASKED, ASKED, KNOWN };

struct wish;
struct numbering;
struct memory;

/* A row as the transaction found it and as its turns have left it. */
struct held_row {
	const struct entity *entity;
	int64_t tenant;
	struct record_id id;
	enum knowledge knowledge;
	const struct value *base; /* as the database has it; NULL: it does not */
	const struct value *now;  /* NULL: there is none */
	bool written;
	uint64_t *fields; /* bit set of those that were written */
	uint32_t stamp;   /* the query that has it in its answer already */
};
typedef LIST(struct held_row *) held_rows;

/* The rows of a tenant and entity that were written, and which of them have which values in some fields. */
struct written {
	held_rows rows;
	LIST(struct written_index *) indexes;
};

/* Rows of one statement's parameters, for all of which it runs at once. */
struct queue {
	struct statement *statement;
	uint32_t parameters, count;
	LIST(struct sql_value) values;
};
typedef LIST(struct queue *) queue_list;

/* What a turn has changed before its plan is kept, as it was. One of them is set. */
struct undo {
	struct numbering *numbering;
	int64_t number;
	struct memory *memory;
	enum knowledge knowledge;
	bool found;
	struct queue *queue; /* its last row */
};

struct batch {
	bool is_open, is_scouting;
	struct arena arena;
	uint32_t stamp;
	uint32_t missed;      /* questions that scouting turns had to leave open */
	struct map rows;      /* tenant, entity, id -> held_row */
	struct map written;   /* tenant, entity -> struct written */
	struct map answers;   /* tenant, query, parameters -> answer */
	struct map memories;  /* tenant, table, id -> memory */
	struct map sequences; /* tenant, name -> numbering */
	struct map settings;  /* tenant -> map of name -> text */
	LIST(struct wish) wishes;
	held_rows touched; /* all that are written */
	LIST(struct numbering *) counted;
	LIST(struct sql_value) history; /* HISTORY_COLUMN_COUNT a row; without their numbers */
	queue_list queues;
	LIST(struct undo) undos;
};

/* The ports of a store whose batch is open. A scouting turn that asks for what is not there notes it, and is answered that
 * there is no such row. */
enum status batch_read(struct store *store, struct arena *arena, const struct entity *entity, struct record_id id,
		       struct value *values_out, struct error *error) MUST_CHECK;
enum status batch_query(struct store *store, struct arena *arena, const struct query *query, const struct value *parameters,
			const struct value *const **rows_out, uint32_t *count_out, struct error *error) MUST_CHECK;
enum status batch_next_number(struct store *store, struct text key, int64_t *number_out, struct error *error) MUST_CHECK;
void numbering_set(struct numbering *numbering, int64_t number);
void batch_return_numbers(struct store *store, struct text key, int64_t first);
/* NOT_FOUND: the tenant has not set it. */
enum status batch_setting(struct store *store, struct text name, struct text *value_out, struct error *error) MUST_CHECK;

/* Whether `sql`, a SELECT by tenant and id, finds a row; what batch_remember was told of counts as found. */
enum status batch_recall(struct store *store, const char *sql, struct record_id id, bool *found_out,
			 struct error *error) MUST_CHECK;
/* True when this batch was told before, or the database has said so. */
bool batch_remember(struct store *store, const char *sql, struct record_id id);

struct held_row *batch_row(struct store *store, const struct entity *entity, struct record_id id);
/* After its `now` has changed. */
void batch_wrote(struct store *store, struct held_row *row);

/* False: the plan has changes that only the database can carry out. */
bool batch_takes(const struct plan *plan);
enum status batch_change(struct store *store, const struct change *change, struct error *error) MUST_CHECK;
void batch_history(struct store *store, const struct sql_value columns[HISTORY_COLUMN_COUNT]);
/* With a text of its own. */
struct sql_value value_kept(struct arena *arena, struct sql_value value);
/* A write of one row that runs with all others of its kind. The values are copied. */
void batch_queue(struct store *store, struct statement *statement, const struct sql_value *values, uint32_t parameters);

void batch_forget(struct store *store);
/* Everything that was kept goes to the database, and what was read is forgotten; its memory stays until the batch ends. */
enum status batch_write(struct store *store, struct error *error) MUST_CHECK;

#endif
