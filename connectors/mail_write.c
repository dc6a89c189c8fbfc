/* Writes mails: header, envelope and text. Must never let what a pack puts into a field become a field of its own. */
#include "connectors/mail_write.h"
#include "connectors/mail.h"
#include "connectors/mail_gmime.h"
#include "connectors/mail_text.h"

enum { ADDRESS_MOST = 254 /* RFC 5321 */, LINE_MOST = 998 /* RFC 5322 */ };

struct writing {
	struct arena *arena;
	struct error *error;
	const struct json *document;
	struct mail_letter *letter;
	struct text_builder text;
};

static const char *const members[] = {"from", "to",         "cc",          "bcc",        "reply_to", "subject",
				      "text", "message_id", "in_reply_to", "references", "language", "automatic"};

/* --- what is refused */
static enum status members_check(struct writing *writing)
{
	if (json_kind(writing->document) != JSON_OBJECT)
		return error_set(writing->error, INVALID, "a mail is `{ from = …; to = …; subject = …; text = … }`");
	for (const struct json *each = json_first(writing->document); each; each = json_next(each)) {
		size_t i = 0;
		while (i < sizeof members / sizeof *members && !text_is(json_name(each), members[i]))
			i++;
		if (i == sizeof members / sizeof *members)
			return error_set(writing->error, INVALID, "a mail has no `%.*s`", TEXT_ARGS(json_name(each)));
	}
	return OK;
}

static bool has_control(struct text text)
{
	for (uint32_t i = 0; i < text.length; i++)
		if ((unsigned char)text.bytes[i] < ' ' || text.bytes[i] == 0x7f)
			return true;
	return false;
}

static enum status line_check(struct writing *writing, const char *name, struct text line)
{
	if (has_control(line))
		return error_set(writing->error, INVALID, "`%s` of the mail has a line break or another control character",
				 name);
	return OK;
}

/* What mail servers take without SMTPUTF8: no blanks, no brackets, nothing that a shell or a list of addresses would split. */
static bool is_address(struct text address)
{
	int64_t at = text_find(address, TEXT("@"));

	for (uint32_t i = 0; i < address.length; i++) {
		unsigned char byte = (unsigned char)address.bytes[i];
		if (byte <= ' ' || byte >= 0x7f || strchr("<>()[],;:\\\"", byte) || (byte == '@' && i != at))
			return false;
	}
	return at > 0 && at + 1 < address.length && address.length <= ADDRESS_MOST;
}

/* Of a Message-ID, too: it has the form of an address. */
static enum status id_check(struct writing *writing, const char *name, struct text id)
{
	if (!is_address(id))
		return error_set(writing->error, INVALID, "`%s` of the mail is no Message-ID: \"%.*s\"", name, TEXT_ARGS(id));
	return OK;
}

/* --- fields */
static void field_write(struct writing *writing, const char *name, struct text value)
{
	builder_add(&writing->text, mail_words_write(writing->arena, name, value));
	builder_add_char(&writing->text, '\n');
}

static enum status text_of(struct writing *writing, const char *name, struct text *text_out)
{
	const struct json *value = json_member(writing->document, text_from(name));

	*text_out = TEXT("");
	if (!value || json_kind(value) == JSON_NULL)
		return OK;
	if (json_kind(value) != JSON_TEXT)
		return error_set(writing->error, INVALID, "`%s` of the mail is no text", name);
	*text_out = json_text(value);
	return OK;
}

/* --- addresses */
static enum status address_read(struct writing *writing, const char *name, const struct json *value,
				mail_address_list *addresses)
{
	if (json_kind(value) == JSON_OBJECT) {
		struct mail_address *address = list_add(writing->arena, addresses);
		*address = (struct mail_address){json_member_text(value, "name"), json_member_text(value, "address")};
		return line_check(writing, name, address->name);
	}
	if (json_kind(value) != JSON_TEXT)
		return error_set(writing->error, INVALID, "`%s` of the mail is no address", name);
	enum status status = line_check(writing, name, json_text(value));
	uint32_t before = addresses->count;
	if (status == OK && mail_addresses(writing->arena, json_text(value), addresses) != OK)
		return error_set(writing->error, LIMIT, "`%s` of the mail has too many addresses", name);
	if (status == OK && addresses->count == before)
		return error_set(writing->error, INVALID, "`%s` of the mail is no address: \"%.*s\"", name,
				 TEXT_ARGS(json_text(value)));
	return status;
}

