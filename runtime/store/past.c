/* Reads history and journal together. What is asked for here a person waits for: a table may be read from its begin. */
#include "runtime/store/past.h"

#include <stdio.h>

#include "engine/base/json.h"
#include "runtime/store/inside.h"

enum status past_changes(struct store *store, struct arena *arena, struct record_id turn, past_list *changes_out,
			 struct error *error)
{
	struct statement *statement;
	bool row;
	enum status status = store_statement(store,
					     "SELECT entity,change,record,rule,before,after FROM _history WHERE event=?1 "
					     "ORDER BY number",
					     &statement, error);

	*changes_out = (past_list){0};
	if (status != OK)
		return status;
	arena_reset(&store->scratch);
	statement_bind(statement, 1, sql_from_id(&store->scratch, turn));
	while ((status = statement_step(statement, &row, error)) == OK && row)
		*list_add(arena, changes_out) = (struct past_change){.entity = store_text(arena, statement, 0),
								     .change = store_text(arena, statement, 1),
								     .record = id_from_sql(statement_column(statement, 2)),
								     .rule = store_text(arena, statement, 3),
								     .before = store_text(arena, statement, 4),
								     .after = store_text(arena, statement, 5)};
	statement_reset(statement);
	return status;
}

/* --- from a record to its turn */
static enum status turn_read(struct statement *statement, struct record_id *turn_out, struct error *error)
{
	bool row;
	enum status status = statement_step(statement, &row, error);

	if (status == OK && row)
		*turn_out = id_from_sql(statement_column(statement, 0));
	statement_reset(statement);
	return status == OK && !row ? NOT_FOUND : status;
}

static enum status turn_of_id(struct store *store, struct record_id record, struct record_id *turn_out, struct error *error)
{
	struct statement *statement;
	enum status status = store_statement(store, "SELECT event FROM _history WHERE record=?1 ORDER BY number DESC LIMIT 1",
					     &statement, error);

	if (status != OK)
		return status;
	arena_reset(&store->scratch);
	statement_bind(statement, 1, sql_from_id(&store->scratch, record));
	return turn_read(statement, turn_out, error);
}

/* `"number":"T-17"`: the value as history has written it. */
static enum status turn_of_text(struct store *store, struct text value, struct record_id *turn_out, struct error *error)
{
	struct statement *statement;
	struct text_builder text = {.arena = &store->scratch};
	struct json_writer writer = {.text = &text};
	char sql[160];

	snprintf(sql, sizeof sql,
		 "SELECT event FROM _history WHERE change='create' AND %s(after,?1)>0 ORDER BY number DESC LIMIT 1",
		 store->dialect->position);
	arena_reset(&store->scratch);
	json_write_text(&writer, value);
	enum status status = database_prepare(store->database, text_from(sql), &statement, error);
	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_text(text_format(&store->scratch, ":%.*s", TEXT_ARGS(builder_text(&text)))));
	status = turn_read(statement, turn_out, error);
	statement_close(statement);
	return status;
}

enum status past_turn_of(struct store *store, struct text record, struct record_id *turn_out, struct error *error)
{
	struct record_id id;
	enum status status = record_id_parse(record, &id) == OK ? turn_of_id(store, id, turn_out, error) : NOT_FOUND;

	if (status == NOT_FOUND)
		status = turn_of_text(store, record, turn_out, error);
	return status == NOT_FOUND ? error_set(error, NOT_FOUND, "no turn has written anything of `%.*s`",
					       TEXT_ARGS(text_slice(record, 0, record.length > 80 ? 80 : record.length)))
				   : status;
}

/* --- between a turn and the entry that began it */
struct record_id past_turn(struct arena *arena, const struct entry *entry)
{
	const struct json *trace;
	struct error error;
	struct record_id id;

	if (!entry->trace.length || json_parse(arena, entry->trace, &trace, &error) != OK)
		return entry->id;
	const struct json *events = json_member(trace, TEXT("events")), *first = events ? json_first(events) : NULL;
	const struct json *kind = first ? json_first(first) : NULL, *named = kind ? json_next(kind) : NULL;
	bool outer = entry->origin == ENTRY_EVENT; /* an event with keys is known by them */
	return outer && named && record_id_parse(json_text(named), &id) == OK ? id : entry->id;
}

enum status past_entry(struct store *store, struct arena *arena, struct record_id turn, struct entry *entry_out,
		       struct error *error)
{
	struct statement *statement;
	char id[RECORD_ID_TEXT + 1], sql[120];
	bool row;

	record_id_write(turn, id);
	snprintf(sql, sizeof sql, "SELECT number FROM _journal WHERE id=?1 OR %s(trace,?2)>0 ORDER BY number LIMIT 1",
		 store->dialect->position);
	enum status status = database_prepare(store->database, text_from(sql), &statement, error);
	if (status != OK)
		return status;
	arena_reset(&store->scratch);
	statement_bind(statement, 1, sql_from_id(&store->scratch, turn));
	statement_bind(statement, 2, sql_text(text_from(id)));
	status = statement_step(statement, &row, error);
	int64_t number = status == OK && row ? statement_column(statement, 0).integer : 0;
	statement_close(statement);
	if (status != OK)
		return status;
	return number ? journal_read(store, arena, number, entry_out, error)
		      : error_set(error, NOT_FOUND, "the journal does not know what began the turn %s", id);
}
