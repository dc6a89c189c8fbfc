/* HTML as plain text. Must not understand more of it than that: what is a line, what is quoted, which character is meant. Each
 * byte is looked at once, whatever is left open. */
#include <stdlib.h>
#include <strings.h>

#include "connectors/mail_text.h"

enum {
	QUOTES_MOST = 8, /* a deeper quote looks like that one */
	BREAKS_MOST = 2, /* one empty line */
	NAME_MOST = 12,
};

struct page {
	struct text_builder text;
	struct text html;
	uint32_t at;
	uint32_t quotes, breaks; /* breaks: line ends before the next character */
	bool blank;              /* before the next character, unless a line ends there */
	bool pre;                /* blanks and line ends are as they stand */
};

/* --- what is written */
static void line_begin(struct page *page)
{
	for (uint32_t i = 0; i < page->breaks && page->text.length; i++)
		builder_add_char(&page->text, '\n');
	if (page->breaks || !page->text.length)
		for (uint32_t i = 0; i < page->quotes && i < QUOTES_MOST; i++)
			builder_add_string(&page->text, "> ");
	page->breaks = 0;
	page->blank = false;
}

static void character_put(struct page *page, struct text character)
{
	if (page->breaks || !page->text.length)
		line_begin(page);
	if (page->blank)
		builder_add_char(&page->text, ' ');
	page->blank = false;
	builder_add(&page->text, character);
}

static void break_put(struct page *page, uint32_t least)
{
	if (page->breaks < least)
		page->breaks = least;
	page->blank = false;
}

static void blank_put(struct page *page, char byte)
{
	if (page->pre && byte == '\n')
		break_put(page, page->breaks < BREAKS_MOST ? page->breaks + 1 : BREAKS_MOST);
	else if (page->pre)
		character_put(page, TEXT(" "));
	else
		page->blank = !page->breaks && page->text.length;
}

/* --- characters with names */
static const struct {
	const char *name;
	uint32_t code;
} named[] = {
#define X(name, code) {#name, code},
#include "connectors/mail_html.def"
#undef X
};

static uint32_t named_code(struct text name)
{
	for (size_t i = 0; i < sizeof named / sizeof *named; i++)
		if (text_is(name, named[i].name))
			return named[i].code;
	return 0;
}

static uint32_t numbered_code(struct text digits)
{
	char copy[NAME_MOST + 1] = "", *end;
	bool hexadecimal = digits.length && (digits.bytes[0] | 0x20) == 'x';

	memcpy(copy, digits.bytes, digits.length);
	unsigned long code = strtoul(copy + hexadecimal, &end, hexadecimal ? 16 : 10);
	bool is_none = *end || !digits.length || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) || code < ' ';
	return is_none ? 0xfffd : (uint32_t)code;
}

static struct text utf8_of(uint32_t code, char bytes[4])
{
	uint32_t more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
	static const unsigned char first[] = {0, 0xc0, 0xe0, 0xf0};

	for (uint32_t i = more; i > 0; i--, code >>= 6)
		bytes[i] = (char)(0x80 | (code & 0x3f));
	bytes[0] = (char)(first[more] | code);
	return (struct text){bytes, more + 1};
}

/* "&name;" or "&#12;" here, else an ampersand. */
static void reference_put(struct page *page)
{
	uint32_t from = page->at + 1, until = from;
	char bytes[4];

	while (until < page->html.length && until - from <= NAME_MOST && page->html.bytes[until] != ';')
		until++;
	struct text name = text_slice(page->html, from, until);
	bool closed = until < page->html.length && name.length && name.length <= NAME_MOST && page->html.bytes[until] == ';';
	uint32_t code = !closed ? 0 : name.bytes[0] == '#' ? numbered_code(text_slice(name, 1, name.length)) : named_code(name);
	page->at = code ? until + 1 : page->at + 1;
	if (code == 0xa0) /* a blank that holds a line together; only in a picture of a page does that matter */
		blank_put(page, ' ');
	else if (code != 0xad)
		character_put(page, code ? utf8_of(code, bytes) : TEXT("&"));
}

