/* The fixed order of rules: by layer, then as files and lines stand, unless `before`, `after` or `overrides` say otherwise. Of
 * all rules whose predecessors have run, the first in that order runs next. */
#include "dsl/compiler/internal.h"

typedef LIST(uint32_t) number_list;

struct order {
	struct compiler *compiler;
	uint32_t count;
	struct map by_name;         /* a rule's name -> its number + 1 */
	number_list *later;         /* by rule: those that must come after it */
	uint32_t *waits_for;        /* by rule: how many must still come before it */
	uint32_t *rank, *ranked;    /* by rule: its place by layer and source; and the inverse */
	uint32_t *heap, heap_count; /* ranks of the rules that may run; the smallest on top */
};

/* --- a heap of ranks */
static void heap_push(struct order *order, uint32_t rank)
{
	uint32_t at = order->heap_count++;
	for (; at && order->heap[(at - 1) / 2] > rank; at = (at - 1) / 2)
		order->heap[at] = order->heap[(at - 1) / 2];
	order->heap[at] = rank;
}

static uint32_t heap_pop(struct order *order)
{
	uint32_t top = order->heap[0], last = order->heap[--order->heap_count], at = 0;
	for (uint32_t child = 1; child < order->heap_count; child = 2 * at + 1) {
		if (child + 1 < order->heap_count && order->heap[child + 1] < order->heap[child])
			child++;
		if (order->heap[child] >= last)
			break;
		order->heap[at] = order->heap[child];
		at = child;
	}
	order->heap[at] = last;
	return top;
}

/* --- what comes before what */
static void edge_add(struct order *order, uint32_t earlier, uint32_t later)
{
	if (earlier == later)
		return;
	*list_add(order->compiler->arena, &order->later[earlier]) = later;
	order->waits_for[later]++;
}

static void target_read(struct order *order, uint32_t rule, uint32_t file, const struct syntax *target, bool before)
{
	struct declaration *found = target_find(order->compiler, SPACE_RULE, file, target);
	uintptr_t other = found ? (uintptr_t)map_get(&order->by_name, found->name) : 0;
	if (!other)
		return; /* reported, or a rule that a layer has disabled */
	if (other - 1 == rule)
		diagnostic_add(order->compiler->diagnostics, DIAGNOSTIC_RULE_ORDER, span_in(file, target),
			       "a rule cannot come before or after itself");
	if (before)
		edge_add(order, rule, (uint32_t)other - 1);
	else
		edge_add(order, (uint32_t)other - 1, rule);
}

static void edges_read(struct order *order, uint32_t rule)
{
	const struct rule_source *source = &order->compiler->rule_sources.items[rule];
	for (each_child (item, source->body)) {
		if (item->kind != SYNTAX_order)
			continue;
		bool before = syntax_has_word(order->compiler, source->file, item, "before");
		for (each_child (target, item))
			if (target->kind == SYNTAX_dotted_name)
				target_read(order, rule, source->file, target, before);
	}
}

/* Counting by layer keeps the order of the source within each. */
static void rank_all(struct order *order)
{
	const struct rule_source *sources = order->compiler->rule_sources.items;
	uint32_t rank = 0, next_layer = 0;
	for (uint32_t layer = 0; rank < order->count; layer = next_layer) {
		next_layer = UINT32_MAX;
		for (uint32_t i = 0; i < order->count; i++) {
			uint32_t own = sources[i].declaration->layer;
			if (own == layer) {
				order->ranked[rank] = i;
				order->rank[i] = rank++;
			} else if (own > layer && own < next_layer) {
				next_layer = own;
			}
		}
	}
}

/* --- the sorted arrays */
static void circle_report(struct order *order)
{
	struct text_builder names = {.arena = order->compiler->arena};
	uint32_t first = SLOT_NONE, shown = 0;
	for (uint32_t rank = 0; rank < order->count; rank++) {
		uint32_t rule = order->ranked[rank];
		if (!order->waits_for[rule])
			continue;
		if (first == SLOT_NONE)
			first = rule;
		if (shown++ < 5)
			builder_format(&names, "%s`%.*s`", names.length ? ", " : "",
				       TEXT_ARGS(order->compiler->rules.items[rule].name));
	}
	struct text list = builder_text(&names);
	diagnostic_add(order->compiler->diagnostics, DIAGNOSTIC_RULE_ORDER, order->compiler->rules.items[first].span,
		       "`before` and `after` go round in a circle: %.*s", TEXT_ARGS(list));
}

static uint32_t sort(struct order *order, uint32_t *sorted)
{
	uint32_t done = 0;
	for (uint32_t rank = 0; rank < order->count; rank++)
		if (!order->waits_for[order->ranked[rank]])
			heap_push(order, rank);
	while (order->heap_count) {
		uint32_t rule = order->ranked[heap_pop(order)];
		sorted[done++] = rule;
		for (uint32_t i = 0; i < order->later[rule].count; i++)
			if (!--order->waits_for[order->later[rule].items[i]])
				heap_push(order, order->rank[order->later[rule].items[i]]);
	}
	return done;
}

static void apply(struct order *order, const uint32_t *sorted)
{
	struct compiler *compiler = order->compiler;
	struct rule *rules = arena_array(compiler->arena, struct rule, order->count);
	struct rule_source *sources = arena_array(compiler->arena, struct rule_source, order->count);
	for (uint32_t i = 0; i < order->count; i++) {
		rules[i] = compiler->rules.items[sorted[i]];
		rules[i].index = i;
		sources[i] = compiler->rule_sources.items[sorted[i]];
	}
	compiler->rules.items = rules;
	compiler->rules.capacity = order->count;
	compiler->rule_sources.items = sources;
	compiler->rule_sources.capacity = order->count;
}

void rule_order(struct compiler *compiler)
{
	uint32_t count = compiler->rules.count;
	if (!count)
		return;
	struct order order = {.compiler = compiler, .count = count, .by_name = map_in(compiler->arena)};
	order.later = arena_alloc(compiler->arena, sizeof(*order.later) * count);
	order.waits_for = arena_array(compiler->arena, uint32_t, count);
	order.rank = arena_array(compiler->arena, uint32_t, count);
	order.ranked = arena_array(compiler->arena, uint32_t, count);
	order.heap = arena_array(compiler->arena, uint32_t, count);
	for (uint32_t i = 0; i < count; i++)
		map_put(&order.by_name, compiler->rules.items[i].name, (void *)(uintptr_t)(i + 1));
	for (uint32_t i = 0; i < count; i++)
		edges_read(&order, i);
	rank_all(&order);
	uint32_t *sorted = arena_array(compiler->arena, uint32_t, count);
	if (sort(&order, sorted) < count)
		circle_report(&order);
	else
		apply(&order, sorted);
}
