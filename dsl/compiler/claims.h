/* What a condition claims, taken apart into parts that all must hold: enough to see that two conditions never hold together.
 * Works on the text of the rules, not on their steps, so that what is said can be quoted. */
#ifndef COMPILER_CLAIMS_H
#define COMPILER_CLAIMS_H

#include "dsl/compiler/internal.h"

/* Where a condition stands, and what it speaks of. */
struct claim_place {
	struct compiler *compiler;
	uint32_t file;
	struct text alias;       /* what the event is called there */
	const struct type *type; /* what the alias stands for */
};

/* One part. Paths begin with `$` in place of the event's alias, so that two rules can be compared. */
struct claim {
	enum {
		CLAIM_VALUES,  /* the path is one of `values`, or (when `not_these`) none of them */
		CLAIM_BOUND,   /* the path is on this side of values[0] */
		CLAIM_SET,     /* the path is set */
		CLAIM_NOT_SET, /* it is not */
		CLAIM_TEXT,    /* the condition `path` holds, or (when `negated`) does not */
	} kind;
	struct text path;
	const struct type *type;   /* of the path; NULL when that is not seen */
	const struct text *values; /* constants */
	uint32_t count;
	bool not_these, negated;
	bool upper, open; /* CLAIM_BOUND: not above it; the bound itself is outside */
	struct text source;
};

typedef LIST(struct claim) claim_list;

/* Adds the claims of a condition. */
void claims_add(const struct claim_place *place, const struct syntax *condition, claim_list *claims);
/* Whether no event and state can make both true. False when it is not sure. */
bool claims_disjoint(const claim_list *a, const claim_list *b);
/* The text of an expression with `$` for the alias, blanks folded. */
struct text claim_text(const struct claim_place *place, const struct syntax *syntax);

#endif
