/* Bytes of a mail as text: well-formed UTF-8, whatever the mail says of its charset. */
#ifndef CONNECTORS_MAIL_TEXT_H
#define CONNECTORS_MAIL_TEXT_H

#include "engine/base/text.h"

/* A charset that is not known, or not said, is taken for UTF-8 where the bytes are that, else for Windows-1252. What the
 * charset has no character for becomes U+FFFD, a NUL too. A NUL stands behind the text. */
struct text mail_text_decode(struct arena *arena, struct text bytes, struct text charset);
/* Lines end with \n, other control characters but the tabulator are gone. */
struct text mail_text_clean(struct arena *arena, struct text text);
/* In one line, trimmed, and no control character: what may stand in a header. */
struct text mail_line_clean(struct arena *arena, struct text text);
/* format=flowed of RFC 3676: lines that were broken to be sent are one again. The text is clean. */
struct text mail_text_unflow(struct arena *arena, struct text text, bool delsp);
/* HTML as plain text: what it quotes stands behind "> ", as in a plain mail. */
struct text mail_html_plain(struct arena *arena, struct text html);
/* What somebody wrote, without what the mail quotes and without a signature. Both texts are clean. */
struct text mail_answer(struct arena *arena, struct text text);

/* The next line, without its end; false when there is none. */
bool mail_line_take(struct text *rest, struct text *line_out);
/* `text` begins with that, without regard to capitals of ASCII. */
bool mail_starts(struct text text, const char *prefix);

#endif
