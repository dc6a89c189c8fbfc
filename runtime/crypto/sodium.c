/* Hashes, signatures, seals and randomness by libsodium, and the only file that sees it. Must choose nothing by itself: each
 * function is one construction of the library, and a secret is never kept here. */
#include <sodium/core.h>
#include <sodium/crypto_auth_hmacsha256.h>
#include <sodium/crypto_auth_hmacsha512.h>
#include <sodium/crypto_aead_xchacha20poly1305.h>
#include <sodium/crypto_hash_sha256.h>
#include <sodium/crypto_sign_ed25519.h>
#include <sodium/randombytes.h>
#include <sodium/utils.h>

#include "engine/base/check.h"
#include "runtime/crypto/crypto.h"
#include "runtime/crypto/digest.h"
#include "runtime/crypto/hmac.h"
#include "runtime/crypto/sealing.h"
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

/* --- message authentication */
_Static_assert(HMAC_SHA256_BYTES == crypto_auth_hmacsha256_BYTES, "HMAC-SHA-256");
_Static_assert(HMAC_SHA512_BYTES == crypto_auth_hmacsha512_BYTES, "HMAC-SHA-512");

void hmac_sha256(struct text key, const struct text *pieces, uint32_t count, uint8_t bytes_out[HMAC_SHA256_BYTES])
{
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, bytes_of(key), key.length);
	for (uint32_t i = 0; i < count; i++)
		crypto_auth_hmacsha256_update(&state, bytes_of(pieces[i]), pieces[i].length);
	crypto_auth_hmacsha256_final(&state, bytes_out);
	crypto_wipe(&state, sizeof state);
}

void hmac_sha512(struct text key, const struct text *pieces, uint32_t count, uint8_t bytes_out[HMAC_SHA512_BYTES])
{
	crypto_auth_hmacsha512_state state;

	crypto_auth_hmacsha512_init(&state, bytes_of(key), key.length);
	for (uint32_t i = 0; i < count; i++)
		crypto_auth_hmacsha512_update(&state, bytes_of(pieces[i]), pieces[i].length);
	crypto_auth_hmacsha512_final(&state, bytes_out);
	crypto_wipe(&state, sizeof state);
}

bool secret_equal(struct text a, struct text b)
{
	return a.length == b.length && (!a.length || !sodium_memcmp(a.bytes, b.bytes, a.length));
}

struct text base64_text(struct arena *arena, struct text bytes)
{
	size_t size = sodium_base64_encoded_len(bytes.length, sodium_base64_VARIANT_ORIGINAL);
	char *digits = arena_alloc_raw(arena, size, 1);

	sodium_bin2base64(digits, size, bytes_of(bytes), bytes.length, sodium_base64_VARIANT_ORIGINAL);
	return text_from(digits);
}

bool base64_read(struct arena *arena, struct text digits, struct text *bytes_out)
{
	unsigned char *bytes = arena_alloc_raw(arena, digits.length + 1, 1);
	size_t length = 0;

	if (sodium_base642bin(bytes, digits.length + 1, digits.bytes, digits.length, NULL, &length, NULL,
			      sodium_base64_VARIANT_ORIGINAL))
		return false;
	*bytes_out = (struct text){(const char *)bytes, (uint32_t)length};
	return true;
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

/* --- seals */
enum { NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES };
_Static_assert(SEALING_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "XChaCha20-Poly1305");
_Static_assert(SEALED_MORE == NONCE + TAG, "XChaCha20-Poly1305");

void sealing_key_make(struct sealing_key *key_out)
{
	crypto_random(key_out->bytes, sizeof key_out->bytes);
}

/* The nonce, then what is sealed, then the tag. 24 bytes by chance do not come twice. */
struct text sealed_make(struct arena *arena, struct text content, struct text about, const struct sealing_key *key)
{
	unsigned char *sealed = arena_alloc_raw(arena, (size_t)content.length + SEALED_MORE, 1);

	crypto_random(sealed, NONCE);
	CHECK(!crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + NONCE, NULL, bytes_of(content), content.length,
							  bytes_of(about), about.length, NULL, sealed, key->bytes));
	return (struct text){(const char *)sealed, content.length + SEALED_MORE};
}

bool sealed_open(struct arena *arena, struct text sealed, struct text about, const struct sealing_key *key,
		 struct text *content_out)
{
	if (sealed.length < SEALED_MORE)
		return false;
	uint32_t length = sealed.length - SEALED_MORE;
	unsigned char *content = arena_alloc(arena, (size_t)length + 1);
	*content_out = (struct text){(const char *)content, length};
	return !crypto_aead_xchacha20poly1305_ietf_decrypt(content, NULL, NULL, bytes_of(sealed) + NONCE, length + TAG,
							   bytes_of(about), about.length, bytes_of(sealed), key->bytes);
}