static enum status addresses_read(struct writing *writing, const char *name, mail_address_list *addresses)
{
	const struct json *value = json_member(writing->document, text_from(name));
	enum status status = OK;

	if (!value || json_kind(value) == JSON_NULL)
		return OK;
	if (json_kind(value) != JSON_LIST)
		status = address_read(writing, name, value, addresses);
	else
		for (const struct json *each = json_first(value); status == OK && each; each = json_next(each))
			status = address_read(writing, name, each, addresses);
	for (uint32_t i = 0; status == OK && i < addresses->count; i++)
		if (!is_address(addresses->items[i].address))
			return error_set(writing->error, INVALID, "`%s` of the mail is no address: \"%.*s\"", name,
					 TEXT_ARGS(addresses->items[i].address));
	return status;
}

static void addresses_write(struct writing *writing, const char *name, const mail_address_list *addresses)
{
	if (!addresses->count)
		return;
	builder_format(&writing->text, "%s: ", name);
	for (uint32_t i = 0; i < addresses->count; i++) {
		builder_add_string(&writing->text, i ? ",\n " : "");
		builder_add(&writing->text, mail_address_write(writing->arena, &addresses->items[i]));
	}
	builder_add_string(&writing->text, "\n");
}

static enum status receivers_add(struct writing *writing, const mail_address_list *addresses)
{
	struct mail_letter *letter = writing->letter;

	for (uint32_t i = 0; i < addresses->count; i++) {
		struct text address = addresses->items[i].address;
		if (letter->receiver_count == MAIL_RECEIVERS_MOST)
			return error_set(writing->error, INVALID, "a mail goes to at most %d addresses", MAIL_RECEIVERS_MOST);
		letter->receivers[letter->receiver_count++] = arena_string(writing->arena, address.bytes, address.length);
	}
	return OK;
}

static enum status sender_write(struct writing *writing)
{
	mail_address_list from = {0}, reply_to = {0};
	enum status status = addresses_read(writing, "from", &from);

	if (status == OK && from.count != 1)
		return error_set(writing->error, INVALID, "`from` of the mail is one address");
	if (status == OK)
		status = addresses_read(writing, "reply_to", &reply_to);
	if (status != OK)
		return status;
	struct text address = from.items[0].address;
	writing->letter->sender = arena_string(writing->arena, address.bytes, address.length);
	addresses_write(writing, "From", &from);
	addresses_write(writing, "Reply-To", &reply_to);
	return OK;
}

static enum status receivers_write(struct writing *writing)
{
	static const char *const names[][2] = {{"to", "To"}, {"cc", "Cc"}, {"bcc", NULL}};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		mail_address_list addresses = {0};
		enum status status = addresses_read(writing, names[i][0], &addresses);
		if (status == OK)
			status = receivers_add(writing, &addresses);
		if (status != OK)
			return status;
		if (names[i][1]) /* nobody reads who else got it */
			addresses_write(writing, names[i][1], &addresses);
	}
	if (!writing->letter->receiver_count)
		return error_set(writing->error, INVALID, "the mail goes to nobody");
	return OK;
}

/* --- the thread it belongs to */
static enum status id_write(struct writing *writing, struct text id)
{
	const char *domain = strchr(writing->letter->sender, '@');
	struct text given;
	enum status status = text_of(writing, "message_id", &given);

	if (status == OK && given.length)
		status = id_check(writing, "message_id", given);
	if (status != OK)
		return status;
	writing->letter->message_id = given.length ? given : text_format(writing->arena, "%.*s%s", TEXT_ARGS(id), domain);
	builder_format(&writing->text, "Message-ID: <%.*s>\n", TEXT_ARGS(writing->letter->message_id));
	return OK;
}

static enum status reference_write(struct writing *writing, const char *name, const struct json *value, bool is_first)
{
	if (json_kind(value) != JSON_TEXT)
		return error_set(writing->error, INVALID, "`%s` of the mail is no text", name);
	enum status status = id_check(writing, name, json_text(value));
	if (status == OK)
		builder_format(&writing->text, "%s<%.*s>", is_first ? "" : "\n ", TEXT_ARGS(json_text(value)));
	return status;
}

static enum status references_write(struct writing *writing, const char *name, const char *field)
{
	const struct json *value = json_member(writing->document, text_from(name));
	enum status status = OK;

