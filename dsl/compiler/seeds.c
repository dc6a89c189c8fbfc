/* Master data that a pack ships: rows whose ids follow from their names, so that every installation knows them as the same. */
#include "dsl/compiler/internal.h"

static bool is_first(const struct compiler *compiler, const struct declaration *declaration)
{
	return declaration->name.length && map_get(&compiler->spaces[SPACE_SEED], declaration->name) == declaration;
}

static bool can_be_seeded(struct compiler *compiler, uint32_t file, const struct syntax *name, const struct entity *entity)
{
	if (entity->index >= SYSTEM_ENTITY_COUNT)
		return true;
	diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_ENTITY, span_in(file, name),
		       "records of `%.*s` are kept by Stellwerk itself", TEXT_ARGS(entity->name));
	return false;
}

void seeds_declare(struct compiler *compiler)
{
	const declaration_list *declared = &compiler->by_kind[SYNTAX_seed];
	for (uint32_t i = 0; i < declared->count; i++) {
		struct declaration *declaration = declared->items[i];
		const struct syntax *name = syntax_child(declaration->syntax, SYNTAX_dotted_name);
		if (!is_first(compiler, declaration))
			continue;
		const struct entity *entity = entity_read(compiler, declaration->file, name);
		if (!entity || !can_be_seeded(compiler, declaration->file, name, entity))
			continue;
		declaration->object = (void *)entity;
		declaration->index = compiler->seeds.count;
		*list_add(compiler->arena, &compiler->seeds) =
			(struct seed){.entity = entity,
				      .name = text_slice(declaration->name, entity->name.length + 1, declaration->name.length),
				      .id = record_id_derive(0, declaration->name.bytes, declaration->name.length),
				      .span = span_in(declaration->file, declaration->syntax)};
	}
}

static void seed_build(struct compiler *compiler, const struct declaration *declaration)
{
	const struct entity *entity = declaration->object;
	const struct syntax *record = syntax_child(declaration->syntax, SYNTAX_record);
	struct coder coder = coder_new(compiler, declaration->file);
	slot_list slots = {0};
	uint32_t number = write_read(&coder, record, entity, true, &slots);
	uint32_t result = coder_slot(&coder), first = coder_operands(&coder, slots.items, slots.count);
	uint32_t step = coder_step(&coder, STEP_RECORD, result, 0, first, slots.count);
	uint32_t node = coder_node(&coder, NODE_OTHER, record, NULL, result, step, NULL, 0);
	struct seed *seed = &compiler->seeds.items[declaration->index];
	seed->code = coder_finish(&coder, result, node);
	if (number == SLOT_NONE)
		return;
	struct write *write = arena_new(compiler->arena, struct write);
	*write = compiler->writes.items[number];
	seed->write = write;
}

void seeds_build(struct compiler *compiler)
{
	const declaration_list *declared = &compiler->by_kind[SYNTAX_seed];
	for (uint32_t i = 0; i < declared->count; i++)
		if (declared->items[i]->object)
			seed_build(compiler, declared->items[i]);
}
