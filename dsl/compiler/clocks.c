/* Clocks: when they start, stop and pause, in which calendar, towards which target. Their state and events are built with the
 * schema; here stands what computes. A value that is not set is an answer: then there is no clock, or no target yet. */
#include "dsl/compiler/schema_draft.h"

#include <stdlib.h>

struct clock_builder {
	struct compiler *compiler;
	uint32_t file;
	struct clock *clock;
	const struct syntax *starts, *stops, *pauses, *warn, *calendar, *target, *holidays, *reopened;
};

/* --- names */
static const struct event_kind *own_event(struct compiler *compiler, const struct entity *state, const char *what)
{
	return schema_event(&compiler->program->schema, text_format(compiler->arena, "%.*s.%s", TEXT_ARGS(state->name), what));
}

static void clock_enter(struct compiler *compiler, struct declaration *declaration)
{
	const struct entity *state = declaration->object;
	const struct type *record = state->fields[FIELD_FIRST_OWN + CLOCK_RECORD].type;
	declaration->index = compiler->clocks.count;
	*list_add(compiler->arena, &compiler->clocks) =
		(struct clock){.name = state->name,
			       .label = state->label,
			       .span = span_in(declaration->file, declaration->syntax),
			       .index = declaration->index,
			       .entity = record->kind == TYPE_REF ? record->entity : NULL,
			       .state = state,
			       .warned = own_event(compiler, state, "warned"),
			       .breached = own_event(compiler, state, "breached"),
			       .met = own_event(compiler, state, "met")};
}

static void attach(struct compiler *compiler, const struct entity *entity)
{
	LIST(const struct clock *) clocks = {0};
	for (uint32_t i = 0; i < compiler->clocks.count; i++)
		if (compiler->clocks.items[i].entity == entity)
			*list_add(compiler->arena, &clocks) = &compiler->clocks.items[i];
	struct entity *owner = compiler->draft->entities.items[entity->index].entity;
	owner->clocks = clocks.items;
	owner->clock_count = clocks.count;
}

/* The list gets its full size at once: entities point into it. */
void clocks_declare(struct compiler *compiler)
{
	const declaration_list *declared = &compiler->by_kind[SYNTAX_clock];
	if (!declared->count)
		return;
	compiler->clocks.items = arena_array(compiler->arena, struct clock, declared->count);
	compiler->clocks.capacity = declared->count;
	for (uint32_t i = 0; i < declared->count; i++)
		if (declared->items[i]->object)
			clock_enter(compiler, declared->items[i]);
	for (uint32_t i = 0; i < compiler->clocks.count; i++) {
		const struct entity *entity = compiler->clocks.items[i].entity;
		if (entity && !entity->clock_count)
			attach(compiler, entity);
	}
}

/* --- items */
static const struct option_row {
	const char *word;
	size_t offset;
} OPTIONS[] = {
	{"calendar", offsetof(struct clock_builder, calendar)},
	{"target", offsetof(struct clock_builder, target)},
	{"holidays", offsetof(struct clock_builder, holidays)},
	{"reopened", offsetof(struct clock_builder, reopened)},
};
enum { OPTION_COUNT = sizeof(OPTIONS) / sizeof(*OPTIONS) };

static const struct syntax **option_place(struct clock_builder *builder, const struct syntax *option)
{
	struct text word = syntax_text(builder->compiler, builder->file, syntax_with_role(option, ROLE_name));
	struct text known[OPTION_COUNT];
	for (uint32_t i = 0; i < OPTION_COUNT; i++) {
		known[i] = text_from(OPTIONS[i].word);
		if (text_equal(known[i], word))
			return (const struct syntax **)((char *)builder + OPTIONS[i].offset);
	}
	struct diagnostic *diagnostic =
		diagnostic_add(builder->compiler->diagnostics, DIAGNOSTIC_UNKNOWN_OPTION, span_in(builder->file, option),
			       "a clock knows no `%.*s`", TEXT_ARGS(word));
	suggest(builder->compiler, diagnostic, word, known, OPTION_COUNT);
	return NULL;
}

