/* What takes longer than one turn: the durable steps of workflows. Each is a step of the machine at which an instance may rest;
 * what stands behind `else` lies right behind it and is jumped over when all goes well. */
#include "dsl/compiler/expression.h"
#include "dsl/compiler/statement.h"
#include "engine/base/check.h"
#include "engine/model/builtins.h"

/* --- else: the step where it begins, or SLOT_NONE. Control that comes from before goes on behind it. */
static uint32_t otherwise_read(struct coder *coder, const struct syntax *statement, bool *hold_out)
{
	const struct syntax *otherwise = syntax_child(statement, SYNTAX_otherwise);
	const struct syntax *body = otherwise ? syntax_named(otherwise, 0) : NULL;
	if (hold_out)
		*hold_out = body && body->kind == SYNTAX_hold;
	if (!body || (hold_out && *hold_out))
		return SLOT_NONE;
	uint32_t over = coder_jump(coder, STEP_JUMP, 0), variables = coder->variables.count, mark = facts_mark(coder);
	uint32_t begin = coder->steps.count;
	coder_branch(coder, body, "else");
	statements(coder, body);
	coder->variables.count = variables;
	facts_reset(coder, mark);
	coder_land(coder, over);
	return begin;
}

/* --- what a durable point is called */
static struct text named(struct coder *coder, const char *word, struct text what)
{
	return text_format(coder->compiler->arena, "%s%.*s", word, TEXT_ARGS(what));
}

/* --- step: a call or a script, with retry, undo and else */
static void backoff_read(struct coder *coder, const struct syntax *backoff, struct work_options *options)
{
	const struct syntax *from = backoff, *to = backoff;
	if (backoff->kind == SYNTAX_binary && syntax_named(backoff, 1)) {
		from = syntax_named(backoff, 0);
		to = syntax_named(backoff, 1);
	}
	if (from->kind != SYNTAX_duration || to->kind != SYNTAX_duration) {
		complain(coder, DIAGNOSTIC_TYPE_MISMATCH, backoff, "`backoff` is a duration or a range of two: 30s..10min");
		return;
	}
	options->backoff_from = seconds_read(coder->compiler, coder->file, from);
	options->backoff_to = seconds_read(coder->compiler, coder->file, to);
	if (options->backoff_to < options->backoff_from)
		complain(coder, DIAGNOSTIC_LITERAL, backoff, "the longest `backoff` is shorter than the first");
}

static void retry_read(struct coder *coder, const struct syntax *retry, struct work_options *options)
{
	if (!retry)
		return;
	const struct syntax *number = syntax_child(retry, SYNTAX_number), *backoff = syntax_with_role(retry, ROLE_backoff);
	int64_t times = number ? number_read(coder->compiler, coder->file, number) : 0;
	if (times > 1000)
		complain(coder, DIAGNOSTIC_LITERAL, number, "a step is tried again at most 1000 times");
	else
		options->retries = (uint32_t)times;
	options->backoff_from = options->backoff_to = 30;
	if (backoff)
		backoff_read(coder, backoff, options);
}

/* Its arguments are computed right after the step, when its answer is there. */
static void undo_read(struct coder *coder, const struct syntax *undo, struct work_options *options)
{
	struct invoked invoked;
	if (!undo || !invocation_read(coder, syntax_child(undo, SYNTAX_invocation), SPACE_ACTION, &invoked))
		return;
	options->undo = &coder->compiler->actions.items[invoked.index];
	options->undo_operands = invoked.slots;
	options->undo_count = invoked.count;
}

static void options_read(struct coder *coder, const struct syntax *call, uint32_t step)
{
	struct compiler *compiler = coder->compiler;
	struct work_options options = {.else_step = SLOT_NONE};
	uint32_t number = compiler->work_options.count;
	if (number > UINT16_MAX) {
		complain(coder, DIAGNOSTIC_TOO_MANY, call, "these packs have more than %d steps that call", UINT16_MAX);
		return;
	}
	*list_add(compiler->arena, &compiler->work_options) = options; /* its place; steps behind `else` take the next ones */
	coder->steps.items[step].extra = (uint16_t)number;
	retry_read(coder, syntax_child(call, SYNTAX_retry), &options);
	undo_read(coder, syntax_child(call, SYNTAX_undo), &options);
	node_of_statement(coder, call, step);
	options.else_step = otherwise_read(coder, call, &options.hold);
	compiler->work_options.items[number] = options;
}

