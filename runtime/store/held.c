/* Looks for what waits for a person. Reads the tables of the system's entities by their names, for it knows no program. */
#include "runtime/store/held.h"

#include <stdlib.h>

#include "runtime/store/inside.h"

static const struct held_source {
	const char *name, *sql;
} SOURCES[] = {
	[HELD_CALL] = {"call", "SELECT _tenant,id,action,sentence,made_at FROM _call WHERE state=4"},
	[HELD_WORKFLOW] = {"workflow",
			   "SELECT _tenant,id,workflow,waits_for,updated_at FROM workflow_instance WHERE state='held'"},
	[HELD_APPROVAL] = {"approval", "SELECT _tenant,id,workflow,role,created_at FROM approval WHERE state='open'"},
};
enum { KINDS = sizeof SOURCES / sizeof *SOURCES };

const char *held_kind_name(enum held_kind kind)
{
	return SOURCES[kind].name;
}

static enum status kind_find(struct store *store, struct arena *arena, enum held_kind kind, held_list *held,
			     struct error *error)
{
	struct statement *statement;
	bool row;
	enum status status = store_statement(store, SOURCES[kind].sql, &statement, error);

	if (status != OK)
		return status;
	statement_reset(statement);
	while ((status = statement_step(statement, &row, error)) == OK && row)
		*list_add(arena, held) = (struct held){.kind = kind,
						       .tenant = statement_column(statement, 0).integer,
						       .id = id_from_sql(statement_column(statement, 1)),
						       .what = store_text(arena, statement, 2),
						       .why = store_text(arena, statement, 3),
						       .since = statement_column(statement, 4).integer};
	statement_reset(statement);
	return status;
}

static int by_time(const void *left, const void *right)
{
	const struct held *a = left, *b = right;

	return (a->since > b->since) - (a->since < b->since);
}

enum status held_find(struct store *store, struct arena *arena, held_list *held_out, struct error *error)
{
	enum status status = OK;

	*held_out = (held_list){0};
	for (int kind = 0; kind < KINDS && status == OK; kind++)
		status = kind_find(store, arena, (enum held_kind)kind, held_out, error);
	if (status == OK && held_out->count > 1)
		qsort(held_out->items, held_out->count, sizeof *held_out->items, by_time);
	return status;
}
