/* Statements that reach beyond the records: calls to connectors, workflows, scripts and messages to people. They only say what
 * shall happen; the outbox does it after the turn. */
#include "dsl/compiler/expression.h"
#include "dsl/compiler/statement.h"

/* --- what is invoked */
static struct declaration *declaration_find(struct coder *coder, const struct syntax *function, enum name_space space,
					    const char *what)
{
	struct compiler *compiler = coder->compiler;
	struct text name = source_of(coder, function);
	struct declaration *found = name_find(compiler, space, compiler->inputs[coder->file].module, name);
	if (found && (space != SPACE_FUNCTION || found->syntax->kind == SYNTAX_script))
		return found;
	struct diagnostic *diagnostic =
		found ? complain(coder, DIAGNOSTIC_UNKNOWN_FUNCTION, function,
				 "`%.*s` is no script; what it gives is a value, which needs no `run`", TEXT_ARGS(name))
		      : complain(coder, DIAGNOSTIC_UNKNOWN_FUNCTION, function, "there is no %s `%.*s`", what, TEXT_ARGS(name));
	if (!found)
		suggest_from_map(compiler, diagnostic, name, &compiler->spaces[space]);
	return NULL;
}

/* What was declared, or NULL fields when its declaration had a mistake. */
static bool signature_of(const struct coder *coder, const struct declaration *declaration, enum name_space space,
			 const struct record_field **parameters_out, uint32_t *count_out, const struct type **result_out)
{
	const struct compiler *compiler = coder->compiler;
	*result_out = NULL;
	if (!declaration->object)
		return false;
	if (space == SPACE_ACTION) {
		const struct action *action = &compiler->actions.items[declaration->index];
		*parameters_out = action->parameters, *count_out = action->parameter_count, *result_out = action->result;
	} else if (space == SPACE_WORKFLOW) {
		const struct workflow *workflow = &compiler->workflows.items[declaration->index];
		*parameters_out = workflow->parameters, *count_out = workflow->parameter_count;
	} else {
		const struct function_note *note = declaration->object;
		*parameters_out = note->parameters, *count_out = note->parameter_count, *result_out = note->result;
	}
	return true;
}

bool invocation_read(struct coder *coder, const struct syntax *invocation, enum name_space space, struct invoked *out)
{
	static const char *const WORDS[SPACE_COUNT] = {
		[SPACE_ACTION] = "action", [SPACE_WORKFLOW] = "workflow", [SPACE_FUNCTION] = "script"};
	const struct syntax *function = syntax_with_role(invocation, ROLE_function);
	const struct record_field *parameters = NULL;
	*out = (struct invoked){.declaration = declaration_find(coder, function, space, WORDS[space])};
	if (!out->declaration || !signature_of(coder, out->declaration, space, &parameters, &out->count, &out->result))
		return false;
	out->index = out->declaration->index;
	out->slots = arena_array(coder->compiler->arena, uint32_t, out->count + 1);
	bool may_miss = false;
	return arguments_read(coder, invocation, parameters, out->count, out->declaration->name, out->slots, &may_miss);
}

static void step_of(struct coder *coder, const struct syntax *syntax, enum step_operation operation, uint32_t d,
		    const struct invoked *invoked)
{
	uint32_t first = coder_operands(coder, invoked->slots, invoked->count);
	node_of_statement(coder, syntax, coder_step(coder, operation, d, invoked->index, first, invoked->count));
}

/* --- call */
static bool has_work_options(const struct syntax *call)
{
	return syntax_child(call, SYNTAX_retry) || syntax_child(call, SYNTAX_undo) || syntax_child(call, SYNTAX_otherwise);
}

void effect_call(struct coder *coder, const struct syntax *syntax)
{
	bool later = syntax_has_word(coder->compiler, coder->file, syntax, "later");
	if (coder->workflow && !later) {
		work_call(coder, syntax, (struct text){0});
		return;
	}
	if (has_work_options(syntax)) {
		complain(coder, DIAGNOSTIC_NO_EFFECT_HERE, syntax,
			 later && coder->workflow
				 ? "`later` waits for no answer, so it knows no retry, undo or else"
				 : "retry, undo and else belong to the `step` of a workflow; `start` one from here");
		return;
	}
	struct invoked invoked;
	if (invocation_read(coder, syntax_child(syntax, SYNTAX_invocation), SPACE_ACTION, &invoked))
		step_of(coder, syntax, STEP_CALL, 0, &invoked);
}

/* --- start, cancel, run */
void effect_start(struct coder *coder, const struct syntax *syntax)
{
	struct invoked invoked;
	if (invocation_read(coder, syntax_child(syntax, SYNTAX_invocation), SPACE_WORKFLOW, &invoked))
		step_of(coder, syntax, STEP_START, coder_slot(coder), &invoked);
}

void effect_cancel(struct coder *coder, const struct syntax *syntax)
{
	struct invoked invoked;
	if (invocation_read(coder, syntax_child(syntax, SYNTAX_invocation), SPACE_WORKFLOW, &invoked))
		step_of(coder, syntax, STEP_CANCEL, 0, &invoked);
}

void run_statement(struct coder *coder, const struct syntax *syntax)
{
	struct invoked invoked;
	if (!invocation_read(coder, syntax_child(syntax, SYNTAX_invocation), SPACE_FUNCTION, &invoked))
		return;
	step_of(coder, syntax, coder->workflow ? STEP_WORK_RUN : STEP_RUN, coder->workflow ? coder_slot(coder) : 0, &invoked);
}

