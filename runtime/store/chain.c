/* Links the history's rows as they are committed: chain.h. The head of a tenant's chain is one row, locked at the very end of a
 * transaction and in the order of tenants, so that writers neither wait long nor for each other in a ring. */
#include "runtime/store/chain.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/check.h"
#include "runtime/store/inside.h"

static enum status link_add(struct store *store, const struct chained *rows, uint32_t count, struct error *error) MUST_CHECK;

enum status chain_create_tables(struct store *store, struct error *error)
{
	const struct dialect *dialect = store->dialect;
	const char *integer = dialect->integer, *bytes = dialect->bytes, *end = dialect->table_end;
	struct text_builder sql = {.arena = &store->scratch};

	builder_format(
		&sql,
		"CREATE TABLE IF NOT EXISTS _chain(_tenant %s NOT NULL,position %s NOT NULL,rows %s NOT NULL,hash %s NOT NULL,"
		"PRIMARY KEY(_tenant,position))%s;",
		integer, integer, bytes, bytes, end);
	builder_format(
		&sql, "CREATE TABLE IF NOT EXISTS _chain_head(_tenant %s PRIMARY KEY,position %s NOT NULL,hash %s NOT NULL)%s;",
		integer, integer, bytes, end);
	builder_add_string(&sql, dialect->digests_stay);
	builder_format(&sql, "%s _chain_update BEFORE UPDATE ON _chain%s%s", dialect->trigger_make, dialect->trigger_each,
		       dialect->trigger_append_only);
	builder_format(&sql, "%s _chain_delete BEFORE DELETE ON _chain%s%s", dialect->trigger_make, dialect->trigger_each,
		       dialect->trigger_append_only);
	store_refuse_truncate(&sql, dialect, "_chain");
	return database_execute(store->database, builder_text(&sql).bytes, error);
}

/* --- what a transaction has written */
void chain_begin(struct store *store)
{
	*list_add(&store->chain.arena, &store->chain.marks) = store->chain.rows.count;
}

void chain_add(struct store *store, const struct sql_value columns[HISTORY_COLUMN_COUNT])
{
	struct chained *added = list_add(&store->chain.arena, &store->chain.rows);

	*added = (struct chained){.tenant = columns[HISTORY_TENANT].integer, .number = columns[HISTORY_NUMBER].integer};
	row_digest(&store->scratch, columns, &added->digest);
}

void chain_end(struct store *store, bool kept)
{
	struct chain *chain = &store->chain;

	CHECK(chain->marks.count > 0);
	uint32_t mark = chain->marks.items[--chain->marks.count];
	if (!kept)
		chain->rows.count = mark;
	if (chain->marks.count)
		return;
	memset(&chain->rows, 0, sizeof chain->rows);
	memset(&chain->marks, 0, sizeof chain->marks);
	arena_reset(&chain->arena);
}

/* --- linking */
static int chained_order(const void *left, const void *right)
{
	const struct chained *a = left, *b = right;

	if (a->tenant != b->tenant)
		return a->tenant < b->tenant ? -1 : 1;
	return (a->number > b->number) - (a->number < b->number);
}

enum status chain_append(struct store *store, struct error *error)
{
	struct chained *rows = store->chain.rows.items;
	uint32_t count = store->chain.rows.count, first = 0;
	enum status status = OK;

	if (!count)
		return OK;
	qsort(rows, count, sizeof *rows, chained_order);
	for (uint32_t i = 1; i <= count && status == OK; i++) {
		if (i < count && rows[i].tenant == rows[first].tenant)
			continue;
		status = link_add(store, rows + first, i - first, error);
		first = i;
	}
	return status;
}