static void bind_result(struct coder *coder, const struct syntax *syntax, struct text name, const struct type *result,
			uint32_t slot, bool may_miss)
{
	if (name.length)
		coder_variable(coder, name, slot, result ? result : simple(coder, TYPE_NOTHING), may_miss, syntax);
}

void work_call(struct coder *coder, const struct syntax *call, struct text name)
{
	struct invoked invoked;
	uint32_t slot = coder_slot(coder);
	if (!invocation_read(coder, syntax_child(call, SYNTAX_invocation), SPACE_ACTION, &invoked)) {
		bind_result(coder, call, name, simple(coder, TYPE_ERROR), slot, false);
		return;
	}
	uint32_t first = coder_operands(coder, invoked.slots, invoked.count);
	uint32_t step = coder_step(coder, STEP_WORK_CALL, slot, invoked.index, first, invoked.count);
	point_add(coder, step, named(coder, "call ", coder->compiler->actions.items[invoked.index].name));
	bind_result(coder, call, name, invoked.result, slot, syntax_child(call, SYNTAX_otherwise) != NULL);
	options_read(coder, call, step);
}

static void work_run(struct coder *coder, const struct syntax *run, struct text name)
{
	struct invoked invoked;
	uint32_t slot = coder_slot(coder);
	if (!invocation_read(coder, syntax_child(run, SYNTAX_invocation), SPACE_FUNCTION, &invoked)) {
		bind_result(coder, run, name, simple(coder, TYPE_ERROR), slot, false);
		return;
	}
	uint32_t first = coder_operands(coder, invoked.slots, invoked.count);
	node_of_statement(coder, run, coder_step(coder, STEP_WORK_RUN, slot, invoked.index, first, invoked.count));
	bind_result(coder, run, name, invoked.result, slot, true);
}

void work_step(struct coder *coder, const struct syntax *syntax)
{
	const struct syntax *name = syntax_with_role(syntax, ROLE_name);
	const struct syntax *call = syntax_child(syntax, SYNTAX_call), *run = syntax_child(syntax, SYNTAX_run);
	struct text word = name ? syntax_text(coder->compiler, coder->file, name) : (struct text){0};
	if (call && syntax_has_word(coder->compiler, coder->file, call, "later"))
		complain(coder, DIAGNOSTIC_NO_EFFECT_HERE, call,
			 "a `step` waits for its answer; `later` does not: write only `call … later`");
	else if (call)
		work_call(coder, call, word);
	else if (run)
		work_run(coder, run, word);
}

/* --- approve: operands are the time allowed, then the persons */
void work_approve(struct coder *coder, const struct syntax *syntax)
{
	struct compiler *compiler = coder->compiler;
	struct receivers receivers = receivers_read(coder, syntax);
	struct operand within = expression_as(coder, syntax_with_role(syntax, ROLE_within), simple(coder, TYPE_DURATION));
	if (receivers.roles.count > 1)
		complain(coder, DIAGNOSTIC_ARGUMENTS, syntax, "one role is asked; a second one needs a second `approve`");
	if (receivers.may_all_miss)
		complain(coder, DIAGNOSTIC_MAY_BE_MISSING, syntax,
			 "nobody may be asked: each person may be not set; ask whether one `is set`, or name a role");
	slot_list operands = {0};
	*list_add(compiler->arena, &operands) = operand_slot(coder, &within);
	for (uint32_t i = 0; i < receivers.slots.count; i++)
		*list_add(compiler->arena, &operands) = receivers.slots.items[i];
	uint32_t number = compiler->approvals.count;
	*list_add(compiler->arena, &compiler->approvals) =
		(struct work_approval){.role = receivers.roles.count ? receivers.roles.items[0] : (struct text){0}};
	uint32_t first = coder_operands(coder, operands.items, operands.count);
	uint32_t step = coder_step(coder, STEP_WORK_APPROVE, 0, number, first, operands.count);
	point_add(coder, step,
		  receivers.roles.count ? named(coder, "approve by role ", receivers.roles.items[0]) : TEXT("approve"));
	node_of_statement(coder, syntax, step);
	uint32_t else_step = otherwise_read(coder, syntax, NULL);
	compiler->approvals.items[number].else_step = else_step;
}

