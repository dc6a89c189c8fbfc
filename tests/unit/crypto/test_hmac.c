/* HMAC by the published examples of RFC 4231, and Base64 by those of RFC 4648. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/crypto/hex.h"
#include "runtime/crypto/hmac.h"

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

static void the_published_examples(void **state)
{
	static const char LONG_KEY[] = "Test Using Larger Than Block-Size Key - Hash Key First";
	struct text pieces[] = {TEXT("what do ya want "), TEXT(""), TEXT("for nothing?")}, whole = text_from(LONG_KEY);
	uint8_t bytes[HMAC_SHA512_BYTES];
	char key[131];

	(void)state;
	hmac_sha256(TEXT("Jefe"), pieces, 3, bytes);
	assert_string_equal(hex_text(&arena, bytes, HMAC_SHA256_BYTES).bytes,
			    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	hmac_sha512(TEXT("Jefe"), pieces, 3, bytes);
	assert_string_equal(hex_text(&arena, bytes, HMAC_SHA512_BYTES).bytes,
			    "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
			    "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
	memset(key, 0xaa, sizeof key);
	hmac_sha256((struct text){key, sizeof key}, &whole, 1, bytes);
	assert_string_equal(hex_text(&arena, bytes, HMAC_SHA256_BYTES).bytes,
			    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void base64_there_and_back(void **state)
{
	static const char *const PAIRS[][2] = {{"", ""},
					       {"f", "Zg=="},
					       {"fo", "Zm8="},
					       {"foo", "Zm9v"},
					       {"foob", "Zm9vYg=="},
					       {"fooba", "Zm9vYmE="},
					       {"foobar", "Zm9vYmFy"}};
	struct text bytes;

	(void)state;
	for (size_t i = 0; i < sizeof PAIRS / sizeof *PAIRS; i++) {
		assert_string_equal(base64_text(&arena, text_from(PAIRS[i][0])).bytes, PAIRS[i][1]);
		assert_true(base64_read(&arena, text_from(PAIRS[i][1]), &bytes));
		assert_true(text_is(bytes, PAIRS[i][0]));
	}
	assert_false(base64_read(&arena, TEXT("Zg="), &bytes));
	assert_false(base64_read(&arena, TEXT("Zm9v Yg=="), &bytes));
	assert_false(base64_read(&arena, TEXT("Zm9v\xc3\xa4"), &bytes));
}

static void equal_is_equal(void **state)
{
	(void)state;
	assert_true(secret_equal(TEXT(""), TEXT("")));
	assert_true(secret_equal(TEXT("abc"), TEXT("abc")));
	assert_false(secret_equal(TEXT("abc"), TEXT("abd")));
	assert_false(secret_equal(TEXT("abc"), TEXT("ab")));
	assert_false(secret_equal(TEXT(""), TEXT("a")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_published_examples, set_up, tear_down),
		cmocka_unit_test_setup_teardown(base64_there_and_back, set_up, tear_down),
		cmocka_unit_test(equal_is_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
