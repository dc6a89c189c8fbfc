/* Digests and signatures against the published examples: FIPS 180-2 for SHA-256, RFC 8032 (7.1) for Ed25519. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/crypto/digest.h"
#include "runtime/crypto/hex.h"
#include "runtime/crypto/signature.h"

static struct arena arena;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, "test", 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static void digests_are_the_published_ones(void **state)
{
	struct digest digest;

	(void)state;
	digest_of(TEXT("abc"), &digest);
	assert_string_equal(hex_text(&arena, digest.bytes, DIGEST_BYTES).bytes,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digest_of(TEXT(""), &digest);
	assert_string_equal(hex_text(&arena, digest.bytes, DIGEST_BYTES).bytes,
			    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void hex_has_one_spelling(void **state)
{
	uint8_t bytes[2];

	(void)state;
	assert_true(hex_read(TEXT("0aff"), bytes, 2));
	assert_int_equal(bytes[0], 0x0a);
	assert_int_equal(bytes[1], 0xff);
	assert_false(hex_read(TEXT("0AFF"), bytes, 2));
	assert_false(hex_read(TEXT("0af"), bytes, 2));
	assert_false(hex_read(TEXT("0aff0"), bytes, 2));
	assert_false(hex_read(TEXT("0ag0"), bytes, 2));
	assert_false(hex_read((struct text){"0a\0"
					    "0",
					    4},
			      bytes, 2));
}

static void signatures_are_the_published_ones(void **state)
{
	static const struct {
		const char *seed, *public, *message, *signature;
		uint32_t length;
	} PUBLISHED[] = {
		{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		 "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
		 "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bb"
		 "e"
		 "24655141438e7a100b",
		 0},
		{"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
		 "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "\xaf\x82",
		 "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed"
		 "2"
		 "8dc027beceea1ec40a",
		 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof PUBLISHED / sizeof *PUBLISHED; i++) {
		struct text message = {PUBLISHED[i].message, PUBLISHED[i].length};
		struct signing_key key;
		struct public_key public;
		struct signature signature;
		assert_true(hex_read(text_from(PUBLISHED[i].seed), key.bytes, SIGNING_KEY_BYTES));
		signing_key_public(&key, &public);
		assert_string_equal(hex_text(&arena, public.bytes, PUBLIC_KEY_BYTES).bytes, PUBLISHED[i].public);
		signature_make(message, &key, &signature);
		assert_string_equal(hex_text(&arena, signature.bytes, SIGNATURE_BYTES).bytes, PUBLISHED[i].signature);
		assert_true(signature_fits(message, &signature, &public));
		assert_false(signature_fits(TEXT("else"), &signature, &public));
		signature.bytes[40] ^= 1;
		assert_false(signature_fits(message, &signature, &public));
	}
}

static void keys_are_made_anew(void **state)
{
	struct signing_key one, other;

	(void)state;
	signing_key_make(&one);
	signing_key_make(&other);
	assert_memory_not_equal(one.bytes, other.bytes, SIGNING_KEY_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(digests_are_the_published_ones, set_up, tear_down),
		cmocka_unit_test(hex_has_one_spelling),
		cmocka_unit_test_setup_teardown(signatures_are_the_published_ones, set_up, tear_down),
		cmocka_unit_test(keys_are_made_anew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
