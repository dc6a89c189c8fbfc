/* What began a turn: the journal is the queue of what came from outside and was not handled yet, the
 * memory against doubles, the place of what could not be handled (its sender's letter came back: "dead"), and, with the trace
 * of each turn, the recorded past. It is written in the transaction of the turn it belongs to.
 *
 * Rows of all tenants stand in one order, by number. Everything here runs inside the caller's transaction where it writes. */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include "runtime/store/store.h"

/* --- the journal */
enum entry_origin {
#define ENTRY_ORIGIN(NAME, name, doc) ENTRY_##NAME,
#define ENTRY_STATE(NAME, name, doc)
#include "runtime/store/journal.def"
#undef ENTRY_ORIGIN
#undef ENTRY_STATE
	ENTRY_ORIGIN_COUNT
};

enum entry_state {
#define ENTRY_ORIGIN(NAME, name, doc)
#define ENTRY_STATE(NAME, name, doc) ENTRY_##NAME,
#include "runtime/store/journal.def"
#undef ENTRY_ORIGIN
#undef ENTRY_STATE
	ENTRY_STATE_COUNT
};

/* The type of what is NOTED when a setting gets another value: {"name":…,"before":…,"after":…,"by":…}, as the setting stands in
 * the store; empty: the default of its packs. */
#define NOTE_SETTING "setting.changed"

struct entry {
	int64_t number; /* in the journal; given by it */
	int64_t tenant;
	enum entry_origin origin;
	enum entry_state state;
	/* of the event, document, timer, call, approval or instance. Of what comes from outside (EVENT, RECEIVED) it is unique
	 * in a tenant: the same again is a double. The others have a row of their own that goes or changes in their turn. */
	struct record_id id;
	struct text source;      /* CloudEvents `source`; of a document its connector */
	struct text type;        /* CloudEvents `type`; of a document its `receive` */
	struct text subject;     /* CloudEvents `subject`: entries of one subject are handled in their order */
	struct text content;     /* JSON: data; body and headers; answer */
	struct text traceparent; /* W3C Trace Context, as its sender gave it; empty: it begins a trace (service/tracing.h) */
	moment received_at;
	uint32_t attempts;
	/* once handled */
	moment handled_at;
	uint64_t program;     /* hash of the program that handled it */
	struct text sentence; /* why it is dead */
	struct text trace;    /* JSON, trace_text.h */
};

/* What an event from outside is known by: the same source and id are the same event, whenever they come. */
struct record_id journal_event_id(struct arena *arena, struct text source, struct text id);
const char *entry_origin_name(enum entry_origin origin);
const char *entry_state_name(enum entry_state state);

/* Keeps it for later: PENDING. `is_new_out` false: one of this origin and id is there already, nothing was written. */
enum status journal_add(struct store *store, struct entry *entry, bool *is_new_out, struct error *error) MUST_CHECK;
/* Many, each in the state it has, in their order. `new_out`: how many were not there already. */
enum status journal_add_many(struct store *store, const struct entry *entries, uint32_t count, uint32_t *new_out,
			     struct error *error) MUST_CHECK;
/* Whether one of this origin and id, from outside, is there already. */
enum status journal_has(struct store *store, const struct entry *entry, bool *has_out, struct error *error) MUST_CHECK;
/* Writes one that was handled at once, as it stands; within a batch it gets no number here. */
enum status journal_record(struct store *store, struct entry *entry, bool *is_new_out, struct error *error) MUST_CHECK;
/* One that changed nothing; it may stand there already, or not. */
enum status journal_record_double(struct store *store, const struct entry *entry, struct error *error) MUST_CHECK;
/* PENDING → DONE, DEAD or DROPPED, or PENDING again with one attempt more; state, attempts, handled_at, program,
 * sentence and trace are written. CONFLICT: it is not PENDING any more, somebody else handled it. */
enum status journal_settle(struct store *store, const struct entry *entry, struct error *error) MUST_CHECK;
/* Somebody will be at this PENDING one, and may not come to its end. */
enum status journal_attempt(struct store *store, int64_t number, struct error *error) MUST_CHECK;
/* DEAD → PENDING (`retry`) or DROPPED. NOT_FOUND: there is no dead entry of that number. */
enum status journal_revive(struct store *store, int64_t number, bool retry, struct error *error) MUST_CHECK;

/* Which entries: each member that is set narrows. Ordered by number. */
struct entry_filter {
	int64_t tenant; /* TENANT_ANY */
	bool has_state;
	enum entry_state state;
	int64_t after; /* number > after */
	moment since;  /* received_at >= since */
	bool has_id;
	struct record_id id;
	uint32_t most; /* 0: 1,000 */
};
enum { TENANT_ANY = -1 };
typedef LIST(struct entry) entry_list;
enum status journal_list(struct store *store, struct arena *arena, const struct entry_filter *filter, entry_list *entries_out,
			 struct error *error) MUST_CHECK;
/* One, by its number. NOT_FOUND: there is none. */
enum status journal_read(struct store *store, struct arena *arena, int64_t number, struct entry *entry_out,
			 struct error *error) MUST_CHECK;
/* Whatever was NOTED of a tenant, in its order. */
enum status journal_notes(struct store *store, struct arena *arena, int64_t tenant, entry_list *entries_out,
			  struct error *error) MUST_CHECK;
/* An event from outside, by the id its sender gave it, or by its id here. NOT_FOUND: there is none. */
enum status journal_find(struct store *store, struct arena *arena, struct text id, struct entry *entry_out,
			 struct error *error) MUST_CHECK;
/* Tenants that have PENDING entries, the one that waits longest first. */
typedef LIST(int64_t) tenant_list;
enum status journal_waiting(struct store *store, struct arena *arena, tenant_list *tenants_out, struct error *error) MUST_CHECK;
/* The highest number; 0: it is empty. */
enum status journal_newest(struct store *store, int64_t *number_out, struct error *error) MUST_CHECK;
/* How many wait and how many are dead, of all tenants. */
enum status journal_counts(struct store *store, int64_t *waiting_out, int64_t *dead_out, struct error *error) MUST_CHECK;

#endif
