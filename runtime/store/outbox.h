/* What turns sent out: calls wait here until a courier has brought them, and are kept with what came of them. A call is written
 * in the transaction of its turn.
 *
 * Rows of all tenants stand together. Everything here runs inside the caller's transaction where it writes. */
#ifndef STORE_OUTBOX_H
#define STORE_OUTBOX_H

#include "engine/model/program.h"
#include "runtime/store/store.h"

enum call_state {
#define CALL_STATE(NAME, name, doc) CALL_##NAME,
#include "runtime/store/outbox.def"
#undef CALL_STATE
	CALL_STATE_COUNT
};

struct call {
	int64_t tenant;
	struct record_id id; /* the idempotency key: the same in every attempt */
	enum call_state state;
	struct text connector, action; /* a notification: "notify" and its receivers */
	struct text arguments;         /* JSON object */
	struct text request;           /* JSON (engine/request.c): what is asked of the other side; empty: a notification */
	enum repeatable repeatable;    /* as its action said when the call was made; packs may change while it is out */
	struct text traceparent;       /* W3C Trace Context: what the other side is told */
	moment made_at;
	moment due_at;  /* SENT: the end of the lease; then nobody is at it any more */
	moment sent_at; /* when it was taken up first; 0: not yet */
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
/* How many of an action's calls were sent for the first time since then. */
enum status calls_sent(struct store *store, int64_t tenant, struct text action, moment since, int64_t *count_out,
		       struct error *error) MUST_CHECK;
/* Which calls: each member that is set narrows. */
struct call_filter {
	bool has_tenant, has_state;
	int64_t tenant;
	enum call_state state;
	struct text connector; /* empty: any */
	uint32_t most;
};
/* The youngest first. */
enum status calls_list(struct store *store, struct arena *arena, const struct call_filter *filter, call_list *calls_out,
		       struct error *error) MUST_CHECK;
const char *call_state_name(enum call_state state);
/* Those of a tenant that were made since then, in the order of their making. */
enum status calls_made(struct store *store, struct arena *arena, int64_t tenant, moment since, call_list *calls_out,
		       struct error *error) MUST_CHECK;
/* The first DUE one of the same tenant, connector, action and arguments. NOT_FOUND: there is none. */
enum status call_alike(struct store *store, struct arena *arena, const struct call *call, struct call *call_out,
		       struct error *error) MUST_CHECK;
/* How it stands with a line, for all couriers, and for those that come later: runtime/service/pacing.h says what it means.
 * Times are milliseconds since 1970. */
struct line_state {
	struct text sent; /* when the last ones were sent, the oldest first: 8 bytes each, the highest first */
	int64_t failures, down_for, not_before, trying_until;
};
/* Makes the line's row, if it is not there; who makes it at the same time is waited for. */
enum status line_make(struct store *store, int64_t tenant, struct text connector, struct error *error) MUST_CHECK;
/* Nobody else takes it until the transaction ends. NOT_FOUND: there is no row, and nothing is locked. */
enum status line_take(struct store *store, struct arena *arena, int64_t tenant, struct text connector,
		      struct line_state *state_out, struct error *error) MUST_CHECK;
enum status line_keep(struct store *store, int64_t tenant, struct text connector, const struct line_state *state,
		      struct error *error) MUST_CHECK;
/* Writes state, due_at, sent_at, attempts, sentence and answer. CONFLICT: its state is not `from` with `attempts_from`
 * attempts any more. */
enum status call_change(struct store *store, const struct call *call, enum call_state from, uint32_t attempts_from,
			struct error *error) MUST_CHECK;
enum status call_find(struct store *store, struct arena *arena, int64_t tenant, struct record_id id, struct call *call_out,
		      struct error *error) MUST_CHECK;

#endif
