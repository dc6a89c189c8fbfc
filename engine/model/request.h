/* How an action is asked for over HTTP. What depends on its arguments is evaluated in the turn that plans the call, so that the
 * same turn again asks the same; where to and as whom depends on settings and secrets, and is evaluated by whoever sends it. */
#ifndef MODEL_REQUEST_H
#define MODEL_REQUEST_H

#include "engine/model/program.h"

struct request_part {            /* a record, whose members may be missing */
	const struct code *code; /* NULL: there is none */
	const struct type *type;
};

/* The parameters of each code are the action's. */
struct request {
	struct text method;
	const struct code *path; /* TEXT; what was put into it is percent-encoded */
	struct request_part query, headers, body;
	const struct status_range *expect; /* answers that mean success */
	uint32_t expect_count;             /* 0: 2xx */
	const struct code *result;         /* one parameter more: the answer's body, DATA. NULL: the body itself */
};

enum auth_way {
#define AUTH(NAME, word, needs, may, doc) AUTH_##NAME,
#include "engine/model/auth.def"
#undef AUTH
	AUTH_COUNT
};

struct auth_item {
	struct text name;
	const struct code *code; /* TEXT or a secret; no parameters */
};

struct auth {
	enum auth_way way;
	const struct auth_item *items;
	uint32_t item_count;
};

/* How it is known who has sent what arrives. */
enum verify_way { VERIFY_EQUAL, VERIFY_HMAC_SHA256, VERIFY_HMAC_SHA512, VERIFY_BASIC, VERIFY_BEARER };

struct verify {
	enum verify_way way;
	struct text part; /* EQUAL, HMAC_*: the header that must fit; `in_query`: the name in the URL's query */
	bool in_query;
	struct text timestamp;            /* HMAC_*: the header with the second that is signed as SECOND.BODY; empty: none */
	const struct code *secret, *user; /* `user`: of BASIC; no parameters */
};

/* NULL: it has none of that name. */
const struct code *auth_code(const struct auth *auth, const char *name);

#endif
