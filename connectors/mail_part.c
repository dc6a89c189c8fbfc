/* Splits a mail into its parts (RFC 2046). By hand, so that depth, number and headers are counted while they are found, and
 * what a stranger nests costs no more than its bytes. Must lose nothing: what is not whole is a part as far as it goes. */
#include <strings.h>

#include "connectors/mail_part.h"
#include "connectors/mail_text.h"

struct splitting {
	struct arena *arena;
	mail_part_list *parts;
	mail_defect_list *defects;
	struct error *error;
};

static const struct {
	const char *sentence;
	unsigned most;
} limits[] = {
#define X(name, most, sentence) {sentence, most},
#include "connectors/mail_limits.def"
#undef X
};

enum status mail_over(enum mail_limit_name limit, struct error *error)
{
	return error_set(error, LIMIT, limits[limit].sentence, limits[limit].most);
}

static void defect_add(struct splitting *splitting, const char *sentence)
{
	for (uint32_t i = 0; i < splitting->defects->count; i++)
		if (text_is(splitting->defects->items[i], sentence))
			return;
	*list_add(splitting->arena, splitting->defects) = text_from(sentence);
}

/* --- headers */
static struct text without_return(struct text line)
{
	return text_ends(line, TEXT("\r")) ? text_slice(line, 0, line.length - 1) : line;
}

static bool goes_on(struct text line)
{
	return line.length && (line.bytes[0] == ' ' || line.bytes[0] == '\t');
}

/* The length of the name before a colon; 0: that is no field. */
static uint32_t field_name_length(struct text line)
{
	uint32_t length = 0;

	while (length < line.length && line.bytes[length] > ' ' && line.bytes[length] < 0x7f && line.bytes[length] != ':')
		length++;
	uint32_t colon = length;
	while (colon < line.length && goes_on(text_slice(line, colon, line.length)))
		colon++;
	return colon < line.length && line.bytes[colon] == ':' ? length : 0;
}

bool mail_field(struct arena *arena, struct text header, const char *name, struct text *value_out)
{
	struct text_builder value = {.arena = arena};
	struct text line;
	bool found = false;

	while (mail_line_take(&header, &line)) {
		uint32_t length = goes_on(line) ? 0 : field_name_length(line);
		if (found && !goes_on(line))
			break;
		if (!found && length == strlen(name) && mail_starts(line, name)) {
			found = true;
			line = text_slice(line, (uint32_t)text_find(line, TEXT(":")) + 1, line.length);
		}
		if (found)
			builder_add(&value, without_return(line));
	}
	*value_out = found ? text_trim(builder_text(&value)) : TEXT("");
	return found;
}

/* One that stands without brackets is one, too, if there is nothing else. */
enum status mail_ids(struct arena *arena, struct text value, mail_id_list *ids_out)
{
	uint32_t open = 0;
	bool inside = false;

	for (uint32_t i = 0; i < value.length; i++) {
		if (value.bytes[i] == '<') {
			open = i + 1;
			inside = true;
		} else if (value.bytes[i] == '>' && inside) {
			inside = false;
			struct text id = mail_line_clean(arena, text_slice(value, open, i));
			if (ids_out->count == MAIL_REFERENCES_MOST)
				return LIMIT;
			if (id.length)
				*list_add(arena, ids_out) = id;
		}
	}
	if (!ids_out->count && text_find(value, TEXT("@")) > 0 && text_find(value, TEXT(" ")) < 0)
		*list_add(arena, ids_out) = mail_line_clean(arena, value);
	return OK;
}

/* Up to the empty line, or to the first that is no field. */
static enum status header_split(struct splitting *splitting, struct text bytes, struct text *header_out,
				struct text *content_out)
{
	struct text rest = bytes, before = bytes, line;
	uint32_t fields = 0;

	while (mail_line_take(&rest, &line)) {
		line = without_return(line);
		bool is_field = field_name_length(line) > 0;
		uint32_t length = bytes.length - before.length;
		fields += is_field;
		if (length > MAIL_HEADER_BYTES_MOST)
			return mail_over(MAIL_HEADER_BYTES_LIMIT, splitting->error);
		if (fields > MAIL_HEADER_FIELDS_MOST)
			return mail_over(MAIL_HEADER_FIELDS_LIMIT, splitting->error);
		if (!line.length || (!is_field && !(goes_on(line) && fields))) {
			*header_out = text_slice(bytes, 0, length);
			*content_out = line.length ? before : rest;
			return OK;
		}
		before = rest;
	}
	if (bytes.length > MAIL_HEADER_BYTES_MOST)
		return mail_over(MAIL_HEADER_BYTES_LIMIT, splitting->error);
	*header_out = bytes;
	*content_out = TEXT("");
	return OK;
}

