/* Hashes, signatures and randomness by libsodium, and the only file that sees it. Must choose nothing by itself: each function
 * is one construction of the library, and a secret is never kept here. */
#include <sodium/core.h>
#include <sodium/crypto_hash_sha256.h>
#include <sodium/crypto_sign_ed25519.h>
#include <sodium/randombytes.h>
#include <sodium/utils.h>

#include "engine/base/check.h"
#include "runtime/crypto/crypto.h"
#include "runtime/crypto/digest.h"
#include "runtime/crypto/signature.h"

_Static_assert(DIGEST_BYTES == crypto_hash_sha256_BYTES, "SHA-256");
_Static_assert(PUBLIC_KEY_BYTES == crypto_sign_ed25519_PUBLICKEYBYTES, "Ed25519");
_Static_assert(SIGNING_KEY_BYTES == crypto_sign_ed25519_SEEDBYTES, "Ed25519");
_Static_assert(SIGNATURE_BYTES == crypto_sign_ed25519_BYTES, "Ed25519");

static const unsigned char *bytes_of(struct text text)
{
	return (const unsigned char *)text.bytes;
}

void crypto_random(void *bytes_out, size_t size)
{
	CHECK(sodium_init() >= 0); /* 1: it was done before */
	randombytes_buf(bytes_out, size);
}

void crypto_wipe(void *bytes, size_t size)
{
	sodium_memzero(bytes, size);
}

void digest_of(struct text content, struct digest *digest_out)
{
	crypto_hash_sha256(digest_out->bytes, bytes_of(content), content.length);
}

/* --- signatures */
void signing_key_make(struct signing_key *key_out)
{
	crypto_random(key_out->bytes, sizeof key_out->bytes);
}

static void pair_of(const struct signing_key *key, struct public_key *public_out,
		    unsigned char pair_out[crypto_sign_ed25519_SECRETKEYBYTES])
{
	CHECK(!crypto_sign_ed25519_seed_keypair(public_out->bytes, pair_out, key->bytes));
}

void signing_key_public(const struct signing_key *key, struct public_key *key_out)
{
	unsigned char pair[crypto_sign_ed25519_SECRETKEYBYTES];

	pair_of(key, key_out, pair);
	crypto_wipe(pair, sizeof pair);
}

void signature_make(struct text content, const struct signing_key *key, struct signature *signature_out)
{
	unsigned char pair[crypto_sign_ed25519_SECRETKEYBYTES];
	struct public_key public;

	pair_of(key, &public, pair);
	CHECK(!crypto_sign_ed25519_detached(signature_out->bytes, NULL, bytes_of(content), content.length, pair));
	crypto_wipe(pair, sizeof pair);
}

bool signature_fits(struct text content, const struct signature *signature, const struct public_key *key)
{
	return !crypto_sign_ed25519_verify_detached(signature->bytes, bytes_of(content), content.length, key->bytes);
}
