/* Walks each tenant's chain from its first link and computes anew what stands there; then asks which rows no link knows. Reads
 * only, and believes nothing that is stored: a hash counts when it comes out again. */
#include "runtime/store/verify.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/check.h"
#include "runtime/store/inside.h"

enum { LINKS_AT_ONCE = 64, NUMBERS_AT_ONCE = 4096 };

struct verifying {
	struct store *store;
	struct arena *arena;  /* the answer's */
	struct arena passing; /* one page of links */
	struct verified *verified;
	struct verified_chain chain; /* that is walked */
	struct text before;          /* hash of the link before */
	char hash[DIGEST_BYTES];
	LIST(int64_t) numbers; /* of all rows that links know */
	struct error *error;
};

struct link {
	int64_t position;
	struct text rows, hash;
};
typedef LIST(struct link) link_list;
typedef LIST(int64_t) number_list;

static enum status tenants_find(struct verifying *verifying, number_list *tenants_out) MUST_CHECK;
static enum status chain_walk(struct verifying *verifying) MUST_CHECK;
static enum status strangers_find(struct verifying *verifying) MUST_CHECK;

static bool is_whole(const struct verifying *verifying)
{
	return verifying->verified->damage == DAMAGE_NONE;
}

static enum status everything_verify(struct verifying *verifying)
{
	number_list tenants = {0};
	enum status status = tenants_find(verifying, &tenants);

	for (uint32_t i = 0; i < tenants.count && status == OK && is_whole(verifying); i++) {
		verifying->chain = (struct verified_chain){.tenant = tenants.items[i]};
		status = chain_walk(verifying);
	}
	if (status == OK && is_whole(verifying))
		status = strangers_find(verifying);
	return status;
}

enum status history_verify(struct store *store, struct arena *arena, struct verified *verified_out, struct error *error)
{
	struct verifying verifying = {.store = store, .arena = arena, .verified = verified_out, .error = error};
	struct error ignored;

	CHECK(store->depth == 0);
	*verified_out = (struct verified){0};
	enum status status = database_execute(store->database, store->dialect->begin_reading, error);
	if (status != OK)
		return status;
	arena_init(&verifying.passing, "verify", 0);
	status = everything_verify(&verifying);
	arena_release(&verifying.passing);
	database_reset_all(store->database);
	enum status ended = database_execute(store->database, "ROLLBACK", status == OK ? error : &ignored);
	return status == OK ? ended : status;
}

const char *damage_name(enum damage damage)
{
	static const char *const names[] = {"none", "changed", "missing", "inserted", "chain", "cut off"};

	return names[damage];
}

/* --- findings */
static enum status found(struct verifying *verifying, enum damage damage, int64_t link, int64_t row, struct text sentence)
{
	struct verified *verified = verifying->verified;

	verified->damage = damage;
	verified->tenant = verifying->chain.tenant;
	verified->link = link;
	verified->row = row;
	verified->sentence = sentence;
	return OK;
}

#define SAY(...) text_format(verifying->arena, __VA_ARGS__)

/* --- reading */
static enum status tenants_find(struct verifying *verifying, number_list *tenants_out)
{
	struct statement *statement;
	bool row;
	enum status status =
		store_statement(verifying->store, "SELECT _tenant FROM _chain UNION SELECT _tenant FROM _chain_head ORDER BY 1",
				&statement, verifying->error);

	if (status != OK)
		return status;
	statement_reset(statement);
	while ((status = statement_step(statement, &row, verifying->error)) == OK && row)
		*list_add(verifying->arena, tenants_out) = statement_column(statement, 0).integer;
	statement_reset(statement);
	return status;
}

static enum status links_read(struct verifying *verifying, int64_t behind, link_list *links_out)
{
	struct statement *statement;
	struct arena *arena = &verifying->passing;
	bool row;
	enum status status = store_statement(verifying->store,
					     "SELECT position,rows,hash FROM _chain WHERE _tenant=?1 AND position>?2 "
					     "ORDER BY position LIMIT ?3",
					     &statement, verifying->error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(verifying->chain.tenant));
	statement_bind(statement, 2, sql_integer(behind));
	statement_bind(statement, 3, sql_integer(LINKS_AT_ONCE));
	while ((status = statement_step(statement, &row, verifying->error)) == OK && row)
		*list_add(arena, links_out) = (struct link){statement_column(statement, 0).integer,
							    text_copy(arena, statement_column(statement, 1).text),
							    text_copy(arena, statement_column(statement, 2).text)};
	statement_reset(statement);
	return status;
}

/* NOT_FOUND: there is no such row. */
static enum status row_digest_read(struct verifying *verifying, int64_t number, struct digest *digest_out)
{
	struct sql_value columns[HISTORY_COLUMN_COUNT];
	struct statement *statement;
	bool row;
	enum status status = store_statement(verifying->store, "SELECT " HISTORY_COLUMNS " FROM _history WHERE number=?1",
					     &statement, verifying->error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(number));
	status = statement_step(statement, &row, verifying->error);
	if (status == OK && row) {
		arena_reset(&verifying->store->scratch);
		for (uint32_t i = 0; i < HISTORY_COLUMN_COUNT; i++)
			columns[i] = statement_column(statement, i);
		row_digest(&verifying->store->scratch, columns, digest_out);
	}
	statement_reset(statement);
	return status == OK && !row ? NOT_FOUND : status;
}