/* --- parts */
static void part_describe(struct splitting *splitting, struct mail_part *part)
{
	struct arena *arena = splitting->arena;
	struct text type, disposition;

	mail_field(arena, part->header, "Content-Type", &type);
	mail_field(arena, part->header, "Content-Disposition", &disposition);
	part->type = mail_type(arena, type);
	mail_disposition(arena, disposition, &part->disposition, &part->name);
	if (!part->name.length)
		part->name = part->type.name;
	part->is_multipart = text_starts(part->type.type, TEXT("multipart/")) && part->type.boundary.length;
	if (text_starts(part->type.type, TEXT("multipart/")) && !part->is_multipart)
		defect_add(splitting, "a part of parts does not say what stands between them");
}

static enum status part_add(struct splitting *splitting, struct text bytes, uint32_t parent)
{
	struct mail_part part = {.parent = parent};
	enum status status = header_split(splitting, bytes, &part.header, &part.content);

	if (status != OK)
		return status;
	part.depth = splitting->parts->count ? splitting->parts->items[parent].depth + 1 : 0;
	if (part.depth > MAIL_DEPTH_MOST)
		return mail_over(MAIL_DEPTH_LIMIT, splitting->error);
	if (splitting->parts->count == MAIL_PARTS_MOST)
		return mail_over(MAIL_PARTS_LIMIT, splitting->error);
	part_describe(splitting, &part);
	*list_add(splitting->arena, splitting->parts) = part;
	return OK;
}

enum border { NO_BORDER, BORDER, LAST_BORDER };

static enum border border_of(struct text line, struct text boundary)
{
	if (line.length < boundary.length + 2 || memcmp(line.bytes, "--", 2) ||
	    memcmp(line.bytes + 2, boundary.bytes, boundary.length))
		return NO_BORDER;
	struct text behind = text_trim(text_slice(line, boundary.length + 2, line.length));
	return !behind.length ? BORDER : text_is(behind, "--") ? LAST_BORDER : NO_BORDER;
}

/* What is between two borders; the line end before a border belongs to that. */
static struct text between(struct text content, uint32_t from, uint32_t until)
{
	until -= until > from && content.bytes[until - 1] == '\n';
	until -= until > from && content.bytes[until - 1] == '\r';
	return text_slice(content, from, until);
}

static enum status multipart_split(struct splitting *splitting, uint32_t index)
{
	struct mail_part part = splitting->parts->items[index];
	struct text rest = part.content, line;
	enum border border = NO_BORDER;
	uint32_t from = 0;
	bool inside = false;

	while (border != LAST_BORDER) {
		uint32_t at = part.content.length - rest.length;
		bool is_end = !mail_line_take(&rest, &line);
		border = is_end ? LAST_BORDER : border_of(line, part.type.boundary);
		if (border == NO_BORDER)
			continue;
		enum status status = inside ? part_add(splitting, between(part.content, from, at), index) : OK;
		if (status != OK)
			return status;
		if (is_end)
			defect_add(splitting, inside ? "the mail ends within a part" : "a part of parts has none");
		inside = true;
		from = part.content.length - rest.length;
	}
	return OK;
}

/* Parts that a part of parts does not have are not lost: then it is a text. */
static void multipart_settle(mail_part_list *parts, uint32_t index)
{
	struct mail_part *part = &parts->items[index];

	if (list_last(parts)->parent == index && parts->count - 1 > index)
		return;
	part->is_multipart = false;
	part->type = (struct mail_type){.type = TEXT("text/plain")};
}

enum status mail_parts(struct arena *arena, struct text bytes, mail_part_list *parts_out, mail_defect_list *defects,
		       struct error *error)
{
	struct splitting splitting = {arena, parts_out, defects, error};

	if (bytes.length > MAIL_BYTES_MOST)
		return mail_over(MAIL_BYTES_LIMIT, error);
	enum status status = part_add(&splitting, bytes, 0);
	if (status == OK && !parts_out->items[0].header.length)
		return error_set(error, INVALID, "this is no mail: it does not begin with a header");
	for (uint32_t i = 0; status == OK && i < parts_out->count; i++) {
		if (!parts_out->items[i].is_multipart)
			continue;
		status = multipart_split(&splitting, i);
		if (status == OK)
			multipart_settle(parts_out, i);
	}
	return status;
}
