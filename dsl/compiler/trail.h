/* What was read before a mistake: what is still open, and the last words. It looks for the cause behind the place where the
 * machine stopped: indentation shows which brace was forgotten. */
#ifndef COMPILER_TRAIL_H
#define COMPILER_TRAIL_H

#include "dsl/compiler/machine.h"

enum { TRAIL_WORDS = 4 };

struct trail_brace {
	struct place place;
	uint32_t indent;     /* column of the first token of its line */
	bool has_inner_line; /* a line further right stands in it: the author indents */
};

struct trail {
	struct arena *arena;
	LIST(struct trail_brace) braces;         /* that are open */
	struct place text_block;                 /* the quotes of a text that has not ended; line 0: none */
	struct trail_brace unclosed;             /* the first brace whose lines end before its `}`; place.line 0: none */
	struct place unclosed_seen;              /* where that shows */
	uint32_t indent, line;                   /* of the line that is being read */
	struct machine_token last;               /* but line ends and comments; name NULL: none */
	bool line_ended;                         /* a line end after it ended something */
	struct machine_token words[TRAIL_WORDS]; /* the last names, newest first; name NULL: none */
};

/* A machine's `watch`; the watcher is a struct trail. */
void trail_token(void *trail, const struct machine_token *token);
/* The token that could not follow also begins a line, perhaps. */
void trail_stop(struct trail *trail, struct place place);

#endif
