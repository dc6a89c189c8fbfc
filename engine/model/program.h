/* What a pack compiles to: flat typed steps, tables, queries, rules by event, and for each step the place in the source it came
 * from. Immutable; lives in the pack's arena. The engine runs it, explain shows it, the store reads its queries. */
#ifndef MODEL_PROGRAM_H
#define MODEL_PROGRAM_H

#include "engine/base/calendar.h"
#include "engine/base/encoding.h"
#include "engine/model/schema.h"

struct span {                  /* a piece of source */
	uint32_t file;         /* index in program.files */
	uint32_t start, end;   /* byte offsets */
	uint32_t line, column; /* of start; from 1, column in characters */
};

enum step_operation {
#define STEP(name, doc) STEP_##name,
#include "engine/model/steps.def"
#undef STEP
	STEP_COUNT
};

struct step {
	uint8_t operation; /* enum step_operation */
	uint16_t extra;
	uint32_t d, a, b, c;
	uint32_t node; /* index in code.nodes: what the author wrote */
};

/* The expression as its author wrote it, for explain, coverage and messages. Nodes are in post-order. */
enum node_kind { NODE_VALUE, NODE_PATH, NODE_COMPARISON, NODE_AND, NODE_OR, NODE_NOT, NODE_CALL, NODE_OTHER };

struct node {
	enum node_kind kind;
	struct span span;
	struct text source; /* its text, blanks folded */
	const struct type *type;
	uint32_t slot;       /* where its value is after the run; SLOT_NONE when it was fused, or is a constant */
	uint32_t fused_step; /* for SLOT_NONE: the step that read it as its field operand; a constant: SLOT_NONE */
	uint32_t first_child, child_count; /* in code.children */
};

enum { SLOT_NONE = UINT32_MAX };

/* Frame slots 0..parameter_count-1 hold the parameters; the others are free for steps. Each slot is written by one place. */
struct code {
	const struct step *steps;
	uint32_t step_count, slot_count, parameter_count;
	const struct value *constants;
	uint32_t constant_count;
	const uint32_t *operands;
	uint32_t result; /* slot of the value of an expression; SLOT_NONE for bodies */
	const struct node *nodes;
	uint32_t node_count;
	const uint32_t *children;
	uint32_t root; /* node */
};

/* Parameters of guards, keys and bodies of rules. */
enum { SLOT_EVENT /* RECORD of the event's fields, or REF to the row */, SLOT_ACTOR, RULE_PARAMETERS };

/* --- queries */
enum query_kind {
	QUERY_ALL,
	QUERY_LOOKUP,
	QUERY_EXISTS,
	QUERY_COUNT,
	QUERY_SUM,
	QUERY_MIN,
	QUERY_MAX,
	QUERY_AVG,
	QUERY_PERCENT
};
enum comparison {
	COMPARE_EQUAL,
	COMPARE_NOT_EQUAL,
	COMPARE_LESS,
	COMPARE_LESS_EQUAL,
	COMPARE_GREATER,
	COMPARE_GREATER_EQUAL,
	COMPARE_IN,
	COMPARE_IS_SET,
	COMPARE_NOT_SET
};

struct query_term {           /* row.path <comparison> parameter */
	const uint16_t *path; /* field indexes; all but the last are refs */
	uint32_t path_length;
	enum comparison comparison;
	uint32_t parameter; /* in the operands; a MISSING parameter makes the term hold for no row */
};

/* `where` decides; `terms` are implied by it and let the store narrow the rows down. Rows come ordered by id. */
struct query {
	enum query_kind kind;
	const struct entity *entity;
	const struct query_term *terms;
	uint32_t term_count;
	const struct code *where; /* BOOL; slot 0: the row (REF), slots 1..: the parameters; NULL: all rows */
	const struct code *value; /* SUM MIN MAX AVG: frame as `where`; PERCENT: the share of rows for which it holds */
	uint32_t parameter_count;
	bool terms_are_all; /* `where` says nothing beyond the terms: the store may count by itself */
	uint32_t most;      /* so many rows are enough, where the store decides all terms; 0: all of them */
	bool in_order;      /* not whichever: the first `most` by the field below, and the store does decide all terms */
	uint16_t order;     /* a field that is unique and set in every row; FIELD_ID: its id */
};

