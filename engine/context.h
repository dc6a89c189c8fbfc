/* What the files of the engine share while a turn runs. Everything here lives in the turn's arena and ends with it; nothing of
 * it is seen outside engine/. Two kinds of failure, never mixed: a status INVALID, LIMIT, CONFLICT or NOT_FOUND undoes what
 * failed (a rule, a clock, a workflow's step) and the turn goes on; with `context->fatal` set the whole turn ends with an empty
 * plan. */
#ifndef ENGINE_CONTEXT_H
#define ENGINE_CONTEXT_H

#include "engine/engine.h"
#include "engine/limits.h"
#include "engine/model/system.h"
#include "engine/script/script.h"

/* --- rows: the host's, with what the turn has made of them on top */
struct field_write { /* who wrote a field, so that rules that fight over it can be named */
	const struct field_write *earlier;
	uint16_t field;
	uint32_t rule, event;
};

struct row_wait { /* a row that had a unique value which another one has now: it is stored before that */
	const struct row_wait *earlier;
	struct row *row;
};

struct row {
	const struct entity *entity;
	struct record_id id;
	const struct value *values;       /* entity->field_count; NULL: there is no such row (any more) */
	struct change *change;            /* NULL: untouched */
	const struct field_write *writes; /* the newest first */
	const struct row_wait *waits;     /* constraint.c */
	uint32_t piece;                   /* in which it was looked at last; constraint.c */
	uint8_t place;                    /* in the order of the plan; plan_check.c */
};
typedef LIST(struct row *) row_list;

struct row_undo { /* what a row was before a write, for a failing rule */
	struct row *row;
	const struct value *values;
	struct change *change;
	const struct field_write *writes;
	const struct row_wait *waits;
};

struct taken_number { /* of a sequence */
	struct text key;
	int64_t number;
};

struct row_table { /* open addressing by id */
	struct row **rows;
	uint32_t count, capacity;
};

struct work;
struct rule_memory; /* rule_time.c */

struct context {
	struct engine *engine;
	const struct program *program;
	const struct ports *ports;
	struct arena *arena;
	struct plan *plan;
	struct trace *trace;
	struct error *error;
	bool fatal;          /* the turn must end */
	bool planting;       /* master data: changes raise no events */
	bool assume_changed; /* changed(…) is true: asked whether a condition still holds */
	moment now;
	/* what is being handled */
	const struct event *event; /* NULL in a turn that is no event's */
	uint32_t event_index;      /* in trace->events */
	uint32_t rule;             /* RULE_NONE for clocks, workflows, people */
	struct value actor;        /* REF or MISSING */
	/* ids of what is made: a hash of who makes it and how many it made before */
	struct record_id maker;
	uint32_t made;
	uint32_t call_depth;
	uint64_t steps;
	uint32_t failed_step; /* of the outermost code that failed last */
	struct row_table rows;
	row_list touched; /* those with a change, in the order of the first touch: the plan is made of them */
	LIST(struct row_undo) undo;
	struct map taken;                         /* values of unique fields that rows of this turn have; constraint.c */
	uint32_t piece;                           /* how many there were */
	LIST(struct taken_number) numbers, spare; /* spare: what took them was undone; all larger than those in use */
	LIST(struct event *) pending;             /* raised, not yet handled */
	uint32_t handled;                         /* of pending */
	const struct work *work;                  /* workflow_run.c: the instance that goes on; NULL: none */
	bool *executed;                           /* by step of the code that is observed; NULL: nobody looks */
};

/* Where everything that a rule does begins, so that it can be taken back. */
struct savepoint {
	uint32_t undo, touched, outgoing, pending, lines, numbers;
};

struct savepoint savepoint_set(const struct context *context);
void savepoint_restore(struct context *context, struct savepoint savepoint);

/* --- rows.c. Statuses as said above; a host's failure also sets `fatal`. */
/* The values of a row as the turn sees it: entity->field_count. NOT_FOUND (no sentence) when there is none. Computed fields are
 * MISSING in it: read them with row_field. */
enum status row_read(struct context *context, const struct entity *entity, struct record_id id,
		     const struct value **values_out) MUST_CHECK;
/* One field, computed ones too. MISSING when the row is gone. */
enum status row_field(struct context *context, const struct entity *entity, struct record_id id, uint32_t field,
		      struct value *value_out) MUST_CHECK;
/* The rows for which the query holds, by id: context->rows entries. Its `where` is evaluated; `parameters` are its parameters.
 */
enum status row_query(struct context *context, const struct query *query, const struct value *parameters,
		      struct row ***rows_out, uint32_t *count_out) MUST_CHECK;
/* The rows in which these fields equal the parameters; `fields` must live as long as the query. */
const struct query *query_by_fields(struct arena *arena, const struct entity *entity, const uint16_t *fields, uint32_t count);
/* The first query->most rows behind `after` for which the query's terms hold, by id; the first of the terms is that the id is
 * greater than the first parameter. `more_out`: there may be some behind `until_out`, and it was not looked farther. */
