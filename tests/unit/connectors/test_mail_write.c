/* What a pack says as a mail: how it is written, that it reads as what it was, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

#include "connectors/mail.h"
#include "connectors/mail_write.h"

static const moment NOON = 1778068800; /* 2026-05-06T12:00:00Z */

static struct arena arena;

static int arena_begin(void **state)
{
	(void)state;
	arena_init(&arena, "a mail", 64 << 20);
	return 0;
}

static int arena_end(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static enum status letter_of(const char *document, struct mail_letter *letter, struct error *error)
{
	const struct json *json;

	assert_int_equal(json_parse(&arena, text_from(document), &json, error), OK);
	return mail_write(&arena, json, TEXT("01K"), NOON, letter, error);
}

static const struct json *read_again(const struct mail_letter *letter, struct text mark, struct mail *mail)
{
	const struct json *document;
	struct error error;

	assert_int_equal(mail_parse(&arena, letter->bytes, mark, mail, &error), OK);
	assert_int_equal(json_parse(&arena, mail->document, &document, &error), OK);
	return document;
}

static void test_a_mail_is_written(void **state)
{
	struct mail_letter letter;
	struct error error;

	(void)state;
	assert_int_equal(letter_of("{\"from\":\"Service Desk <support@msp.example>\",\"to\":\"anna@example.org\","
				   "\"bcc\":[\"b@example.org\"],\"subject\":\"Plain\",\"text\":\"Hello\\n.\\n\"}",
				   &letter, &error),
			 OK);
	assert_string_equal(letter.bytes.bytes, "From: Service Desk <support@msp.example>\r\n"
						"To: anna@example.org\r\n"
						"Message-ID: <01K@msp.example>\r\n"
						"Subject: Plain\r\n"
						"Auto-Submitted: auto-generated\r\n"
						"X-Auto-Response-Suppress: All\r\n"
						"Date: Wed, 6 May 2026 12:00:00 +0000\r\n"
						"X-Stellwerk-Mark: msp.example\r\n"
						"MIME-Version: 1.0\r\n"
						"Content-Type: text/plain; charset=utf-8\r\n"
						"Content-Transfer-Encoding: quoted-printable\r\n"
						"\r\n"
						"Hello\r\n.\r\n");
	assert_string_equal(letter.sender, "support@msp.example");
	assert_int_equal(letter.receiver_count, 2);
	assert_string_equal(letter.receivers[1], "b@example.org");
}

static void test_it_reads_as_what_it_was(void **state)
{
	struct mail_letter letter;
	struct error error;
	struct mail mail;

	(void)state;
	assert_int_equal(letter_of("{\"from\":{\"name\":\"Grüße, \\\"Büro\\\"\",\"address\":\"support@msp.example\"},"
				   "\"to\":[\"Jürgen Müller <j@example.org>, k@example.org\",{\"address\":\"l@example.org\"}],"
				   "\"subject\":\"[T-2026-00042] Drucker im Büro – dritte Störung, und eine lange Zeile dazu, "
				   "die nicht passt\","
				   "\"text\":\"Grüß Gott,\\n\\nalles gut = 100 %.\\n\\n-- "
				   "\\nBüro\",\"language\":\"de\",\"automatic\":false,"
				   "\"in_reply_to\":\"a@b.example\",\"references\":[\"x@b.example\",\"a@b.example\"],"
				   "\"message_id\":\"t42.7@msp.example\"}",
				   &letter, &error),
			 OK);
	assert_true(text_find(letter.bytes, TEXT("\n\n")) < 0);
	const struct json *document = read_again(&letter, TEXT(""), &mail);
	assert_true(text_is(json_member_text(document, "subject"),
			    "[T-2026-00042] Drucker im Büro – dritte Störung, und eine lange Zeile dazu, die nicht passt"));
	assert_true(text_is(json_member_text(document, "text"), "Grüß Gott,\n\nalles gut = 100 %.\n\n-- \nBüro"));
	assert_true(text_is(json_member_text(json_member(document, TEXT("from")), "name"), "Grüße, \"Büro\""));
	assert_int_equal(json_count(json_member(document, TEXT("to"))), 3);
	assert_true(text_is(json_member_text(json_first(json_member(document, TEXT("to"))), "name"), "Jürgen Müller"));
	assert_true(text_is(json_member_text(document, "in_reply_to"), "a@b.example"));
	assert_int_equal(json_count(json_member(document, TEXT("references"))), 2);
	assert_true(text_is(mail.identity, "t42.7@msp.example") && mail.kind == MAIL_PERSON);
	assert_true(text_is(json_member_text(document, "date"), "2026-05-06T12:00:00Z"));
}

static void test_what_a_rule_sends_is_known_as_that(void **state)
{
	struct mail_letter letter;
	struct error error;
	struct mail mail;

	(void)state;
	assert_int_equal(letter_of("{\"from\":\"s@msp.example\",\"to\":\"s@msp.example\",\"subject\":\"x\",\"text\":\"y\"}",
				   &letter, &error),
			 OK);
	read_again(&letter, TEXT("msp.example"), &mail);
	assert_int_equal(mail.kind, MAIL_LOOP);
	read_again(&letter, TEXT("other.example"), &mail);
	assert_int_equal(mail.kind, MAIL_AUTOMATIC);
}

static void test_what_is_no_mail_is_refused(void **state)
{
	static const char *const refused[][2] = {
		{"[]", "a mail is `{ from = …; to = …; subject = …; text = … }`"},
		{"{\"form\":\"a@b.c\"}", "a mail has no `form`"},
		{"{}", "`from` of the mail is one address"},
		{"{\"from\":\"a@b.c, d@e.f\"}", "`from` of the mail is one address"},
		{"{\"from\":7}", "`from` of the mail is no address"},
		{"{\"from\":\"Anna\"}", "`from` of the mail is no address: \"Anna\""},
		{"{\"from\":\"ä@b.c\"}", "`from` of the mail is no address: \"ä@b.c\""},
		{"{\"from\":{\"address\":\"a@b@c\"}}", "`from` of the mail is no address: \"a@b@c\""},
		{"{\"from\":{\"address\":\"a> SIZE=1\"}}", "`from` of the mail is no address: \"a> SIZE=1\""},
		{"{\"from\":\"a@b.c\"}", "the mail goes to nobody"},
		{"{\"from\":\"a@b.c\",\"to\":[\"d@e.f\",\"\"]}", "`to` of the mail is no address: \"\""},
		{"{\"from\":\"a@b.c\",\"to\":\"d@e.f\"}", "the mail has no `subject`"},
		{"{\"from\":\"a@b.c\",\"to\":\"d@e.f\",\"subject\":\"x\"}", "the mail has no `text`"},
		{"{\"from\":\"a@b.c\",\"to\":\"d@e.f\",\"subject\":\"x\\r\\nBcc: all@e.f\"}",
		 "`subject` of the mail has a line break or another control character"},
		{"{\"from\":\"a@b.c\",\"to\":\"d@e.f\\nBcc: all@e.f\"}",
		 "`to` of the mail has a line break or another control character"},
		{"{\"from\":{\"name\":\"A\\nBcc: all@e.f\",\"address\":\"a@b.c\"}}",
		 "`from` of the mail has a line break or another control character"},
		{"{\"from\":\"a@b.c\",\"to\":\"d@e.f\",\"in_reply_to\":\"x@y>\\nBcc: z\"}",
		 "`in_reply_to` of the mail is no Message-ID: \"x@y>\nBcc: z\""},
		{"{\"from\":\"a@b.c\",\"to\":\"d@e.f\",\"references\":[7]}", "`references` of the mail is no text"},
		{"{\"from\":\"a@b.c\",\"to\":\"d@e.f\",\"message_id\":\"x\"}",
		 "`message_id` of the mail is no Message-ID: \"x\""},
		{"{\"from\":\"a@b.c\",\"to\":\"d@e.f\",\"subject\":\"x\",\"language\":\"de\\n\"}",
		 "`language` of the mail has a line break or another control character"},
		{"{\"from\":\"a@b.c\",\"to\":\"d@e.f\",\"subject\":\"x\",\"automatic\":\"no\"}",
		 "`automatic` of the mail is true or false"},
	};
	struct mail_letter letter;
	struct error error;

	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		assert_int_equal(letter_of(refused[i][0], &letter, &error), INVALID);
		assert_string_equal(error.sentence, refused[i][1]);
	}
}

static void test_a_mail_goes_to_so_many_and_no_more(void **state)
{
	struct text_builder text = {.arena = &arena};
	struct mail_letter letter;
	struct error error;

	(void)state;
	builder_add_string(&text, "{\"from\":\"a@b.c\",\"subject\":\"x\",\"text\":\"y\",\"to\":[");
	for (int i = 0; i < MAIL_RECEIVERS_MOST; i++)
		builder_format(&text, "\"n%d@e.f\",", i);
	builder_add_string(&text, "\"one@e.f\"]}");
	assert_int_equal(letter_of(builder_text(&text).bytes, &letter, &error), INVALID);
	assert_string_equal(error.sentence, "a mail goes to at most 100 addresses");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_mail_is_written, arena_begin, arena_end),
		cmocka_unit_test_setup_teardown(test_it_reads_as_what_it_was, arena_begin, arena_end),
		cmocka_unit_test_setup_teardown(test_what_a_rule_sends_is_known_as_that, arena_begin, arena_end),
		cmocka_unit_test_setup_teardown(test_what_is_no_mail_is_refused, arena_begin, arena_end),
		cmocka_unit_test_setup_teardown(test_a_mail_goes_to_so_many_and_no_more, arena_begin, arena_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
