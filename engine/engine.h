/* The only door: open, use_pack, turn, close. One event in is one turn; what comes out is a plan and its trace, both in the
 * engine's turn arena and good until the next turn. Single-threaded: one engine a role. */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "engine/base/list.h"
#include "engine/model/plan.h"
#include "engine/model/trace.h"
#include "engine/ports.h"

struct engine;

enum status engine_open(struct engine **engine_out) MUST_CHECK;
void engine_close(struct engine *engine);

/* The program must outlive its use. Loads its scripts. May be called again between turns. */
enum status engine_use_pack(struct engine *engine, const struct program *program, struct error *error) MUST_CHECK;

struct turn {
	struct plan plan;
	struct trace trace;
	LIST(uint64_t) elsewhere; /* hashes of programs that instances of workflows run on which this turn was about as well */
};

/* Gives the event's fields their defaults, runs every rule, clock and workflow that it concerns, and those of the events that
 * follow from it. A failing rule, also one that leaves behind a reference to nothing or what is unique twice, is undone, traced
 * and followed by the system event `rule.failed`; the turn goes on. The status is not OK only when the host fails, or a limit
 * of limits.h ends the turn: then the plan is empty. */
enum status engine_turn(struct engine *engine, const struct event *event, const struct ports *ports,
			const struct turn **turn_out, struct error *error) MUST_CHECK;

/* The arena to build the next event in; reset at the begin of engine_begin. */
struct arena *engine_begin(struct engine *engine);

/* The same event for the workflows of this engine's program alone: no rule and no clock looks at it. For what `elsewhere` named
 * after engine_turn; what these workflows do then is a turn of their own program, its rules and clocks included. The event is
 * built with this engine's program; a record's has `before` and `after`. */
enum status engine_signal(struct engine *engine, const struct event *event, const struct ports *ports,
			  const struct turn **turn_out, struct error *error) MUST_CHECK;

/* A turn that is no event's: runs `body` (slot 0: MISSING, slot 1: actor) as a person's or test's action. */
enum status engine_act(struct engine *engine, const struct code *body, struct value *frame, uint32_t slot_count,
		       struct value actor, moment at, const struct ports *ports, const struct turn **turn_out,
		       struct error *error) MUST_CHECK;

/* What a connector received: runs the arrivals of `receive` whose guards hold (slot 0: the body, slot 1: the headers, both
 * DATA, `headers` may be NULL). `id` is the document's and no other's: what it makes is named after it. The events they emit
 * are events of this turn like any derived ones. No arrival that holds is OK: the plan is empty and the trace says so. */
enum status engine_receive(struct engine *engine, const struct receive *receive, const struct json *body,
			   const struct json *headers, struct record_id id, moment at, const struct ports *ports,
			   const struct turn **turn_out, struct error *error) MUST_CHECK;

/* What is due at `at`: a timer row of the system entity `timer`. FOREIGN, here and for answers, decisions and what a person
 * resumes: it is for an instance of the program that `elsewhere` names; nothing was done, and that program's engine is to be
 * asked the same. Where the host has no such engine (ports.runs_elsewhere), the instance holds and its timer comes again. */
enum status engine_timer(struct engine *engine, struct record_id timer, moment at, const struct ports *ports,
			 const struct turn **turn_out, struct error *error) MUST_CHECK;

/* Starts schedules and recomputes all clocks that run, after a pack was activated: so many of them as a turn may; timers that
 * are due at once do the rest (docs/decisions/0024-a-slice-of-clocks-a-turn.md). */
enum status engine_activate(struct engine *engine, moment at, const struct ports *ports, const struct turn **turn_out,
			    struct error *error) MUST_CHECK;

/* So many open clocks of a kind are reckoned anew in one turn, for tests of what happens in between. */
void engine_slice(struct engine *engine, uint32_t clocks);

/* What a connector answered to a call of plan.outgoing. */
struct call_answer {
	bool ok;
	struct value value;   /* ok: of the action's result type, or DATA, which is typed here; MISSING when it has none */
	bool is_reply;        /* ok: `value` is what the other side sent; the action's request says what of it is the result */
	struct text sentence; /* not ok: why */
	bool final;           /* not ok: the same again can not help; no retry */
};

/* The workflow that waits for it goes on. A call nobody waits for (`later`, or its workflow has ended) is OK: an empty plan.
 * The same answer twice is the same. CONFLICT: that workflow runs on a program that the host does not have. */
enum status engine_answer(struct engine *engine, struct record_id call, const struct call_answer *answer, moment at,
			  const struct ports *ports, const struct turn **turn_out, struct error *error) MUST_CHECK;

/* What the action makes of what the other side sent, without a turn: as it would be in the workflow that waits for it. `reply`
 * NULL: it sent nothing. The result is good until the next turn. */