/* --- one chain */
static enum status rows_verify(struct verifying *verifying, const struct link *link)
{
	for (uint32_t at = 0; at < link->rows.length; at += ROW_BYTES) {
		int64_t number = row_number(link->rows.bytes + at);
		struct digest digest;
		enum status status = row_digest_read(verifying, number, &digest);
		if (status == NOT_FOUND)
			return found(verifying, DAMAGE_MISSING, link->position, number,
				     SAY("row %" PRId64 " of the history is missing", number));
		if (status != OK)
			return status;
		if (memcmp(digest.bytes, link->rows.bytes + at + 8, DIGEST_BYTES))
			return found(verifying, DAMAGE_CHANGED, link->position, number,
				     SAY("row %" PRId64 " of the history is not as it was written", number));
		*list_add(verifying->arena, &verifying->numbers) = number;
		verifying->chain.rows++;
	}
	return OK;
}

static enum status link_verify(struct verifying *verifying, const struct link *link)
{
	int64_t expected = verifying->chain.links + 1;
	struct digest hash;

	if (link->position != expected)
		return found(verifying, DAMAGE_CHAIN, expected, 0,
			     SAY("link %" PRId64 " of the chain is missing; the next is %" PRId64, expected, link->position));
	arena_reset(&verifying->store->scratch);
	link_digest(&verifying->store->scratch, verifying->chain.tenant, expected, verifying->before, link->rows, &hash);
	if (link->hash.length != DIGEST_BYTES || memcmp(hash.bytes, link->hash.bytes, DIGEST_BYTES) ||
	    link->rows.length % ROW_BYTES)
		return found(verifying, DAMAGE_CHAIN, expected, 0,
			     SAY("link %" PRId64 " of the chain is not the one that was written there", expected));
	enum status status = rows_verify(verifying, link);
	memcpy(verifying->hash, hash.bytes, DIGEST_BYTES);
	verifying->before = (struct text){verifying->hash, DIGEST_BYTES};
	verifying->chain.links = expected;
	return status;
}

static enum status head_verify(struct verifying *verifying)
{
	struct statement *statement;
	int64_t position = 0;
	bool row, equal = false;
	enum status status = store_statement(verifying->store, "SELECT position,hash FROM _chain_head WHERE _tenant=?1",
					     &statement, verifying->error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(verifying->chain.tenant));
	status = statement_step(statement, &row, verifying->error);
	if (status == OK && row) {
		position = statement_column(statement, 0).integer;
		equal = position == verifying->chain.links &&
			text_equal(statement_column(statement, 1).text, verifying->before);
	}
	statement_reset(statement);
	if (status != OK || equal)
		return status;
	if (!row)
		return found(verifying, DAMAGE_CHAIN, 0, 0, SAY("the head of the chain is missing"));
	if (position > verifying->chain.links)
		return found(verifying, DAMAGE_CUT_OFF, verifying->chain.links, 0,
			     SAY("the chain was cut off: it ends with link %" PRId64 ", and %" PRId64 " were written",
				 verifying->chain.links, position));
	return found(verifying, DAMAGE_CHAIN, verifying->chain.links, 0,
		     SAY("the head of the chain does not fit its last link, %" PRId64, verifying->chain.links));
}

static struct text hexadecimal(struct arena *arena, struct text bytes)
{
	struct text_builder text = {.arena = arena};

	for (uint32_t i = 0; i < bytes.length; i++)
		builder_format(&text, "%02x", (unsigned char)bytes.bytes[i]);
	return builder_text(&text);
}

static enum status chain_walk(struct verifying *verifying)
{
	enum status status = OK;
	link_list links;

	verifying->before = TEXT("");
	do {
		links = (link_list){0};
		arena_reset(&verifying->passing);
		status = links_read(verifying, verifying->chain.links, &links);
		for (uint32_t i = 0; i < links.count && status == OK && is_whole(verifying); i++)
			status = link_verify(verifying, &links.items[i]);
	} while (links.count && status == OK && is_whole(verifying));
	if (status == OK && is_whole(verifying))
		status = head_verify(verifying);
	verifying->chain.head = hexadecimal(verifying->arena, verifying->before);
	*list_add(verifying->arena, &verifying->verified->chains) = verifying->chain;
	return status;
}

/* --- rows that no link knows */
static int number_order(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

	return (a > b) - (a < b);
}

/* `last`: the highest number seen; stays when there are no more. */
static enum status numbers_compare(struct verifying *verifying, int64_t *last, uint32_t *known)
{
	struct statement *statement;
	bool row;
	enum status status = store_statement(verifying->store,
					     "SELECT number,_tenant FROM _history WHERE number>?1 ORDER BY number LIMIT ?2",
					     &statement, verifying->error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(*last));
	statement_bind(statement, 2, sql_integer(NUMBERS_AT_ONCE));
	while ((status = statement_step(statement, &row, verifying->error)) == OK && row && is_whole(verifying)) {
		*last = statement_column(statement, 0).integer;
		verifying->chain.tenant = statement_column(statement, 1).integer;
		if (*known < verifying->numbers.count && verifying->numbers.items[*known] == *last)
			++*known;
		else
			status = found(verifying, DAMAGE_INSERTED, 0, *last,
				       SAY("row %" PRId64 " of the history was inserted; no turn wrote it", *last));
	}
	statement_reset(statement);
	return status;
}

static enum status strangers_find(struct verifying *verifying)
{
	int64_t last = INT64_MIN, before;
	uint32_t known = 0;
	enum status status;

	if (verifying->numbers.count)
		qsort(verifying->numbers.items, verifying->numbers.count, sizeof *verifying->numbers.items, number_order);
	do {
		before = last;
		status = numbers_compare(verifying, &last, &known);
	} while (status == OK && is_whole(verifying) && last != before);
	return status;
}