/* --- tables */
enum cell_kind { CELL_ANY, CELL_MISSING /* `-` */, CELL_EQUAL, CELL_ONE_OF, CELL_RANGE, CELL_CODE };

struct cell {
	enum cell_kind kind;
	const struct value *values; /* EQUAL 1, ONE_OF count, RANGE 2 */
	uint32_t count;
	const struct code *code; /* CODE: BOOL; slot 0: the input's value, 1..: the table's parameters */
	struct span span;
};

struct table_row {
	const struct cell *cells;          /* input_count */
	const struct code *const *outputs; /* output_count; parameters: the table's; NULL: `-` */
	date valid_from, valid_until;      /* DATE_OPEN when open; half-open */
	struct span span;
};

#define DATE_OPEN INT32_MIN

enum hit_policy { HIT_FIRST, HIT_UNIQUE, HIT_PRIORITY, HIT_COLLECT };
enum hit_fold { FOLD_NONE, FOLD_SUM, FOLD_MIN, FOLD_MAX, FOLD_COUNT };

struct table {
	struct text name, label;
	struct span span;
	uint32_t parameter_count;
	const struct record_field *parameters;
	const struct code *const *inputs; /* parameters: the table's */
	uint32_t input_count;
	const struct record_type *outputs;
	enum hit_policy policy;
	enum hit_fold fold;
	const struct table_row *rows;
	uint32_t row_count;
};

struct function { /* define */
	struct text name;
	struct span span;
	const struct record_field *parameters;
	uint32_t parameter_count;
	const struct type *result;
	const struct code *code;
};

struct script {
	struct text name;
	struct span span;
	struct text file; /* as written: "routing.lua" */
	struct text source;
	const struct record_field *parameters;
	uint32_t parameter_count;
	const struct type *result;
	uint32_t index;
};

struct setting {
	struct text name, label;
	const struct type *type;
	const struct code *fallback; /* NULL: missing until a tenant sets it */
	struct span span;
};

struct seed { /* record queue noc { … } */
	const struct entity *entity;
	struct text name;
	struct record_id id;
	const struct write *write;
	const struct code *code; /* operands' values: result is a RECORD in the order of write.fields */
	struct span span;
};

/* Which fields a statement writes, in the order of its operands. */
struct write {
	const struct entity *entity;
	const uint16_t *fields;
	uint32_t field_count;
	const uint16_t *key_fields; /* UPSERT */
	uint32_t key_count;
};

/* --- rules */
struct rate {
	uint32_t count;
	int64_t per; /* seconds */
};

struct rule_key { /* by … : a LIST value */
	const struct code *keys;
};

struct rule {
	/* first what every event looks at, so that it is one line of the cache */
	const struct code *guard; /* NULL: always */
	const struct code *body;
	uint64_t name_hash;
	uint32_t index; /* in program.rules: the order in which rules run */
	date valid_from, valid_until;
	bool in_time;                    /* dedupe, once, at most, damp, holds or unless stand below */
	struct text name, module, label; /* name is "module.rule" */
	struct span span;
	const struct event_kind *event;
	struct text alias;
	/* the equality that the index uses; SLOT_NONE: none */
	uint32_t index_field;
	struct value index_value;
	/* dedupe by KEYS while COND */
	const struct code *dedupe_keys;
	const struct code *dedupe_while; /* slot 0: the remembered record (REF) */
	const struct entity *dedupe_entity;
	const struct code *once_keys;
	int64_t once_per;
	const struct code *at_most_keys;
	struct rate at_most;
	const struct code *damp_keys;
	struct rate damp;
	const struct code *holds_for; /* a DURATION; guard must hold all that time */
	struct {
		const struct event_kind *event; /* NULL: none */
		const struct code *within;      /* DURATION */
		const struct code *where;       /* slot 0: the other event, then the rule's parameters */
	} unless;
	/* inferred */
	const uint32_t *reads; /* (entity index << 16 | field index), ascending; field FIELD_ID: existence */
	uint32_t read_count;
	const uint32_t *writes; /* the same */
	uint32_t write_count;
	const uint32_t *emits; /* event indexes */
	uint32_t emit_count;
};

