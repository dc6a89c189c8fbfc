/* A mail becomes a document: which of its parts are text and which are files, and what its header says. Must refuse only what
 * is no mail or too much of one; whatever else is wrong with it stands among its defects. */
#include "connectors/mail_kind.h"
#include "connectors/mail_text.h"
#include "engine/base/json.h"
#include "engine/base/letters.h"

struct attachment {
	const struct mail_part *part;
	struct text name, sha256, content;
};

struct reading {
	struct arena *arena;
	struct error *error;
	struct mail *mail;
	mail_part_list parts;
	mail_defect_list defects;
	LIST(struct attachment) attachments;
	struct text_builder text;
};

static struct text field(const struct reading *reading, const struct mail_part *part, const char *name)
{
	struct text value;

	mail_field(reading->arena, part->header, name, &value);
	return value;
}

static struct text content_of(const struct reading *reading, const struct mail_part *part)
{
	return mail_decoded(reading->arena, field(reading, part, "Content-Transfer-Encoding"), part->content);
}

/* --- what it says */
static bool is_text(const struct mail_part *part, const char *type)
{
	return text_is(part->type.type, type) && !part->name.length && !text_is(part->disposition, "attachment");
}

static struct text plain_of(const struct reading *reading, const struct mail_part *part)
{
	struct arena *arena = reading->arena;
	struct text text = mail_text_decode(arena, content_of(reading, part), part->type.charset);

	text = mail_text_clean(arena, text);
	if (text_is(part->type.type, "text/html"))
		return mail_html_plain(arena, text);
	if (text_is(part->type.format, "flowed"))
		return mail_text_unflow(arena, text, text_is(part->type.delsp, "yes"));
	return text;
}

/* Of several ways to say the same the plain one counts, if it says anything: its index; 0: there is none. */
static uint32_t plain_among(const struct reading *reading, uint32_t above)
{
	for (uint32_t i = above + 1; i < reading->parts.count; i++) {
		const struct mail_part *part = &reading->parts.items[i];
		if (part->parent == above && is_text(part, "text/plain") && part->content.length <= MAIL_TEXT_MOST &&
		    text_trim(plain_of(reading, part)).length)
			return i;
	}
	return 0;
}

static void text_take(struct reading *reading, const struct mail_part *part)
{
	struct text text = plain_of(reading, part);

	if (reading->text.length && reading->text.bytes[reading->text.length - 1] != '\n')
		builder_add_char(&reading->text, '\n');
	builder_add(&reading->text, text);
}

/* --- files */
/* The last piece of a path: no name of a stranger leads anywhere. */
static struct text name_of(struct reading *reading, const struct mail_part *part)
{
	struct text name = part->name;

	for (uint32_t i = name.length; i > 0; i--)
		if (name.bytes[i - 1] == '/' || name.bytes[i - 1] == '\\') {
			name = text_slice(name, i, name.length);
			break;
		}
	name = text_trim(name);
	if (name.length && !text_is(name, ".") && !text_is(name, ".."))
		return name;
	if (text_is(part->type.type, "message/rfc822"))
		return TEXT("message.eml");
	return text_format(reading->arena, "part-%u", (uint32_t)(part - reading->parts.items));
}

static enum status file_take(struct reading *reading, const struct mail_part *part)
{
	struct arena *arena = reading->arena;
	struct text content = content_of(reading, part), sha256 = mail_sha256(arena, content);

	if (reading->attachments.count == MAIL_ATTACHMENTS_MOST)
		return mail_over(MAIL_ATTACHMENTS_LIMIT, reading->error);
	*list_add(arena, &reading->attachments) = (struct attachment){part, name_of(reading, part), sha256, content};
	*list_add(arena, &reading->mail->files) = (struct mail_file){sha256, content};
	return OK;
}

static enum status part_take(struct reading *reading, uint32_t index, bool is_said);

/* `is_said`: its text has been taken already, in another form; its files have not. */
static enum status multipart_take(struct reading *reading, uint32_t index, bool is_said)
{
	bool is_choice = text_is(reading->parts.items[index].type.type, "multipart/alternative");
	uint32_t plain = is_choice && !is_said ? plain_among(reading, index) : 0;
	enum status status = OK;

	for (uint32_t i = index + 1; status == OK && i < reading->parts.count; i++)
		if (reading->parts.items[i].parent == index)
			status = part_take(reading, i, is_said || (plain && i != plain));
	return status;
}

static enum status part_take(struct reading *reading, uint32_t index, bool is_said)
{
	const struct mail_part *part = &reading->parts.items[index];

	if (part->is_multipart)
		return multipart_take(reading, index, is_said);
	if (!is_text(part, "text/plain") && !is_text(part, "text/html"))
		return file_take(reading, part);
	if (is_said)
		return OK;
	if (part->content.length + reading->text.length > MAIL_TEXT_MOST)
		return file_take(reading, part);
	text_take(reading, part);
	return OK;
}

