/* The journal as a table. Must never look into a content: it keeps, orders and finds. */
#include "runtime/store/journal.h"

#include <inttypes.h>

#include "engine/base/check.h"
#include "runtime/store/inside.h"

enum { LIST_MOST = 1000 };

/* --- names */
static const char *const ORIGINS[] = {
#define ENTRY_ORIGIN(NAME, name, doc) [ENTRY_##NAME] = name,
#define ENTRY_STATE(NAME, name, doc)
#include "runtime/store/journal.def"
#undef ENTRY_ORIGIN
#undef ENTRY_STATE
};
static const char *const STATES[] = {
#define ENTRY_ORIGIN(NAME, name, doc)
#define ENTRY_STATE(NAME, name, doc) [ENTRY_##NAME] = name,
#include "runtime/store/journal.def"
#undef ENTRY_STATE
};
const char *entry_origin_name(enum entry_origin origin)
{
	return ORIGINS[origin];
}

const char *entry_state_name(enum entry_state state)
{
	return STATES[state];
}

struct record_id journal_event_id(struct arena *arena, struct text source, struct text id)
{
	struct text whole = text_format(arena, "%.*s %.*s", TEXT_ARGS(source), TEXT_ARGS(id));

	return record_id_derive(0, whole.bytes, whole.length);
}

/* --- tables */
enum status journal_create_tables(struct store *store, struct error *error)
{
	const char *integer = store->dialect->integer, *text = store->dialect->text, *bytes = store->dialect->bytes;
	struct text_builder sql = {.arena = &store->scratch};

	builder_format(&sql,
		       "CREATE TABLE IF NOT EXISTS _journal(number %s,_tenant %s NOT NULL,origin %s NOT NULL,state %s NOT NULL,"
		       "id %s NOT NULL,source %s NOT NULL,type %s NOT NULL,subject %s NOT NULL,content %s NOT NULL,"
		       "received_at %s NOT NULL,attempts %s NOT NULL,handled_at %s,program %s,sentence %s,trace %s,"
		       "traceparent %s);",
		       store->dialect->serial, integer, integer, integer, bytes, text, text, text, text, integer, integer,
		       integer, integer, text, text, text);
	/* a number of state 0 (pending) or 2 (dead) is looked for; the past is not */
	builder_add_string(&sql,
			   "CREATE UNIQUE INDEX IF NOT EXISTS _journal_once ON _journal(_tenant,origin,id) WHERE origin<=1;"
			   "CREATE INDEX IF NOT EXISTS _journal_waiting ON _journal(_tenant,number) WHERE state=0;"
			   "CREATE INDEX IF NOT EXISTS _journal_dead ON _journal(number) WHERE state=2;");
	return database_execute(store->database, builder_text(&sql).bytes, error);
}

/* --- writing entries */
enum { ENTRY_VALUES = 15 };
#define ENTRY_INSERT_NEW /* with others of which each must be new */                                                           \
	"INSERT INTO _journal(_tenant,origin,state,id,source,type,subject,content,received_at,attempts,handled_at,program,"    \
	"sentence,trace,traceparent) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)"
#define ENTRY_INSERT ENTRY_INSERT_NEW " ON CONFLICT(_tenant,origin,id) WHERE origin<=1 DO NOTHING"

static struct sql_value text_or_null(struct text text)
{
	return text.length ? sql_text(text) : sql_null();
}

static void entry_values(struct store *store, const struct entry *entry, struct sql_value values[ENTRY_VALUES])
{
	bool handled = entry->state != ENTRY_PENDING;
	const struct sql_value all[ENTRY_VALUES] = {sql_integer(entry->tenant),
						    sql_integer(entry->origin),
						    sql_integer(entry->state),
						    sql_from_id(&store->scratch, entry->id),
						    sql_text(entry->source),
						    sql_text(entry->type),
						    sql_text(entry->subject),
						    sql_text(entry->content),
						    sql_integer(entry->received_at),
						    sql_integer(entry->attempts),
						    handled ? sql_integer(entry->handled_at) : sql_null(),
						    handled ? sql_integer((int64_t)entry->program) : sql_null(),
						    text_or_null(entry->sentence),
						    text_or_null(entry->trace),
						    text_or_null(entry->traceparent)};

	memcpy(values, all, sizeof all);
}

static enum status entry_insert(struct store *store, struct entry *entry, bool *is_new_out, struct error *error)
{
	struct sql_value values[ENTRY_VALUES];
	struct statement *statement;
	enum status status = store_statement(store, ENTRY_INSERT " RETURNING number", &statement, error);

