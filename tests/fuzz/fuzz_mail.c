/* Any bytes as a mail. What must hold: a refusal is a sentence; what was read is a document that can be parsed, within the
 * limits, with a file for each attachment, no control character in a field, and an answer that is not longer than the text. */
#include "connectors/mail.h"
#include "engine/base/check.h"
#include "engine/base/json.h"

enum { MEMORY = 256 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check_field(const struct json *document, const char *name)
{
	struct text value = json_member_text(document, name);

	CHECK(text_is_utf8(value));
	for (uint32_t i = 0; i < value.length; i++)
		CHECK((unsigned char)value.bytes[i] >= ' ' && value.bytes[i] != 0x7f);
}

static void check_mail(struct arena *arena, const struct mail *mail)
{
	const struct json *document;
	struct error error;

	CHECK(json_parse(arena, mail->document, &document, &error) == OK);
	check_field(document, "subject");
	check_field(document, "message_id");
	check_field(document, "in_reply_to");
	check_field(json_member(document, TEXT("from")), "address");
	check_field(json_member(document, TEXT("from")), "name");
	CHECK(text_find(json_member_text(json_member(document, TEXT("from")), "address"), TEXT("@")) > 0);
	CHECK(mail->identity.length && mail->files.count == json_count(json_member(document, TEXT("attachments"))));
	CHECK(mail->files.count <= MAIL_ATTACHMENTS_MOST);
	CHECK(json_member_text(document, "answer").length <= json_member_text(document, "text").length);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct error error = {0};
	struct arena arena;
	struct mail mail;
	jmp_buf jump;

	arena_init(&arena, "a mail", MEMORY);
	if (!arena_guard(&arena, jump)) {
		struct text copy = {arena_copy(&arena, bytes, length), (uint32_t)length};
		enum status status = mail_parse(&arena, copy, TEXT("msp.example"), &mail, &error);
		CHECK(status == OK || error.sentence[0]);
		if (status == OK)
			check_mail(&arena, &mail);
	}
	arena_release(&arena);
	return 0;
}
