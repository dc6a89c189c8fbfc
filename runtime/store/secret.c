/* Sealed rows. Must never put a value, or a byte of one, into a sentence, and never keep one in the clear. */
#include "runtime/store/secret.h"

#include <inttypes.h>

#include "runtime/crypto/crypto.h"
#include "runtime/store/inside.h"

enum status secret_create_tables(struct store *store, struct error *error)
{
	const char *integer = store->dialect->integer, *text = store->dialect->text, *bytes = store->dialect->bytes;
	struct text_builder sql = {.arena = &store->scratch};

	builder_format(&sql,
		       "CREATE TABLE IF NOT EXISTS _secret(_tenant %s NOT NULL,name %s NOT NULL,key_mark %s NOT NULL,"
		       "sealed %s NOT NULL,changed_at %s NOT NULL,PRIMARY KEY(_tenant,name))%s;",
		       integer, text, text, bytes, integer, store->dialect->table_end);
	return database_execute(store->database, builder_text(&sql).bytes, error);
}

static enum status name_check(struct text name, struct error *error)
{
	bool fits = name.length && name.length <= SECRET_NAME_MOST && name.bytes[0] >= 'a' && name.bytes[0] <= 'z';

	for (uint32_t i = 0; i < name.length && fits; i++) {
		char c = name.bytes[i];
		fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
	}
	return fits ? OK
		    : error_set(
			      error, INVALID,
			      "a secret is named as a setting is: lower-case letters, digits and _, a letter first, %d at most",
			      SECRET_NAME_MOST);
}

/* Where it stands, which what is sealed is bound to. */
static struct text about(struct arena *arena, int64_t tenant, struct text name)
{
	return text_format(arena, "stellwerk secret %" PRId64 " %.*s", tenant, TEXT_ARGS(name));
}

/* --- writing */
static enum status sealed_write(struct store *store, int64_t tenant, struct text name, const char *mark, struct text sealed,
				moment at, struct error *error)
{
	struct statement *statement;
	enum status status =
		store_statement(store,
				"INSERT INTO _secret(_tenant,name,key_mark,sealed,changed_at) VALUES(?1,?2,?3,?4,?5) "
				"ON CONFLICT(_tenant,name) DO UPDATE SET key_mark=excluded.key_mark,"
				"sealed=excluded.sealed,changed_at=excluded.changed_at",
				&statement, error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(tenant));
	statement_bind(statement, 2, sql_text(name));
	statement_bind(statement, 3, sql_text(text_from(mark)));
	statement_bind(statement, 4, sql_bytes(sealed.bytes, sealed.length));
	statement_bind(statement, 5, sql_integer(at));
	return statement_run(statement, error);
}

enum status secret_write(struct store *store, const struct keyring *keyring, struct text name, struct text value, moment now,
			 struct error *error)
{
	struct arena *arena = &store->scratch;
	const struct keyring_key *key = &keyring->keys[0];
	enum status status = name_check(name, error);

	if (status != OK)
		return status;
	if (!value.length || value.length > SECRET_BYTES_MOST)
		return error_set(error, INVALID, "the secret `%.*s` would have %u bytes; 1 to %d it may have", TEXT_ARGS(name),
				 value.length, SECRET_BYTES_MOST);
	struct text sealed = sealed_make(arena, value, about(arena, store->tenant, name), &key->key);
	return sealed_write(store, store->tenant, name, key->mark, sealed, now, error);
}

/* --- reading */
struct sealed_row {
	int64_t tenant;
	struct text name, mark, sealed;
	moment changed_at;
};

static enum status row_open(struct arena *arena, const struct keyring *keyring, const struct sealed_row *row,
			    struct text *value_out, struct error *error)
{
	const struct keyring_key *key = keyring_find(keyring, row->mark);

	if (!key)
		return error_set(error, DENIED,
				 "the secret `%.*s` is sealed with the key %.*s, which is not in the file of keys",
				 TEXT_ARGS(row->name), TEXT_ARGS(row->mark));
	if (!sealed_open(arena, row->sealed, about(arena, row->tenant, row->name), &key->key, value_out))
		return error_set(
			error, DENIED,
			"the secret `%.*s` was changed in the database, or comes from another tenant or name: set it anew",
			TEXT_ARGS(row->name));
	return OK;
}

static enum status unknown(struct text name, struct error *error)
{
	return error_set(error, NOT_FOUND, "there is no secret `%.*s`; `stellwerk secret list` shows which there are",
			 TEXT_ARGS(text_slice(name, 0, name.length < SECRET_NAME_MOST ? name.length : SECRET_NAME_MOST)));
}