	*is_new_out = false;
	if (status != OK)
		return status;
	arena_reset(&store->scratch);
	entry_values(store, entry, values);
	for (uint32_t i = 0; i < ENTRY_VALUES; i++)
		statement_bind(statement, i + 1, values[i]);
	status = statement_step(statement, is_new_out, error);
	if (status == OK && *is_new_out)
		entry->number = statement_column(statement, 0).integer;
	statement_reset(statement);
	return status;
}

/* SQLite does not see by itself that 0 is at most 1, and would not use the index */
static const char *const HAS[] = {
	[ENTRY_EVENT] = "SELECT 1 FROM _journal WHERE _tenant=?1 AND id=?2 AND origin=0 AND origin<=1",
	[ENTRY_RECEIVED] = "SELECT 1 FROM _journal WHERE _tenant=?1 AND id=?2 AND origin=1 AND origin<=1"};

enum status journal_has(struct store *store, const struct entry *entry, bool *has_out, struct error *error)
{
	*has_out = false;
	return entry->origin <= ENTRY_RECEIVED ? store_has(store, HAS[entry->origin], entry->id, has_out, error) : OK;
}

/* With the others of a batch; its number is not known then. */
static enum status entry_queue(struct store *store, const struct entry *entry, bool *is_new_out, struct error *error)
{
	struct sql_value values[ENTRY_VALUES];
	bool has = false;
	enum status status = OK;

	arena_reset(&store->scratch);
	entry_values(store, entry, values);
	if (entry->origin <= ENTRY_RECEIVED) /* within this batch, that is: asking the database is for those who need to know */
		has = batch_remember(store, HAS[entry->origin], entry->id);
	if (!has)
		status = store_write(store, ENTRY_INSERT_NEW, values, ENTRY_VALUES, error);
	*is_new_out = status == OK && !has;
	return status;
}

enum status journal_add(struct store *store, struct entry *entry, bool *is_new_out, struct error *error)
{
	entry->state = ENTRY_PENDING;
	return entry_insert(store, entry, is_new_out, error);
}

/* All of one tenant. */
static enum status entries_insert(struct store *store, const struct entry *entries, uint32_t count, uint32_t *new_out,
				  struct error *error)
{
	struct arena *arena = &store->scratch;
	struct statement *statement;
	enum status status = store_show_tenant(store, entries->tenant, error);

	if (status == OK)
		status = store_statement(store, ENTRY_INSERT, &statement, error);
	if (status != OK)
		return status;
	arena_reset(arena);
	struct sql_value *values = arena_array(arena, struct sql_value, (size_t)count * ENTRY_VALUES);
	for (uint32_t i = 0; i < count; i++)
		entry_values(store, &entries[i], values + (size_t)i * ENTRY_VALUES);
	statement_bind_many(statement, values, ENTRY_VALUES, count);
	status = statement_run(statement, error);
	if (status == OK)
		*new_out += (uint32_t)database_changes(store->database);
	return status;
}

enum status journal_add_many(struct store *store, const struct entry *entries, uint32_t count, uint32_t *new_out,
			     struct error *error)
{
	enum status status = OK;

	*new_out = 0;
	for (uint32_t first = 0, end = 0; status == OK && first < count; first = end) {
		while (end < count && (!store->is_confined || entries[end].tenant == entries[first].tenant))
			end++;
		status = entries_insert(store, entries + first, end - first, new_out, error);
	}
	return status;
}

enum status journal_record(struct store *store, struct entry *entry, bool *is_new_out, struct error *error)
{
	CHECK(entry->state != ENTRY_PENDING);
	return store->batch.is_open ? entry_queue(store, entry, is_new_out, error)
				    : entry_insert(store, entry, is_new_out, error);
}

enum status journal_record_double(struct store *store, const struct entry *entry, struct error *error)
{
	struct entry copy = *entry;
	bool has;
	enum status status = journal_has(store, entry, &has, error);

	return status == OK && !has ? journal_record(store, &copy, &has, error) : status;
}

enum status journal_settle(struct store *store, const struct entry *entry, struct error *error)
{
	const struct sql_value values[] = {sql_integer(entry->number),
					   sql_integer(entry->state),
					   sql_integer(entry->attempts),
					   sql_integer(entry->handled_at),
					   sql_integer((int64_t)entry->program),
					   text_or_null(entry->sentence),
					   text_or_null(entry->trace)};
	enum status status = store_write(store,
					 "UPDATE _journal SET state=?2,attempts=?3,handled_at=?4,program=?5,sentence=?6,"
					 "trace=?7 WHERE number=?1 AND state=0",
					 values, 7, error);

	return status == CONFLICT
		       ? error_set(error, CONFLICT, "somebody else has handled entry %" PRId64 " of the journal already",
				   entry->number)
		       : status;
}

enum status journal_attempt(struct store *store, int64_t number, struct error *error)
{
	const struct sql_value values[] = {sql_integer(number)};

