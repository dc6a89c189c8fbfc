/* A migration on its way: what the tables were, what the packs say, what the tables will be. Shared by migrate.c (the steps),
 * fit.c (what would be lost), unite.c (several stacks of packs over the same tables) and tables.c (doing it); private to the
 * store. */
#ifndef STORE_MIGRATING_H
#define STORE_MIGRATING_H

#include "runtime/store/inside.h"

/* Another stack of packs over the same tables. */
struct sharer {
	struct layout layout;
	struct text name;    /* "the packs of `acme`" */
	struct text tenants; /* SQL behind `_tenant`: whose rows; empty: only workflows that have not ended still run on it */
	bool has_unfinished; /* such workflows are of those who get the new packs */
};

/* The tables belong to all tenants; some of these get other packs. */
struct sharing {
	const struct sharer *sharers;
	uint32_t count;
	struct text name;            /* of the new stack, as above */
	struct text tenants;         /* SQL behind `_tenant`: who gets it */
	const struct layout *before; /* what their packs said so far; NULL: what stands in the tables */
	bool goes_back;              /* to packs that they had: what only the later ones know stays where it is */
};

/* SQL over rows, to be run when the table has its new columns, and neither seal nor index stands in the way. */
struct row_change {
	struct text entity, sql;
};

struct migrating {
	struct store *store;
	const struct program *program;
	const struct sharing *sharing; /* NULL: the program has the tables for itself */
	struct arena *arena;
	struct layout old, mine, now; /* the tables; what the program says; what the tables will be */
	LIST(struct row_change) row_changes;
	struct text_builder changes; /* a line each */
	struct text_builder refused; /* sentences */
	struct text_builder block;   /* items of the migration to write */
	struct error *error;
};

#define SAY(...) text_format(migrating->arena, __VA_ARGS__)

/* --- migrate.c */
void migrating_begin(struct migrating *migrating);
/* Within a transaction, with references not checked. Reads what stands there, fits it, and notes what stands there then. */
enum status migrating_run(struct migrating *migrating) MUST_CHECK;
/* `count_out`: the first column of the first row, or 0. */
enum status migrating_count(struct migrating *migrating, struct text_builder *sql, int64_t *count_out) MUST_CHECK;
enum status migrating_execute(struct migrating *migrating, struct text_builder *sql) MUST_CHECK;
/* `condition`, and that the row is of a tenant who gets the program. Either may be all there is, or none. */
struct text of_mine(struct migrating *migrating, struct text condition);
/* Indexes and seal of a table go; table_fit makes them anew. */
enum status indexes_drop(struct migrating *migrating, struct layout_entity *entity) MUST_CHECK;
bool column_fits(struct text old, struct text now);

/* --- stack.c: what a stack that somebody ran needs of the tables. NOT_FOUND: nobody did. */
enum status stack_layout(struct store *store, struct arena *arena, uint64_t stack, struct layout *layout_out,
			 struct error *error) MUST_CHECK;

/* --- unite.c */
/* `now`: what all of them need. INVALID: two of them give one field two types. */
enum status layouts_unite(struct migrating *migrating) MUST_CHECK;
/* Somebody else's packs know it; an empty field: the entity. */
bool others_know(const struct migrating *migrating, struct text entity, struct text field);
/* The same, of those on which their own workflows run that have not ended. */
bool unfinished_know(const struct migrating *migrating, struct text entity, struct text field);
/* "unique thing: a b" names a and b. */
bool index_names(struct text index, struct text field);

/* --- fit.c */
enum status fit_check(struct migrating *migrating) MUST_CHECK;
/* What nobody's packs know any more, but rows hold, stays. */
enum status orphans_keep(struct migrating *migrating) MUST_CHECK;

/* --- tables.c */
bool tables_change(struct migrating *migrating);
enum status tables_fit(struct migrating *migrating) MUST_CHECK;

#endif