enum status secret_read(struct store *store, struct arena *arena, const struct keyring *keyring, struct text name,
			struct text *value_out, struct error *error)
{
	struct statement *statement;
	struct sealed_row row = {.tenant = store->tenant, .name = name};
	bool found = false;
	enum status status =
		store_statement(store, "SELECT key_mark,sealed FROM _secret WHERE _tenant=?1 AND name=?2", &statement, error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(store->tenant));
	statement_bind(statement, 2, sql_text(name));
	status = statement_step(statement, &found, error);
	if (status == OK && found) {
		row.mark = store_text(&store->scratch, statement, 0);
		row.sealed = store_text(&store->scratch, statement, 1);
	}
	statement_reset(statement);
	if (status == OK && !found)
		return unknown(name, error);
	return status == OK ? row_open(arena, keyring, &row, value_out, error) : status;
}

enum status secrets_read(struct store *store, struct arena *arena, secrets *secrets_out, struct error *error)
{
	struct statement *statement;
	bool row;
	enum status status = store_statement(
		store, "SELECT name,key_mark,changed_at FROM _secret WHERE _tenant=?1 ORDER BY name", &statement, error);

	*secrets_out = (secrets){0};
	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(store->tenant));
	while ((status = statement_step(statement, &row, error)) == OK && row)
		*list_add(arena, secrets_out) =
			(struct secret){store_text(arena, statement, 0), store_text(arena, statement, 1),
					statement_column(statement, 2).integer};
	statement_reset(statement);
	return status;
}

enum status secret_remove(struct store *store, struct text name, struct error *error)
{
	struct statement *statement;
	enum status status = store_statement(store, "DELETE FROM _secret WHERE _tenant=?1 AND name=?2", &statement, error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(store->tenant));
	statement_bind(statement, 2, sql_text(name));
	status = statement_run(statement, error);
	return status == OK && !database_changes(store->database) ? unknown(name, error) : status;
}

/* --- another key */
typedef LIST(struct sealed_row) sealed_rows;

static enum status old_rows_read(struct store *store, struct arena *arena, const char *mark, sealed_rows *rows_out,
				 struct error *error)
{
	struct statement *statement;
	bool row;
	enum status status = store_statement(store,
					     "SELECT _tenant,name,key_mark,sealed FROM _secret WHERE key_mark<>?1 "
					     "ORDER BY _tenant,name",
					     &statement, error);

	*rows_out = (sealed_rows){0};
	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_text(text_from(mark)));
	while ((status = statement_step(statement, &row, error)) == OK && row)
		*list_add(arena, rows_out) = (struct sealed_row){.tenant = statement_column(statement, 0).integer,
								 .name = store_text(arena, statement, 1),
								 .mark = store_text(arena, statement, 2),
								 .sealed = store_text(arena, statement, 3)};
	statement_reset(statement);
	return status;
}

/* Only what still is what was read: somebody may have set it meanwhile. */
static enum status row_reseal(struct store *store, struct arena *arena, const struct keyring_key *key,
			      const struct sealed_row *row, struct text value, struct error *error)
{
	struct statement *statement;
	struct text sealed = sealed_make(arena, value, about(arena, row->tenant, row->name), &key->key);
	enum status status =
		store_statement(store, "UPDATE _secret SET key_mark=?3,sealed=?4 WHERE _tenant=?1 AND name=?2 AND sealed=?5",
				&statement, error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(row->tenant));
	statement_bind(statement, 2, sql_text(row->name));
	statement_bind(statement, 3, sql_text(text_from(key->mark)));
	statement_bind(statement, 4, sql_bytes(sealed.bytes, sealed.length));
	statement_bind(statement, 5, sql_bytes(row->sealed.bytes, row->sealed.length));
	return statement_run(statement, error);
}

static enum status rows_reseal(struct store *store, struct arena *arena, const struct keyring *keyring, uint32_t *count_out,
			       struct error *error)
{
	const struct keyring_key *key = &keyring->keys[0];
	sealed_rows rows;
	enum status status = old_rows_read(store, arena, key->mark, &rows, error);

	*count_out = 0;
	for (uint32_t i = 0; i < rows.count && status == OK; i++) {
		const struct sealed_row *row = &rows.items[i];
		struct text value;
		status = row_open(arena, keyring, row, &value, error);
		if (status != OK)
			return error_within(error, "tenant %" PRId64, row->tenant);
		status = row_reseal(store, arena, key, row, value, error);
		crypto_wipe((char *)value.bytes, value.length);
		*count_out += status == OK && database_changes(store->database);
	}
	return status;
}

enum status secrets_reseal(struct store *store, const struct keyring *keyring, uint32_t *count_out, struct error *error)
{
	struct arena arena;

	arena_init(&arena, "secrets", 0);
	enum status status = rows_reseal(store, &arena, keyring, count_out, error);
	arena_release(&arena);
	return status;
}
