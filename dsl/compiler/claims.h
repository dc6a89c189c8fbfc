/* What a condition claims, taken apart into parts that all must hold: enough to see that two conditions never hold together.
 * Works on the text of the rules, not on their steps, so that what is said can be quoted. */
#ifndef COMPILER_CLAIMS_H
#define COMPILER_CLAIMS_H

#include "dsl/compiler/internal.h"

/* One part. Paths begin with `$` in place of the event's alias, so that two rules can be compared. */
struct claim {
	struct text path;          /* what is spoken of; empty: only the whole text counts */
	const struct text *values; /* the constants that it may be, or (when `not_these`) must not be */
	uint32_t count;
	bool not_these;
	enum { CLAIM_VALUES, CLAIM_SET, CLAIM_NOT_SET, CLAIM_TEXT } kind;
	bool negated; /* CLAIM_TEXT: `not` stands before it */
	struct text source;
};

typedef LIST(struct claim) claim_list;

/* Adds the claims of a condition. `alias` is what the event is called there. */
void claims_add(struct compiler *compiler, uint32_t file, const struct syntax *condition, struct text alias,
		claim_list *claims);
/* Whether no event and state can make both true. False when it is not sure. */
bool claims_disjoint(const claim_list *a, const claim_list *b);
/* The text of an expression with `$` for the alias, blanks folded. */
struct text claim_text(struct compiler *compiler, uint32_t file, const struct syntax *syntax, struct text alias);
/* A literal, or a bare name that is no variable of the rule: an enum's value or a record of the pack. */
bool is_constant_text(const struct compiler *compiler, uint32_t file, const struct syntax *syntax, struct text alias);

#endif
