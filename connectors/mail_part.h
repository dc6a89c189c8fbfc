/* The parts of a mail: where each begins and ends in its bytes, and what its header says. Nothing is decoded yet. */
#ifndef CONNECTORS_MAIL_PART_H
#define CONNECTORS_MAIL_PART_H

#include "connectors/mail.h"
#include "connectors/mail_gmime.h"

struct mail_part {
	uint32_t parent, depth; /* the first part, which is the mail, is its own parent */
	struct text header, content;
	struct mail_type type;
	struct text disposition, name; /* "attachment", "inline" or empty; the file's name or empty */
	bool is_multipart;
};

typedef LIST(struct mail_part) mail_part_list; /* in the order of the mail; parts of parts behind their own */
typedef LIST(struct text) mail_defect_list;
typedef LIST(struct text) mail_id_list;

/* INVALID: what is there begins with no header. LIMIT: mail_limits.def. */
enum status mail_parts(struct arena *arena, struct text bytes, mail_part_list *parts_out, mail_defect_list *defects,
		       struct error *error) MUST_CHECK;
/* The value of the first field of that name, in one line, as it is written; false when there is none. */
bool mail_field(struct arena *arena, struct text header, const char *name, struct text *value_out);
/* Message-IDs of a field, without their brackets and what is between them. LIMIT: more than MAIL_REFERENCES_MOST. */
enum status mail_ids(struct arena *arena, struct text value, mail_id_list *ids_out) MUST_CHECK;

/* LIMIT with its sentence. */
enum mail_limit_name {
#define X(name, most, sentence) name##_LIMIT,
#include "connectors/mail_limits.def"
#undef X
};
enum status mail_over(enum mail_limit_name limit, struct error *error) MUST_CHECK;

#endif
