/* The nodes of the declaration that is being read, children before parents, until it is complete: then it becomes a subtree
 * with parents before children. Only the machine uses this. */
#ifndef COMPILER_NODES_H
#define COMPILER_NODES_H

#include "dsl/compiler/parse.h"

struct place {
	uint32_t offset, line, column;
};

/* The place of a later offset in the same source. */
struct place place_advance(struct text source, struct place from, uint32_t to);

struct nodes {
	struct arena *arena;
	struct parse_tree *tree; /* gets declarations and comments */
	LIST(struct syntax) items;
	LIST(uint32_t) positions; /* scratch: where each of them goes */
};

/* A node over all items from `first` on; a leaf when there are none. */
void nodes_add(struct nodes *nodes, uint16_t kind, struct place start, uint32_t end, uint32_t first);
/* As nodes_add, in the middle: over the items [first, limit). */
void nodes_insert(struct nodes *nodes, uint16_t kind, struct place start, uint32_t end, uint32_t first, uint32_t limit);
/* The item is called otherwise. */
void nodes_rename(struct nodes *nodes, uint32_t index, uint16_t kind);
/* Gives the role to all items at the top of [first, limit) that have none. */
void nodes_role(struct nodes *nodes, uint32_t first, uint32_t limit, uint16_t role);
/* The items from `first` on are a declaration. */
void nodes_finish(struct nodes *nodes, uint32_t first);

void nodes_comment(struct nodes *nodes, struct place start, uint32_t end);
/* Comment lines inside a token: a word that continues a line (`and`) is one token with the line ends before it. */
void nodes_comments_within(struct nodes *nodes, struct place start, uint32_t end);

#endif
