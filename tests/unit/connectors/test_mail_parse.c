/* Mails as they come, each beside the document that it becomes; then mails that are too much, cut off, or no mails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "connectors/mail.h"
#include "engine/base/json.h"

#define MAILS "tests/unit/connectors/mails/"
#define BEGIN "From: a@example.org\nMessage-ID: <m@example.org>\n"

enum { MEMORY = 256 << 20 };

static struct arena arena;

static int arena_begin(void **state)
{
	(void)state;
	arena_init(&arena, "a mail", MEMORY);
	return 0;
}

static int arena_end(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static struct text file_read(const char *path)
{
	static char bytes[64 << 10];
	FILE *file = fopen(path, "rb");

	assert_non_null(file);
	size_t length = fread(bytes, 1, sizeof bytes, file);
	assert_true(length < sizeof bytes);
	fclose(file);
	return (struct text){arena_string(&arena, bytes, length), (uint32_t)length};
}

/* --- documents */
static struct text written_anew(struct text document)
{
	struct text_builder text = {.arena = &arena};
	struct json_writer writer = {.text = &text, .indent = 2};
	const struct json *json;
	struct error error;

	if (json_parse(&arena, document, &json, &error) != OK)
		fail_msg("%s", error.sentence);
	json_write_document(&writer, json);
	return builder_text(&text);
}

