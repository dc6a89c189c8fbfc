/* What connectors know of a tenant and no turn does: values of settings together with secrets. Evaluated when it is needed, and
 * wiped by who has asked. */
#ifndef SERVICE_OUTSIDE_H
#define SERVICE_OUTSIDE_H

#include "engine/base/list.h"
#include "engine/engine.h"
#include "runtime/store/store.h"

typedef LIST(struct text) hidden_texts;

struct outside {
	struct store *store;
	struct engine *engine; /* it has the tenant's program */
	const char *keys;      /* the file of keys; empty: there is none */
	struct arena *arena;   /* where the values stand */
	hidden_texts hidden;   /* the secrets among them, and what was made of them */
	/* of the last value that was asked for */
	struct ports inner;
	struct text unset; /* the setting or secret that has no value; empty: all have */
	bool is_secret;
};

/* Within a transaction in which the tenant is used. INVALID: it is not set; the sentence says which setting or secret is to be
 * set. `what` is for that sentence. */
enum status outside_text(struct outside *outside, const struct code *code, const char *what, struct text *text_out,
			 struct error *error) MUST_CHECK;
/* From here on it is as secret as what it was made of. */
void outside_hide(struct outside *outside, struct text text);
/* The text with three stars where a secret stood. Shorter ones than four bytes are no secrets, and would hide half of it. */
struct text hidden_in(struct arena *arena, const hidden_texts *hidden, struct text text);
void hidden_wipe(hidden_texts *hidden);

#endif
