/* A document as a mail, the other way round than mail.h: what a pack says becomes RFC 5322 bytes.
 *
 *	from, to                 text ("Anna <anna@example.com>, …"), {address, name}, or lists of them
 *	subject, text
 *	cc, bcc, reply_to        as `to`; not needed, as what follows
 *	message_id               without angle brackets; else it is made of the id of the sending
 *	in_reply_to, references  text, or a list of it
 *	language                 "de"
 *	automatic                false: a person has written it; without a word a rule has, and says so (RFC 3834)
 *
 * What would make two headers of one, or is no address, is refused and not mended. */
#ifndef CONNECTORS_MAIL_WRITE_H
#define CONNECTORS_MAIL_WRITE_H

#include "engine/base/json.h"
#include "engine/base/list.h"
#include "engine/base/moment.h"

enum { MAIL_RECEIVERS_MOST = 100 };

struct mail_letter {
	struct text bytes;
	struct text message_id;                              /* without its brackets */
	const char *sender, *receivers[MAIL_RECEIVERS_MOST]; /* addresses for the envelope */
	uint32_t receiver_count;
};

/* `id`: letters and digits that are this sending's alone. INVALID with a sentence. */
enum status mail_write(struct arena *arena, const struct json *document, struct text id, moment at,
		       struct mail_letter *letter_out, struct error *error) MUST_CHECK;

#endif
