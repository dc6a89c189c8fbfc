/* Runs the grammar's LR tables over a piece of source and builds the syntax nodes: the one place that knows how tree-sitter
 * lays out its tables. tree-sitter's own runtime is for editors: it repairs what it can not read, and a repaired tree is no
 * ground for a message. This machine stops at the first token that can not follow, and says what could.
 * Why: docs/decisions/0001-the-parser-runs-the-tables.md */
#ifndef COMPILER_MACHINE_H
#define COMPILER_MACHINE_H

#include "dsl/compiler/nodes.h"

enum machine_result {
	MACHINE_DONE,
	MACHINE_STUCK, /* the token can not follow */
	MACHINE_DEEP,  /* nested too deeply there */
};

/* A token that was taken, as one who looks for the cause of a mistake sees it. */
struct machine_token {
	const char *name; /* in the grammar: "when", "identifier", "\n" */
	uint32_t number;
	struct place start;
	uint32_t end;
	bool is_name;  /* a word that is none of the language there */
	bool is_extra; /* a comment, or a line end that ends nothing */
};

struct machine_entry;

struct machine {
	struct nodes nodes;
	LIST(struct machine_entry) stack;
	struct place place; /* of the last token's start */
	uint32_t tokens;    /* that were taken */
	/* When set, each token is shown and no nodes are made. */
	void (*watch)(void *watcher, const struct machine_token *token);
	void *watcher;
	/* When set, the token of that number is read as this word of the language. */
	uint32_t swap_number;
	const char *swap_word;
	/* Why it stopped: the token that could not follow; empty at the end. */
	uint32_t token_start, token_end;
	bool is_word;      /* … is a word */
	bool after_number; /* … stands behind a number */
};

struct machine machine_new(struct arena *arena, struct parse_tree *tree);

/* Reads source[place.offset, end). Stops before the token with number `stop` (UINT32_MAX: never), with MACHINE_DONE. A machine
 * may run again; its lists are used again. */
enum machine_result machine_run(struct machine *machine, struct place place, uint32_t end, uint32_t stop);

/* The names of the tokens that could follow where the machine stopped by `stop`, without doubles. As in the grammar: "when",
 * "identifier", "\n", and "" for the end. */
uint32_t machine_expected(struct machine *machine, const char **names_out, uint32_t capacity);

/* Whether it stopped where a declaration may begin. */
bool machine_is_between(const struct machine *machine);

/* The words with which a declaration may begin. */
bool machine_is_declaration_word(struct text word);

#endif