struct rule_index; /* engine/match.c reads it, dsl/compiler/index_build.c makes it */

/* One comparison of a guard with a field of the event: STEP_FIELD_EQUAL_CONSTANT … STEP_CONSTANT_IN_FIELD. */
struct rule_test {
	uint8_t operation;
	uint16_t field;
	struct value constant;
};

/* A rule and the comparisons that its guard is made of, the most selective first: most rules of a bucket are passed over
 * without being looked at. The rules of 10,000 lie apart in memory, the entries of a bucket side by side, 64 bytes each. */
struct rule_entry {
	const struct rule *rule;
	const struct rule_test *more; /* beyond the first */
	uint8_t operation;            /* the first; 0: none */
	uint8_t more_count;
	bool complete; /* the guard says nothing beyond them and the bucket's value: when they hold it holds */
	uint16_t field;
	struct value constant;
};

struct rule_bucket {
	const struct value *value;
	const struct rule_entry *entries; /* ascending */
	uint32_t count;
};

struct rule_index_field {
	uint16_t field;
	struct rule_bucket *buckets; /* hashed by value_hash, linear probing; free: value NULL */
	uint32_t capacity;           /* a power of two */
};

struct rule_index {                      /* per event kind */
	const struct rule_entry *always; /* no usable equality; ascending */
	uint32_t always_count;
	struct rule_index_field *fields;
	uint32_t field_count;
};

/* --- clocks */
enum reopened { REOPENED_PAUSE, REOPENED_RESTART };

struct clock {
	struct text name, label;
	struct span span;
	uint32_t index;
	const struct entity *entity;                                /* on which it runs */
	const struct entity *state;                                 /* the entity that keeps it: fields below */
	const struct event_kind *start_event;                       /* `starts on`; NULL with starts_when */
	const struct code *starts_when, *stops_when, *pauses_while; /* slot 0: the record; may be NULL */
	const struct event_kind *stop_event;
	const struct code *calendar, *target, *holidays; /* slot 0: the record */
	enum reopened reopened;
	const struct value *warn_at; /* PERCENT, ascending */
	uint32_t warn_count;
	const struct event_kind *warned, *breached, *met;
};

/* Own fields of a clock's state entity, from FIELD_FIRST_OWN on. */
enum clock_field {
	CLOCK_RECORD,
	CLOCK_STATE,
	CLOCK_STARTED_AT,
	CLOCK_DUE_AT,
	CLOCK_ELAPSED,
	CLOCK_REMAINING,
	CLOCK_TARGET,
	CLOCK_STOPPED_AT,
	CLOCK_PAUSES /* list of [from, until) times */,
	CLOCK_WARNED /* int: thresholds fired */,
	CLOCK_FIELD_COUNT
};
enum clock_state { CLOCK_RUNNING, CLOCK_PAUSED, CLOCK_MET, CLOCK_BREACHED };

/* --- the rest */
struct auth; /* engine/model/request.h */
struct request;
struct verify;

struct connector {
	struct text name, label;
	struct span span;
	/* what whoever performs its calls must keep to; 0: the author has said nothing */
	uint32_t limit_count;                /* calls … */
	int64_t limit_seconds;               /* … in so many seconds */
	int64_t timeout;                     /* seconds for one call */
	const struct status_range *retry_on; /* answers after which the call is made again */
	uint32_t retry_count;
	const struct code *base; /* TEXT, no parameters: what the paths of its requests stand behind; NULL: nowhere */
	const struct auth *auth; /* NULL: none */
};

/* Of HTTP's answers, both included. */
struct status_range {
	uint16_t from, to;
};

/* What may be done when nobody knows whether a call has arrived. Without a word of the author the method decides: RFC 9110
 * section 9.2.2 calls GET, HEAD, PUT and DELETE idempotent. */
