/* SHA-256. The wall to libsodium: digest.c. */
#ifndef STORE_DIGEST_H
#define STORE_DIGEST_H

#include "engine/base/text.h"

enum { DIGEST_BYTES = 32 };

struct digest {
	uint8_t bytes[DIGEST_BYTES];
};

void digest_of(struct text content, struct digest *digest_out);

#endif
