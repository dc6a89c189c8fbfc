/* Lines of keys and signatures: whose signature counts, and what is said when none does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "runtime/crypto/hex.h"
#include "runtime/pack/signing.h"

static struct arena arena;
static struct error error;

static const struct text CONTENT = TEXT("the bytes of an archive");

struct signer {
	struct signing_key key;
	struct public_key public;
	struct text name;
};

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, "test", 0);
	error.sentence[0] = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static struct signer signer_new(const char *name)
{
	struct signer signer = {.name = text_from(name)};

	signing_key_make(&signer.key);
	signing_key_public(&signer.key, &signer.public);
	return signer;
}

static struct text signed_by(const struct signer *signer, struct text content)
{
	struct signature_line line = {.key = signer->public, .name = signer->name};

	signature_make(content, &signer->key, &line.signature);
	return signature_write(&arena, &line);
}

static void trust(trusted_keys *trusted, const struct signer *signer)
{
	struct text line = public_key_write(&arena, &signer->public, signer->name);

	assert_int_equal(trusted_keys_read(&arena, line, trusted, &error), OK);
}

static void assert_judged(struct text content, struct text signatures, const trusted_keys *trusted, enum status status,
			  const char *part)
{
	const struct trusted_key *signer = NULL;

	assert_int_equal(signatures_check(&arena, content, signatures, trusted, &signer, &error), status);
	if (status == OK)
		assert_true(text_is(signer->name, part));
	else if (!strstr(error.sentence, part))
		fail_msg("\"%s\" does not say \"%s\"", error.sentence, part);
}

static void what_is_written_is_read(void **state)
{
	struct signer anna = signer_new("anna.2026");
	struct signing_key key;
	struct text name;

	(void)state;
	assert_int_equal(signing_key_read(signing_key_write(&arena, &anna.key, anna.name), &key, &name, &error), OK);
	assert_memory_equal(key.bytes, anna.key.bytes, SIGNING_KEY_BYTES);
	assert_true(text_is(name, "anna.2026"));
}

static void only_who_is_trusted_counts(void **state)
{
	struct signer anna = signer_new("anna"), berta = signer_new("berta");
	trusted_keys nobody = {0}, trusted = {0};
	struct text_builder both = {.arena = &arena};

	(void)state;
	trust(&trusted, &anna);
	assert_judged(CONTENT, signed_by(&anna, CONTENT), &trusted, OK, "anna");
	assert_judged(CONTENT, signed_by(&berta, CONTENT), &trusted, DENIED, hex_text(&arena, berta.public.bytes, 32).bytes);
	assert_judged(CONTENT, signed_by(&anna, CONTENT), &nobody, DENIED, "none of those that are trusted");
	assert_judged(CONTENT, TEXT(""), &trusted, NOT_FOUND, "nobody has signed it");
	assert_judged(TEXT("other bytes"), signed_by(&anna, CONTENT), &trusted, INVALID, "not what `anna` has signed");
	builder_add_string(&both, "# who vouches\n\n");
	builder_add(&both, signed_by(&berta, CONTENT));
	builder_add(&both, signed_by(&anna, CONTENT));
	assert_judged(CONTENT, builder_text(&both), &trusted, OK, "anna");
}

/* The name in a signature is said by who signed: it makes nobody trusted, and what is shown is the name the trust gave. */
static void a_name_vouches_for_nothing(void **state)
{
	struct signer anna = signer_new("anna"), other = signer_new("anna");
	trusted_keys trusted = {0};

	(void)state;
	trust(&trusted, &anna);
	assert_judged(CONTENT, signed_by(&other, CONTENT), &trusted, DENIED, "none of those that are trusted");
	/* a stranger's signature under the key of somebody trusted */
	struct signature_line line = {.key = anna.public, .name = anna.name};
	signature_make(CONTENT, &other.key, &line.signature);
	assert_judged(CONTENT, signature_write(&arena, &line), &trusted, INVALID, "not what `anna` has signed");
}

static void what_is_not_whole_is_refused(void **state)
{
	struct signer anna = signer_new("anna");
	trusted_keys trusted = {0};
	struct signing_key key;
	struct text name, secret = signing_key_write(&arena, &anna.key, anna.name), signature = signed_by(&anna, CONTENT);

	(void)state;
	trust(&trusted, &anna);
	assert_judged(CONTENT, text_slice(signature, 0, signature.length / 2), &trusted, INVALID,
		      "line 1 begins as a signature");
	assert_judged(CONTENT, TEXT("hello"), &trusted, INVALID, "line 1 is something else");
	assert_judged(CONTENT, secret, &trusted, INVALID, "a signing key, which is secret");
	struct text_builder many = {.arena = &arena};
	for (int i = 0; i <= SIGNERS_MOST; i++)
		builder_add(&many, signature);
	assert_judged(CONTENT, builder_text(&many), &trusted, INVALID, "more than 64 signatures");
	assert_int_equal(trusted_keys_read(&arena, TEXT("# none\n"), &trusted, &error), INVALID);
	assert_int_equal(trusted_keys_read(&arena, secret, &trusted, &error), INVALID);
	assert_null(strstr(error.sentence, hex_text(&arena, anna.key.bytes, 8).bytes));
	assert_int_equal(signing_key_read(TEXT("\n"), &key, &name, &error), INVALID);
	assert_int_equal(signing_key_read(text_slice(secret, 0, secret.length - 20), &key, &name, &error), INVALID);
	assert_null(strstr(error.sentence, hex_text(&arena, anna.key.bytes, 8).bytes));
	assert_int_equal(signing_key_read(public_key_write(&arena, &anna.public, anna.name), &key, &name, &error), INVALID);
	assert_non_null(strstr(error.sentence, "is a public key; a signing key is wanted"));
}

static void names_of_keys_are_names_of_files(void **state)
{
	static const char *const WRONG[] = {"", ".hidden", "-o", "a/b", "a b", "ü", "a\n"};

	(void)state;
	for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++)
		assert_int_equal(key_name_check(text_from(WRONG[i]), &error), INVALID);
	assert_int_equal(key_name_check((struct text){"a\0b", 3}, &error), INVALID);
	assert_int_equal(key_name_check(TEXT("house-2026.a_b"), &error), OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_written_is_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(only_who_is_trusted_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_name_vouches_for_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_not_whole_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(names_of_keys_are_names_of_files, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