	if (!value || json_kind(value) == JSON_NULL || (json_kind(value) == JSON_LIST && !json_count(value)))
		return OK;
	builder_format(&writing->text, "%s: ", field);
	if (json_kind(value) != JSON_LIST)
		status = reference_write(writing, name, value, true);
	else
		for (const struct json *each = json_first(value); status == OK && each; each = json_next(each))
			status = reference_write(writing, name, each, each == json_first(value));
	builder_add_string(&writing->text, "\n");
	return status;
}

/* --- what it says */
static enum status facts_write(struct writing *writing)
{
	const struct json *automatic = json_member(writing->document, TEXT("automatic"));
	struct text subject, language;
	enum status status = text_of(writing, "subject", &subject);

	if (status == OK)
		status = line_check(writing, "subject", subject);
	if (status == OK && !subject.length)
		status = error_set(writing->error, INVALID, "the mail has no `subject`");
	if (status == OK)
		status = text_of(writing, "language", &language);
	if (status == OK)
		status = line_check(writing, "language", language);
	if (status != OK)
		return status;
	field_write(writing, "Subject", subject);
	if (language.length)
		field_write(writing, "Content-Language", language);
	if (automatic && (json_kind(automatic) != JSON_BOOL))
		return error_set(writing->error, INVALID, "`automatic` of the mail is true or false");
	if (!automatic || json_bool(automatic))
		builder_add_string(&writing->text, "Auto-Submitted: auto-generated\nX-Auto-Response-Suppress: All\n");
	return OK;
}

static void sending_date_write(struct writing *writing, moment at)
{
	static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	int year, month, day;
	clock_time time;
	date today;

	moment_to_local(zone_utc(), at, &today, &time);
	date_to_civil(today, &year, &month, &day);
	builder_format(&writing->text, "Date: %s, %d %s %d %02d:%02d:%02d +0000\n", days[date_weekday(today) - MONDAY], day,
		       months[month - 1], year, time / 3600, time / 60 % 60, time % 60);
}

/* Lines end with CRLF, and the last one ends. */
static struct text lines_of(struct arena *arena, struct text text)
{
	struct text_builder lines = {.arena = arena};
	struct text line;

	while (mail_line_take(&text, &line)) {
		builder_add(&lines, line);
		builder_add_string(&lines, "\r\n");
	}
	return builder_text(&lines);
}

/* The library ends its own lines with \n. */
static enum status body_write(struct writing *writing)
{
	struct text text;
	enum status status = text_of(writing, "text", &text);

	if (status == OK && !text.length)
		return error_set(writing->error, INVALID, "the mail has no `text`");
	if (status != OK)
		return status;
	builder_add_string(&writing->text, "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
					   "Content-Transfer-Encoding: quoted-printable\n\n");
	builder_add(&writing->text, mail_encoded(writing->arena, mail_text_clean(writing->arena, text)));
	return OK;
}

static enum status header_write(struct writing *writing, struct text id, moment at)
{
	enum status status = sender_write(writing);

	if (status == OK)
		status = receivers_write(writing);
	if (status == OK)
		status = id_write(writing, id);
	if (status == OK)
		status = references_write(writing, "in_reply_to", "In-Reply-To");
	if (status == OK)
		status = references_write(writing, "references", "References");
	if (status == OK)
		status = facts_write(writing);
	if (status != OK)
		return status;
	sending_date_write(writing, at);
	builder_format(&writing->text, MAIL_MARK ": %s\n", strchr(writing->letter->sender, '@') + 1);
	return OK;
}

static enum status lengths_check(struct writing *writing)
{
	struct text rest = {writing->text.bytes, writing->text.length}, line;

	while (mail_line_take(&rest, &line))
		if (line.length > LINE_MOST)
			return error_set(writing->error, INVALID, "a field of the mail is longer than %d bytes", LINE_MOST);
	return OK;
}

enum status mail_write(struct arena *arena, const struct json *document, struct text id, moment at,
		       struct mail_letter *letter_out, struct error *error)
{
	struct writing writing = {arena, error, document, letter_out, {.arena = arena}};

	*letter_out = (struct mail_letter){0};
	enum status status = members_check(&writing);
	if (status == OK)
		status = header_write(&writing, id, at);
	if (status == OK)
		status = lengths_check(&writing);
	if (status == OK)
		status = body_write(&writing);
	if (status == OK)
		letter_out->bytes = lines_of(arena, builder_text(&writing.text));
	return status;
}
