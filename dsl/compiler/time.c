/* Business time as packs declare it: holiday sets and calendars. Both are built once and never change; a record refers to one
 * by an id that follows from its name. */
#include "dsl/compiler/time_items.h"

/* --- objects first: sets include one another, whatever their order */
static bool is_first(const struct compiler *compiler, enum name_space space, const struct declaration *declaration)
{
	return map_get(&compiler->spaces[space], declaration->name) == declaration;
}

static struct record_id named_id(struct compiler *compiler, const char *kind, struct text name)
{
	struct text seed = text_format(compiler->arena, "%s.%.*s", kind, TEXT_ARGS(name));
	return record_id_derive(0, seed.bytes, seed.length);
}

static void holidays_enter(struct compiler *compiler)
{
	const declaration_list *declared = &compiler->by_kind[SYNTAX_holidays];
	for (uint32_t i = 0; i < declared->count; i++) {
		struct declaration *declaration = declared->items[i];
		if (!is_first(compiler, SPACE_HOLIDAYS, declaration))
			continue;
		struct holidays *set = arena_new(compiler->arena, struct holidays);
		*set = (struct holidays){.name = declaration->name,
					 .label = label_read(compiler, declaration->file, declaration->syntax)};
		declaration->object = set;
		declaration->index = compiler->holidays.count;
		*list_add(compiler->arena, &compiler->holidays) = set;
		*list_add(compiler->arena, &compiler->holiday_ids) = named_id(compiler, "holidays", set->name);
	}
}

static void calendars_enter(struct compiler *compiler)
{
	const declaration_list *declared = &compiler->by_kind[SYNTAX_calendar];
	for (uint32_t i = 0; i < declared->count; i++) {
		struct declaration *declaration = declared->items[i];
		if (!is_first(compiler, SPACE_CALENDAR, declaration))
			continue;
		struct calendar *calendar = arena_new(compiler->arena, struct calendar);
		*calendar = (struct calendar){.name = declaration->name,
					      .label = label_read(compiler, declaration->file, declaration->syntax),
					      .zone = compiler->program->zone};
		declaration->object = calendar;
		declaration->index = compiler->calendars.count;
		*list_add(compiler->arena, &compiler->calendars) = calendar;
		*list_add(compiler->arena, &compiler->calendar_ids) = named_id(compiler, "calendar", calendar->name);
	}
}

const struct holidays *holidays_read(struct compiler *compiler, uint32_t file, const struct syntax *name)
{
	struct text word = syntax_text(compiler, file, name);
	struct declaration *found = name_find(compiler, SPACE_HOLIDAYS, compiler->inputs[file].module, word);
	if (found && found->object)
		return found->object;
	struct diagnostic *diagnostic = diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_NAME, span_in(file, name),
						       "there are no holidays `%.*s`", TEXT_ARGS(word));
	suggest_from_map(compiler, diagnostic, word, &compiler->spaces[SPACE_HOLIDAYS]);
	return NULL;
}

/* --- circles: sets that include themselves, or one another deeper than anybody means */
enum { DEEPEST_INCLUDE = 64 };

static bool is_circular(uint8_t *states, struct map *numbers, const struct holidays *set, uint32_t depth)
{
	uint32_t number = (uint32_t)(uintptr_t)map_get(numbers, set->name) - 1;
	if (states[number] == 2)
		return false;
	if (states[number] == 1 || depth > DEEPEST_INCLUDE)
		return true;
	states[number] = 1;
	for (uint32_t i = 0; i < set->include_count; i++)
		if (is_circular(states, numbers, set->includes[i], depth + 1))
			return true;
	states[number] = 2;
	return false;
}

static void circles_find(struct compiler *compiler)
{
	uint8_t *states = arena_array(compiler->arena, uint8_t, compiler->holidays.count + 1);
	struct map numbers = map_in(compiler->arena);
	for (uint32_t i = 0; i < compiler->holidays.count; i++)
		map_put(&numbers, compiler->holidays.items[i]->name, (void *)(uintptr_t)(i + 1));
	for (uint32_t i = 0; i < compiler->holidays.count; i++) {
		struct holidays *set = (struct holidays *)compiler->holidays.items[i];
		if (states[i] || !is_circular(states, &numbers, set, 0))
			continue;
		struct declaration *at = map_get(&compiler->spaces[SPACE_HOLIDAYS], set->name);
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_CYCLE, span_in(at->file, at->syntax),
			       "the holidays `%.*s` include themselves, or others more than %d deep", TEXT_ARGS(set->name),
			       DEEPEST_INCLUDE);
		for (uint32_t k = 0; k < compiler->holidays.count; k++)
			if (states[k] == 1)
				states[k] = 2;
	}
}

/* A circle would hold up whoever asks for a day: what is left of it in an incomplete program includes nothing. */
void time_declare(struct compiler *compiler)
{
	holidays_enter(compiler);
	calendars_enter(compiler);
	const declaration_list *sets = &compiler->by_kind[SYNTAX_holidays];
	for (uint32_t i = 0; i < sets->count; i++)
		if (sets->items[i]->object)
			holidays_fill(compiler, sets->items[i]);
	circles_find(compiler);
	const declaration_list *calendars = &compiler->by_kind[SYNTAX_calendar];
	for (uint32_t i = 0; i < calendars->count; i++)
		if (calendars->items[i]->object)
			calendar_fill(compiler, calendars->items[i]);
}
