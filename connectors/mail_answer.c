/* What somebody wrote themselves. Must rather leave too much than take a word away that was meant: where it is not sure, the
 * line stays. */
#include "connectors/mail_text.h"
#include "engine/base/list.h"

enum {
	BLOCK_LINES = 8,    /* in which a block of a mail before says from whom, to whom and about what … */
	BLOCK_FIELDS = 2,   /* … in so many lines at least, beside the first */
	SENTENCE_LINES = 3, /* over which "On … wrote:" may be broken */
};

typedef LIST(struct text) line_list;

static const char *const senders[] = {"Von:", "From:", NULL};
static const char *const fields[] = {
	"Gesendet:", "Sent:", "Datum:", "Date:", "An:", "To:", "Cc:", "Kopie:", "Betreff:", "Subject:", NULL};
static const char *const dividers[] = {"Ursprüngliche Nachricht", "Original Message", "Originalnachricht", NULL};
static const char *const telephones[] = {"Gesendet von ",
					 "Von meinem iPhone gesendet",
					 "Von meinem iPad gesendet",
					 "Diese Nachricht wurde von meinem ",
					 "Sent from my ",
					 "Get Outlook for ",
					 "Outlook für iOS beziehen",
					 "Outlook für Android beziehen",
					 "Holen Sie sich Outlook für ",
					 NULL};

static bool starts_among(struct text line, const char *const *words)
{
	for (; *words; words++)
		if (mail_starts(line, *words))
			return true;
	return false;
}

static bool has_among(struct text line, const char *const *words)
{
	for (; *words; words++)
		if (text_find(line, text_from(*words)) >= 0)
			return true;
	return false;
}

/* Bold in a plain mail: "*Von:* Anna". */
static struct text unmarked(struct text line)
{
	line = text_trim(line);
	while (line.length && line.bytes[0] == '*')
		line = text_slice(line, 1, line.length);
	return line;
}

static bool is_made_of(struct text line, char byte)
{
	for (uint32_t i = 0; i < line.length; i++)
		if (line.bytes[i] != byte)
			return false;
	return line.length >= 10;
}

static bool is_quoted(struct text line)
{
	return line.length && line.bytes[0] == '>';
}

/* --- what begins the mail before */
static uint32_t next_full(const line_list *lines, uint32_t at)
{
	while (at < lines->count && !text_trim(lines->items[at]).length)
		at++;
	return at;
}

static bool is_block(const line_list *lines, uint32_t at)
{
	uint32_t found = 0;

	if (!starts_among(unmarked(lines->items[at]), senders))
		return false;
	for (uint32_t i = at + 1; i < lines->count && i < at + BLOCK_LINES; i++)
		found += starts_among(unmarked(lines->items[i]), fields);
	return found >= BLOCK_FIELDS;
}

static bool is_divider(const line_list *lines, uint32_t at)
{
	struct text line = text_trim(lines->items[at]);

	if (text_starts(line, TEXT("---")) && has_among(line, dividers))
		return true;
	return is_made_of(line, '_') && at + 1 < lines->count && is_block(lines, at + 1);
}

static bool is_sentence(struct text text)
{
	bool german = text_find(text, TEXT(" schrieb")) >= 0 &&
		      (text_starts(text, TEXT("Am ")) || text_find(text, TEXT(" schrieb am ")) >= 0);
	bool english = text_starts(text, TEXT("On ")) && text_ends(text, TEXT(" wrote:"));

	return text_ends(text, TEXT(":")) && (german || english);
}

/* "On … wrote:" from this line on; how many lines it is, 0 for none. */
static uint32_t sentence_lines(struct arena *arena, const line_list *lines, uint32_t at, struct text *sentence_out)
{
	*sentence_out = text_trim(lines->items[at]);
	for (uint32_t count = 1; count <= SENTENCE_LINES; count++) {
		if (is_sentence(*sentence_out))
			return count;
		if (at + count == lines->count || !text_trim(lines->items[at + count]).length ||
		    is_quoted(lines->items[at + count]))
			return 0;
		*sentence_out = text_format(arena, "%.*s %.*s", TEXT_ARGS(*sentence_out),
					    TEXT_ARGS(text_trim(lines->items[at + count])));
	}
	return 0;
}

static bool may_begin_sentence(struct text line)
{
	return line.length < 300 &&
	       (text_starts(line, TEXT("Am ")) || text_starts(line, TEXT("On ")) || text_find(line, TEXT(" schrieb am ")) >= 0);
}

/* How many lines to leave out from here on: what is quoted behind the sentence is seen by its ">". Without one, only a sentence
 * that names an address is sure to be a machine's, and all behind it is the mail before. */
static uint32_t sentence_skip(struct arena *arena, const line_list *lines, uint32_t at)
{
	struct text sentence;
	uint32_t count = may_begin_sentence(lines->items[at]) ? sentence_lines(arena, lines, at, &sentence) : 0;
	uint32_t next = count ? next_full(lines, at + count) : 0;

	if (!count)
		return 0;
	if (next < lines->count && is_quoted(lines->items[next]))
		return count;
	return text_find(sentence, TEXT("@")) >= 0 ? lines->count - at : 0;
}

/* --- the answer */
static uint32_t lines_skip(struct arena *arena, const line_list *lines, uint32_t at)
{
	struct text line = text_trim(lines->items[at]);

	if (text_is(line, "--") || is_divider(lines, at) || is_block(lines, at))
		return lines->count - at;
	if (is_quoted(lines->items[at]) || starts_among(line, telephones))
		return 1;
	return sentence_skip(arena, lines, at);
}

/* No empty lines at the ends, and one for many. */
static void line_keep(struct text_builder *answer, struct text line, uint32_t *empty)
{
	if (!text_trim(line).length) {
		++*empty;
		return;
	}
	if (answer->length && *empty)
		builder_add_char(answer, '\n');
	*empty = 0;
	builder_add(answer, line);
	builder_add_char(answer, '\n');
}

struct text mail_answer(struct arena *arena, struct text text)
{
	struct text_builder answer = {.arena = arena};
	line_list lines = {0};
	struct text line;
	uint32_t empty = 0;

	while (mail_line_take(&text, &line))
		*list_add(arena, &lines) = line;
	for (uint32_t at = 0; at < lines.count;) {
		uint32_t skip = lines_skip(arena, &lines, at);
		if (!skip)
			line_keep(&answer, lines.items[at], &empty);
		at += skip ? skip : 1;
		empty += skip > 0;
	}
	return text_trim(builder_text(&answer));
}
