/* Ed25519 (RFC 8032): who holds the secret key can sign bytes, whoever has the public one can tell that nothing was changed. */
#ifndef CRYPTO_SIGNATURE_H
#define CRYPTO_SIGNATURE_H

#include "engine/base/error.h"
#include "engine/base/text.h"

enum { PUBLIC_KEY_BYTES = 32, SIGNING_KEY_BYTES = 32, SIGNATURE_BYTES = 64 };

struct public_key {
	uint8_t bytes[PUBLIC_KEY_BYTES];
};

/* The secret half: RFC 8032's 32 bytes, of which all else is derived. Wiped by who holds it (crypto_wipe). */
struct signing_key {
	uint8_t bytes[SIGNING_KEY_BYTES];
};

struct signature {
	uint8_t bytes[SIGNATURE_BYTES];
};

void signing_key_make(struct signing_key *key_out);
void signing_key_public(const struct signing_key *key, struct public_key *key_out);
void signature_make(struct text content, const struct signing_key *key, struct signature *signature_out);
/* Whether exactly this content was signed by the holder of that key. */
bool signature_fits(struct text content, const struct signature *signature, const struct public_key *key);

#endif
