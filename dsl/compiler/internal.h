/* What the compiler's files share. Names are collected first (names.c), then types and schema (types.c, schema_build.c), then
 * every body is checked and lowered in one pass over the syntax tree (expression.c, statement.c, …): a value's type is known
 * exactly where its step is emitted, so there is no annotated tree in between. */
#ifndef COMPILER_INTERNAL_H
#define COMPILER_INTERNAL_H

#include "dsl/compiler/compiler.h"
#include "dsl/compiler/nearest.h"
#include "dsl/compiler/parse.h"
#include "engine/model/system.h"

/* --- declarations */
struct declaration {
	const struct syntax *syntax;
	uint32_t file;
	struct text name; /* full: "routing.rank" for things of a module, "asset" for global ones */
	struct text module;
	uint32_t layer;
	uint32_t index;       /* in the program's array of its kind */
	void *object;         /* struct entity, table, … once built */
	bool building, built; /* to find circles */
};

/* Which kinds of names there are; each has its own map from name to declaration. */
enum name_space {
	SPACE_ENTITY,
	SPACE_EVENT,
	SPACE_FUNCTION, /* define, table, script */
	SPACE_SETTING,
	SPACE_SEED, /* "queue.noc" */
	SPACE_RULE,
	SPACE_HOLIDAYS,
	SPACE_CALENDAR,
	SPACE_CLOCK,
	SPACE_WORKFLOW,
	SPACE_CONNECTOR,
	SPACE_ACTION, /* "m365.create_user" */
	SPACE_ROLE,
	SPACE_OTHER, /* schedules, metrics, reports, views, formats, tests */
	SPACE_COUNT
};

typedef LIST(struct declaration *) declaration_list;
typedef LIST(uint32_t) slot_list;

struct coder;

struct compiler {
	struct arena *arena;
	struct diagnostics *diagnostics;
	struct program *program;
	const struct source_input *inputs;
	uint32_t input_count;
	struct parse_tree *trees; /* by file */
	struct map spaces[SPACE_COUNT];
	struct map constant_texts; /* coder.c: equal constants are one text, so that 10,000 rules compare with the same bytes */
	declaration_list by_kind[SYNTAX_COUNT]; /* in source order */
	LIST(const struct type *) types;
	struct map type_by_content; /* types.c */
	LIST(const struct enumeration *) enumerations;
	/* what the program's arrays grow from */
	struct schema_draft *draft; /* schema_build.c, until schema_bodies is done */
	LIST(const struct entity *) entities;
	LIST(const struct event_kind *) events;
	LIST(struct function) functions;
	LIST(struct table) tables;
	LIST(struct script) scripts;
	LIST(struct query) queries;
	LIST(struct write) writes;
	LIST(struct setting) settings;
	LIST(struct seed) seeds;
	LIST(struct rule) rules;
	LIST(struct rule_source) rule_sources; /* of each of `rules`, in the same order, until rule_order sorts them */
	struct map write_by_shape;             /* statement.c: equal writes are one */
	LIST(struct clock) clocks;
	LIST(struct workflow) workflows;
	LIST(struct work_wait) waits;
	LIST(struct work_approval) approvals;
	LIST(struct work_options) work_options;
	LIST(struct schedule) schedules;
	LIST(struct format) formats;
	LIST(struct action) actions;
	LIST(struct receive) receives;
	LIST(struct notice) notices;
	LIST(struct test) tests;
	LIST(struct migration) migrations;
	LIST(struct branch) branches;
	LIST(const struct calendar *) calendars;
	LIST(struct record_id) calendar_ids;
	LIST(const struct holidays *) holidays;
	LIST(struct record_id) holiday_ids;
	LIST(struct coder) spare; /* finished coders: their lists serve the next ones */
	uint32_t function_depth;  /* functions that are being compiled because another one calls them */
};

/* Where a rule was written: for its order and for what is said about two of them. */
struct rule_source {
	struct declaration *declaration; /* of the rule itself, also when another layer gave it a new body */
	const struct syntax *body;
	uint32_t file; /* of the body */
};

/* --- scopes: what a name stands for inside a body */
struct variable {
	struct text name;
	uint32_t slot;
	const struct type *type;
	bool may_miss;
	const struct syntax *declared;
};

/* A path that a condition has proved to be set, blanks folded: "note.owner.status". */
struct fact {
	struct text path;
};

/* What a query's condition asked its outer code to compute: once for a piece of syntax. */
struct hoisted;

