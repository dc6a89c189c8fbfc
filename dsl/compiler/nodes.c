/* From the order of an LR machine's reductions (children first) to the order in which a tree is read. Knows nothing of grammar.
 */
#include "dsl/compiler/nodes.h"

struct place place_advance(struct text source, struct place from, uint32_t to)
{
	for (; from.offset < to; from.offset++) {
		unsigned char byte = (unsigned char)source.bytes[from.offset];
		if (byte == '\n') {
			from.line++;
			from.column = 1;
		} else if ((byte & 0xc0) != 0x80) {
			from.column++;
		}
	}
	return from;
}

/* Such a token contains the line end before it and one blank behind: its node is the word alone. */
static void trim_continued(struct text source, struct syntax *node)
{
	bool word = node->kind == SYNTAX_token || node->kind == SYNTAX_missing;
	if (!word || node->end - node->start < 2 || source.bytes[node->start] != '\n')
		return;
	uint32_t start = --node->end;
	while (source.bytes[start - 1] >= 'a' && source.bytes[start - 1] <= 'z')
		start--;
	struct place place = place_advance(source, (struct place){node->start, node->line, node->column}, start);
	node->start = place.offset;
	node->line = place.line;
	node->column = place.column;
}

static void node_set(struct nodes *nodes, struct syntax *node, uint16_t kind, struct place start, uint32_t end, uint32_t size)
{
	*node = (struct syntax){
		.kind = kind, .start = start.offset, .end = end, .line = start.line, .column = start.column, .size = size};
	if (size == 1)
		trim_continued(nodes->tree->source, node);
}

void nodes_add(struct nodes *nodes, uint16_t kind, struct place start, uint32_t end, uint32_t first)
{
	struct syntax *node = list_add(nodes->arena, &nodes->items);
	node_set(nodes, node, kind, start, end, nodes->items.count - first);
}

void nodes_insert(struct nodes *nodes, uint16_t kind, struct place start, uint32_t end, uint32_t first, uint32_t limit)
{
	list_add(nodes->arena, &nodes->items);
	struct syntax *slot = &nodes->items.items[limit];
	memmove(slot + 1, slot, (nodes->items.count - 1 - limit) * sizeof(*slot));
	node_set(nodes, slot, kind, start, end, limit - first + 1);
}

void nodes_rename(struct nodes *nodes, uint32_t index, uint16_t kind)
{
	nodes->items.items[index].kind = kind;
	trim_continued(nodes->tree->source, &nodes->items.items[index]);
}

void nodes_role(struct nodes *nodes, uint32_t first, uint32_t limit, uint16_t role)
{
	while (limit > first) {
		struct syntax *node = &nodes->items.items[limit - 1];
		if (!node->role)
			node->role = role;
		limit -= node->size;
	}
}

/* From the last, which is the root, backwards: each node tells its children, last to first, where they go. */
void nodes_finish(struct nodes *nodes, uint32_t first)
{
	uint32_t count = nodes->items.count - first;
	const struct syntax *from = &nodes->items.items[first];
	while (nodes->positions.count < count)
		list_add(nodes->arena, &nodes->positions);
	uint32_t *position = nodes->positions.items;
	struct syntax *to = arena_alloc_raw(nodes->arena, count * sizeof(*to), _Alignof(struct syntax));
	position[count - 1] = 0;
	for (uint32_t i = count; i-- > 0;) {
		to[position[i]] = from[i];
		uint32_t before = position[i] + from[i].size;
		for (uint32_t child = i; before > position[i] + 1;) {
			before -= from[child - 1].size;
			position[child - 1] = before;
			child -= from[child - 1].size;
		}
	}
	*list_add(nodes->arena, &nodes->tree->declarations) = to;
	nodes->items.count = first;
}

void nodes_comment(struct nodes *nodes, struct place start, uint32_t end)
{
	struct syntax *comment = list_add(nodes->arena, &nodes->tree->comments);
	node_set(nodes, comment, SYNTAX_comment, start, end, 1);
}

void nodes_comments_within(struct nodes *nodes, struct place start, uint32_t end)
{
	const char *bytes = nodes->tree->source.bytes;
	if (end - start.offset < 2 || bytes[start.offset] != '\n')
		return;
	for (uint32_t at = start.offset; at < end; at++) {
		if (bytes[at] != '#')
			continue;
		start = place_advance(nodes->tree->source, start, at);
		while (at < end && bytes[at] != '\n') /* the last line of a file may have none */
			at++;
		nodes_comment(nodes, start, at);
	}
}
