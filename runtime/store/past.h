/* The recorded past, for people who ask why: which turn did it, and what else it did. */
#ifndef STORE_PAST_H
#define STORE_PAST_H

#include "runtime/store/journal.h"

struct past_change {
	int64_t number; /* in the history */
	struct record_id turn;
	struct text entity, change; /* "create", "update", "delete" */
	struct record_id record;
	struct text rule;          /* empty: no rule's */
	struct text before, after; /* JSON objects of the fields that changed; empty: there was none */
};
typedef LIST(struct past_change) past_list;

/* What a turn has changed, in its order: of all tenants, for the ids of turns are never the same. */
enum status past_changes(struct store *store, struct arena *arena, struct record_id turn, past_list *changes_out,
			 struct error *error) MUST_CHECK;
/* The turn that changed a record last. The record: by its id, or by a text that it got when it was made (a number, a name).
 * NOT_FOUND: there is none. */
enum status past_turn_of(struct store *store, struct text record, struct record_id *turn_out, struct error *error) MUST_CHECK;
/* The entry that began a turn. NOT_FOUND: there is none. */
enum status past_entry(struct store *store, struct arena *arena, struct record_id turn, struct entry *entry_out,
		       struct error *error) MUST_CHECK;
/* The turn that an entry began: what history calls its event. */
struct record_id past_turn(struct arena *arena, const struct entry *entry);

/* --- the past as a whole, for those who let it happen again */
/* A tenant's changes behind a number of the history and before a moment, in their order. */
enum status past_read(struct store *store, struct arena *arena, int64_t tenant, int64_t after, moment until, uint32_t most,
		      past_list *changes_out, struct error *error) MUST_CHECK;
/* The newest number of the history; 0: nothing has happened yet. */
enum status past_newest(struct store *store, int64_t *number_out, struct error *error) MUST_CHECK;
/* A tenant's entries that had their turn, in the order in which they had it. */
struct past_turn {
	int64_t number; /* in the journal */
	moment at;
};
typedef LIST(struct past_turn) past_turns;
enum status past_order(struct store *store, struct arena *arena, int64_t tenant, past_turns *turns_out,
		       struct error *error) MUST_CHECK;

#endif