struct coder {
	struct compiler *compiler;
	uint32_t file;
	LIST(struct step) steps;
	LIST(struct value) constants;
	LIST(uint32_t) operands;
	LIST(struct node) nodes;
	LIST(uint32_t) children;
	uint32_t slot_count, parameter_count;
	LIST(struct variable) variables;
	LIST(struct fact) facts;
	/* a query's condition: what does not depend on the row is computed outside, once, and comes in as a parameter */
	struct coder *outer;
	struct text row_name;    /* of a query: hides the outer names */
	LIST(uint32_t) captured; /* slots of `outer`, in parameter order */
	LIST(struct hoisted) hoisted;
	/* of a workflow: where it may rest, and in which strand what is compiled now belongs */
	LIST(struct work_point) points;
	uint32_t parallel, strand;
	/* where this code stands */
	const struct event_kind *event;   /* of a rule: for changed(…) and before */
	const struct entity *this_entity; /* `this` of computed fields */
	bool effects;                     /* statements may write */
	bool workflow;                    /* … and wait */
	bool in_test;
	bool encodes;        /* what is put into a text stands in a URL */
	bool allows_missing; /* a missing argument is an answer: a clock's target, a condition of a clock */
	/* inferred, of the whole rule; may be NULL */
	struct footprint *footprint;
	const struct entity *first_created; /* for dedupe */
};

struct footprint {
	LIST(uint32_t) reads, writes, emits; /* unordered, with doubles */
};

/* What an expression came to: a constant not yet in a slot, or a slot. */
struct operand {
	const struct type *type;
	bool is_constant;
	bool may_miss;
	bool stays;         /* read again, or by a step that runs code: its FIELD step is never fused */
	struct value value; /* constant */
	uint32_t slot;
	uint32_t node;
	uint32_t currency; /* of MONEY, when it is known; else 0 */
};

struct hoisted {
	const struct syntax *syntax;
	struct operand operand; /* as the inner code sees it */
};

/* --- compiler.c */
/* Points the program to the lists as they are now. */
void program_arrays(struct compiler *compiler);
struct span span_of(const struct coder *coder, const struct syntax *syntax);
struct span span_in(uint32_t file, const struct syntax *syntax);
struct text syntax_text(const struct compiler *compiler, uint32_t file, const struct syntax *syntax);
/* Blanks and line ends folded to one blank. */
struct text syntax_source(const struct compiler *compiler, uint32_t file, const struct syntax *syntax);
/* "; did you mean `x`?" as the diagnostic's hint when something is near. */
void suggest_from_map(struct compiler *compiler, struct diagnostic *diagnostic, struct text wanted, const struct map *map);
void suggest(struct compiler *compiler, struct diagnostic *diagnostic, struct text wanted, const struct text *names,
	     uint32_t count);

/* --- names.c */
void names_collect(struct compiler *compiler);
/* Looks in the module first, then as it is written. NULL when there is none. */
struct declaration *name_find(const struct compiler *compiler, enum name_space space, struct text module, struct text name);

/* --- types.c */
const struct type *type_simple(struct compiler *compiler, enum type_kind kind);
const struct type *type_ref(struct compiler *compiler, const struct entity *entity);
const struct type *type_list(struct compiler *compiler, const struct type *element);
const struct type *type_range(struct compiler *compiler, const struct type *element);
const struct type *type_enum(struct compiler *compiler, const struct enumeration *enumeration);
const struct type *type_event(struct compiler *compiler, const struct event_kind *event);
const struct type *type_record(struct compiler *compiler, const struct record_field *fields, uint32_t count);
const struct type *type_period(struct compiler *compiler); /* record(from date, until date) */
/* Reads a `type` node. `owner` names an enum written in place ("asset.kind"). TYPE_ERROR after a message. */
const struct type *type_read(struct compiler *compiler, uint32_t file, const struct syntax *type, struct text owner);
bool type_fits(const struct type *to, const struct type *from);
bool type_is_number(const struct type *type);
uint32_t type_index(const struct type *type);                               /* in program.types */
void types_enter(struct compiler *compiler, const struct program *program); /* those of a program that is already there */
struct record_field *parameters_read(struct compiler *compiler, uint32_t file, const struct syntax *parameters,
				     struct text owner, uint32_t *count_out);

/* --- schema_build.c */
void schema_build(struct compiler *compiler);
void schema_bodies(struct compiler *compiler); /* defaults, computed fields, sealed */
struct text label_read(const struct compiler *compiler, uint32_t file, const struct syntax *declaration);
void escape_add(struct text_builder *builder, struct text escape); /* `\n` and its like */
struct text string_content(struct compiler *compiler, uint32_t file,
			   const struct syntax *string); /* escapes resolved; no interpolation */

/* --- literal.c */
bool literal_read(struct compiler *compiler, uint32_t file, const struct syntax *syntax, struct value *value_out,
		  const struct type **type_out);