static void test_mails_become_their_documents(void **state)
{
	glob_t found;
	struct error error;
	struct mail mail;

	(void)state;
	assert_int_equal(glob(MAILS "*.eml", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *path = found.gl_pathv[i];
		struct text stem = {path, (uint32_t)strlen(path) - 4};
		if (mail_parse(&arena, file_read(path), TEXT("msp.example"), &mail, &error) != OK)
			fail_msg("%s: %s", path, error.sentence);
		struct text is = written_anew(mail.document);
		struct text ought = written_anew(file_read(text_format(&arena, "%.*s.json", TEXT_ARGS(stem)).bytes));
		if (!text_equal(is, ought)) {
			fprintf(stderr, "%s became\n%s\n", path, is.bytes);
			fail_msg("%s is another document", path);
		}
	}
	globfree(&found);
}

static void test_files_are_what_was_sent(void **state)
{
	struct error error;
	struct mail mail;

	(void)state;
	assert_int_equal(mail_parse(&arena, file_read(MAILS "apple_mail.eml"), TEXT(""), &mail, &error), OK);
	assert_int_equal(mail.files.count, 1);
	assert_true(text_starts(mail.files.items[0].content, TEXT("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj")));
	assert_int_equal(mail.files.items[0].sha256.length, 64);
}

static void test_a_mail_without_an_id_is_known_by_its_bytes(void **state)
{
	struct text bytes = TEXT("From: a@example.org\n\nx");
	struct error error;
	struct mail mail, again, other;

	(void)state;
	assert_int_equal(mail_parse(&arena, bytes, TEXT(""), &mail, &error), OK);
	assert_int_equal(mail_parse(&arena, text_copy(&arena, bytes), TEXT(""), &again, &error), OK);
	assert_int_equal(mail_parse(&arena, TEXT("From: a@example.org\n\ny"), TEXT(""), &other, &error), OK);
	assert_int_equal(mail.identity.length, 64);
	assert_true(text_equal(mail.identity, again.identity));
	assert_false(text_equal(mail.identity, other.identity));
}

static void test_our_mark_is_not_that_of_others(void **state)
{
	struct error error;
	struct mail mail;

	(void)state;
	assert_int_equal(mail_parse(&arena, file_read(MAILS "loop.eml"), TEXT("other.example"), &mail, &error), OK);
	assert_int_equal(mail.kind, MAIL_PERSON);
	assert_int_equal(mail_parse(&arena, file_read(MAILS "loop.eml"), TEXT(""), &mail, &error), OK);
	assert_int_equal(mail.kind, MAIL_PERSON);
}

/* --- refused */
static void assert_refused(struct text bytes, enum status status, const char *sentence)
{
	struct error error;
	struct mail mail;

	assert_int_equal(mail_parse(&arena, bytes, TEXT(""), &mail, &error), status);
	assert_string_equal(error.sentence, sentence);
}

static struct text repeated(const char *begin, const char *piece, uint32_t count, const char *end)
{
	struct text_builder text = {.arena = &arena};

	builder_add_string(&text, begin);
	for (uint32_t i = 0; i < count; i++)
		builder_add_string(&text, piece);
	builder_add_string(&text, end);
	return builder_text(&text);
}

static void test_what_is_no_mail_is_refused(void **state)
{
	(void)state;
	assert_refused(TEXT(""), INVALID, "this is no mail: it does not begin with a header");
	assert_refused(TEXT("\r\n\r\nx"), INVALID, "this is no mail: it does not begin with a header");
	assert_refused(TEXT("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), INVALID, "this is no mail: it does not begin with a header");
	assert_refused(TEXT("Subject: x\n\nx"), INVALID,
		       "the mail does not say by whom it is: there is no address in its From");
	assert_refused(TEXT("From: nobody\n\nx"), INVALID,
		       "the mail does not say by whom it is: there is no address in its From");
}

static struct text nested(uint32_t depth)
{
	struct text_builder text = {.arena = &arena};

	builder_add_string(&text, BEGIN);
	for (uint32_t i = 0; i < depth; i++)
		builder_format(&text, "Content-Type: multipart/mixed; boundary=b%u\n\n--b%u\n", i, i);
	builder_add_string(&text, "\n\nx");
	return builder_text(&text);
}

static void test_what_is_too_much_is_refused(void **state)
{
	struct error error;
	struct mail mail;

	(void)state;
	assert_int_equal(mail_parse(&arena, nested(MAIL_DEPTH_MOST), TEXT(""), &mail, &error), OK);
	assert_refused(nested(MAIL_DEPTH_MOST + 1), LIMIT, "the mail has parts within parts deeper than 20");
	assert_refused(nested(100000), LIMIT, "the mail has parts within parts deeper than 20");
	assert_refused(repeated(BEGIN "Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\nx\n", 500, "--b--\n"), LIMIT,
		       "the mail has more than 500 parts");
	assert_refused(repeated(BEGIN "Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\n", 100000, ""), LIMIT,
		       "the mail has more than 500 parts");
	assert_refused(repeated(BEGIN "Content-Type: multipart/mixed; boundary=b\n\n", "--b\nContent-Type: a/b\n\nx\n", 201,
				"--b--\n"),
		       LIMIT, "the mail has more than 200 attachments");
	assert_refused(repeated(BEGIN, "X: y\n", 1000, "\nx"), LIMIT, "a header of the mail has more than 1000 fields");
	assert_refused(repeated(BEGIN "Subject:", " abcdefgh", 30000, "\n\nx"), LIMIT,
		       "a header of the mail is longer than 262144 bytes");
	assert_refused(repeated(BEGIN "To: ", "a@b.c,", 1001, "d@e.f\n\nx"), LIMIT,
		       "a field of the mail has more than 1000 addresses");
	assert_refused(repeated(BEGIN "References: ", "<a@b>", 1001, "\n\nx"), LIMIT,
		       "the mail refers to more than 1000 others");
	assert_refused(repeated(BEGIN "\n", "12345678901234567890123456789012345\n", 1 << 20, ""), LIMIT,
		       "the mail is longer than 36700160 bytes");
}

static void test_a_long_text_is_kept_as_a_file(void **state)
{
	struct text bytes = repeated(BEGIN "\n", "0123456789\n", 100000, "");
	struct error error;
	struct mail mail;

	(void)state;
	assert_int_equal(mail_parse(&arena, bytes, TEXT(""), &mail, &error), OK);
	assert_int_equal(mail.files.count, 1);
	assert_int_equal(mail.files.items[0].content.length, 1100000);
}

/* --- cut off: at each byte of each mail it is a mail, or refused with a sentence */
static void test_what_is_cut_off_is_read_as_far_as_it_goes(void **state)
{
	struct error error;
	struct mail mail;
	glob_t found;

	(void)state;
	assert_int_equal(glob(MAILS "*.eml", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct text bytes = file_read(found.gl_pathv[i]);
		for (uint32_t length = 0; length < bytes.length; length += 1 + length / 40) {
			struct arena turn;
			arena_init(&turn, "a mail", MEMORY);
			struct text cut = {arena_copy(&turn, bytes.bytes, length), length};
			enum status status = mail_parse(&turn, cut, TEXT(""), &mail, &error);
			assert_true(status == OK || (status == INVALID && *error.sentence));
			arena_release(&turn);
		}
	}
	globfree(&found);
}

/* Wherever memory ends, nothing of the library's is left behind: the sanitizer would tell. */
static void test_nothing_is_left_behind_when_memory_ends(void **state)
{
	struct text bytes = file_read(MAILS "outlook.eml");
	volatile bool whole = false;

	(void)state;
	for (size_t limit = 64; !whole; limit += limit / 8) {
		struct arena small;
		struct mail mail;
		jmp_buf jump;
		arena_init(&small, "too little", limit);
		if (!arena_guard(&small, jump)) {
			assert_int_equal(mail_parse(&small, bytes, TEXT(""), &mail, NULL), OK);
			whole = true;
		}
		arena_release(&small);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_mails_become_their_documents, arena_begin, arena_end),
		cmocka_unit_test_setup_teardown(test_files_are_what_was_sent, arena_begin, arena_end),
		cmocka_unit_test_setup_teardown(test_a_mail_without_an_id_is_known_by_its_bytes, arena_begin, arena_end),
		cmocka_unit_test_setup_teardown(test_our_mark_is_not_that_of_others, arena_begin, arena_end),
		cmocka_unit_test_setup_teardown(test_what_is_no_mail_is_refused, arena_begin, arena_end),
		cmocka_unit_test_setup_teardown(test_what_is_too_much_is_refused, arena_begin, arena_end),
		cmocka_unit_test_setup_teardown(test_a_long_text_is_kept_as_a_file, arena_begin, arena_end),
		cmocka_unit_test_setup_teardown(test_what_is_cut_off_is_read_as_far_as_it_goes, arena_begin, arena_end),
		cmocka_unit_test_setup_teardown(test_nothing_is_left_behind_when_memory_ends, arena_begin, arena_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
