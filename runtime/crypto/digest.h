/* SHA-256: what bytes are known by. */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include "engine/base/text.h"

enum { DIGEST_BYTES = 32 };

struct digest {
	uint8_t bytes[DIGEST_BYTES];
};

void digest_of(struct text content, struct digest *digest_out);

#endif