/* SECONDS of an exact duration node; 0 after a message. */
int64_t seconds_read(struct compiler *compiler, uint32_t file, const struct syntax *duration);
date date_read(struct compiler *compiler, uint32_t file, const struct syntax *date_syntax);
clock_time time_of_day_read(struct compiler *compiler, uint32_t file, const struct syntax *time);
const struct zone *zone_read(struct compiler *compiler, uint32_t file, const struct syntax *zone);
int64_t number_read(struct compiler *compiler, uint32_t file, const struct syntax *number);
enum weekday weekday_read(struct text name); /* 0 when it is none */

/* --- coder.c: code as it grows */
enum { NODE_NONE = UINT32_MAX };

/* Four letters for d a b c: step_shape.def. */
const char *step_shape(enum step_operation operation);
struct coder coder_new(struct compiler *compiler, uint32_t file);
uint32_t coder_slot(struct coder *coder);
void coder_variable(struct coder *coder, struct text name, uint32_t slot, const struct type *type, bool may_miss,
		    const struct syntax *at);
/* The innermost of that name; NULL when there is none. */
const struct variable *coder_find(const struct coder *coder, struct text name);
uint32_t coder_constant(struct coder *coder, struct value value);
struct value constant_shared(struct compiler *compiler, struct value value);
uint32_t coder_step(struct coder *coder, enum step_operation operation, uint32_t d, uint32_t a, uint32_t b, uint32_t c);
uint32_t coder_operands(struct coder *coder, const uint32_t *slots, uint32_t count);
/* A jump whose target is not known yet; coder_land makes it the step that comes next. Returns the jump's step. */
uint32_t coder_jump(struct coder *coder, enum step_operation operation, uint32_t condition_slot);
void coder_land(struct coder *coder, uint32_t jump);
/* A node over `children`, after them: the steps from `first_step` on that belong to no node yet are its own. */
uint32_t coder_node(struct coder *coder, enum node_kind kind, const struct syntax *syntax, const struct type *type,
		    uint32_t slot, uint32_t first_step, const uint32_t *children, uint32_t child_count);
/* STEP_BRANCH for coverage. `syntax` is the condition or test; NULL source: its text. */
void coder_branch(struct coder *coder, const struct syntax *syntax, const char *source);
/* A coder for code that runs for each of many rows (or events): `name` is slot 0, everything else is computed once in `outer`
 * and passed as a parameter: after coder_finish, in the outer slots `captured`, as parameters from 1 on. */
struct coder coder_inner(struct coder *outer, struct text name, const struct type *type);
/* The inner slot of a parameter that the outer code passes from `outer_slot`. */
uint32_t coder_captured(struct coder *inner, uint32_t outer_slot);
/* The inverse: which of `captured` an inner slot is; SLOT_NONE when it is none. */
uint32_t coder_parameter(uint32_t inner_slot);
/* `root` NODE_NONE: a body. Afterwards the coder is empty but keeps its slots, variables and facts: the next code may share the
 * frame. */
const struct code *coder_finish(struct coder *coder, uint32_t result_slot, uint32_t root);
/* After coder_finish: for one more code with the same parameters, the first `slots` slots. */
void coder_again(struct coder *coder, uint32_t slots);

/* --- expression.c
 * `wanted` is the type expected at this place, or NULL: it gives bare enum values, records and numbers their meaning. */
struct operand expression(struct coder *coder, const struct syntax *syntax, const struct type *wanted);
/* As expression, and reports when the type does not fit, converting INT to DECIMAL and DATA to anything. */
struct operand expression_as(struct coder *coder, const struct syntax *syntax, const struct type *wanted);
/* A condition: BOOL. */
struct operand condition(struct coder *coder, const struct syntax *syntax);
uint32_t operand_slot(struct coder *coder, struct operand *operand);
/* Reports F0401 when it may be missing. `what` says where: "the field `owner`". */
void require_set(struct coder *coder, const struct syntax *syntax, const struct operand *operand, const char *what);
/* Adds to coder->facts what must be set when the condition is true. */
void facts_add(struct coder *coder, const struct syntax *condition_syntax);
/* … and when it is not true: for `else`. */
void facts_add_else(struct coder *coder, const struct syntax *condition_syntax);
uint32_t facts_mark(const struct coder *coder);
void facts_reset(struct coder *coder, uint32_t mark);
/* One piece of code for an expression; NULL after a message. */
const struct code *code_for_expression(struct coder *coder, const struct syntax *syntax, const struct type *wanted,
				       struct operand *result_out);
struct text path_of(const struct coder *coder, const struct syntax *syntax); /* empty when it is no path */

