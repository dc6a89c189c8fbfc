/* Source text -> syntax tree: a flat array of nodes in pre-order, in which a node's children follow it. There is no second tree
 * behind it: the checker, the formatter and the language server all read this one. The grammar is dsl/grammar/grammar.js; the
 * wall to the tables that tree-sitter makes of it is machine.c. */
#ifndef COMPILER_PARSE_H
#define COMPILER_PARSE_H

#include "engine/base/list.h"
#include "engine/base/text.h"

/* Named nodes of the grammar, by their name there: SYNTAX_rule, SYNTAX_identifier, … */
enum syntax_kind {
	SYNTAX_token, /* an anonymous token: a keyword or an operator; no punctuation , ; : . { } ( ) [ ] " and no line ends */
#define SYNTAX(name) SYNTAX_##name,
#include "dsl/compiler/syntax.def"
#undef SYNTAX
	SYNTAX_COUNT
};

/* Field names of the grammar: ROLE_name, ROLE_label, ROLE_type, … A role of a hidden rule goes to each node it stands for. */
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

enum parse_problem {
	PROBLEM_SYNTAX,
	PROBLEM_DEPTH, /* nested deeper than PARSE_MAX_DEPTH */
	PROBLEM_FILE,  /* not UTF-8, a NUL byte, or too large: nothing of the file was read */
};

struct parse_error {
	enum parse_problem problem;
	uint32_t start, end, line, column;
	struct text sentence;
	struct text hint;                                          /* "did you mean `when`?"; may be empty */
	uint32_t other_start, other_end, other_line, other_column; /* a second place: the brace that is open; line 0: none */
};

struct parse_tree {
	struct text source;
	/* Each the root of its own subtree; those with an error are left out. What needs a value and has none is no error here:
	 * SYNTAX_missing stands in its place, SYNTAX_unterminated at the end of a text without its quote. */
	LIST(const struct syntax *) declarations;
	LIST(struct parse_error) errors; /* at most one a declaration */
	LIST(struct syntax) comments;    /* in source order; they stand in no subtree */
};

enum {
	PARSE_MAX_DEPTH = 200,              /* nodes from a declaration down to its deepest leaf */
	PARSE_MAX_BYTES = 16 * 1024 * 1024, /* of one file */
};

/* Never fails: what is wrong stands in tree->errors. Only fills the arena. The source must outlive the tree. A byte order mark,
 * tabs and carriage returns are blanks. */
void parse_source(struct arena *arena, struct text source, struct parse_tree *tree_out);

/* The first of the node's own children of that kind or role; NULL when there is none. */
const struct syntax *syntax_child(const struct syntax *node, enum syntax_kind kind);
const struct syntax *syntax_with_role(const struct syntax *node, enum syntax_role role);
const char *syntax_kind_name(enum syntax_kind kind);

#endif