static const struct syntax **item_place(struct clock_builder *builder, const struct syntax *item)
{
	switch (item->kind) {
	case SYNTAX_starts:
		return &builder->starts;
	case SYNTAX_stops:
		return &builder->stops;
	case SYNTAX_pauses:
		return &builder->pauses;
	case SYNTAX_warn:
		return &builder->warn;
	case SYNTAX_option:
		return option_place(builder, item);
	default:
		return NULL;
	}
}

static void items_read(struct clock_builder *builder, const struct syntax *declaration)
{
	for (each_child (child, declaration)) {
		const struct syntax **place = item_place(builder, child);
		if (place && *place)
			diagnostic_add(builder->compiler->diagnostics, DIAGNOSTIC_ITEM_TWICE, span_in(builder->file, child),
				       "this stands twice in the clock `%.*s`", TEXT_ARGS(builder->clock->name));
		else if (place)
			*place = child;
	}
}

static void lacks_report(struct clock_builder *builder, const struct syntax *declaration)
{
	struct text_builder lacks = {.arena = builder->compiler->arena};
	const struct {
		const struct syntax *item;
		const char *word;
	} NEEDED[] = {{builder->starts, "starts"},
		      {builder->stops, "stops"},
		      {builder->calendar, "calendar"},
		      {builder->target, "target"}};
	for (int i = 0; i < 4; i++)
		if (!NEEDED[i].item)
			builder_format(&lacks, "%s`%s`", lacks.length ? ", " : "", NEEDED[i].word);
	if (!lacks.length)
		return;
	struct text list = builder_text(&lacks);
	diagnostic_add(builder->compiler->diagnostics, DIAGNOSTIC_CLOCK_INCOMPLETE,
		       span_in(builder->file, syntax_with_role(declaration, ROLE_name)), "the clock `%.*s` lacks %.*s",
		       TEXT_ARGS(builder->clock->name), TEXT_ARGS(list));
}

/* --- code over the record */
static struct coder record_coder(struct clock_builder *builder)
{
	struct coder coder = coder_new(builder->compiler, builder->file);
	coder.allows_missing = true;
	coder_variable(&coder, builder->clock->entity->name, coder_slot(&coder),
		       type_ref(builder->compiler, builder->clock->entity), false, NULL);
	coder.parameter_count = coder.slot_count;
	return coder;
}

static const struct code *condition_build(struct clock_builder *builder, const struct syntax *syntax)
{
	if (!syntax)
		return NULL;
	struct coder coder = record_coder(builder);
	struct operand truth = condition(&coder, syntax);
	return coder_finish(&coder, operand_slot(&coder, &truth), truth.node);
}

static const struct code *value_build(struct clock_builder *builder, const struct syntax *option, const struct type *wanted)
{
	const struct syntax *value = option ? syntax_named(option, 1) : NULL;
	if (!value)
		return NULL;
	if (syntax_named(option, 2))
		diagnostic_add(builder->compiler->diagnostics, DIAGNOSTIC_ARGUMENTS,
			       span_in(builder->file, syntax_named(option, 2)), "one value is enough here");
	struct coder coder = record_coder(builder);
	struct operand operand = expression_as(&coder, value, wanted);
	return coder_finish(&coder, operand_slot(&coder, &operand), operand.node);
}

/* An event that says which record it is about: the record's own, or one with a field that refers to it. */
static const struct event_kind *event_build(struct clock_builder *builder, const struct syntax *on)
{
	const struct syntax *name = on ? syntax_with_role(on, ROLE_event) : NULL;
	const struct event_kind *event = name ? event_read(builder->compiler, builder->file, name) : NULL;
	if (!event || event->entity == builder->clock->entity)
		return event;
	for (uint32_t i = 0; i < event->field_count && !event->entity; i++)
		if (event->fields[i].type->kind == TYPE_REF && event->fields[i].type->entity == builder->clock->entity)
			return event;
	diagnostic_add(builder->compiler->diagnostics, DIAGNOSTIC_TYPE_MISMATCH, span_in(builder->file, name),
		       "the clock runs on %.*s, and `%.*s` does not say on which one", TEXT_ARGS(builder->clock->entity->name),
		       TEXT_ARGS(event->name));
	return NULL;
}

