/* What the store's files share; nobody else includes this. */
#ifndef STORE_INSIDE_H
#define STORE_INSIDE_H

#include "runtime/store/batch.h"
#include "runtime/store/chain.h"
#include "runtime/store/layout.h"
#include "runtime/store/rows.h"
#include "runtime/store/store.h"

/* Prepared once an entity, when first needed. */
struct entity_access {
	const struct entity *entity;
	struct statement *read, *insert, *erase;
	struct map updates; /* the bit set of fields -> statement */
};

struct store {
	struct database *database;
	const struct dialect *dialect;
	const struct program *program; /* whose turns run now; NULL before store_migrate or store_use_program */
	int64_t tenant;
	store_has_fn *has_program; /* NULL: no other than the one that runs */
	void *has_context;
	uint32_t depth; /* of begins that are open */
	/* store_confine: whose rows the database shows over this connection */
	bool is_confined, has_shown;
	int64_t shown_tenant;
	uint32_t shown_life;
	bool check_late;
	struct arena schema;  /* as long as the programs: keys of statements, access */
	struct arena scratch; /* one call */
	struct map access;    /* entity, of whichever program -> struct entity_access */
	struct map queries;   /* query and shape -> statement */
	struct map words;     /* SQL -> statement, for our own tables */
	/* whose changes are applied: history names them */
	moment at;
	struct record_id event;
	struct chain chain;
	struct batch batch;
};

/* The statement of this SQL, prepared at its first use. `sql` must be a literal. */
enum status store_statement(struct store *store, const char *sql, struct statement **statement_out,
			    struct error *error) MUST_CHECK;
/* Prepares what the builder holds, in the schema arena's lifetime. */
enum status store_prepare(struct store *store, struct text_builder *sql, struct statement **statement_out,
			  struct error *error) MUST_CHECK;
/* What a literal statement without parameters gives: one number. NOT_FOUND: no row, or NULL. */
enum status store_number(struct store *store, const char *sql, int64_t *number_out, struct error *error) MUST_CHECK;
/* A column as text of its own; NULL is empty. */
struct text store_text(struct arena *arena, struct statement *statement, uint32_t column);
/* Writes one row of one of our own tables: now, or with all others of its kind when a batch is open. CONFLICT, when it wrote
 * none. `sql` must be a literal. */
enum status store_write(struct store *store, const char *sql, const struct sql_value *values, uint32_t count,
			struct error *error) MUST_CHECK;
/* Whether a literal SELECT by tenant and id finds a row. */
enum status store_has(struct store *store, const char *sql, struct record_id id, bool *found_out,
		      struct error *error) MUST_CHECK;
/* Closes all statements: the tables are about to change. */
void store_forget(struct store *store);
void store_bind_key(struct store *store, struct statement *statement, struct record_id id);

/* Our own tables; their names begin with _ and so can not be an entity's. */
void store_refuse_truncate(struct text_builder *sql, const struct dialect *dialect, const char *table);
enum status store_create_own_tables(struct store *store, struct error *error) MUST_CHECK;
/* --- journal.c, outbox.c */
enum status journal_create_tables(struct store *store, struct error *error) MUST_CHECK;
enum status outbox_create_tables(struct store *store, struct error *error) MUST_CHECK;
enum status deaths_create_tables(struct store *store, struct error *error) MUST_CHECK;
/* --- later.c */
enum status later_columns_add(struct store *store, struct error *error) MUST_CHECK;

/* --- statements of entities, prepared when first needed */
struct entity_access *store_access(struct store *store, const struct entity *entity);
enum status store_read_statement(struct store *store, const struct entity *entity, struct statement **statement_out,
				 struct error *error) MUST_CHECK;
/* --- apply.c. `fields`: of an UPDATE. */
enum status store_change_statement(struct store *store, const struct entity *entity, enum change_kind kind,
				   const uint64_t *fields, struct statement **statement_out, struct error *error) MUST_CHECK;
enum status store_history_statement(struct store *store, struct statement **statement_out, struct error *error) MUST_CHECK;
/* What a column gets: the standard fields also when the plan left them open. */
struct value row_value(const struct store *store, const struct change *change, uint32_t field);
/* The bit set of columns that a change writes. */
uint64_t *fields_written(struct arena *arena, const struct change *change, uint32_t *words_out);

/* Before anything is asked for that tenant. Within a transaction, or before one. */
enum status store_show_tenant(struct store *store, int64_t tenant, struct error *error) MUST_CHECK;

/* --- tenant.c */
/* Where what waits is looked for: what a suspended tenant has stays where it is. */
#define TENANT_NOT_SUSPENDED "_tenant NOT IN (SELECT number FROM _tenant WHERE state=1)"
enum status tenant_create_tables(struct store *store, struct error *error) MUST_CHECK;
/* --- stack.c */
enum status stack_create_tables(struct store *store, struct error *error) MUST_CHECK;
/* --- tenant.c: something has changed that processes keep in their memory. */
enum status store_generation_next(struct store *store, struct error *error) MUST_CHECK;

/* --- secret.c */
enum status secret_create_tables(struct store *store, struct error *error) MUST_CHECK;

/* --- query.c */
/* A query with its parameters, as it goes to the database. */
struct bound_query {
	struct statement *statement;
	struct sql_value *values;
	uint32_t count;
	uint32_t most; /* rows that are asked for; 0: all */
	bool none;     /* there can be no such row: nothing is to be asked */
};
/* `spare`: so many rows more than are enough. */
enum status query_bind(struct store *store, struct arena *arena, const struct query *query, const struct value *parameters,
		       uint32_t spare, struct bound_query *bound_out, struct error *error) MUST_CHECK;
enum status store_query(void *host, struct arena *arena, const struct query *query, const struct value *parameters,
			const struct value *const **rows_out, uint32_t *count_out, struct error *error) MUST_CHECK;

/* After a refusal nothing can be asked of some databases before the savepoint it fell into is taken back; the caller's own
 * rollback comes later and finds nothing left to do. */
void store_recover(struct store *store);

/* --- conflict.c: the sentence for what the database refused */
enum status conflict_explain(struct store *store, const struct entity *entity, struct record_id id, const struct value *after,
			     struct error *error);
/* After all changes of a plan: which reference leads nowhere. */
enum status conflict_references(struct store *store, const struct plan *plan, struct error *error);
enum status conflict_version(struct store *store, const struct entity *entity, struct record_id id, int64_t read_version,
			     struct error *error);

#endif