/* --- query.c */
bool is_query_name(struct text function);
struct operand query_expression(struct coder *coder, const struct syntax *invocation, struct text function);
/* Compiles a condition over rows of `entity` called `row_name`. */
struct query *query_build(struct coder *coder, enum query_kind kind, const struct entity *entity, const struct syntax *where,
			  const struct syntax *value, const struct type **value_type_out, uint32_t *operands_out,
			  uint32_t *operand_count_out, uint32_t *index_out);

/* --- call.c */
struct operand call_expression(struct coder *coder, const struct syntax *invocation, const struct type *wanted);
/* Arguments by position or name against declared parameters. False after a message. */
bool arguments_read(struct coder *coder, const struct syntax *invocation, const struct record_field *parameters,
		    uint32_t parameter_count, struct text what, uint32_t *slots_out, bool *may_miss_out);

/* --- table.c */
void tables_declare(struct compiler *compiler);
void tables_build(struct compiler *compiler);
/* One test of a cell or case arm against the value in `subject`. A BOOL slot. */
struct operand test_of(struct coder *coder, const struct syntax *test, struct operand subject);

/* --- statement.c */
void statement(struct coder *coder, const struct syntax *syntax);
/* A block or a single statement. */
void statements(struct coder *coder, const struct syntax *syntax);
bool is_statement(const struct syntax *syntax);
/* The fields of a `record` node as a write on `entity`, values in slots. Index of the write, or SLOT_NONE after a message. */
uint32_t write_read(struct coder *coder, const struct syntax *record, const struct entity *entity, bool creates,
		    slot_list *slots_out);

/* --- reading.c: how builders look at a node */
/* The nth (from 0) child that is no token; NULL when there are fewer. */
const struct syntax *syntax_named(const struct syntax *node, uint32_t nth);
/* Whether this very word stands among the node's own tokens. */
bool syntax_has_word(const struct compiler *compiler, uint32_t file, const struct syntax *node, const char *word);
/* What stands behind `=`, `default`, `when`, …: the expression, or the node `missing` in its place; NULL when there is none. */
const struct syntax *syntax_value(const struct syntax *node);
struct declaration *target_find(struct compiler *compiler, enum name_space space, uint32_t file, const struct syntax *target);
/* As schema_event and schema_entity, with a message and the nearest name. */
const struct event_kind *event_read(struct compiler *compiler, uint32_t file, const struct syntax *name);
const struct entity *entity_read(struct compiler *compiler, uint32_t file, const struct syntax *name);

/* `… as NAME`; without it an entity's event is known by the entity, another by the last part of its name. */
struct text alias_read(const struct compiler *compiler, uint32_t file, const struct syntax *event_as,
		       const struct event_kind *event);
/* What the alias stands for: the row, or the event's fields. */
const struct type *event_value_type(struct compiler *compiler, const struct event_kind *event);
/* `valid from DATE until DATE`; DATE_OPEN where nothing stands. NULL: both open. */
void valid_read(struct compiler *compiler, uint32_t file, const struct syntax *valid, date *from_out, date *until_out);

/* --- the other builders: one file a family of declarations */
void functions_declare(struct compiler *compiler);
/* The parameters of a signature as the first slots of a coder. */
void parameters_enter(struct coder *coder, const struct record_field *parameters, uint32_t count, const struct syntax *at);
void reads_settle(struct footprint *footprint); /* reads ascending, each once */
void functions_build(struct compiler *compiler);
void settings_declare(struct compiler *compiler);
void settings_build(struct compiler *compiler);
/* The order of calls in compile(): names_collect, packs_declare, schema_build; then *_declare: functions, tables, time, seeds,
 * clocks, connectors, workflows, formats; then the bodies: settings, schema_bodies, functions, tables, seeds, clocks, rules,
 * workflows, schedules, connectors, formats, tests, packs, others; last rule_order, index_build, analyse. */
void packs_declare(struct compiler *compiler); /* name, version, title, zone: before any moment is read */
void packs_build(struct compiler *compiler);   /* requires, default calendar, budgets, migrations, translations */
void seeds_declare(struct compiler *compiler);
void seeds_build(struct compiler *compiler);
void rules_build(struct compiler *compiler);
void rule_order(struct compiler *compiler);
void index_build(struct compiler *compiler);
void time_declare(struct compiler *compiler); /* holidays, calendars */
void clocks_declare(struct compiler *compiler);
void clocks_build(struct compiler *compiler);
void workflows_declare(struct compiler *compiler);
void workflows_build(struct compiler *compiler);
void schedules_build(struct compiler *compiler);
void formats_declare(struct compiler *compiler);
void formats_build(struct compiler *compiler);
void connectors_declare(struct compiler *compiler);
void connectors_build(struct compiler *compiler);
void tests_build(struct compiler *compiler);
void others_check(struct compiler *compiler);
void analyse(struct compiler *compiler);

#endif
