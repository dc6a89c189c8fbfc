/* By whom a mail came about. */
#ifndef CONNECTORS_MAIL_KIND_H
#define CONNECTORS_MAIL_KIND_H

#include "connectors/mail_part.h"

const char *mail_kind_name(enum mail_kind kind);
/* `mail`: the first part. `from`: the address of who says to have written it. */
enum mail_kind mail_kind_of(struct arena *arena, const struct mail_part *mail, struct text from, struct text mark);

#endif
