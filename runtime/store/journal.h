/* What began a turn, and what a turn sent out: the journal is the queue of what came from outside and was not handled yet, the
 * memory against doubles, the place of what could not be handled (its sender's letter came back: "dead"), and, with the trace
 * of each turn, the recorded past. The calls are the outbox. Both are written in the transaction of the turn they belong to.
 *
 * Rows of all tenants stand in one order, by number. Everything here runs inside the caller's transaction where it writes. */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include "runtime/store/store.h"

/* --- the journal */
enum entry_origin {
#define ENTRY_ORIGIN(NAME, name, doc) ENTRY_##NAME,
#define ENTRY_STATE(NAME, name, doc)
#define CALL_STATE(NAME, name, doc)
#include "runtime/store/journal.def"
#undef ENTRY_ORIGIN
#undef ENTRY_STATE
#undef CALL_STATE
	ENTRY_ORIGIN_COUNT
};

enum entry_state {
#define ENTRY_ORIGIN(NAME, name, doc)
#define ENTRY_STATE(NAME, name, doc) ENTRY_##NAME,
#define CALL_STATE(NAME, name, doc)
#include "runtime/store/journal.def"
#undef ENTRY_ORIGIN
#undef ENTRY_STATE
#undef CALL_STATE
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
	struct text source;  /* CloudEvents `source`; of a document its connector */
	struct text type;    /* CloudEvents `type`; of a document its `receive` */
	struct text subject; /* CloudEvents `subject`: entries of one subject are handled in their order */
	struct text content; /* JSON: data; body and headers; answer */
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

/* --- the outbox */
enum call_state {
#define ENTRY_ORIGIN(NAME, name, doc)
#define ENTRY_STATE(NAME, name, doc)
#define CALL_STATE(NAME, name, doc) CALL_##NAME,
#include "runtime/store/journal.def"
#undef ENTRY_ORIGIN
#undef ENTRY_STATE
#undef CALL_STATE
	CALL_STATE_COUNT
};

struct call {
	int64_t tenant;
	struct record_id id; /* the idempotency key: the same in every attempt */
	enum call_state state;
	struct text connector, action; /* a notification: "notify" and its receivers */
	struct text arguments;         /* JSON object */
	moment made_at;
	moment due_at; /* SENT: the end of the lease; then nobody is at it any more */
	uint32_t attempts;
	struct text sentence; /* why it is due again, held or failed */
	struct text answer;   /* JSON, when it was answered */
};

enum status call_add(struct store *store, const struct call *call, struct error *error) MUST_CHECK;
/* What waits to be sent stands in lines, one a connector of a tenant, so that none is kept waiting by another. `due_at`: of the
 * first in it. */
struct call_line {
	int64_t tenant;
	struct text connector;
	moment due_at;
};
typedef LIST(struct call_line) call_line_list;
enum status call_lines(struct store *store, struct arena *arena, call_line_list *lines_out, struct error *error) MUST_CHECK;
/* Of a line: DUE ones whose time has come, and SENT ones whose lease is over; the longest due first. */
typedef LIST(struct call) call_list;
enum status calls_due(struct store *store, struct arena *arena, const struct call_line *line, moment now, uint32_t most,
		      call_list *calls_out, struct error *error) MUST_CHECK;
/* How many of an action's calls that were made since then have been sent. */
enum status calls_sent(struct store *store, int64_t tenant, struct text action, moment since, int64_t *count_out,
		       struct error *error) MUST_CHECK;
/* The youngest of all tenants, or of one state; the youngest first. */
enum status calls_list(struct store *store, struct arena *arena, bool has_state, enum call_state state, uint32_t most,
		       call_list *calls_out, struct error *error) MUST_CHECK;
const char *call_state_name(enum call_state state);
/* Those of a tenant that were made since then, in the order of their making. */
enum status calls_made(struct store *store, struct arena *arena, int64_t tenant, moment since, call_list *calls_out,
		       struct error *error) MUST_CHECK;
/* The first DUE one of the same tenant, connector, action and arguments. NOT_FOUND: there is none. */
enum status call_alike(struct store *store, struct arena *arena, const struct call *call, struct call *call_out,
		       struct error *error) MUST_CHECK;
/* Writes state, due_at, attempts, sentence and answer. CONFLICT: its state is not `from` with `attempts_from`
 * attempts any more. */
enum status call_change(struct store *store, const struct call *call, enum call_state from, uint32_t attempts_from,
			struct error *error) MUST_CHECK;
enum status call_find(struct store *store, struct arena *arena, int64_t tenant, struct record_id id, struct call *call_out,
		      struct error *error) MUST_CHECK;

#endif