	return store_write(store, "UPDATE _journal SET attempts=attempts+1 WHERE number=?1 AND state=0", values, 1, error);
}

enum status journal_revive(struct store *store, int64_t number, bool retry, struct error *error)
{
	struct statement *statement;
	enum status status = store_statement(store, "UPDATE _journal SET state=?2,attempts=0 WHERE number=?1 AND state=2",
					     &statement, error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(number));
	statement_bind(statement, 2, sql_integer(retry ? ENTRY_PENDING : ENTRY_DROPPED));
	status = statement_run(statement, error);
	if (status == OK && database_changes(store->database) == 0)
		return error_set(error, NOT_FOUND, "there is no dead event of number %" PRId64, number);
	return status;
}

/* --- reading entries */
#define ENTRY_COLUMNS                                                                                                          \
	"number,_tenant,origin,state,id,source,type,subject,content,received_at,attempts,handled_at,program,sentence,"         \
	"trace,traceparent"

static void entry_read(struct arena *arena, struct statement *statement, struct entry *entry)
{
	uint32_t at = 0;

	entry->number = statement_column(statement, at++).integer;
	entry->tenant = statement_column(statement, at++).integer;
	entry->origin = (enum entry_origin)statement_column(statement, at++).integer;
	entry->state = (enum entry_state)statement_column(statement, at++).integer;
	entry->id = id_from_sql(statement_column(statement, at++));
	entry->source = store_text(arena, statement, at++);
	entry->type = store_text(arena, statement, at++);
	entry->subject = store_text(arena, statement, at++);
	entry->content = store_text(arena, statement, at++);
	entry->received_at = statement_column(statement, at++).integer;
	entry->attempts = (uint32_t)statement_column(statement, at++).integer;
	entry->handled_at = statement_column(statement, at++).integer;
	entry->program = (uint64_t)statement_column(statement, at++).integer;
	entry->sentence = store_text(arena, statement, at++);
	entry->trace = store_text(arena, statement, at++);
	entry->traceparent = store_text(arena, statement, at++);
}

/* What is asked for often is a statement of its own, so that its index is used: parameters that may be anything hide it. */
static const char *list_sql(const struct entry_filter *filter)
{
	if (filter->has_id)
		return "SELECT " ENTRY_COLUMNS
		       " FROM _journal WHERE (?1<0 OR _tenant=?1) AND (?2<0 OR state=?2) AND number>?3 AND "
		       "received_at>=?4 AND id=?6 ORDER BY number LIMIT ?5";
	if (filter->has_state && filter->state == ENTRY_PENDING && filter->tenant != TENANT_ANY)
		return "SELECT " ENTRY_COLUMNS " FROM _journal WHERE _tenant>=?1 AND _tenant<=?1 AND state=0 AND ?2=0 AND "
		       "number>?3 AND received_at>=?4 ORDER BY _tenant,number LIMIT ?5"; /* as in journal_waiting */
	if (filter->has_state && filter->state == ENTRY_DEAD)
		return "SELECT " ENTRY_COLUMNS
		       " FROM _journal WHERE (?1<0 OR _tenant=?1) AND state=2 AND ?2=2 AND number>?3 AND "
		       "received_at>=?4 ORDER BY number LIMIT ?5";
	return "SELECT " ENTRY_COLUMNS " FROM _journal WHERE (?1<0 OR _tenant=?1) AND (?2<0 OR state=?2) AND number>?3 AND "
	       "received_at>=?4 ORDER BY number LIMIT ?5";
}

static enum status entries_read(struct statement *statement, struct arena *arena, entry_list *entries_out, struct error *error)
{
	enum status status;
	bool row;

	while ((status = statement_step(statement, &row, error)) == OK && row)
		entry_read(arena, statement, list_add(arena, entries_out));
	statement_reset(statement);
	return status;
}

enum status journal_list(struct store *store, struct arena *arena, const struct entry_filter *filter, entry_list *entries_out,
			 struct error *error)
{
	struct statement *statement;
	enum status status = store_statement(store, list_sql(filter), &statement, error);

	*entries_out = (entry_list){0};
	if (status != OK)
		return status;
	arena_reset(&store->scratch);
	statement_bind(statement, 1, sql_integer(filter->tenant));
	statement_bind(statement, 2, sql_integer(filter->has_state ? (int64_t)filter->state : -1));
	statement_bind(statement, 3, sql_integer(filter->after));
	statement_bind(statement, 4, sql_integer(filter->since));
	statement_bind(statement, 5, sql_integer(filter->most ? filter->most : LIST_MOST));
	if (filter->has_id)
		statement_bind(statement, 6, sql_from_id(&store->scratch, filter->id));
	return entries_read(statement, arena, entries_out, error);
}