enum repeatable {
	REPEATABLE_NEVER,       /* a person decides */
	REPEATABLE_YES,         /* the same again does no harm */
	REPEATABLE_ASK_FIRST,   /* the other side can be asked whether it arrived */
	REPEATABLE_ACCEPTS_KEY, /* the other side knows it by its key */
};

struct action {
	const struct connector *connector;
	struct text name;
	const struct record_field *parameters;
	uint32_t parameter_count;
	const struct type *result; /* NULL: nothing */
	enum repeatable repeatable;
	const struct request *request;
	uint32_t budget_count;  /* so many may be made … */
	int64_t budget_seconds; /* … in so many seconds; more wait for a person. 0: any number */
	uint32_t index;
};

struct receive_arrival {
	const struct code *guard; /* slot 0: body (DATA), slot 1: headers (DATA) */
	const struct code *body;
};

struct receive {
	const struct connector *connector;
	struct text kind, name;      /* webhook "ninja" */
	const struct verify *verify; /* NULL: it does not say who may send it */
	const struct receive_arrival *arrivals;
	uint32_t arrival_count;
	uint32_t rule; /* never a rule: RULE_NONE; here so that plans can say who */
};

struct notice {
	struct text role; /* empty: receivers are the operands */
	const struct text *channels;
	uint32_t channel_count;
};

/* When a value is read that an instance knows at a durable point. */
enum work_need {
	NEED_NONE,
	NEED_POINT,  /* by the point itself, while it rests there: the arguments of a call, what a wait compares */
	NEED_BEHIND, /* by what comes behind it */
};

/* What an instance knows at a durable point: the variables of its author there, and what the compiler keeps for itself. */
struct work_variable {
	/* unique at its point (" #2"); the compiler's own are called by the expression they hold, or have no name */
	struct text name;
	const struct type *type; /* NULL: the compiler's own, of no type that could be said */
	uint32_t slot;
	uint32_t written; /* the step that gives it its value; SLOT_NONE: it is a parameter */
	enum work_need need;
	bool may_miss;
	bool is_own; /* the compiler's own */
};

/* Where an instance may rest, by a name that people can say: docs/decisions/0025 */
struct work_point {
	struct text name; /* as its author wrote it, "wait for order.paid"; unique in its workflow (" #2") */
	uint32_t step;
	uint32_t parallel; /* the point of whose strands it belongs to one, in workflow.points; SLOT_NONE: to none */
	uint32_t strand;   /* which of them */
	const struct work_variable *variables;
	uint32_t variable_count;
};

struct workflow {
	struct text name, label;
	struct span span;
	uint32_t index;
	const struct record_field *parameters;
	uint32_t parameter_count;
	const struct code *code;
	const struct work_point *points; /* by step */
	uint32_t point_count;
};

struct work_wait {
	const struct event_kind *event;
	const struct code *where; /* slot 0: the event, then captured values; NULL: any */
	bool has_timeout;
	uint32_t else_step; /* SLOT_NONE: fail */
	uint32_t captured;  /* how many list operands are captured; one more is the timeout */
};

struct work_approval {
	struct text role; /* empty: the operand */
	uint32_t else_step;
};

struct work_options {
	uint32_t retries;
	int64_t backoff_from, backoff_to; /* seconds */
	const struct action *undo;        /* NULL: none */
	const uint32_t *undo_operands;
	uint32_t undo_count;
	bool hold; /* else hold */
	uint32_t else_step;
};

struct schedule {
	struct text name, label;
	struct span span;
	uint32_t index;
	int64_t every; /* seconds; 0: by the calendar words below */
	enum { EVERY_NONE, EVERY_DAY, EVERY_WEEK, EVERY_MONTH, EVERY_QUARTER, EVERY_YEAR, EVERY_WORKDAY } period;
	int day;              /* `on day 3`; -1: last */
	enum weekday weekday; /* `on mon` */
	bool last_workday;
	clock_time at;
	const struct zone *zone;
	const struct code *guard, *body;
};

/* --- formats: files that records are written into, row by row */
enum format_kind {
	FORMAT_CSV,
	FORMAT_TEXT, /* columns of fixed width */
	FORMAT_JSON, /* a list of objects, one a row */
};

