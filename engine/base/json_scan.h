/* What a document must keep to before the tree is built, in one pass over its bytes: everything that cJSON does not mind. Only
 * for json.c. */
#ifndef BASE_JSON_SCAN_H
#define BASE_JSON_SCAN_H

#include "engine/base/text.h"

struct json_scan {
	const char *fault; /* what is wrong, to stand behind a place; NULL: nothing */
	uint32_t at;       /* where */
	uint32_t open;     /* brackets that were never closed */
};

/* Strings closed, of UTF-8, with escapes for control characters and no NUL; numbers as RFC 8259 writes them, at most 63
 * characters; depth at most JSON_MAX_DEPTH. */
struct json_scan json_scan(struct text source);

#endif
