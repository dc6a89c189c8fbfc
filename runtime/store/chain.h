/* History that can not be changed unseen. Each transaction adds one link to the chain of each tenant whose history it wrote:
 * the numbers and digests of its rows, and a hash over the link before and all that. Private to the store;
 * runtime/store/verify.h is its door. Why a link is a transaction's: docs/decisions/0016-a-link-of-history-is-a-transaction.md.
 */
#ifndef STORE_CHAIN_H
#define STORE_CHAIN_H

#include "engine/base/list.h"
#include "runtime/store/database.h"
#include "runtime/crypto/digest.h"

struct store;

/* The columns of _history, in the order in which they are digested. */
#define HISTORY_COLUMNS "number,_tenant,record,at,entity,change,event,rule,before,after"
enum { HISTORY_NUMBER, HISTORY_TENANT, HISTORY_COLUMN_COUNT = 10 };

/* A row in its link: the number and the digest, ROW_BYTES together. */
enum { ROW_BYTES = 8 + DIGEST_BYTES };

struct chained {
	int64_t tenant, number;
	struct digest digest;
};

/* What the open transaction has written; what a savepoint takes back is forgotten. */
struct chain {
	struct arena arena;
	LIST(struct chained) rows;
	LIST(uint32_t) marks; /* rows.count at each begin that is open */
};

enum status chain_create_tables(struct store *store, struct error *error) MUST_CHECK;

/* As the store's begins nest. */
void chain_begin(struct store *store);
void chain_add(struct store *store, const struct sql_value columns[HISTORY_COLUMN_COUNT]);
/* The last thing before the outermost commit: from here to its end the tenant's other writers wait. */
enum status chain_append(struct store *store, struct error *error) MUST_CHECK;
void chain_end(struct store *store, bool kept);

/* Unambiguous: each value with its kind and length. */
void row_digest(struct arena *arena, const struct sql_value columns[HISTORY_COLUMN_COUNT], struct digest *digest_out);
void link_digest(struct arena *arena, int64_t tenant, int64_t position, struct text before, struct text rows,
		 struct digest *digest_out);
int64_t row_number(const char *row);

#endif
