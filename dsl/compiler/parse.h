/* Source text -> syntax tree. The wall to tree-sitter is parse.c (and expected.c, which reads the same tables): everyone else
 * sees this flat array of nodes in pre-order, in which a node's children follow it. There is no second tree behind it: the
 * checker, the formatter and the language server all read this one. */
#ifndef COMPILER_PARSE_H
#define COMPILER_PARSE_H

#include "engine/base/list.h"
#include "engine/base/text.h"

/* Named nodes of the grammar, by their name there: SYNTAX_rule, SYNTAX_identifier, … */
enum syntax_kind {
	SYNTAX_token, /* an anonymous token: a keyword or an operator; no punctuation , ; { } ( ) [ ] " and no line ends */
#define SYNTAX(name) SYNTAX_##name,
#include "dsl/compiler/syntax.def"
#undef SYNTAX
	SYNTAX_COUNT
};

/* Field names of the grammar: ROLE_name, ROLE_label, ROLE_type, … */
enum syntax_role {
	ROLE_none,
#define ROLE(name) ROLE_##name,
#include "dsl/compiler/roles.def"
#undef ROLE
	ROLE_COUNT
};

struct syntax {
	uint16_t kind;
	uint16_t role;
	uint32_t start, end;   /* byte offsets in the file */
	uint32_t line, column; /* of start, from 1; column in characters */
	uint32_t size;         /* nodes of this subtree, itself included */
};

/* for (each_child(child, node)) … */
#define each_child(child, node)                                                                                                \
	const struct syntax *child = (node) + 1;                                                                               \
	child < (node) + (node)->size;                                                                                         \
	child += child->size

struct parse_error {
	uint32_t start, end, line, column;
	struct text sentence;
};

struct parse_tree {
	struct text source;
	LIST(const struct syntax *) declarations; /* each the root of its own subtree; those with an error are left out */
	LIST(struct parse_error) errors;          /* at most one a declaration */
};

enum { PARSE_MAX_DEPTH = 200 };

/* Never fails: what is wrong stands in tree->errors. Only fills the arena. The source must outlive the tree. */
void parse_source(struct arena *arena, struct text source, struct parse_tree *tree_out);

/* NULL when there is none. */
const struct syntax *syntax_child(const struct syntax *node, enum syntax_kind kind);
const struct syntax *syntax_with_role(const struct syntax *node, enum syntax_role role);
const char *syntax_kind_name(enum syntax_kind kind);

#endif
