/* HMAC (RFC 2104) and what goes with it over HTTP: whoever knows the same secret has sent these bytes. */
#ifndef CRYPTO_HMAC_H
#define CRYPTO_HMAC_H

#include "engine/base/text.h"

enum { HMAC_SHA256_BYTES = 32, HMAC_SHA512_BYTES = 64 };

/* Over the pieces as if they stood one behind the other. The key may have any length. */
void hmac_sha256(struct text key, const struct text *pieces, uint32_t count, uint8_t bytes_out[HMAC_SHA256_BYTES]);
void hmac_sha512(struct text key, const struct text *pieces, uint32_t count, uint8_t bytes_out[HMAC_SHA512_BYTES]);

/* In a time that tells nothing but whether the lengths are equal. */
bool secret_equal(struct text a, struct text b);

/* RFC 4648, section 4. */
struct text base64_text(struct arena *arena, struct text bytes);
/* False: that is none. */
bool base64_read(struct arena *arena, struct text digits, struct text *bytes_out);

#endif
