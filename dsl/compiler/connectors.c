/* Connectors: what they are called, which actions they offer, and what becomes of what they receive. How a vendor is reached is
 * checked in connector_items.c. */
#include "dsl/compiler/connector_items.h"
#include "dsl/compiler/schedule_items.h"

/* --- actions */
static uint32_t count_of(const struct compiler *compiler, enum syntax_kind kind)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < compiler->by_kind[SYNTAX_connector].count; i++)
		for (each_child (child, compiler->by_kind[SYNTAX_connector].items[i]->syntax))
			count += child->kind == kind;
	return count;
}

static void action_enter(struct compiler *compiler, const struct declaration *owner, const struct connector *connector,
			 const struct syntax *syntax)
{
	const struct syntax *name = syntax_with_role(syntax, ROLE_name), *result = syntax_with_role(syntax, ROLE_result);
	struct text word = syntax_text(compiler, owner->file, name);
	struct declaration *declaration = arena_new(compiler->arena, struct declaration);
	*declaration = (struct declaration){
		.syntax = syntax,
		.file = owner->file,
		.module = owner->module,
		.layer = owner->layer,
		.name = text_format(compiler->arena, "%.*s.%.*s", TEXT_ARGS(connector->name), TEXT_ARGS(word)),
		.index = compiler->actions.count};
	declaration->object = declaration; /* its signature is known */
	if (map_get(&compiler->spaces[SPACE_ACTION], declaration->name)) {
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_DECLARED_TWICE, span_in(owner->file, name),
			       "the action `%.*s` is already there", TEXT_ARGS(declaration->name));
		return;
	}
	map_put(&compiler->spaces[SPACE_ACTION], declaration->name, declaration);
	struct action action = {.connector = connector, .name = declaration->name, .index = declaration->index};
	action.parameters = parameters_read(compiler, owner->file, syntax_child(syntax, SYNTAX_parameters), declaration->name,
					    &action.parameter_count);
	action.repeatable = repeatable_read(compiler, owner->file, syntax_child(syntax, SYNTAX_request));
	action.result = result ? type_read(compiler, owner->file, result, declaration->name) : NULL;
	*list_add(compiler->arena, &compiler->actions) = action;
}

/* The list of actions gets its full size at once: workflows and tests point into it. */
void connectors_declare(struct compiler *compiler)
{
	const declaration_list *declared = &compiler->by_kind[SYNTAX_connector];
	uint32_t count = count_of(compiler, SYNTAX_action);
	compiler->actions.items = arena_array(compiler->arena, struct action, count + 1);
	compiler->actions.capacity = count + 1;
	for (uint32_t i = 0; i < declared->count; i++) {
		struct declaration *declaration = declared->items[i];
		if (map_get(&compiler->spaces[SPACE_CONNECTOR], declaration->name) != declaration)
			continue;
		struct connector *connector = arena_new(compiler->arena, struct connector);
		*connector = (struct connector){.name = declaration->name,
						.label = label_read(compiler, declaration->file, declaration->syntax),
						.span = span_in(declaration->file, declaration->syntax)};
		declaration->object = connector;
		for (each_child (child, declaration->syntax))
			if (child->kind == SYNTAX_action)
				action_enter(compiler, declaration, connector, child);
	}
}

static void action_build(struct compiler *compiler, const struct declaration *owner, const struct connector *connector,
			 const struct syntax *syntax)
{
	struct text word = syntax_text(compiler, owner->file, syntax_with_role(syntax, ROLE_name));
	struct text full = text_format(compiler->arena, "%.*s.%.*s", TEXT_ARGS(connector->name), TEXT_ARGS(word));
	const struct declaration *found = map_get(&compiler->spaces[SPACE_ACTION], full);
	if (!found || found->syntax != syntax)
		return;
	struct action *action = &compiler->actions.items[found->index];
	action->request = request_read(compiler, owner->file, syntax_child(syntax, SYNTAX_request), action->parameters,
				       action->parameter_count, action->result);
}

/* --- what arrives: the body and its headers are documents of the outside world */
static struct coder arrival_coder(struct compiler *compiler, uint32_t file)
{
	const struct type *data = type_simple(compiler, TYPE_DATA);
	struct coder coder = coder_new(compiler, file);
	coder.allows_missing = true; /* whether a document has a member only the document knows */
	coder_variable(&coder, TEXT("body"), coder_slot(&coder), data, false, NULL);
	coder_variable(&coder, TEXT("headers"), coder_slot(&coder), data, true, NULL);
	coder.parameter_count = coder.slot_count;
	return coder;
}