struct row_slice {
	row_list rows;
	struct record_id until;
	bool more;
};
enum status row_query_after(struct context *context, const struct query *query, struct record_id after,
			    struct row_slice *slice_out) MUST_CHECK;
/* The first page->most rows, in its order, for which `query` holds. `page` is the query, and that the row is behind one more
 * parameter. Some of its rows may not fit, so that there can be fewer, and more behind `last`. In a turn that has changed
 * nothing. */
struct row_page {
	row_list rows;
	const struct row *last; /* NULL: there are none */
	bool more;
};
enum status row_query_page(struct context *context, const struct query *query, const struct query *page,
			   const struct value *parameters, struct row_page *page_out) MUST_CHECK;
/* The rows whose `field` equals `value`, by id. */
enum status row_query_equal(struct context *context, const struct entity *entity, uint16_t field, struct value value,
			    struct row ***rows_out, uint32_t *count_out) MUST_CHECK;
/* `values` are those of write->fields; the rest get their defaults and numbers. Required fields, lengths, seals and transitions
 * are checked. Raises NAME.created / updated / deleted, except for system entities and those that keep a clock's state. */
enum status row_create(struct context *context, const struct write *write, const struct value *values,
		       struct record_id *id_out) MUST_CHECK;
/* The same with an id of the caller's; for system rows. */
enum status row_create_as(struct context *context, const struct write *write, const struct value *values,
			  struct record_id id) MUST_CHECK;
enum status row_update(struct context *context, const struct entity *entity, struct record_id id, const uint16_t *fields,
		       const struct value *values, uint32_t count) MUST_CHECK;
enum status row_delete(struct context *context, const struct entity *entity, struct record_id id) MUST_CHECK;
/* At the end of a turn: the host takes back the numbers that nothing has used. */
enum status numbers_return(struct context *context) MUST_CHECK;

static inline const struct entity *system_entity(const struct context *context, enum system_entity which)
{
	return context->program->schema.entities[which];
}

/* rows.c, for row_write.c and query.c: the entry of a row, loaded from the host when it is new to the turn; its values are NULL
 * when there is no such row. */
enum status row_entry(struct context *context, const struct entity *entity, struct record_id id,
		      struct row **row_out) MUST_CHECK;
/* An entry for values that the host has just given; what the turn knows already wins. */
/* One of an id that nobody has used: the host is not asked. */
struct row *row_fresh(struct context *context, const struct entity *entity, struct record_id id);
struct row *row_keep(struct context *context, const struct entity *entity, const struct value *values);
/* Gives a row new values and remembers the old ones. */
void row_put(struct context *context, struct row *row, const struct value *values, struct change *change);

/* The row of that id, if the turn knows already what there is of it. */
struct row *row_known(struct context *context, const struct entity *entity, struct record_id id);

/* --- constraint.c */
void constraints_prepare(struct engine *engine);
/* Whether what was done since may stay: no row refers to one that there is not, what is unique is there once. CONFLICT, with a
 * sentence, otherwise; the caller takes it back. */
enum status constraints_check(struct context *context, struct savepoint since) MUST_CHECK;

/* --- plan_check.c */
/* A rule has given a field another value: said in the trace when an earlier rule of the same event had given it one. */
void plan_note_write(struct context *context, struct row *row, uint16_t field, struct value before, struct value after);
/* Makes the plan's changes of the rows that were touched; what comes to nothing, or is asked for twice, is left out. */
void plan_finish(struct context *context);

/* A new id, the same when the turn runs again. */
struct record_id id_next(struct context *context);

/* --- eval.c */
struct value *frame_new(struct context *context, const struct code *code); /* all slots MISSING */
/* Runs `code` to its end; result_out (may be NULL) gets the value of its result slot. */
enum status eval_run(struct context *context, const struct code *code, struct value *frame,
		     struct value *result_out) MUST_CHECK;
/* Runs from step *at on; stops with OK before the first step that waits (STEP_WORK_*), or at the end: *at is then that step, or
 * code->step_count. */
enum status eval_from(struct context *context, const struct code *code, struct value *frame, uint32_t *at) MUST_CHECK;
/* As eval_run, and nodes_out[i] is what node i came to: code->node_count of them. */
enum status eval_observed(struct context *context, const struct code *code, struct value *frame, struct value *result_out,
			  const struct observed **nodes_out) MUST_CHECK;
/* What a condition that came out MISSING waits for: the path that is not set, or an empty text. */
struct text eval_missing_path(const struct code *code, const struct value *frame, struct value result);
/* Code whose only parameter is a record: of clocks, seals, computed fields. */
enum status eval_record(struct context *context, const struct code *code, const struct entity *entity, struct record_id id,
			struct value *result_out) MUST_CHECK;
/* A list operand of a step. */
static inline struct value operand_at(const struct code *code, const struct value *frame, uint32_t first, uint32_t index)
{
	return frame[code->operands[first + index]];
}

