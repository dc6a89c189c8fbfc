/* Person or machine: signs that mails carry in their headers, looked up in a table. Must never read what a mail says: words are
 * no sign of who wrote them. */
#include "connectors/mail_kind.h"
#include "connectors/mail_text.h"

const char *mail_kind_name(enum mail_kind kind)
{
	static const char *const names[] = {
#define X(kind, name) [kind] = name,
#include "connectors/mail_kinds.def"
#undef X
	};

	return names[kind];
}

enum sign { IS_THERE, STARTS, STARTS_NOT };

static const struct {
	const char *field;
	enum sign sign;
	const char *value;
	enum mail_kind kind;
} signs[] = {
#define X(field, sign, value, kind) {field, sign, value, kind},
#include "connectors/mail_signs.def"
#undef X
};

static bool sign_holds(struct arena *arena, struct text header, size_t sign)
{
	struct text value;

	if (!mail_field(arena, header, signs[sign].field, &value))
		return false;
	value = mail_words(arena, value);
	return signs[sign].sign == IS_THERE || mail_starts(value, signs[sign].value) == (signs[sign].sign == STARTS);
}

static enum mail_kind kind_by_signs(struct arena *arena, struct text header)
{
	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
		if (sign_holds(arena, header, i))
			return signs[i].kind;
	return MAIL_PERSON;
}

enum mail_kind mail_kind_of(struct arena *arena, const struct mail_part *mail, struct text from, struct text mark)
{
	struct text value;
	bool marked = mail_field(arena, mail->header, MAIL_MARK, &value);

	if (marked && mark.length && text_equal(value, mark))
		return MAIL_LOOP;
	if (text_is(mail->type.type, "multipart/report") && text_is(mail->type.report_type, "delivery-status"))
		return MAIL_BOUNCE;
	enum mail_kind kind = kind_by_signs(arena, mail->header);
	if (kind == MAIL_AUTOMATIC && mail_field(arena, mail->header, "In-Reply-To", &value))
		return MAIL_AUTO_REPLY; /* as Exchange tells of an absence */
	return kind != MAIL_AUTO_REPLY && mail_starts(from, "mailer-daemon@") ? MAIL_BOUNCE : kind;
}