/* --- parallel: each statement of the block is a strand */
void work_parallel(struct coder *coder, const struct syntax *syntax)
{
	const struct syntax *block = syntax_child(syntax, SYNTAX_block);
	slot_list strands = {0};
	uint32_t first = coder->steps.count, step = coder_step(coder, STEP_WORK_PARALLEL, 0, 0, 0, 0);
	uint32_t point = coder->points.count, outer = coder->parallel, outer_strand = coder->strand;
	point_add(coder, step, TEXT("parallel"));
	node_of_statement(coder, syntax, first);
	coder->parallel = point;
	for (each_child (child, block)) {
		if (!is_statement(child))
			continue;
		coder->strand = strands.count;
		*list_add(coder->compiler->arena, &strands) = coder->steps.count;
		statement(coder, child);
		coder_step(coder, STEP_WORK_END, 0, 0, 0, 0);
	}
	coder->parallel = outer;
	coder->strand = outer_strand;
	point_known(coder, point);
	coder->steps.items[step].a = coder->steps.count;
	coder->steps.items[step].b = coder_operands(coder, strands.items, strands.count);
	coder->steps.items[step].c = strands.count;
}

/* --- wait for an event */
static const struct code *wait_where(struct coder *coder, const struct syntax *where, const struct event_kind *event,
				     struct text alias, slot_list *operands)
{
	struct coder inner = coder_inner(coder, alias, event_value_type(coder->compiler, event));
	inner.event = event;
	struct operand truth = condition(&inner, syntax_value(where));
	const struct code *code = coder_finish(&inner, operand_slot(&inner, &truth), truth.node);
	for (uint32_t i = 0; i < inner.captured.count; i++)
		*list_add(coder->compiler->arena, operands) = inner.captured.items[i];
	return code;
}

static void wait_bind(struct coder *coder, const struct syntax *syntax, const struct event_kind *event, struct text alias,
		      uint32_t slot, bool may_miss)
{
	struct compiler *compiler = coder->compiler;
	const struct type *type = event ? event_value_type(compiler, event) : type_simple(compiler, TYPE_ERROR);
	coder_variable(coder, alias, slot, type, may_miss, syntax);
}

void work_wait(struct coder *coder, const struct syntax *syntax)
{
	struct compiler *compiler = coder->compiler;
	const struct event_kind *event = event_read(compiler, coder->file, syntax_with_role(syntax, ROLE_event));
	struct text alias = event ? alias_read(compiler, coder->file, syntax, event) : (struct text){0};
	const struct syntax *where = syntax_child(syntax, SYNTAX_where), *timeout = syntax_with_role(syntax, ROLE_timeout);
	uint32_t slot = coder_slot(coder);
	if (!event) {
		if (syntax_with_role(syntax, ROLE_name))
			wait_bind(coder, syntax, NULL, syntax_text(compiler, coder->file, syntax_with_role(syntax, ROLE_name)),
				  slot, false);
		return;
	}
	slot_list operands = {0};
	struct work_wait wait = {.event = event, .has_timeout = timeout != NULL, .else_step = SLOT_NONE};
	if (where)
		wait.where = wait_where(coder, where, event, alias, &operands);
	wait.captured = operands.count;
	if (timeout) {
		struct operand length = expression_as(coder, timeout, simple(coder, TYPE_DURATION));
		*list_add(compiler->arena, &operands) = operand_slot(coder, &length);
	} else if (syntax_child(syntax, SYNTAX_otherwise)) {
		complain(coder, DIAGNOSTIC_NO_EFFECT_HERE, syntax, "`else` speaks of a timeout, and this `wait` has none");
	}
	uint32_t number = compiler->waits.count;
	*list_add(compiler->arena, &compiler->waits) = wait;
	uint32_t first = coder_operands(coder, operands.items, operands.count);
	uint32_t step = coder_step(coder, STEP_WORK_WAIT, slot, number, first, operands.count);
	point_add(coder, step, named(coder, "wait for ", event->name));
	node_of_statement(coder, syntax, step);
	uint32_t else_step = otherwise_read(coder, syntax, NULL);
	compiler->waits.items[number].else_step = else_step;
	wait_bind(coder, syntax, event, alias, slot, else_step != SLOT_NONE);
}

