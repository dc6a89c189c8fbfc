/* Reads history and journal together. What is asked for here a person waits for: a table may be read from its begin. */
#include "runtime/store/past.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/json.h"
#include "runtime/store/inside.h"

#define CHANGE_COLUMNS "number,event,entity,change,record,rule,before,after"

static enum status changes_read(struct arena *arena, struct statement *statement, past_list *changes_out, struct error *error)
{
	enum status status;
	bool row;

	*changes_out = (past_list){0};
	while ((status = statement_step(statement, &row, error)) == OK && row)
		*list_add(arena, changes_out) = (struct past_change){.number = statement_column(statement, 0).integer,
								     .turn = id_from_sql(statement_column(statement, 1)),
								     .entity = store_text(arena, statement, 2),
								     .change = store_text(arena, statement, 3),
								     .record = id_from_sql(statement_column(statement, 4)),
								     .rule = store_text(arena, statement, 5),
								     .before = store_text(arena, statement, 6),
								     .after = store_text(arena, statement, 7)};
	statement_reset(statement);
	return status;
}

enum status past_changes(struct store *store, struct arena *arena, struct record_id turn, past_list *changes_out,
			 struct error *error)
{
	struct statement *statement;
	enum status status = store_statement(store, "SELECT " CHANGE_COLUMNS " FROM _history WHERE event=?1 ORDER BY number",
					     &statement, error);

	if (status != OK)
		return status;
	arena_reset(&store->scratch);
	statement_bind(statement, 1, sql_from_id(&store->scratch, turn));
	return changes_read(arena, statement, changes_out, error);
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

/* --- the past as a whole */
enum status past_read(struct store *store, struct arena *arena, int64_t tenant, int64_t after, moment until, uint32_t most,
		      past_list *changes_out, struct error *error)
{
	struct statement *statement;
	enum status status = store_statement(store,
					     "SELECT " CHANGE_COLUMNS " FROM _history WHERE _tenant=?1 AND number>?2 AND at<?3 "
					     "ORDER BY number LIMIT ?4",
					     &statement, error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(tenant));
	statement_bind(statement, 2, sql_integer(after));
	statement_bind(statement, 3, sql_integer(until));
	statement_bind(statement, 4, sql_integer(most));
	return changes_read(arena, statement, changes_out, error);
}

enum status past_newest(struct store *store, int64_t *number_out, struct error *error)
{
	return store_number(store, "SELECT coalesce(max(number),0) FROM _history", number_out, error);
}

/* What is due again is a turn of the same name at another time. */
struct turn_key {
	struct record_id id;
	moment at;
};

static struct text key_of(const struct turn_key *key)
{
	return (struct text){(const char *)key, sizeof *key};
}

/* Where a turn stands among those that changed something: the number of its first change. */
static enum status first_changes_read(struct store *store, struct arena *arena, int64_t tenant, struct map *firsts,
				      struct error *error)
{
	struct statement *statement;
	bool row;
	enum status status = store_statement(
		store, "SELECT event,at,min(number) FROM _history WHERE _tenant=?1 GROUP BY event,at", &statement, error);

	*firsts = map_in(arena);
	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(tenant));
	while ((status = statement_step(statement, &row, error)) == OK && row) {
		struct turn_key key = {id_from_sql(statement_column(statement, 0)), statement_column(statement, 1).integer};
		struct record_id nobody = {0};
		int64_t number = statement_column(statement, 2).integer;
		if (id_equal(key.id, nobody)) /* activations all have the same: it says nothing of their order */
			continue;
		map_put(firsts, text_copy(arena, key_of(&key)), arena_copy(arena, &number, sizeof number));
	}
	statement_reset(statement);
	return status;
}

struct placed {
	struct past_turn turn;
	int64_t first_change; /* 0: it has changed nothing that history knows */
};
typedef LIST(struct placed) placed_list;

static int64_t first_change(const struct map *firsts, struct arena *scratch, const struct entry *entry)
{
	struct turn_key key = {entry->id, entry->handled_at};
	const int64_t *number = map_get(firsts, key_of(&key));

	if (number || entry->origin != ENTRY_EVENT)
		return number ? *number : 0;
	key.id = past_turn(scratch, entry);
	number = map_get(firsts, key_of(&key));
	return number ? *number : 0;
}

static enum status turns_place(struct store *store, struct arena *arena, int64_t tenant, const struct map *firsts,
			       placed_list *placed, struct error *error)
{
	struct statement *statement;
	struct arena scratch;
	bool row;
	enum status status =
		store_statement(store,
				"SELECT number,handled_at,origin,id,trace FROM _journal WHERE _tenant=?1 AND state<>0 "
				"AND handled_at IS NOT NULL ORDER BY handled_at,number",
				&statement, error);

	if (status != OK)
		return status;
	arena_init(&scratch, "a trace", 0);
	statement_bind(statement, 1, sql_integer(tenant));
	while ((status = statement_step(statement, &row, error)) == OK && row) {
		struct entry entry = {.handled_at = statement_column(statement, 1).integer,
				      .origin = (enum entry_origin)statement_column(statement, 2).integer,
				      .id = id_from_sql(statement_column(statement, 3)),
				      .trace = statement_column(statement, 4).text};
		*list_add(arena, placed) =
			(struct placed){{statement_column(statement, 0).integer, statement_column(statement, 1).integer},
					first_change(firsts, &scratch, &entry)};
		arena_reset(&scratch);
	}
	statement_reset(statement);
	arena_release(&scratch);
	return status;
}

static int by_first_change(const void *left, const void *right)
{
	const struct placed *a = left, *b = right;

	return (a->first_change > b->first_change) - (a->first_change < b->first_change);
}

/* The journal knows the second in which a turn ended; the history knows which of two turns came first, of those that changed
 * something. So these stand in the order of the history, in the places that all of them have in the order of the journal. */
enum status past_order(struct store *store, struct arena *arena, int64_t tenant, past_turns *turns_out, struct error *error)
{
	struct map firsts;
	placed_list all = {0}, changing = {0};
	enum status status = first_changes_read(store, arena, tenant, &firsts, error);

	*turns_out = (past_turns){0};
	if (status == OK)
		status = turns_place(store, arena, tenant, &firsts, &all, error);
	if (status != OK)
		return status;
	for (uint32_t i = 0; i < all.count; i++)
		if (all.items[i].first_change)
			*list_add(arena, &changing) = all.items[i];
	if (changing.count)
		qsort(changing.items, changing.count, sizeof *changing.items, by_first_change);
	for (uint32_t i = 0, next = 0; i < all.count; i++)
		*list_add(arena, turns_out) = all.items[i].first_change ? changing.items[next++].turn : all.items[i].turn;
	return OK;
}