enum written_as { /* what a column is in the file */
		  WRITTEN_TEXT,
		  WRITTEN_INT,
		  WRITTEN_DECIMAL,
		  WRITTEN_MONEY,   /* its amount */
		  WRITTEN_PERCENT, /* 19% is written 19 */
		  WRITTEN_DATE,
		  WRITTEN_TIME,
		  WRITTEN_BOOL,
};

struct format_column {
	struct text title;
	enum written_as kind;
	uint32_t width;      /* of a text: characters; of a number: digits before the point; 0: any */
	int scale;           /* of a number: so many digits behind the point; -1: as many as it has */
	struct text picture; /* of a date or time; may be empty */
	uint32_t total;      /* of FORMAT_TEXT: characters of the whole cell */
	char fill;           /* what stands in those that are free */
	bool required;
	bool cut;              /* a longer text is cut; else it is refused */
	uint32_t slot;         /* SLOT_NONE: the same in every row */
	struct value constant; /* that */
	struct span span;
};

struct format_rows {
	/* Parameters: the format's. A LIST: what is gone through, or with a query that one's parameters. */
	const struct code *source;
	const struct query *query; /* NULL: a list */
	const struct query *first; /* the same, the first page->most of its rows */
	const struct query *page;  /* the next ones: behind the id, or value of page->order, that is one more parameter */
	const struct code *where;  /* parameters: the format's, then the item; NULL: all of them */
	const struct code *code;   /* the same parameters; the columns' values are in their slots then */
	uint32_t called;           /* slot of what reports call the row; SLOT_NONE: they count */
	uint32_t left_out;         /* slot of the reason for which it is not wanted, where there is one; SLOT_NONE */
	uint32_t refused;          /* slot of the reason for which it can not be written; SLOT_NONE */
	const struct format_column *columns;
	uint32_t column_count;
	struct span span;
};

/* What must hold before anything is written. */
struct format_demand {
	const struct code *holds, *sentence; /* parameters: the format's */
};

enum quote { QUOTE_NEEDED, QUOTE_TEXTS, QUOTE_ALL };

struct format {
	enum format_kind kind;
	struct text name, label;
	struct span span;
	uint32_t index;
	const struct record_field *parameters;
	uint32_t parameter_count;
	/* Parameters: the format's, then the number of the file, from 1. A line is a LIST of its cells, or a TEXT as it stands.
	 */
	const struct code *file, *header, *footer; /* the lines may be NULL */
	const struct format_demand *demands;
	uint32_t demand_count;
	const struct format_rows *rows;
	uint32_t rows_count;
	enum encoding encoding;
	struct text unwritable; /* stands for characters that the encoding lacks; empty: these are refused */
	char separator, decimal;
	enum quote quote;
	bool crlf;
	bool titles;              /* a line of the columns' titles behind the header */
	bool guard_formulas;      /* a text that a spreadsheet would compute begins with an apostrophe */
	int64_t split_rows, size; /* so many rows, and bytes, a file; 0: any number */
};

/* --- tests */
enum test_item_kind {
	TEST_AT,
	TEST_AFTER,
	TEST_GIVEN,
	TEST_SETTING,
	TEST_WHEN,
	TEST_ACT,
	TEST_ANSWER,
	TEST_EXPORT,
	TEST_EXPECT,
	TEST_EXPECT_COUNT
};

/* Codes of a test share one frame: a name bound by one item is a slot the later ones read. */
struct test_item {
	enum test_item_kind kind;
	struct span span;
	const struct code *code; /* AT TIME, AFTER DURATION, GIVEN/WHEN/ANSWER/EXPORT RECORD, ACT body, EXPECT BOOL */
	struct value actor_slot;
	uint32_t actor;                 /* slot of the person, or SLOT_NONE */
	uint32_t bind;                  /* slot that the new row, event or found thing is bound to; SLOT_NONE: none */
	const struct entity *entity;    /* GIVEN, EXPECT_COUNT of rows */
	const struct event_kind *event; /* WHEN, EXPECT_COUNT of events */
	const struct action *action;    /* ANSWER, EXPECT_COUNT of calls */
	const struct write *write;      /* GIVEN */
	const struct format *format;    /* EXPORT */
	const struct code *where;       /* EXPECT_COUNT: slot `bind` holds the candidate */
	uint32_t for_slot;              /* EXPECT_COUNT … for NAME; SLOT_NONE */
	int64_t count;                  /* EXPECT_COUNT; -1: some */
	uint32_t setting;
	bool fails; /* ANSWER */
};