/* --- the document */
static void addresses_write(struct json_writer *writer, const mail_address_list *addresses)
{
	for (uint32_t i = 0; i < addresses->count; i++) {
		json_open_object(writer);
		json_write_member(writer, "address", addresses->items[i].address);
		json_write_member(writer, "name", addresses->items[i].name);
		json_close_object(writer);
	}
}

static enum status receivers_write(struct reading *reading, struct json_writer *writer, const char *name, const char *from)
{
	mail_address_list addresses = {0};

	if (mail_addresses(reading->arena, field(reading, &reading->parts.items[0], from), &addresses) != OK)
		return mail_over(MAIL_ADDRESSES_LIMIT, reading->error);
	json_write_name(writer, text_from(name));
	json_open_list(writer);
	addresses_write(writer, &addresses);
	json_close_list(writer);
	return OK;
}

static enum status people_write(struct reading *reading, struct json_writer *writer, const struct mail_address *from)
{
	static const char *const names[][2] = {{"to", "To"}, {"cc", "Cc"}, {"reply_to", "Reply-To"}};
	struct text path;

	json_write_name(writer, TEXT("from"));
	json_open_object(writer);
	json_write_member(writer, "address", from->address);
	json_write_member(writer, "name", from->name);
	json_close_object(writer);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		enum status status = receivers_write(reading, writer, names[i][0], names[i][1]);
		if (status != OK)
			return status;
	}
	if (mail_field(reading->arena, reading->parts.items[0].header, "Return-Path", &path))
		json_write_member(writer, "return_path", mail_words(reading->arena, path));
	return OK;
}

static enum status ids_write(struct reading *reading, struct json_writer *writer)
{
	const struct mail_part *mail = &reading->parts.items[0];
	mail_id_list own = {0}, before = {0}, references = {0};

	if (mail_ids(reading->arena, field(reading, mail, "Message-ID"), &own) != OK ||
	    mail_ids(reading->arena, field(reading, mail, "In-Reply-To"), &before) != OK ||
	    mail_ids(reading->arena, field(reading, mail, "References"), &references) != OK)
		return mail_over(MAIL_REFERENCES_LIMIT, reading->error);
	if (own.count)
		json_write_member(writer, "message_id", own.items[0]);
	else
		*list_add(reading->arena, &reading->defects) = TEXT("the mail has no Message-ID");
	if (before.count)
		json_write_member(writer, "in_reply_to", before.items[0]);
	json_write_name(writer, TEXT("references"));
	json_open_list(writer);
	for (uint32_t i = 0; i < references.count; i++)
		json_write_text(writer, references.items[i]);
	json_close_list(writer);
	reading->mail->identity = own.count ? own.items[0] : TEXT("");
	return OK;
}

/* "de-DE" of "de-DE, en-US;q=0.5". */
static struct text language_of(struct reading *reading)
{
	struct text language = field(reading, &reading->parts.items[0], "Content-Language");
	uint32_t length = 0;

	if (!language.length)
		language = field(reading, &reading->parts.items[0], "Accept-Language");
	while (length < language.length && language.bytes[length] &&
	       strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", language.bytes[length]))
		length++;
	return text_slice(language, 0, length);
}

static void facts_write(struct reading *reading, struct json_writer *writer)
{
	const struct mail_part *mail = &reading->parts.items[0];
	struct text language = language_of(reading), said;
	char written[MOMENT_TEXT];
	moment at;

	json_write_member(writer, "subject", mail_words(reading->arena, field(reading, mail, "Subject")));
	if (language.length)
		json_write_member(writer, "language", language);
	if (!mail_field(reading->arena, mail->header, "Date", &said))
		return;
	if (mail_date(reading->arena, said, &at) != OK) {
		*list_add(reading->arena, &reading->defects) = TEXT("the date of the mail can not be read");
		return;
	}
	json_write_member(writer, "date", (struct text){written, moment_write(at, zone_utc(), written)});
}

static void said_write(struct reading *reading, struct json_writer *writer)
{
	struct text text = builder_text(&reading->text);

	json_write_member(writer, "kind", text_from(mail_kind_name(reading->mail->kind)));
	json_write_member(writer, "text", text_trim(text));
	json_write_member(writer, "answer", mail_answer(reading->arena, text));
}

static void attachments_write(struct reading *reading, struct json_writer *writer)
{
	json_write_name(writer, TEXT("attachments"));
	json_open_list(writer);
	for (uint32_t i = 0; i < reading->attachments.count; i++) {
		const struct attachment *each = &reading->attachments.items[i];
		mail_id_list ids = {0};
		json_open_object(writer);
		json_write_member(writer, "name", each->name);
		json_write_member(writer, "type", each->part->type.type);
		json_write_member_int(writer, "size", each->content.length);
		json_write_member(writer, "sha256", each->sha256);
		json_write_name(writer, TEXT("inline"));
		json_write_bool(writer, text_is(each->part->disposition, "inline"));
		if (mail_ids(reading->arena, field(reading, each->part, "Content-ID"), &ids) == OK && ids.count)
			json_write_member(writer, "content_id", ids.items[0]);
		json_close_object(writer);
	}
	json_close_list(writer);
}

/* --- of a bounce: whom it did not reach (RFC 3464), and the mail that did not */
static const struct mail_part *part_of_type(const struct reading *reading, const char *type)
{
	for (uint32_t i = 0; i < reading->parts.count; i++)
		if (text_is(reading->parts.items[i].type.type, type))
			return &reading->parts.items[i];
	return NULL;
}

/* "rfc822; anna@example.com": what stands behind the kind of it. */
static struct text status_field(struct reading *reading, struct text fields, const char *name)
{
	struct text value;

