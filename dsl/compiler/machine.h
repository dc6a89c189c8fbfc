/* Runs the grammar's LR tables over a piece of source and builds the syntax nodes: the one place that knows how tree-sitter
 * lays out its tables. tree-sitter's own runtime is for editors: it repairs what it can not read, and a repaired tree is no
 * ground for a message. This machine stops at the first token that can not follow, and says what could. */
#ifndef COMPILER_MACHINE_H
#define COMPILER_MACHINE_H

#include "dsl/compiler/parse.h"

enum machine_result {
	MACHINE_DONE,
	MACHINE_STUCK, /* the token can not follow */
	MACHINE_DEEP,  /* nested too deeply there */
};

struct machine_place {
	uint32_t offset, line, column;
};

struct machine_brace {
	struct machine_place place;
	uint32_t indent; /* column of the first character of its line */
};

struct machine_entry;

struct machine {
	struct parse_tree *tree; /* declarations and comments are added here, each when it is complete */
	struct arena *arena;
	LIST(struct machine_entry) stack;
	LIST(struct syntax) nodes;  /* of the declaration that is being read, children before parents */
	LIST(uint32_t) positions;   /* scratch: where each of them goes */
	struct machine_place place; /* of the last token's start */
	uint32_t indent;            /* of its line */
	uint32_t tokens;            /* that were taken */
	uint32_t end_of_last;       /* where the last token but line ends ended */
	/* why it stopped */
	uint32_t token_start, token_end; /* the token that could not follow; empty at the end */
	bool after_number, is_word;      /* what stands before it; whether it is a word */
	/* with `watch` no nodes are made, but what is open is kept, for a message */
	bool watch;
	LIST(struct machine_brace) braces;  /* those still open */
	struct machine_brace unclosed;      /* the first whose `}` stands further left than its line; line 0: none */
	struct machine_place unclosed_seen; /* where that was seen */
	struct machine_place text_block;    /* the opening quotes of a text that has not ended; line 0: none */
};

struct machine machine_new(struct arena *arena, struct parse_tree *tree);

/* Reads source[place.offset, end). Stops before the token with number `stop` (UINT32_MAX: never), with MACHINE_DONE. A machine
 * may run again; its lists are used again. */
enum machine_result machine_run(struct machine *machine, struct machine_place place, uint32_t end, uint32_t stop);

/* The names of the tokens that could follow where the machine stopped by `stop`, without doubles. As in the grammar: "when",
 * "identifier", "\n", and "" for the end. */
uint32_t machine_expected(struct machine *machine, const char **names_out, uint32_t capacity);

/* Whether it stopped where a declaration may begin. */
bool machine_is_between(const struct machine *machine);

/* The words with which a declaration may begin. */
bool machine_is_declaration_word(struct text word);

/* The place of a later offset in the same source. */
struct machine_place place_advance(struct text source, struct machine_place from, uint32_t to);

#endif