/* --- tags */
static bool among(struct text name, const char *names)
{
	for (const char *at = names; *at; at += strlen(at) + 1)
		if (strlen(at) == name.length && !strncasecmp(at, name.bytes, name.length))
			return true;
	return false;
}

/* Up to where the element ends that is no text. */
static void element_skip(struct page *page, struct text name)
{
	for (; page->at < page->html.length; page->at++) {
		struct text rest = text_slice(page->html, page->at, page->html.length);
		if (rest.length > name.length + 2 && rest.bytes[0] == '<' && rest.bytes[1] == '/' &&
		    !strncasecmp(rest.bytes + 2, name.bytes, name.length))
			return;
	}
}

static void tag_apply(struct page *page, struct text name, bool closes)
{
	if (among(name, "script\0style\0title\0template\0") && !closes) {
		element_skip(page, name);
	} else if (among(name, "br\0")) {
		break_put(page, page->breaks < BREAKS_MOST ? page->breaks + 1 : BREAKS_MOST);
	} else if (among(name, "blockquote\0")) {
		break_put(page, 1);
		page->quotes += closes ? (page->quotes ? -1u : 0) : 1;
	} else if (among(name, "p\0h1\0h2\0h3\0h4\0table\0ul\0ol\0")) {
		break_put(page, BREAKS_MOST);
	} else if (among(name, "div\0tr\0hr\0pre\0h5\0h6\0section\0article\0header\0footer\0dt\0dd\0li\0")) {
		break_put(page, 1);
	} else if (among(name, "td\0th\0")) {
		blank_put(page, ' ');
	}
	if (among(name, "pre\0"))
		page->pre = !closes;
	if (among(name, "li\0") && !closes) {
		character_put(page, TEXT("-"));
		page->blank = true;
	}
}

/* Behind the tag: a ">" in a value that stands in quotes does not end it. */
static void tag_end(struct page *page)
{
	char quote = 0, before = 0;

	for (; page->at < page->html.length; page->at++) {
		char byte = page->html.bytes[page->at];
		if (!quote && byte == '>')
			break;
		if (quote)
			quote = byte == quote ? 0 : quote;
		else if (before == '=' && (byte == '"' || byte == '\''))
			quote = byte;
		before = byte == ' ' ? before : byte;
	}
	page->at += page->at < page->html.length;
}

static void tag_take(struct page *page)
{
	uint32_t from = page->at + 1;
	bool closes = from < page->html.length && page->html.bytes[from] == '/';
	uint32_t until = from += closes;

	while (until < page->html.length && until - from < NAME_MOST && strchr("<> \t\r\n/", page->html.bytes[until]) == NULL)
		until++;
	struct text name = text_slice(page->html, from, until);
	page->at = until;
	tag_end(page);
	tag_apply(page, name, closes);
}

static void comment_skip(struct page *page)
{
	struct text rest = text_slice(page->html, page->at, page->html.length);
	int64_t end = text_find(rest, TEXT("-->"));

	page->at = end < 0 ? page->html.length : page->at + (uint32_t)end + 3;
}

static bool is_tag(const struct page *page)
{
	char next = page->at + 1 < page->html.length ? page->html.bytes[page->at + 1] : 0;

	return (next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z') || next == '/' || next == '!' || next == '?';
}

static void page_step(struct page *page)
{
	struct text rest = text_slice(page->html, page->at, page->html.length);
	char byte = rest.bytes[0];

	if (byte == '<' && text_starts(rest, TEXT("<!--")))
		comment_skip(page);
	else if (byte == '<' && is_tag(page))
		tag_take(page);
	else if (byte == '&')
		reference_put(page);
	else {
		if (byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r')
			blank_put(page, byte);
		else
			character_put(page, text_slice(rest, 0, 1));
		page->at++;
	}
}

struct text mail_html_plain(struct arena *arena, struct text html)
{
	struct page page = {.text = {.arena = arena}, .html = html};

	while (page.at < html.length)
		page_step(&page);
	if (page.text.length)
		builder_add_char(&page.text, '\n');
	return builder_text(&page.text);
}