	mail_field(reading->arena, fields, name, &value);
	int64_t kind = text_find(value, TEXT(";"));
	return mail_words(reading->arena, text_trim(text_slice(value, (uint32_t)(kind + 1), value.length)));
}

static struct text original_id(struct reading *reading)
{
	static const char *const types[] = {"message/rfc822", "text/rfc822-headers", "message/rfc822-headers",
					    "message/global"};
	mail_id_list ids = {0};
	struct text value = TEXT("");

	for (size_t i = 0; i < sizeof types / sizeof *types && !value.length; i++) {
		const struct mail_part *part = part_of_type(reading, types[i]);
		struct text header = part ? content_of(reading, part) : TEXT("");
		mail_field(
			reading->arena,
			text_slice(header, 0, header.length < MAIL_HEADER_BYTES_MOST ? header.length : MAIL_HEADER_BYTES_MOST),
			"Message-ID", &value);
	}
	return mail_ids(reading->arena, value, &ids) == OK && ids.count ? ids.items[0] : TEXT("");
}

static void report_write(struct reading *reading, struct json_writer *writer)
{
	static const char *const names[][2] = {{"recipient", "Final-Recipient"},
					       {"action", "Action"},
					       {"status", "Status"},
					       {"diagnostic", "Diagnostic-Code"}};
	const struct mail_part *part = part_of_type(reading, "message/delivery-status");
	struct text fields = part ? content_of(reading, part) : TEXT(""), original = original_id(reading);

	json_write_name(writer, TEXT("report"));
	json_open_object(writer);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct text value = status_field(reading, fields, names[i][1]);
		if (value.length)
			json_write_member(writer, names[i][0], value);
	}
	if (original.length)
		json_write_member(writer, "original", original);
	json_close_object(writer);
}

static void defects_write(struct reading *reading, struct json_writer *writer)
{
	json_write_name(writer, TEXT("defects"));
	json_open_list(writer);
	for (uint32_t i = 0; i < reading->defects.count; i++)
		json_write_text(writer, reading->defects.items[i]);
	json_close_list(writer);
}

static enum status document_write(struct reading *reading, const struct mail_address *from)
{
	struct text_builder document = {.arena = reading->arena};
	struct json_writer writer = {.text = &document};

	json_open_object(&writer);
	enum status status = ids_write(reading, &writer);
	if (status == OK)
		status = people_write(reading, &writer, from);
	if (status != OK)
		return status;
	facts_write(reading, &writer);
	said_write(reading, &writer);
	attachments_write(reading, &writer);
	if (reading->mail->kind == MAIL_BOUNCE)
		report_write(reading, &writer);
	defects_write(reading, &writer);
	json_close_object(&writer);
	reading->mail->document = builder_text(&document);
	return OK;
}

static enum status sender_find(struct reading *reading, struct mail_address *from_out)
{
	mail_address_list addresses = {0};

	if (mail_addresses(reading->arena, field(reading, &reading->parts.items[0], "From"), &addresses) != OK)
		return mail_over(MAIL_ADDRESSES_LIMIT, reading->error);
	for (uint32_t i = 0; i < addresses.count; i++)
		if (text_find(addresses.items[i].address, TEXT("@")) > 0) {
			*from_out = addresses.items[i];
			return OK;
		}
	return error_set(reading->error, INVALID, "the mail does not say by whom it is: there is no address in its From");
}

enum status mail_parse(struct arena *arena, struct text bytes, struct text mark, struct mail *mail_out, struct error *error)
{
	struct reading reading = {.arena = arena, .error = error, .mail = mail_out, .text = {.arena = arena}};
	struct mail_address from = {0};

	*mail_out = (struct mail){0};
	enum status status = mail_parts(arena, bytes, &reading.parts, &reading.defects, error);
	if (status == OK)
		status = sender_find(&reading, &from);
	if (status == OK)
		status = part_take(&reading, 0, false);
	if (status != OK)
		return status;
	mail_out->kind = mail_kind_of(arena, &reading.parts.items[0], from.address, mark);
	status = document_write(&reading, &from);
	if (status == OK && !mail_out->identity.length)
		mail_out->identity = mail_sha256(arena, bytes);
	return status;
}
