/* What GMime is asked for: fields of headers and encodings, a piece at a time. The bytes of a mail are split by mail_part.c, so
 * that no library builds a tree of what a stranger sends. Results are UTF-8 without control characters, and live in the arena.
 */
#ifndef CONNECTORS_MAIL_GMIME_H
#define CONNECTORS_MAIL_GMIME_H

#include "engine/base/error.h"
#include "engine/base/list.h"
#include "engine/base/moment.h"

struct mail_address {
	struct text name, address;
};
typedef LIST(struct mail_address) mail_address_list;

/* Content-Type; names in small letters. What can not be read is text/plain, as RFC 2045 says. */
struct mail_type {
	struct text type; /* "multipart/mixed" */
	struct text charset, boundary, name, format, delsp, report_type;
};

/* Encoded words of RFC 2047. */
struct text mail_words(struct arena *arena, struct text value);
/* Groups are laid flat. LIMIT: more than MAIL_ADDRESSES_MOST. */
enum status mail_addresses(struct arena *arena, struct text value, mail_address_list *addresses_out) MUST_CHECK;
/* INVALID: that is no date, or in no year that we know. */
enum status mail_date(struct arena *arena, struct text value, moment *moment_out) MUST_CHECK;
struct mail_type mail_type(struct arena *arena, struct text value);
/* Content-Disposition: its word in small letters, and the file's name. */
void mail_disposition(struct arena *arena, struct text value, struct text *word_out, struct text *name_out);
/* Content-Transfer-Encoding undone, as far as the bytes can be read; in the arena, or the bytes themselves. */
struct text mail_decoded(struct arena *arena, struct text encoding, struct text bytes);
/* --- the other way; what is given is well-formed and has no control characters */
/* "Subject: …", with encoded words where they are needed, in lines that are not too long. */
struct text mail_words_write(struct arena *arena, const char *name, struct text words);
struct text mail_address_write(struct arena *arena, const struct mail_address *address);
/* Quoted-printable. */
struct text mail_encoded(struct arena *arena, struct text bytes);

/* 64 digits. */
struct text mail_sha256(struct arena *arena, struct text bytes);

#endif
