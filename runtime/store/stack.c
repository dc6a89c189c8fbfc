/* Packs, stacks and activations as rows, and the one transaction in which a tenant gets another stack. Must never compile
 * anything: who calls has. */
#include "runtime/store/stack.h"

#include <inttypes.h>
#include <stdio.h>

#include "engine/base/check.h"
#include "engine/base/json.h"
#include "runtime/crypto/digest.h"
#include "runtime/crypto/hex.h"
#include "runtime/store/journal.h"
#include "runtime/store/migrating.h"

enum status stack_create_tables(struct store *store, struct error *error)
{
	const char *integer = store->dialect->integer, *text = store->dialect->text, *end = store->dialect->table_end;
	struct text_builder sql = {.arena = &store->scratch};

	builder_format(&sql,
		       "CREATE TABLE IF NOT EXISTS _pack(hash %s PRIMARY KEY,name %s NOT NULL,version %s NOT NULL,"
		       "files %s NOT NULL,signer %s NOT NULL,installed_at %s NOT NULL);",
		       text, text, text, text, text, integer);
	/* `layout`: what the stack needs of the tables */
	builder_format(&sql, "CREATE TABLE IF NOT EXISTS _stack(hash %s PRIMARY KEY,packs %s NOT NULL,layout %s NOT NULL);",
		       integer, text, text);
	builder_format(&sql,
		       "CREATE TABLE IF NOT EXISTS _activation(_tenant %s NOT NULL,number %s NOT NULL,stack %s NOT NULL,"
		       "origin %s NOT NULL,at %s NOT NULL,by_whom %s NOT NULL,PRIMARY KEY(_tenant,number))%s;",
		       integer, integer, integer, integer, integer, text, end);
	return database_execute(store->database, builder_text(&sql).bytes, error);
}

enum status store_begin_turns(struct store *store, struct error *error)
{
	enum status status = database_execute(store->database, store->dialect->begin_turns, error);

	CHECK(store->depth == 0);
	if (status != OK)
		return status;
	store->depth++;
	chain_begin(store);
	return OK;
}

/* --- packs */
static struct text hash_text(struct arena *arena, struct text content)
{
	struct digest digest;

	digest_of(content, &digest);
	return hex_text(arena, digest.bytes, DIGEST_BYTES);
}

/* Who vouches for what was there unsigned. */
static enum status signer_keep(struct store *store, const struct stored_pack *pack, struct error *error)
{
	struct statement *statement;
	enum status status =
		store_statement(store, "UPDATE _pack SET signer=?2 WHERE hash=?1 AND signer=''", &statement, error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_text(pack->hash));
	statement_bind(statement, 2, sql_text(pack->signer));
	return statement_run(statement, error);
}

enum status pack_put(struct store *store, struct arena *arena, struct stored_pack *pack, bool *is_new_out, struct error *error)
{
	struct statement *statement;
	enum status status = store_statement(store,
					     "INSERT INTO _pack(hash,name,version,files,signer,installed_at) "
					     "VALUES(?1,?2,?3,?4,?5,?6) ON CONFLICT(hash) DO NOTHING",
					     &statement, error);

	pack->hash = hash_text(arena, pack->files);
	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_text(pack->hash));
	statement_bind(statement, 2, sql_text(pack->name));
	statement_bind(statement, 3, sql_text(pack->version));
	statement_bind(statement, 4, sql_text(pack->files));
	statement_bind(statement, 5, sql_text(pack->signer));
	statement_bind(statement, 6, sql_integer(pack->installed_at));
	status = statement_run(statement, error);
	*is_new_out = status == OK && database_changes(store->database) == 1;
	return status == OK && !*is_new_out && pack->signer.length ? signer_keep(store, pack, error) : status;
}

enum status packs_read(struct store *store, struct arena *arena, stored_packs *packs_out, struct error *error)
{
	struct statement *statement;
	bool row;
	enum status status = store_statement(store,
					     "SELECT hash,name,version,signer,installed_at FROM _pack "
					     "ORDER BY name,installed_at DESC,hash",
					     &statement, error);

	*packs_out = (stored_packs){0};
	if (status != OK)
		return status;
	statement_reset(statement);
	while ((status = statement_step(statement, &row, error)) == OK && row)
		*list_add(arena, packs_out) = (struct stored_pack){.hash = store_text(arena, statement, 0),
								   .name = store_text(arena, statement, 1),
								   .version = store_text(arena, statement, 2),
								   .signer = store_text(arena, statement, 3),
								   .installed_at = statement_column(statement, 4).integer};
	statement_reset(statement);
	return status;
}

