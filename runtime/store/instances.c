/* Reads the instances of workflows by the names of the system's columns, for it knows no program. */
#include "runtime/store/instances.h"

#include "runtime/store/inside.h"

enum status instances_read(struct store *store, struct arena *arena, instance_list *instances_out, struct error *error)
{
	struct statement *statement;
	bool row;
	int64_t tables;
	enum status status = store_number(store, "SELECT 1 FROM _meta WHERE name='layout'", &tables, error);

	*instances_out = (instance_list){0};
	if (status != OK)
		return status == NOT_FOUND ? OK : status;
	status = store_statement(
		store,
		"SELECT _tenant,id,workflow,state,waits_for,data,program FROM workflow_instance WHERE state NOT IN "
		"('ended','failed','cancelled') ORDER BY _tenant,workflow,program,id",
		&statement, error);
	if (status != OK)
		return status;
	statement_reset(statement);
	while ((status = statement_step(statement, &row, error)) == OK && row) {
		*list_add(arena, instances_out) =
			(struct unfinished_instance){.tenant = statement_column(statement, 0).integer,
						     .id = id_from_sql(statement_column(statement, 1)),
						     .workflow = store_text(arena, statement, 2),
						     .state = store_text(arena, statement, 3),
						     .waits_for = store_text(arena, statement, 4),
						     .data = store_text(arena, statement, 5),
						     .program = program_hash_read(statement_column(statement, 6).text)};
	}
	statement_reset(statement);
	return status;
}