static struct receive_arrival arrival_build(struct compiler *compiler, uint32_t file, const struct syntax *syntax)
{
	const struct syntax *when = syntax_child(syntax, SYNTAX_when), *body = NULL;
	struct receive_arrival arrival = {0};
	struct coder guard = arrival_coder(compiler, file);
	struct operand truth = condition(&guard, syntax_value(when));
	arrival.guard = coder_finish(&guard, operand_slot(&guard, &truth), truth.node);
	for (each_child (child, syntax))
		if (child->kind == SYNTAX_block || is_statement(child))
			body = child;
	struct coder coder = arrival_coder(compiler, file);
	coder.effects = true;
	facts_add(&coder, syntax_value(when));
	if (body)
		statements(&coder, body);
	arrival.body = coder_finish(&coder, SLOT_NONE, NODE_NONE);
	return arrival;
}

static void receive_kind_check(struct compiler *compiler, uint32_t file, const struct syntax *kind)
{
	static const char *const KINDS[] = {"webhook", "file", "poll", "mail"};
	struct text word = syntax_text(compiler, file, kind), known[4];
	for (int i = 0; i < 4; i++) {
		known[i] = text_from(KINDS[i]);
		if (text_equal(known[i], word))
			return;
	}
	struct diagnostic *diagnostic =
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_OPTION, span_in(file, kind),
			       "nothing can be received by `%.*s`; by webhook, file, poll or mail", TEXT_ARGS(word));
	suggest(compiler, diagnostic, word, known, 4);
}

static void receive_twice_check(struct compiler *compiler, uint32_t file, const struct syntax *syntax,
				const struct receive *receive)
{
	for (uint32_t i = 0; i < compiler->receives.count; i++) {
		const struct receive *other = &compiler->receives.items[i];
		if (other->connector == receive->connector && text_equal(other->kind, receive->kind) &&
		    text_equal(other->name, receive->name))
			diagnostic_add(compiler->diagnostics, DIAGNOSTIC_DECLARED_TWICE, span_in(file, syntax),
				       "%.*s \"%.*s\" is already received", TEXT_ARGS(receive->kind), TEXT_ARGS(receive->name));
	}
}

static void receive_build(struct compiler *compiler, uint32_t file, const struct connector *connector,
			  const struct syntax *syntax)
{
	const struct syntax *kind = syntax_child(syntax, SYNTAX_identifier), *name = syntax_child(syntax, SYNTAX_string);
	const struct verify *verify = NULL;
	LIST(struct receive_arrival) arrivals = {0};
	receive_kind_check(compiler, file, kind);
	for (each_child (child, syntax)) {
		if (child->kind == SYNTAX_arrival)
			*list_add(compiler->arena, &arrivals) = arrival_build(compiler, file, child);
		else if (child->kind == SYNTAX_option)
			verify = verify_read(compiler, file, child);
	}
	struct receive receive = {.connector = connector,
				  .kind = syntax_text(compiler, file, kind),
				  .name = string_content(compiler, file, name),
				  .verify = verify,
				  .arrivals = arrivals.items,
				  .arrival_count = arrivals.count,
				  .rule = UINT32_MAX /* RULE_NONE */};
	receive_twice_check(compiler, file, syntax, &receive);
	*list_add(compiler->arena, &compiler->receives) = receive;
}

/* --- polls: checked like what arrives; who fetches them comes later */
static void poll_check(struct compiler *compiler, uint32_t file, const struct syntax *syntax)
{
	const struct syntax *request = syntax_child(syntax, SYNTAX_request);
	struct schedule schedule = {0};
	every_read(compiler, file, syntax_child(syntax, SYNTAX_every), &schedule);
	request_read(compiler, file, request, NULL, 0, NULL);
	for (each_child (child, request)) {
		if (child->kind != SYNTAX_for_each)
			continue;
		struct coder coder = arrival_coder(compiler, file);
		coder.effects = true;
		statements(&coder, child);
		coder_finish(&coder, SLOT_NONE, NODE_NONE);
	}
}

void connectors_build(struct compiler *compiler)
{
	const declaration_list *declared = &compiler->by_kind[SYNTAX_connector];
	for (uint32_t i = 0; i < declared->count; i++) {
		const struct declaration *declaration = declared->items[i];
		if (!declaration->object)
			continue;
		connector_read(compiler, declaration, declaration->object);
		for (each_child (child, declaration->syntax)) {
			if (child->kind == SYNTAX_action)
				action_build(compiler, declaration, declaration->object, child);
			else if (child->kind == SYNTAX_receive)
				receive_build(compiler, declaration->file, declaration->object, child);
			else if (child->kind == SYNTAX_poll)
				poll_check(compiler, declaration->file, child);
		}
	}
}