/* --- sleep, hold */
static uint32_t builtin_row(const char *name, const char *parameters)
{
	for (uint32_t i = 0; i < BUILTIN_ROWS; i++)
		if (!strcmp(BUILTINS[i].name, name) && !strcmp(BUILTINS[i].parameters, parameters))
			return i;
	CHECK(!"a standard function that the compiler itself needs");
	return 0;
}

/* The local midnight of a date, or the time that `at` names, in its zone or the pack's. */
static uint32_t moment_on_day(struct coder *coder, uint32_t day, const struct syntax *at)
{
	struct compiler *compiler = coder->compiler;
	const struct syntax *zone = at ? syntax_child(at, SYNTAX_zone) : NULL;
	clock_time time = at ? time_of_day_read(compiler, coder->file, syntax_child(at, SYNTAX_time_of_day)) : 0;
	uint32_t hour = slot_of(coder, (struct value){.kind = VALUE_TIME_OF_DAY, .integer = time});
	uint32_t slots[3] = {day, hour}, count = 2, result = coder_slot(coder);
	if (zone) {
		zone_read(compiler, coder->file, zone);
		slots[count++] = slot_of(coder, value_text(syntax_text(compiler, coder->file, zone)));
	}
	uint32_t row = builtin_row("at", zone ? "date, time_of_day, text" : "date, time_of_day");
	coder_step(coder, STEP_BUILTIN, result, row, coder_operands(coder, slots, count), count);
	return result;
}

static bool is_sleep_type(const struct type *type, bool until)
{
	return type->kind == TYPE_ERROR ||
	       (until ? type->kind == TYPE_TIME || type->kind == TYPE_DATE : type->kind == TYPE_DURATION);
}

void work_sleep(struct coder *coder, const struct syntax *syntax)
{
	struct compiler *compiler = coder->compiler;
	bool until = syntax_has_word(compiler, coder->file, syntax, "until");
	const struct syntax *value = syntax_named(syntax, 0), *at = syntax_child(syntax, SYNTAX_at);
	uint32_t first = coder->steps.count;
	struct operand when = expression(coder, value, NULL);
	if (!is_sleep_type(when.type, until))
		complain(coder, DIAGNOSTIC_TYPE_MISMATCH, value,
			 until ? "`sleep until` needs a date or a time; this is %.*s"
			       : "`sleep for` needs a duration; this is %.*s",
			 TEXT_ARGS(show(coder, when.type)));
	else if (until && at && when.type->kind == TYPE_TIME)
		complain(coder, DIAGNOSTIC_TYPE_MISMATCH, at, "`at` gives a date its time; this is a time already");
	require_set(coder, value, &when, "the end of `sleep`");
	uint32_t slot = operand_slot(coder, &when);
	if (when.type->kind == TYPE_DATE)
		slot = moment_on_day(coder, slot, at);
	point_add(coder, coder_step(coder, STEP_WORK_SLEEP, 0, slot, 0, 0), syntax_source(compiler, coder->file, syntax));
	node_of_statement(coder, syntax, first);
}

void work_hold(struct coder *coder, const struct syntax *syntax)
{
	uint32_t step = coder_step(coder, STEP_WORK_HOLD, 0, 0, 0, 0);
	point_add(coder, step, TEXT("hold"));
	node_of_statement(coder, syntax, step);
}