/* --- thresholds and policy */
static int by_share(const void *left, const void *right)
{
	int order = 0;
	return value_compare(*(const struct value *)left, *(const struct value *)right, &order) == OK ? order : 0;
}

static void warn_build(struct clock_builder *builder)
{
	LIST(struct value) shares = {0};
	for (each_child (child, builder->warn)) {
		struct value value;
		const struct type *type;
		if (child->kind == SYNTAX_percent && literal_read(builder->compiler, builder->file, child, &value, &type))
			*list_add(builder->compiler->arena, &shares) = value;
	}
	if (shares.count)
		qsort(shares.items, shares.count, sizeof(*shares.items), by_share);
	for (uint32_t i = 1; i < shares.count; i++)
		if (!by_share(&shares.items[i - 1], &shares.items[i]))
			diagnostic_add(builder->compiler->diagnostics, DIAGNOSTIC_ITEM_TWICE,
				       span_in(builder->file, builder->warn), "a threshold stands twice");
	builder->clock->warn_at = shares.items;
	builder->clock->warn_count = shares.count;
}

static void reopened_build(struct clock_builder *builder)
{
	const struct syntax *value = syntax_named(builder->reopened, 1);
	struct text word = value ? syntax_text(builder->compiler, builder->file, value) : (struct text){0};
	if (text_is(word, "restart"))
		builder->clock->reopened = REOPENED_RESTART;
	else if (!text_is(word, "pause"))
		diagnostic_add(builder->compiler->diagnostics, DIAGNOSTIC_UNKNOWN_OPTION,
			       span_in(builder->file, builder->reopened),
			       "`reopened` is `pause` (the time between counts as a pause) or `restart` (a new start, the full "
			       "target)");
}

static void clock_build(struct compiler *compiler, const struct declaration *declaration)
{
	struct clock *clock = &compiler->clocks.items[declaration->index];
	struct clock_builder builder = {.compiler = compiler, .file = declaration->file, .clock = clock};
	items_read(&builder, declaration->syntax);
	lacks_report(&builder, declaration->syntax);
	if (!clock->entity)
		return; /* reported with the schema */
	const struct entity *calendar = compiler->entities.items[SYSTEM_CALENDAR];
	const struct entity *holidays = compiler->entities.items[SYSTEM_HOLIDAYS];
	const struct syntax *starts = builder.starts, *stops = builder.stops;
	clock->start_event = starts ? event_build(&builder, syntax_child(starts, SYNTAX_on)) : NULL;
	clock->stop_event = stops ? event_build(&builder, syntax_child(stops, SYNTAX_on)) : NULL;
	const struct syntax *starts_when = starts ? syntax_child(starts, SYNTAX_when) : NULL;
	const struct syntax *stops_when = stops ? syntax_child(stops, SYNTAX_when) : NULL;
	clock->starts_when = condition_build(&builder, starts_when ? syntax_value(starts_when) : NULL);
	clock->stops_when = condition_build(&builder, stops_when ? syntax_value(stops_when) : NULL);
	clock->pauses_while = condition_build(&builder, builder.pauses ? syntax_value(builder.pauses) : NULL);
	clock->calendar = value_build(&builder, builder.calendar, type_ref(compiler, calendar));
	clock->target = value_build(&builder, builder.target, type_simple(compiler, TYPE_DURATION));
	clock->holidays = value_build(&builder, builder.holidays, type_ref(compiler, holidays));
	if (builder.warn)
		warn_build(&builder);
	if (builder.reopened)
		reopened_build(&builder);
}

void clocks_build(struct compiler *compiler)
{
	const declaration_list *declared = &compiler->by_kind[SYNTAX_clock];
	for (uint32_t i = 0; i < declared->count; i++)
		if (declared->items[i]->object)
			clock_build(compiler, declared->items[i]);
}
