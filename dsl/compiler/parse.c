/* The door of the parser. A file is read whole first. Only when that fails it is cut where a declaration seems to begin, and
 * each piece is read by itself: so a mistake costs its own declaration and no other. Must never guess what a broken piece
 * meant. */
#include "dsl/compiler/expected.h"

#include <stdlib.h>

typedef LIST(struct place) place_list;

enum { ERRORS_LIMIT = 500 };

/* --- what is no source at all */
static struct parse_error file_error(struct place place, uint32_t length, struct text sentence)
{
	return (struct parse_error){.problem = PROBLEM_FILE,
				    .start = place.offset,
				    .end = place.offset + length,
				    .line = place.line,
				    .column = place.column,
				    .sentence = sentence};
}

static uint32_t malformed_offset(struct text source)
{
	uint32_t at = 0;
	while (at < source.length) {
		uint32_t width = 1;
		while (width <= 4 && at + width <= source.length && !text_is_utf8((struct text){source.bytes + at, width}))
			width++;
		if (width > 4 || at + width > source.length)
			return at;
		at += width;
	}
	return at;
}

/* Whether it can be read at all. */
static bool file_check(struct arena *arena, struct text source, struct place start, struct parse_tree *tree)
{
	if (source.length > PARSE_MAX_BYTES) {
		struct text sentence =
			text_format(arena, "the file has more than %d MiB and was not read", PARSE_MAX_BYTES / 1024 / 1024);
		*list_add(arena, &tree->errors) = file_error(start, 0, sentence);
		return false;
	}
	const char *nul = source.length ? memchr(source.bytes, 0, source.length) : NULL;
	struct text before = nul ? text_slice(source, 0, (uint32_t)(nul - source.bytes)) : source;
	if (!text_is_utf8(before)) {
		struct place place = place_advance(source, start, malformed_offset(before));
		*list_add(arena, &tree->errors) =
			file_error(place, 1,
				   text_format(arena, "the byte 0x%02x here is not UTF-8; the file was not read",
					       (unsigned char)source.bytes[place.offset]));
		return false;
	}
	if (!nul)
		return true;
	struct place place = place_advance(source, start, before.length);
	*list_add(arena, &tree->errors) = file_error(place, 1, TEXT("a NUL byte stands here; the file was not read"));
	return false;
}

/* --- cutting */
static bool is_letter(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}

static struct text word_at(struct text source, uint32_t at)
{
	uint32_t end = at;
	while (end < source.length && is_letter(source.bytes[end]))
		end++;
	return text_slice(source, at, end);
}

/* What lines before leave open, as far as one can tell without knowing what is wrong. */
struct openness {
	int32_t braces;
	bool text_block;
};

/* Behind the text in quotes that begins at `at`, or at the line's end. */
static uint32_t quotes_skip(struct text line, uint32_t at)
{
	for (at++; at < line.length && line.bytes[at] != '"'; at++)
		if (line.bytes[at] == '\\')
			at++;
	return at;
}

static bool is_one_of(char byte, const char *bytes)
{
	return byte && strchr(bytes, byte);
}

static bool has_triple(struct text line, uint32_t at)
{
	return at + 3 <= line.length && !memcmp(line.bytes + at, "\"\"\"", 3);
}

static void line_scan(struct text line, struct openness *open)
{
	for (uint32_t at = 0; at < line.length; at++) {
		char byte = line.bytes[at];
		if (has_triple(line, at)) {
			open->text_block = !open->text_block;
			at += 2;
		} else if (open->text_block) {
			at += byte == '\\';
		} else if (byte == '#') {
			return;
		} else if (byte == '"') {
			at = quotes_skip(line, at);
		} else {
			open->braces += (byte == '{') - (byte == '}');
		}
	}
}

/* A word of ours in column 0 begins a declaration, whatever is open before it, also with a stray sign before. Another word does
 * when nothing is open: it may be one of ours misspelt. */
static bool begins_piece(struct text source, uint32_t at, const struct openness *open)
{
	if (at >= source.length || is_one_of(source.bytes[at], " \t\r\n#"))
		return false;
	bool may_be_misspelt = is_letter(source.bytes[at]) && open->braces <= 0 && !open->text_block;
	while (at < source.length && is_one_of(source.bytes[at], " )}]([{\"|;,"))
		at++;
	return may_be_misspelt || machine_is_declaration_word(word_at(source, at));
}

static void pieces_find(struct arena *arena, struct text source, struct place start, place_list *pieces)
{
	struct openness open = {0};
	*list_add(arena, pieces) = start;
	for (uint32_t at = start.offset, line = start.line; at < source.length; line++) {
		if (at > start.offset && begins_piece(source, at, &open)) {
			*list_add(arena, pieces) = (struct place){at, line, 1};
			open = (struct openness){0};
		}
		const char *end = memchr(source.bytes + at, '\n', source.length - at);
		uint32_t next = end ? (uint32_t)(end - source.bytes) + 1 : source.length;
		line_scan(text_slice(source, at, next), &open);
		at = next;
	}
}

/* --- reading */
static void piece_read(struct machine *machine, struct place start, uint32_t end, bool known_bad)
{
	struct parse_tree *tree = machine->nodes.tree;
	uint32_t before = tree->declarations.count;
	if (!known_bad && machine_run(machine, start, end, UINT32_MAX) == MACHINE_DONE)
		return;
	tree->declarations.count = before;
	*list_add(machine->nodes.arena, &tree->errors) = expected_error(machine->nodes.arena, tree->source, start, end);
}

static void pieces_read(struct machine *machine, struct place start)
{
	struct parse_tree *tree = machine->nodes.tree;
	place_list pieces = {0};
	pieces_find(machine->nodes.arena, tree->source, start, &pieces);
	tree->declarations.count = tree->comments.count = 0;
	for (uint32_t i = 0; i < pieces.count; i++) {
		if (tree->errors.count == ERRORS_LIMIT) {
			*list_add(machine->nodes.arena, &tree->errors) =
				file_error(pieces.items[i], 0, TEXT("too many mistakes; the rest of the file was not read"));
			return;
		}
		uint32_t end = i + 1 < pieces.count ? pieces.items[i + 1].offset : tree->source.length;
		piece_read(machine, pieces.items[i], end, pieces.count == 1);
	}
}

void parse_source(struct arena *arena, struct text source, struct parse_tree *tree_out)
{
	*tree_out = (struct parse_tree){.source = source};
	struct place start = {0, 1, 1};
	if (!file_check(arena, source, start, tree_out))
		return;
	if (text_starts(source, TEXT("\xef\xbb\xbf")))
		start.offset = 3;
	struct machine machine = machine_new(arena, tree_out);
	if (machine_run(&machine, start, source.length, UINT32_MAX) != MACHINE_DONE)
		pieces_read(&machine, start);
}

/* --- looking at nodes */
const struct syntax *syntax_child(const struct syntax *node, enum syntax_kind kind)
{
	for (each_child (child, node))
		if (child->kind == kind)
			return child;
	return NULL;
}

const struct syntax *syntax_with_role(const struct syntax *node, enum syntax_role role)
{
	for (each_child (child, node))
		if (child->role == role)
			return child;
	return NULL;
}
