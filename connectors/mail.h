/* A mail as a document: RFC 5322 bytes become JSON that a `receive` can take. Nothing in a mail is trusted: what breaks a limit
 * (mail_limits.def) is refused with a sentence, what can not be read as text becomes U+FFFD.
 *
 *	message_id, in_reply_to, references[]   without their angle brackets
 *	from{address, name}, to[], cc[], reply_to[], return_path
 *	subject, language, date                 date in UTC; each only when the mail says so
 *	kind                                    mail_kinds.def
 *	text                                    what it says, plain
 *	answer                                  that without what it quotes, and without its signature
 *	attachments[{name, type, size, sha256, inline, content_id}]
 *	report{recipient, action, status, diagnostic, original}     of a bounce: whom it did not reach, and which mail of ours
 *	defects[]                               what was wrong with it, in sentences
 */
#ifndef CONNECTORS_MAIL_H
#define CONNECTORS_MAIL_H

#include "engine/base/error.h"
#include "engine/base/list.h"
#include "engine/base/text.h"

/* The field by which we know what we wrote: its value is the `mark` below. */
#define MAIL_MARK "X-Stellwerk-Mark"

enum mail_limit {
#define X(name, most, sentence) name##_MOST = (most),
#include "connectors/mail_limits.def"
#undef X
	MAIL_TEXT_MOST = 1 << 20, /* a longer text is an attachment */
};

enum mail_kind {
#define X(kind, name) kind,
#include "connectors/mail_kinds.def"
#undef X
};

/* Content that the document speaks of by its SHA-256, decoded. */
struct mail_file {
	struct text sha256, content;
};

struct mail {
	struct text document; /* JSON */
	struct text identity; /* its Message-ID; of a mail without one, its SHA-256: the same mail has the same */
	enum mail_kind kind;
	LIST(struct mail_file) files; /* in the order of the document's attachments */
};

/* `mark`: a mail whose field MAIL_MARK has this is one of ours that came back; empty: none is. INVALID: it is no mail. LIMIT:
 * it is more than is read. All lives in the arena; the mail's bytes must, too. */
enum status mail_parse(struct arena *arena, struct text bytes, struct text mark, struct mail *mail_out,
		       struct error *error) MUST_CHECK;

#endif
