/* A call that is a mail: what the turn has planned to POST goes to a mail server. Must never send one whose connection broke
 * off once more by itself: a mail server can not be asked whether it has it. */
#include "connectors/mail_text.h"
#include "connectors/mail_write.h"
#include "runtime/operate/wall.h"
#include "runtime/service/courier.h"

bool base_takes_mail(struct text base)
{
	return text_starts(base, TEXT("smtp://")) || text_starts(base, TEXT("smtps://"));
}

enum status mail_prepare(struct out *out, struct text method, struct text path, struct text body, struct transport_call *call,
			 struct transport_mail *mail, struct error *error)
{
	struct mail_letter *letter = arena_new(&out->arena, struct mail_letter);
	const struct json *document;
	char id[RECORD_ID_TEXT + 1];

	if (!text_is(method, "POST") || !text_is(path, "/") || !body.length)
		return error_set(error, INVALID,
				 "a mail is sent with POST \"/\" and `send { from = …; to = …; subject = …; text = … }`");
	record_id_write(out->call.id, id);
	enum status status = json_parse(&out->arena, body, &document, error);
	if (status == OK)
		status = mail_write(&out->arena, document, text_from(id), wall_now(), letter, error);
	if (status != OK)
		return status;
	out->mail_id = letter->message_id;
	mail->sender = letter->sender;
	mail->receivers = letter->receivers;
	mail->receiver_count = letter->receiver_count;
	call->mail = mail;
	call->body = letter->bytes;
	call->once = true;
	return OK;
}

/* 4yz is for now, and so is what says that nobody logs in as we do: a person may mend that meanwhile. 5yz is for ever. */
static unsigned status_as_http(unsigned status)
{
	bool is_login = status == 530 || status == 534 || status == 535 || status == 538;

	if (status < 400)
		return 200;
	return status < 500 || is_login ? 503 : 422;
}

void mail_answered(struct out *out)
{
	struct transport_answer *answer = &out->answer;
	struct text_builder text = {.arena = &out->arena};
	struct json_writer writer = {.text = &text};
	struct text reply = mail_line_clean(&out->arena, answer->body); /* it goes into a log */

	if (answer->outcome != TRANSPORT_ANSWERED)
		return;
	answer->status = status_as_http(answer->status);
	answer->sentence =
		arena_format(&out->arena, "%.*s: the mail server says %.*s", TEXT_ARGS(out->call.action), TEXT_ARGS(reply));
	json_open_object(&writer);
	json_write_member(&writer, "message_id", out->mail_id);
	json_write_member(&writer, "reply", reply);
	json_close_object(&writer);
	answer->body = builder_text(&text);
}