enum status engine_reply(struct engine *engine, const struct action *action, const struct value *arguments,
			 const struct json *reply, moment now, const struct ports *ports, struct value *result_out,
			 struct error *error) MUST_CHECK;

/* A person decides an approval (a row of the system entity `approval`). NOT_FOUND: there is none. CONFLICT: it is decided or
 * too late. */
enum status engine_decide(struct engine *engine, struct record_id approval, bool approved, struct value actor, moment at,
			  const struct ports *ports, const struct turn **turn_out, struct error *error) MUST_CHECK;

/* A person looks at a workflow that holds: the same step again, the next one, or give up (undo what was done). NOT_FOUND: no
 * such instance. CONFLICT: it does not hold. */
enum resume { RESUME_RETRY, RESUME_GO_ON, RESUME_CANCEL };
enum status engine_resume(struct engine *engine, struct record_id instance, enum resume resume, struct value actor, moment at,
			  const struct ports *ports, const struct turn **turn_out, struct error *error) MUST_CHECK;

/* An instance of a workflow goes on with this engine's program, and no longer with the one it is pinned to. Where it stands is
 * said by names of durable points (program.h): one that is called otherwise now is in `points`, all others are called as they
 * were. INVALID: it can not be shown to be right; the sentence says which point or variable stands in the way, and nothing has
 * changed. One that is over, or runs on this program already, is OK. docs/decisions/0025 */
struct point_change {
	struct text from, to;
};
struct workflow_move {
	const struct program
		*from; /* what it is pinned to; NULL: the host has it no more, and only what is done already is OK */
	struct record_id instance;
	const struct point_change *points;
	uint32_t point_count;
};
enum status engine_move(struct engine *engine, const struct workflow_move *move, struct value actor, moment at,
			const struct ports *ports, const struct turn **turn_out, struct error *error) MUST_CHECK;
/* The points at which an instance rests, from the `data` of its row and the program it is pinned to: "call shop.pay, hold". */
enum status engine_whereabouts(const struct program *program, struct text workflow, struct text data, struct arena *arena,
			       struct text *points_out, struct error *error) MUST_CHECK;

/* On: every rule of an event's kind is tried, not only the candidates of the index, and the trace keeps what each node of its
 * guard came to. For explain; slower, and the same in its effects. */
void engine_observe(struct engine *engine, bool on);
/* Counts into `coverage` (NULL: stops). Its arrays have one counter for each of the program's things. */
struct coverage {
	uint64_t *rule_fired, *rule_rejected; /* program.rule_count */
	uint64_t *branch;                     /* program.branch_count */
	uint64_t **row;                       /* program.table_count, each row_count */
};
void engine_cover(struct engine *engine, struct coverage *coverage);

/* Evaluates code with no effects: for `eval`, tests' expectations, explain. `frame` has code->slot_count values, the parameters
 * filled in; after the call the slots hold what explain shows. */
enum status engine_evaluate(struct engine *engine, const struct code *code, struct value *frame, moment now,
			    const struct ports *ports, struct value *result_out, struct error *error) MUST_CHECK;

/* --- formats: the rows of a file, a page at a time, so that there may be any number of them. Nothing here becomes bytes. */
struct format_cell {
	struct text text;
	bool is_text; /* and no number, date or truth: some files quote it */
	bool is_missing;
	bool is_refused; /* what stands in it is said by the row */
};

struct format_row {
	uint64_t number;    /* from 1, counting those that are left out */
	struct text called; /* empty: by its number */
	/* why it is not in the file: the pack says so; or it can not be written as it is */
	struct text left_out, refused;
	const struct format_cell *cells; /* of->column_count of them */
};

/* How far it has come: all zero at the begin. */
struct format_place {
	uint32_t part; /* in format->rows */
	bool begun;    /* that part */
	struct record_id after;
	char key[256]; /* with an order of its own: the last one's */
	uint32_t key_length;
	uint64_t rows;
};

struct format_page {
	const struct format_rows *of;
	LIST(struct format_row) rows;
	bool more;
};

/* The next rows; a format without rows has no page. The page is in the turn's arena, good until the next page or turn. */
enum status engine_format_page(struct engine *engine, const struct format *format, const struct value *arguments,
			       struct format_place *place, moment now, const struct ports *ports, struct format_page *page_out,
			       struct error *error) MUST_CHECK;

struct format_line {
	const struct format_cell *cells;
	uint32_t count;
	struct text text; /* without cells: the line as it stands */
};

/* A line that is no row (`code` is the format's file, header or footer) of the file of that number. As good as the page. */
enum status engine_format_line(struct engine *engine, const struct format *format, const struct code *code,
			       const struct value *arguments, int64_t number, moment now, const struct ports *ports,
			       struct format_line *line_out, struct error *error) MUST_CHECK;

#endif
