/* A database of an older stellwerk gets the columns that its tables lack. Never takes one away: an older one may come back to
 * it. */
#include "runtime/store/inside.h"

static enum status column_has(struct store *store, const char *table, const char *column, bool *has_out, struct error *error)
{
	struct statement *statement;
	enum status status = store_statement(store, store->dialect->column_find, &statement, error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_text(text_from(table)));
	statement_bind(statement, 2, sql_text(text_from(column)));
	status = statement_step(statement, has_out, error);
	statement_reset(statement);
	return status;
}

enum status later_columns_add(struct store *store, struct error *error)
{
	const struct dialect *dialect = store->dialect;
	const struct {
		const char *table, *column, *type, *fill;
	} COLUMNS[] = {
#define LATER(table, column, type, fill) {#table, #column, dialect->type, fill},
#include "runtime/store/later.def"
#undef LATER
	};
	enum status status = OK;

	for (size_t i = 0; i < sizeof COLUMNS / sizeof *COLUMNS && status == OK; i++) {
		bool has = false;
		status = column_has(store, COLUMNS[i].table, COLUMNS[i].column, &has, error);
		if (status != OK || has)
			continue;
		struct text sql = text_format(&store->scratch, "ALTER TABLE %s ADD COLUMN %s %s NOT NULL DEFAULT %s",
					      COLUMNS[i].table, COLUMNS[i].column, COLUMNS[i].type, COLUMNS[i].fill);
		status = database_execute(store->database, sql.bytes, error);
	}
	return status;
}