/* Locks the head until the transaction ends, and makes it when this is the first link. */
static enum status head_take(struct store *store, int64_t tenant, int64_t *position_out, struct text *hash_out,
			     struct error *error)
{
	struct statement *statement;
	bool row;
	enum status status = store_statement(store,
					     "INSERT INTO _chain_head(_tenant,position,hash) VALUES(?1,0,?2) "
					     "ON CONFLICT(_tenant) DO UPDATE SET position=_chain_head.position "
					     "RETURNING position,hash",
					     &statement, error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(tenant));
	statement_bind(statement, 2, sql_bytes("", 0));
	status = statement_step(statement, &row, error);
	if (status == OK) {
		CHECK(row);
		*position_out = statement_column(statement, 0).integer;
		*hash_out = text_copy(&store->scratch, statement_column(statement, 1).text);
	}
	statement_reset(statement);
	return status;
}

static struct text rows_text(struct arena *arena, const struct chained *rows, uint32_t count)
{
	struct text_builder text = {.arena = arena};

	for (uint32_t i = 0; i < count; i++) {
		uint64_t number = htobe64((uint64_t)rows[i].number);
		builder_add(&text, (struct text){(const char *)&number, sizeof number});
		builder_add(&text, (struct text){(const char *)rows[i].digest.bytes, DIGEST_BYTES});
	}
	return builder_text(&text);
}

static enum status link_write(struct store *store, const char *sql, int64_t tenant, int64_t position, const struct digest *hash,
			      struct text rows, struct error *error)
{
	struct statement *statement;
	enum status status = store_statement(store, sql, &statement, error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(tenant));
	statement_bind(statement, 2, sql_integer(position));
	statement_bind(statement, 3, sql_bytes(hash->bytes, DIGEST_BYTES));
	if (rows.length)
		statement_bind(statement, 4, sql_bytes(rows.bytes, rows.length));
	return statement_run(statement, error);
}

static enum status link_add(struct store *store, const struct chained *rows, uint32_t count, struct error *error)
{
	int64_t tenant = rows->tenant, position = 0;
	struct text before = {0};
	struct digest hash;

	arena_reset(&store->scratch);
	enum status status = head_take(store, tenant, &position, &before, error);
	if (status != OK)
		return status;
	struct text text = rows_text(&store->scratch, rows, count);
	link_digest(&store->scratch, tenant, ++position, before, text, &hash);
	status = link_write(store, "INSERT INTO _chain(_tenant,position,hash,rows) VALUES(?1,?2,?3,?4)", tenant, position,
			    &hash, text, error);
	if (status == OK)
		status = link_write(store, "UPDATE _chain_head SET position=?2,hash=?3 WHERE _tenant=?1", tenant, position,
				    &hash, (struct text){0}, error);
	return status;
}

/* --- digests */
static void value_add(struct text_builder *text, struct sql_value value)
{
	uint64_t number = htobe64(value.kind == SQL_INTEGER ? (uint64_t)value.integer : value.text.length);

	builder_add_char(text, "nitb"[value.kind]);
	if (value.kind == SQL_NULL)
		return;
	builder_add(text, (struct text){(const char *)&number, sizeof number});
	if (value.kind != SQL_INTEGER)
		builder_add(text, value.text);
}

void row_digest(struct arena *arena, const struct sql_value columns[HISTORY_COLUMN_COUNT], struct digest *digest_out)
{
	struct text_builder text = {.arena = arena};

	for (int i = 0; i < HISTORY_COLUMN_COUNT; i++)
		value_add(&text, columns[i]);
	digest_of(builder_text(&text), digest_out);
}

void link_digest(struct arena *arena, int64_t tenant, int64_t position, struct text before, struct text rows,
		 struct digest *digest_out)
{
	struct text_builder text = {.arena = arena};

	value_add(&text, sql_integer(tenant));
	value_add(&text, sql_integer(position));
	value_add(&text, sql_bytes(before.bytes, before.length));
	value_add(&text, sql_bytes(rows.bytes, rows.length));
	digest_of(builder_text(&text), digest_out);
}

int64_t row_number(const char *row)
{
	uint64_t number;

	memcpy(&number, row, sizeof number);
	return (int64_t)be64toh(number);
}