enum status pack_files_read(struct store *store, struct arena *arena, struct text hash, struct text *files_out,
			    struct error *error)
{
	struct statement *statement;
	bool row = false;
	enum status status = store_statement(store, "SELECT files FROM _pack WHERE hash=?1", &statement, error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_text(hash));
	status = statement_step(statement, &row, error);
	if (status == OK && row)
		*files_out = store_text(arena, statement, 0);
	statement_reset(statement);
	if (status == OK && !row)
		return error_set(error, NOT_FOUND, "the pack %.*s is not installed", TEXT_ARGS(hash));
	return status;
}

/* --- stacks */
static enum status stack_column(struct store *store, struct arena *arena, const char *sql, uint64_t stack, struct text *out,
				struct error *error)
{
	struct statement *statement;
	bool row = false;
	enum status status = store_statement(store, sql, &statement, error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer((int64_t)stack));
	status = statement_step(statement, &row, error);
	if (status == OK && row)
		*out = store_text(arena, statement, 0);
	statement_reset(statement);
	if (status == OK && !row)
		return error_set(error, NOT_FOUND, "nobody ever ran a stack of packs of the hash %016" PRIx64, stack);
	return status;
}

enum status stack_read(struct store *store, struct arena *arena, uint64_t stack, hash_list *packs_out, struct error *error)
{
	struct text packs;
	const struct json *json;
	enum status status = stack_column(store, arena, "SELECT packs FROM _stack WHERE hash=?1", stack, &packs, error);

	*packs_out = (hash_list){0};
	if (status == OK)
		status = json_parse(arena, packs, &json, error);
	for (const struct json *item = status == OK ? json_first(json) : NULL; item; item = json_next(item))
		if (json_kind(item) == JSON_TEXT)
			*list_add(arena, packs_out) = json_text(item);
	return status;
}

enum status stack_layout(struct store *store, struct arena *arena, uint64_t stack, struct layout *layout_out,
			 struct error *error)
{
	struct text json;
	enum status status = stack_column(store, arena, "SELECT layout FROM _stack WHERE hash=?1", stack, &json, error);

	return status == OK ? layout_from_json(arena, json, layout_out, error) : status;
}

enum status stack_fits(struct store *store, struct arena *arena, const struct program *program, bool *fits_out,
		       struct error *error)
{
	struct text known;
	struct layout layout;
	enum status status =
		stack_column(store, arena, "SELECT layout FROM _stack WHERE hash=?1", program->hash, &known, error);

	layout_from_schema(arena, &program->schema, store->dialect, &layout);
	*fits_out = status == OK && text_equal(known, layout_to_json(arena, &layout));
	return status == NOT_FOUND ? OK : status;
}

enum status stacks_unfinished(struct store *store, struct arena *arena, unfinished_list *unfinished_out, struct error *error)
{
	struct statement *statement;
	bool row;
	int64_t tables;
	enum status status = store_number(store, "SELECT 1 FROM _meta WHERE name='layout'", &tables, error);

	*unfinished_out = (unfinished_list){0};
	if (status != OK) /* without tables nothing runs */
		return status == NOT_FOUND ? OK : status;
	status = store_statement(store,
				 "SELECT DISTINCT program,_tenant FROM workflow_instance WHERE state NOT IN "
				 "('ended','failed','cancelled')",
				 &statement, error);
	if (status != OK)
		return status;
	statement_reset(statement);
	while ((status = statement_step(statement, &row, error)) == OK && row) {
		struct text hash = store_text(arena, statement, 0);
		uint64_t stack;
		if (sscanf(hash.length ? hash.bytes : "", "%16" SCNx64, &stack) == 1)
			*list_add(arena, unfinished_out) = (struct unfinished){statement_column(statement, 1).integer, stack};
	}
	statement_reset(statement);
	return status;
}

/* --- the past */
enum status activations_read(struct store *store, struct arena *arena, int64_t tenant, activation_list *activations_out,
			     struct error *error)
{
	struct statement *statement;
	bool row;
	enum status status = store_statement(store,
					     "SELECT number,stack,origin,at,by_whom FROM _activation WHERE _tenant=?1 "
					     "ORDER BY number",
					     &statement, error);

	*activations_out = (activation_list){0};
	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(tenant));
	while ((status = statement_step(statement, &row, error)) == OK && row)
		*list_add(arena, activations_out) =
			(struct activation){.tenant = tenant,
					    .number = statement_column(statement, 0).integer,
					    .stack = (uint64_t)statement_column(statement, 1).integer,
					    .origin = statement_column(statement, 2).integer,
					    .at = statement_column(statement, 3).integer,
					    .by = store_text(arena, statement, 4)};
	statement_reset(statement);
	return status;
}