struct test {
	struct text name;
	struct span span;
	const struct test_item *items;
	uint32_t item_count;
	uint32_t slot_count;
};

/* --- migrations: what may become of stored rows when the schema no longer fits them. Done in order, each once: an item whose
 * old name is gone already has nothing left to do. */
enum migration_kind {
	MIGRATION_RENAME, /* entity.field (no field: the entity itself) is called `to` from now on */
	MIGRATION_DROP,   /* entity.field (no field: the entity itself) and all it holds may go */
	MIGRATION_UPDATE, /* entity.field = `to` where it is `from`: values of an enum, by name */
};

struct migration {
	enum migration_kind kind;
	struct text version; /* of the block it stands in */
	struct text entity, field, from, to;
	struct span span;
};

/* Where a decision splits, for coverage: each `if` block and `else`, each arm of a `case`. */
struct branch {
	struct span span;
	struct text source; /* the condition or test, blanks folded; "else" */
};

struct source_file {
	struct text path; /* as given on the command line */
	struct text module;
	struct text text;
};

struct program {
	struct text name, version, title; /* of the topmost pack */
	struct schema schema;
	const struct source_file *files;
	uint32_t file_count;
	const struct rule *rules;
	uint32_t rule_count;
	struct rule_index *index; /* by event_kind.index */
	const struct function *functions;
	uint32_t function_count;
	const struct table *tables;
	uint32_t table_count;
	const struct script *scripts;
	uint32_t script_count;
	const struct query *queries;
	uint32_t query_count;
	const struct write *writes;
	uint32_t write_count;
	const struct setting *settings;
	uint32_t setting_count;
	const struct seed *seeds;
	uint32_t seed_count;
	const struct clock *clocks;
	uint32_t clock_count;
	const struct calendar *const *calendars; /* a REF to the entity `calendar` is calendar_ids[i] */
	const struct record_id *calendar_ids;
	uint32_t calendar_count;
	const struct holidays *const *holidays;
	const struct record_id *holiday_ids;
	uint32_t holiday_count;
	const struct calendar *default_calendar; /* `calendar NAME` of the pack; may be NULL */
	const struct action *actions;
	uint32_t action_count;
	const struct receive *receives;
	uint32_t receive_count;
	const struct notice *notices;
	uint32_t notice_count;
	const struct workflow *workflows;
	uint32_t workflow_count;
	const struct work_wait *waits;
	const struct work_approval *approvals;
	const struct work_options *work_options;
	const struct schedule *schedules;
	uint32_t schedule_count;
	const struct format *formats;
	uint32_t format_count;
	const struct test *tests;
	uint32_t test_count;
	const struct migration *migrations;
	uint32_t migration_count;
	const struct branch *branches;
	uint32_t branch_count;
	const struct type *const *types; /* for FROM_DATA */
	uint32_t type_count;
	const struct zone *zone; /* for showing times and `"{now:yyyy}"`; default UTC */
	uint64_t hash;           /* of all sources: instances of workflows are pinned to it */
};

/* The row in which `clock` keeps its state for a record. */
struct record_id clock_row_id(const struct clock *clock, struct record_id record);

const char *step_name(enum step_operation operation);
/* NULL: there is none. */
const struct workflow *program_workflow(const struct program *program, struct text name);
/* NULL: no instance rests at that step. */
const struct work_point *workflow_point_at(const struct workflow *workflow, uint32_t step);
/* program.hash as it is kept and shown: 16 digits. */
struct text program_hash_text(struct arena *arena, uint64_t hash);
uint64_t program_hash_read(struct text text);
const struct format *program_format(const struct program *program, struct text name);
/* NULL: there is none. An empty name: the connector's first. */
const struct receive *program_receive(const struct program *program, struct text connector, struct text name);

#endif