enum status journal_notes(struct store *store, struct arena *arena, int64_t tenant, entry_list *entries_out,
			  struct error *error)
{
	struct statement *statement;
	enum status status =
		store_statement(store, "SELECT " ENTRY_COLUMNS " FROM _journal WHERE _tenant=?1 AND origin=?2 ORDER BY number",
				&statement, error);

	*entries_out = (entry_list){0};
	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(tenant));
	statement_bind(statement, 2, sql_integer(ENTRY_NOTED));
	return entries_read(statement, arena, entries_out, error);
}

enum status journal_read(struct store *store, struct arena *arena, int64_t number, struct entry *entry_out, struct error *error)
{
	struct entry_filter filter = {.tenant = TENANT_ANY, .after = number - 1, .since = INT64_MIN, .most = 1};
	entry_list found;
	enum status status = journal_list(store, arena, &filter, &found, error);

	if (status == OK && (!found.count || found.items[0].number != number))
		return error_set(error, NOT_FOUND, "the journal has no entry %" PRId64, number);
	if (status == OK)
		*entry_out = found.items[0];
	return status;
}

static enum status entry_with_id(struct store *store, struct arena *arena, struct record_id id, struct entry *entry_out,
				 struct error *error)
{
	struct entry_filter filter = {.tenant = TENANT_ANY, .since = INT64_MIN, .has_id = true, .id = id, .most = 1};
	entry_list found;
	enum status status = journal_list(store, arena, &filter, &found, error);

	if (status == OK && found.count)
		*entry_out = found.items[0];
	return status == OK && !found.count ? NOT_FOUND : status;
}

/* The id is kept as a hash with its source: each source is tried. */
enum status journal_find(struct store *store, struct arena *arena, struct text id, struct entry *entry_out, struct error *error)
{
	struct statement *statement;
	LIST(struct text) sources = {0};
	struct record_id own;
	bool row;
	enum status status = record_id_parse(id, &own) == OK ? entry_with_id(store, arena, own, entry_out, error) : NOT_FOUND;

	if (status != NOT_FOUND)
		return status;
	status = store_statement(store, "SELECT DISTINCT source FROM _journal WHERE origin<=1", &statement, error);
	if (status != OK)
		return status;
	statement_reset(statement);
	while ((status = statement_step(statement, &row, error)) == OK && row)
		*list_add(arena, &sources) = store_text(arena, statement, 0);
	statement_reset(statement);
	for (uint32_t i = 0; status == OK && i < sources.count; i++) {
		status = entry_with_id(store, arena, journal_event_id(arena, sources.items[i], id), entry_out, error);
		if (status != NOT_FOUND)
			return status;
		status = OK;
	}
	return status == OK ? NOT_FOUND : status;
}

enum status journal_waiting(struct store *store, struct arena *arena, tenant_list *tenants_out, struct error *error)
{
	struct statement *statement;
	bool row;
	/* walks the index from tenant to tenant: as many steps as there are tenants that wait, however much they wait for. A
	 * tenant between two bounds, for of an equal one SQLite thinks that its first entry is found soonest by walking all
	 * numbers. */
	enum status status = store_statement(
		store,
		"WITH RECURSIVE waiting(tenant) AS (SELECT (SELECT min(_tenant) FROM _journal WHERE state=0) UNION ALL "
		"SELECT (SELECT min(j._tenant) FROM _journal j WHERE j.state=0 AND j._tenant>waiting.tenant) FROM waiting "
		"WHERE waiting.tenant IS NOT NULL) SELECT tenant,(SELECT j.number FROM _journal j WHERE j.state=0 AND "
		"j._tenant>=tenant AND j._tenant<=tenant ORDER BY j._tenant,j.number LIMIT 1) AS first FROM waiting WHERE "
		"tenant IS NOT NULL AND "
		"tenant NOT IN (SELECT number FROM _tenant WHERE state=1) ORDER BY 2",
		&statement, error);

	*tenants_out = (tenant_list){0};
	if (status != OK)
		return status;
	statement_reset(statement);
	while ((status = statement_step(statement, &row, error)) == OK && row)
		*list_add(arena, tenants_out) = statement_column(statement, 0).integer;
	statement_reset(statement);
	return status;
}

enum status journal_newest(struct store *store, int64_t *number_out, struct error *error)
{
	return store_number(store, "SELECT coalesce(max(number),0) FROM _journal", number_out, error);
}

enum status journal_counts(struct store *store, int64_t *waiting_out, int64_t *dead_out, struct error *error)
{
	enum status status = store_number(store, store->dialect->count_waiting, waiting_out, error);

	return status == OK ? store_number(store, store->dialect->count_dead, dead_out, error) : status;
}
