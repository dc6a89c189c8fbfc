/* XChaCha20-Poly1305: content that only who has the key can read, and that nobody can change or put somewhere else unseen. */
#ifndef CRYPTO_SEALING_H
#define CRYPTO_SEALING_H

#include "engine/base/text.h"

enum { SEALING_KEY_BYTES = 32, SEALED_MORE = 24 + 16 /* bytes that what is sealed is longer: nonce and tag */ };

struct sealing_key {
	uint8_t bytes[SEALING_KEY_BYTES];
};

void sealing_key_make(struct sealing_key *key_out);
/* `about` is not kept: it must be the same when it is opened, and so binds what is sealed to its place. Sealed twice, the same
 * content is not the same bytes. */
struct text sealed_make(struct arena *arena, struct text content, struct text about, const struct sealing_key *key);
/* False: sealed with another key, or about something else, or changed. The content stands in the arena, in the clear. */
bool sealed_open(struct arena *arena, struct text sealed, struct text about, const struct sealing_key *key,
		 struct text *content_out);

#endif
