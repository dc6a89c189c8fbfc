/* Workflows: parameters and one body whose steps may wait. An instance keeps the slots of this code, so they are what survives.
 */
#include "dsl/compiler/statement.h"

void workflows_declare(struct compiler *compiler)
{
	const declaration_list *declared = &compiler->by_kind[SYNTAX_workflow];
	for (uint32_t i = 0; i < declared->count; i++) {
		struct declaration *declaration = declared->items[i];
		const struct syntax *parameters = syntax_child(declaration->syntax, SYNTAX_parameters);
		struct workflow workflow = {.name = declaration->name,
					    .label = label_read(compiler, declaration->file, declaration->syntax),
					    .span = span_in(declaration->file, declaration->syntax),
					    .index = compiler->workflows.count};
		workflow.parameters =
			parameters_read(compiler, declaration->file, parameters, declaration->name, &workflow.parameter_count);
		declaration->index = workflow.index;
		declaration->object = declaration; /* its signature is known */
		*list_add(compiler->arena, &compiler->workflows) = workflow;
	}
}

static void body_build(struct compiler *compiler, const struct declaration *declaration, struct workflow *workflow)
{
	struct coder coder = coder_new(compiler, declaration->file);
	coder.effects = coder.workflow = true;
	coder.parallel = SLOT_NONE;
	for (uint32_t i = 0; i < workflow->parameter_count; i++)
		coder_variable(&coder, workflow->parameters[i].name, coder_slot(&coder), workflow->parameters[i].type, false,
			       declaration->syntax);
	coder.parameter_count = coder.slot_count;
	statements(&coder, syntax_child(declaration->syntax, SYNTAX_block));
	workflow->code = coder_finish(&coder, SLOT_NONE, NODE_NONE);
	points_finish(&coder, workflow->code, workflow);
}

void workflows_build(struct compiler *compiler)
{
	const declaration_list *declared = &compiler->by_kind[SYNTAX_workflow];
	for (uint32_t i = 0; i < declared->count; i++) {
		const struct declaration *declaration = declared->items[i];
		struct workflow workflow = compiler->workflows.items[declaration->index];
		body_build(compiler, declaration, &workflow);
		compiler->workflows.items[declaration->index] = workflow;
	}
}
