/* Proves the history whole, or says what somebody did to it. */
#ifndef STORE_VERIFY_H
#define STORE_VERIFY_H

#include "runtime/store/store.h"

enum damage {
	DAMAGE_NONE,
	DAMAGE_CHANGED,  /* a row is not what it was when it was written */
	DAMAGE_MISSING,  /* a row is gone */
	DAMAGE_INSERTED, /* a row is there that no transaction of ours wrote */
	DAMAGE_CHAIN,    /* a link was changed, inserted, moved, or taken out of the middle */
	DAMAGE_CUT_OFF,  /* links are gone from the end */
};

/* Of one tenant. Who keeps `head` elsewhere also notices a history that was cut off together with its head, or made anew. */
struct verified_chain {
	int64_t tenant, links, rows;
	struct text head; /* hexadecimal */
};

struct verified {
	LIST(struct verified_chain) chains;
	enum damage damage;        /* the first that was found; what lies behind it was not looked at */
	int64_t tenant, link, row; /* where; row 0: it is about the link, link 0: about no link */
	struct text sentence;
};

/* One moment of the store, beside those who write to it. Not within a transaction. OK also when damage was found. */
enum status history_verify(struct store *store, struct arena *arena, struct verified *verified_out,
			   struct error *error) MUST_CHECK;
const char *damage_name(enum damage damage);

#endif
