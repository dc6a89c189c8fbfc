/* What waits for a person: calls that nobody knows the end of, workflows that hold, approvals that are open. */
#ifndef STORE_HELD_H
#define STORE_HELD_H

#include "runtime/store/journal.h"

enum held_kind { HELD_CALL, HELD_WORKFLOW, HELD_APPROVAL };

struct held {
	enum held_kind kind;
	int64_t tenant;
	struct record_id id;
	struct text what; /* the action, the workflow; of an approval the workflow that asks */
	struct text why;  /* why it is held; of an approval whose it is */
	moment since;
};
typedef LIST(struct held) held_list;

const char *held_kind_name(enum held_kind kind);

/* All of them, the longest waiting first. A store that has no workflows yet has none that hold. */
enum status held_find(struct store *store, struct arena *arena, held_list *held_out, struct error *error) MUST_CHECK;

#endif