/* --- people */
static bool is_person(const struct type *type)
{
	if (type->kind == TYPE_LIST)
		return is_person(type->element);
	return type->kind == TYPE_REF || type->kind == TYPE_TEXT || type->kind == TYPE_ERROR;
}

static void place_read(struct coder *coder, const struct syntax *place, struct receivers *receivers)
{
	struct operand person = expression(coder, place, NULL);
	if (!is_person(person.type))
		complain(coder, DIAGNOSTIC_TYPE_MISMATCH, place,
			 "a person, an address or a list of them is needed here; `%.*s` is %.*s",
			 TEXT_ARGS(source_of(coder, place)), TEXT_ARGS(show(coder, person.type)));
	receivers->may_all_miss &= person.may_miss && !is_proved(coder, path_of(coder, place));
	*list_add(coder->compiler->arena, &receivers->slots) = operand_slot(coder, &person);
}

static void role_read(struct coder *coder, const struct syntax *name, struct receivers *receivers)
{
	struct compiler *compiler = coder->compiler;
	struct text word = syntax_text(compiler, coder->file, name);
	*list_add(compiler->arena, &receivers->roles) = word;
	receivers->may_all_miss = false;
	if (name_find(compiler, SPACE_ROLE, compiler->inputs[coder->file].module, word))
		return;
	struct diagnostic *diagnostic =
		complain(coder, DIAGNOSTIC_UNKNOWN_NAME, name, "there is no role `%.*s`", TEXT_ARGS(word));
	suggest_from_map(compiler, diagnostic, word, &compiler->spaces[SPACE_ROLE]);
}

struct receivers receivers_read(struct coder *coder, const struct syntax *statement)
{
	struct receivers receivers = {.may_all_miss = true};
	bool role = false;
	for (each_child (child, statement)) {
		if (child->role != ROLE_none || child->kind == SYNTAX_by || child->kind == SYNTAX_otherwise)
			break;
		if (child->kind == SYNTAX_token) {
			struct text word = syntax_text(coder->compiler, coder->file, child);
			if (text_is(word, "within"))
				break;
			role = text_is(word, "role");
		} else if (role) {
			role_read(coder, child, &receivers);
			role = false;
		} else {
			place_read(coder, child, &receivers);
		}
	}
	return receivers;
}

/* --- notify */
static const char *const CHANNELS[] = {"mail", "chat", "sms", "push", "portal", "phone"};
enum { CHANNEL_COUNT = sizeof(CHANNELS) / sizeof(*CHANNELS) };

static void channel_read(struct coder *coder, const struct syntax *name, struct notice *notice, struct text *channels)
{
	struct text word = source_of(coder, name), known[CHANNEL_COUNT];
	for (uint32_t i = 0; i < CHANNEL_COUNT; i++) {
		known[i] = text_from(CHANNELS[i]);
		if (text_equal(word, known[i])) {
			channels[notice->channel_count++] = word;
			return;
		}
	}
	struct diagnostic *diagnostic = complain(
		coder, DIAGNOSTIC_UNKNOWN_OPTION, name,
		"there is no way `%.*s` to reach people; there are mail, chat, sms, push, portal, phone", TEXT_ARGS(word));
	suggest(coder->compiler, diagnostic, word, known, CHANNEL_COUNT);
}

static struct notice channels_read(struct coder *coder, const struct syntax *by)
{
	struct notice notice = {0};
	if (!by)
		return notice;
	struct text *channels = arena_array(coder->compiler->arena, struct text, by->size);
	for (each_child (child, by))
		if (child->kind != SYNTAX_token)
			channel_read(coder, child, &notice, channels);
	notice.channels = channels;
	return notice;
}

static void notice_step(struct coder *coder, const struct syntax *syntax, const struct notice *notice,
			const slot_list *operands)
{
	*list_add(coder->compiler->arena, &coder->compiler->notices) = *notice;
	uint32_t first = coder_operands(coder, operands->items, operands->count);
	node_of_statement(coder, syntax,
			  coder_step(coder, STEP_NOTIFY, 0, coder->compiler->notices.count - 1, first, operands->count));
}

void effect_notify(struct coder *coder, const struct syntax *syntax)
{
	struct arena *arena = coder->compiler->arena;
	struct receivers receivers = receivers_read(coder, syntax);
	struct operand text = expression_as(coder, syntax_with_role(syntax, ROLE_text), simple(coder, TYPE_TEXT));
	struct notice notice = channels_read(coder, syntax_child(syntax, SYNTAX_by));
	slot_list operands = {0};
	*list_add(arena, &operands) = operand_slot(coder, &text);
	for (uint32_t i = 0; i < receivers.roles.count; i++) {
		notice.role = receivers.roles.items[i];
		notice_step(coder, syntax, &notice, &operands);
	}
	if (receivers.may_all_miss && receivers.slots.count)
		complain(coder, DIAGNOSTIC_MAY_BE_MISSING, syntax,
			 "nobody may be told: each receiver may be not set; name a role beside them, or ask whether one `is "
			 "set`");
	for (uint32_t i = 0; i < receivers.slots.count; i++)
		*list_add(arena, &operands) = receivers.slots.items[i];
	notice.role = (struct text){0};
	if (receivers.slots.count)
		notice_step(coder, syntax, &notice, &operands);
}
