/* A table that is empty nearly always: only who follows a dead process writes to it. */
#include "runtime/store/deaths.h"

#include "runtime/store/inside.h"

enum status deaths_create_tables(struct store *store, struct error *error)
{
	const char *integer = store->dialect->integer;
	struct text_builder sql = {.arena = &store->scratch};

	builder_format(
		&sql,
		"CREATE TABLE IF NOT EXISTS _death(_tenant %s NOT NULL,id %s NOT NULL,due_at %s NOT NULL,count %s NOT NULL,"
		"PRIMARY KEY(_tenant,id))%s;",
		integer, store->dialect->bytes, integer, integer, store->dialect->table_end);
	return database_execute(store->database, builder_text(&sql).bytes, error);
}

enum status deaths_count(struct store *store, int64_t tenant, struct record_id id, moment due, uint32_t *count_out,
			 struct error *error)
{
	struct statement *statement;
	bool row;
	enum status status =
		store_statement(store,
				"INSERT INTO _death(_tenant,id,due_at,count) VALUES(?1,?2,?3,1) ON CONFLICT(_tenant,id) DO "
				"UPDATE SET count=CASE WHEN _death.due_at=excluded.due_at THEN _death.count+1 ELSE 1 END,"
				"due_at=excluded.due_at RETURNING count",
				&statement, error);

	*count_out = 0;
	if (status != OK)
		return status;
	arena_reset(&store->scratch);
	statement_bind(statement, 1, sql_integer(tenant));
	statement_bind(statement, 2, sql_from_id(&store->scratch, id));
	statement_bind(statement, 3, sql_integer(due));
	status = statement_step(statement, &row, error);
	if (status == OK && row)
		*count_out = (uint32_t)statement_column(statement, 0).integer;
	statement_reset(statement);
	return status;
}

enum status deaths_forget(struct store *store, int64_t tenant, struct record_id id, struct error *error)
{
	struct statement *statement;
	enum status status = store_statement(store, "DELETE FROM _death WHERE _tenant=?1 AND id=?2", &statement, error);

	if (status != OK)
		return status;
	arena_reset(&store->scratch);
	statement_bind(statement, 1, sql_integer(tenant));
	statement_bind(statement, 2, sql_from_id(&store->scratch, id));
	return statement_run(statement, error);
}