/* --- turn.c */
/* An event of this turn, handled after those before it. `fields`: kind->field_count values. Doubles of a keyed event are
 * dropped. */
enum status event_raise(struct context *context, const struct event_kind *kind, const struct value *fields) MUST_CHECK;
/* What an event's alias is: RECORD, or REF to the row. */
struct value event_value(const struct event *event);
void trace_say(struct context *context, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Runs `body` as its own piece of the turn: undone and traced when it fails. `frame` has the parameters. OK unless fatal. */
enum status body_run(struct context *context, const struct code *body, struct value *frame, const char *who) MUST_CHECK;

/* --- timers: rows of the system entity `timer`, one for each (kind, subject, number) */
/* Sets or moves it. */
enum status timer_set(struct context *context, enum timer_kind kind, struct text subject, int64_t number, moment due,
		      struct text data) MUST_CHECK;
enum status timer_clear(struct context *context, enum timer_kind kind, struct text subject, int64_t number) MUST_CHECK;

enum status timer_run(struct context *context, struct record_id timer) MUST_CHECK;

struct timer { /* the row, as its handler gets it; it is gone already */
	struct text subject, data;
	int64_t number;
	moment due;
};

/* seeds.c */
enum status seeds_plant(struct context *context) MUST_CHECK;

/* --- the parts that events and timers reach, in the order in which an event passes them: its budget, clocks, rules, workflows
 */
/* Counts it, when its kind has a budget. LIMIT: that is used up, and a person has to see why. */
enum status budget_count(struct context *context, const struct event *event) MUST_CHECK;
enum status clocks_on_event(struct context *context, const struct event *event) MUST_CHECK;
enum status clocks_on_timer(struct context *context, const struct timer *timer) MUST_CHECK;
/* Every open one, after calendars or packs changed: now, or as many in each of the turns to come. */
enum status clocks_reckon_all(struct context *context) MUST_CHECK;
enum status clocks_on_slice(struct context *context, const struct timer *timer) MUST_CHECK;
enum status clocks_drop(struct context *context, const struct entity *entity, struct record_id record) MUST_CHECK;
enum status rules_on_event(struct context *context, const struct event *event) MUST_CHECK;
enum status rules_on_holds(struct context *context, const struct timer *timer) MUST_CHECK;
enum status rules_on_unless(struct context *context, const struct timer *timer) MUST_CHECK;
enum status workflows_on_event(struct context *context, const struct event *event) MUST_CHECK;
enum status workflows_on_timer(struct context *context, const struct timer *timer) MUST_CHECK;
enum status workflow_start(struct context *context, const struct workflow *workflow, const struct value *arguments,
			   struct value *instance_out) MUST_CHECK;
enum status workflow_cancel(struct context *context, const struct workflow *workflow, const struct value *arguments) MUST_CHECK;
/* Called by engine_use_pack when `program` stands: what the program's clocks read and its workflows wait for, in `pack_arena`.
 */
void clocks_prepare(struct engine *engine);
void workflows_prepare(struct engine *engine);
enum status schedules_activate(struct context *context) MUST_CHECK;

/* --- turn.c, for the ways in that are not events: opens a turn, runs `work`, handles what it raised until all is quiet. */
typedef enum status (*turn_work)(struct context *context, void *argument);
enum status turn_run(struct engine *engine, moment at, struct value actor, struct record_id maker, const struct ports *ports,
		     turn_work work, void *argument, const struct turn **turn_out, struct error *error) MUST_CHECK;

struct rules_of_event {
	const struct rule **rules;
	uint32_t count;
};

/* What an event runs of a rule, copied together. */
struct packed_rule {
	const struct code *guard; /* NULL without one */
	const struct code *body;
};

struct engine {
	const struct program *program;
	struct arena arena;      /* of the turn */
	struct arena pack_arena; /* what use_pack prepared */
	struct script_host *scripts;
	struct script_reader reader;
	struct context *running; /* whose rows a script reads */
	struct turn turn;
	bool begun;    /* the arena holds what the next turn is about */
	uint64_t acts; /* turns that are no event's, so that their ids differ */
	bool observe;
	uint32_t slice_clocks; /* LIMIT_SLICE_CLOCKS; fewer in tests */
	struct coverage *coverage;
	uint64_t **clock_reads; /* by clock: bit set of (entity, field) that it goes by; clock_reads.c */
	uint32_t clock_read_width;
	struct workflow_keys *waits;                             /* workflow_key.c */
	bool *quiet;                                             /* by entity index: its changes raise no events */
	struct constraints *constraints;                         /* by entity index */
	struct packed_rule *rules;                               /* by rule index */
	struct table_index **tables;                             /* by table index; NULL: scanned */
	const struct event_kind *failed;                         /* rule.failed */
	struct rules_of_event *unless_by_event, *holds_by_event; /* by event index */
};

#endif
