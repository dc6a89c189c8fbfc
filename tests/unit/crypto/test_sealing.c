/* What is sealed: the published example of XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03, A.3.1), each changed bit, and rings
 * of keys in files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/crypto/hex.h"
#include "runtime/crypto/keyring.h"

static char folder[] = "/tmp/stellwerk_keys_XXXXXX";
static char path[64];
static struct arena arena;
static struct error error;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, "test", 0);
	snprintf(path, sizeof path, "%s/keys", folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	arena_release(&arena);
	return 0;
}

static struct text from_hex(const char *digits)
{
	uint32_t size = (uint32_t)strlen(digits) / 2;
	uint8_t *bytes = arena_alloc(&arena, size);

	assert_true(hex_read(text_from(digits), bytes, size));
	return (struct text){(const char *)bytes, size};
}

static void the_published_example_opens(void **state)
{
	static const char CONTENT[] =
		"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
		"sunscreen would be it.";
	struct text sealed =
		from_hex("404142434445464748494a4b4c4d4e4f5051525354555657"
			 "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e"
			 "39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3"
			 "fff921f9664c97637da9768812f615c68b13b52e"
			 "c0875924c1c7987947deafd8780acf49");
	struct text about = from_hex("50515253c0c1c2c3c4c5c6c7"), content;
	struct sealing_key key;

	(void)state;
	for (int i = 0; i < SEALING_KEY_BYTES; i++)
		key.bytes[i] = (uint8_t)(0x80 + i);
	assert_true(sealed_open(&arena, sealed, about, &key, &content));
	assert_true(text_is(content, CONTENT));
}

static void each_changed_bit_is_seen(void **state)
{
	struct sealing_key key, other;
	struct text content, about = TEXT("acme password");

	(void)state;
	sealing_key_make(&key);
	sealing_key_make(&other);
	struct text sealed = sealed_make(&arena, TEXT("geheim"), about, &key);
	char *bytes = (char *)sealed.bytes;
	assert_true(sealed_open(&arena, sealed, about, &key, &content) && text_is(content, "geheim"));
	for (uint32_t bit = 0; bit < 8 * sealed.length; bit++) {
		bytes[bit / 8] ^= (char)(1 << bit % 8);
		assert_false(sealed_open(&arena, sealed, about, &key, &content));
		bytes[bit / 8] ^= (char)(1 << bit % 8);
	}
	for (uint32_t length = 0; length < sealed.length; length++)
		assert_false(sealed_open(&arena, text_slice(sealed, 0, length), about, &key, &content));
	assert_false(sealed_open(&arena, sealed, TEXT("globex password"), &key, &content));
	assert_false(sealed_open(&arena, sealed, about, &other, &content));
	struct text again = sealed_make(&arena, TEXT("geheim"), about, &key);
	assert_false(text_equal(sealed, again));
}

static void write_keys(const char *content, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(content, file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static void assert_not_read(enum status status, const char *part)
{
	struct keyring keyring;

	memset(&keyring, 'x', sizeof keyring);
	assert_int_equal(keyring_read(path, &keyring, &error), status);
	assert_int_equal(keyring.count, 0);
	assert_non_null(strstr(error.sentence, path));
	if (!strstr(error.sentence, part))
		fail_msg("\"%s\" does not say \"%s\"", error.sentence, part);
}

#define ZEROES "00000000000000000000000000000000"
#define ONES "11111111111111111111111111111111"

static void a_ring_is_read(void **state)
{
	struct keyring keyring, made;

	(void)state;
	assert_int_equal(keyring_make(&arena, path, TEXT("key-2026"), &error), OK);
	assert_int_equal(keyring_make(&arena, path, TEXT("key-2027"), &error), CONFLICT);
	assert_int_equal(keyring_read(path, &made, &error), OK);
	assert_int_equal(made.count, 1);
	unlink(path);
	write_keys("# the new one\nstellwerk-sealing-key xchacha20poly1305 " ZEROES ZEROES " new\n\n"
		   "stellwerk-sealing-key xchacha20poly1305 " ONES ONES " old\n",
		   0600);
	assert_int_equal(keyring_read(path, &keyring, &error), OK);
	assert_int_equal(keyring.count, 2);
	assert_int_equal(keyring.keys[1].key.bytes[7], 0x11);
	assert_ptr_equal(keyring_find(&keyring, text_from(keyring.keys[1].mark)), &keyring.keys[1]);
	assert_null(keyring_find(&keyring, text_from(made.keys[0].mark)));
	assert_int_equal(strlen(keyring.keys[0].mark), KEY_MARK);
	keyring_wipe(&keyring);
	assert_int_equal(keyring.count, 0);
	assert_int_equal(keyring.keys[1].key.bytes[7], 0);
}

static void what_is_no_ring_is_refused(void **state)
{
	struct text_builder many = {.arena = &arena};

	(void)state;
	assert_not_read(NOT_FOUND, "there is no file");
	write_keys("stellwerk-sealing-key xchacha20poly1305 " ZEROES ZEROES " a\n", 0644);
	assert_not_read(DENIED, "chmod 600");
	write_keys("\n# nothing\n", 0600);
	assert_not_read(INVALID, "there is no key in it");
	write_keys("stellwerk-sealing-key xchacha20poly1305 " ZEROES " a\n", 0600);
	assert_not_read(INVALID, "line 1 begins as a key of secrets but is not whole");
	assert_null(strstr(error.sentence, "0000"));
	write_keys("stellwerk-signing-key ed25519 " ZEROES ZEROES " a\n", 0600);
	assert_not_read(INVALID, "a signing key, which is secret");
	write_keys("stellwerk-sealing-key aes256 " ZEROES ZEROES " a\n", 0600);
	assert_not_read(INVALID, "not whole");
	for (int i = 0; i <= KEYRING_MOST; i++)
		builder_add_string(&many, "stellwerk-sealing-key xchacha20poly1305 " ZEROES ZEROES " a\n");
	write_keys(builder_text(&many).bytes, 0600);
	assert_not_read(INVALID, "more than 16 keys");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_published_example_opens, set_up, tear_down),
		cmocka_unit_test_setup_teardown(each_changed_bit_is_seen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_ring_is_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_ring_is_refused, set_up, tear_down),
	};
	if (!mkdtemp(folder))
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed;
}
