/* Texts: "…{x:0.0}…" and """…""" blocks, whose common indentation belongs to the file and not to the text. */
#include "dsl/compiler/expression.h"

/* --- blocks: how much stands before every line */
static bool is_space(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r';
}

static uint32_t blanks_at(struct text text, uint32_t at)
{
	uint32_t end = at;
	while (end < text.length && is_space(text.bytes[end]))
		end++;
	return end - at;
}

/* Over all lines but the first that hold more than blanks; the line of the closing quotes counts when it stands alone. */
static uint32_t indentation_of(struct text body)
{
	uint32_t least = UINT32_MAX;
	for (uint32_t i = 0; i < body.length; i++) {
		if (body.bytes[i] != '\n')
			continue;
		uint32_t blanks = blanks_at(body, i + 1), after = i + 1 + blanks;
		bool empty = after < body.length && body.bytes[after] == '\n';
		if (!empty && blanks < least)
			least = blanks;
	}
	return least == UINT32_MAX ? 0 : least;
}

static void add_unindented(struct text_builder *builder, struct text piece, uint32_t indentation)
{
	for (uint32_t i = 0; i < piece.length; i++) {
		builder_add_char(builder, piece.bytes[i]);
		if (piece.bytes[i] != '\n')
			continue;
		uint32_t blanks = blanks_at(piece, i + 1);
		i += blanks < indentation ? blanks : indentation;
	}
}

/* --- pieces */
struct pieces {
	struct text_builder text; /* since the last value */
	bool block, first;
	uint32_t indentation;
	LIST(uint32_t) slots;
	LIST(uint32_t) nodes;
	bool failed, secret;
	bool in_query; /* of a URL: a `?` stands before */
};

static void flush(struct coder *coder, struct pieces *pieces)
{
	if (!pieces->text.length)
		return;
	uint32_t slot = coder_slot(coder);
	coder_step(coder, STEP_CONSTANT, slot, coder_constant(coder, value_text(builder_text(&pieces->text))), 0, 0);
	*list_add(coder->compiler->arena, &pieces->slots) = slot;
	pieces->text = (struct text_builder){.arena = coder->compiler->arena};
}

static void add_content(struct coder *coder, struct pieces *pieces, const struct syntax *content)
{
	struct text text = syntax_text(coder->compiler, coder->file, content);
	pieces->in_query = pieces->in_query || text_find(text, TEXT("?")) >= 0;
	if (!pieces->block) {
		builder_add(&pieces->text, text);
		return;
	}
	uint32_t from = 0;
	if (pieces->first) {
		uint32_t blanks = blanks_at(text, 0);
		if (blanks < text.length && text.bytes[blanks] == '\n')
			from = blanks + 1 + blanks_at(text, blanks + 1);
		if (from > blanks + 1 + pieces->indentation)
			from = blanks + 1 + pieces->indentation;
	}
	add_unindented(&pieces->text, text_slice(text, from, text.length), pieces->indentation);
}

static struct text picture_of(struct coder *coder, const struct syntax *interpolation)
{
	const struct syntax *picture = syntax_child(interpolation, SYNTAX_picture);
	if (!picture)
		return TEXT("");
	struct text text = syntax_text(coder->compiler, coder->file, picture);
	return text_slice(text, 1, text.length);
}

/* Texts within the value are no URLs yet. */
static struct operand value_of(struct coder *coder, const struct syntax *interpolation)
{
	const struct syntax *inner = syntax_named(interpolation, 0);
	bool encodes = coder->encodes;
	coder->encodes = false;
	struct operand value = inner ? expression(coder, inner, NULL) : operand_error(coder, interpolation);
	coder->encodes = encodes;
	return value;
}

static void add_value(struct coder *coder, struct pieces *pieces, const struct syntax *interpolation)
{
	const struct syntax *inner = syntax_named(interpolation, 0);
	struct operand value = value_of(coder, interpolation);
	if (is_error(&value)) {
		pieces->failed = true;
		return;
	}
	if (value.type->kind == TYPE_SECRET) {
		complain(coder, DIAGNOSTIC_TYPE_MISMATCH, inner, "a secret is never shown, so it cannot be part of a text");
		pieces->failed = true;
		return;
	}
	struct text picture = picture_of(coder, interpolation);
	uint32_t slot = operand_slot(coder, &value);
	if (picture.length || (value.type->kind != TYPE_TEXT && !coder->encodes)) {
		uint32_t from = slot, constant = coder_constant(coder, picture.length ? value_text(picture) : value_missing());
		coder_step(coder, STEP_FORMAT, slot = coder_slot(coder), from, constant, 0);
	}
	if (coder->encodes) {
		uint32_t from = slot;
		coder_step(coder, STEP_ENCODE, slot = coder_slot(coder), from, 0, !pieces->in_query);
	}
	*list_add(coder->compiler->arena, &pieces->slots) = slot;
	*list_add(coder->compiler->arena, &pieces->nodes) = value.node;
}

static void add_piece(struct coder *coder, struct pieces *pieces, const struct syntax *piece)
{
	if (piece->kind == SYNTAX_string_content) {
		add_content(coder, pieces, piece);
	} else if (piece->kind == SYNTAX_escape) {
		escape_add(&pieces->text, syntax_text(coder->compiler, coder->file, piece));
	} else if (piece->kind == SYNTAX_interpolation) {
		flush(coder, pieces);
		add_value(coder, pieces, piece);
	} else if (piece->kind == SYNTAX_unterminated) {
		complain(coder, DIAGNOSTIC_UNTERMINATED, piece, "the text has no end: a `\"` is missing in this line");
		pieces->failed = true;
	} else {
		return;
	}
	pieces->first = false;
}

static void cut_last_line(struct text_builder *text)
{
	uint32_t length = text->length;
	while (length && is_space(text->bytes[length - 1]))
		length--;
	if (length && text->bytes[length - 1] == '\n')
		text->length = length - 1;
}

static struct pieces pieces_of(struct coder *coder, const struct syntax *syntax)
{
	struct pieces pieces = {
		.text = {.arena = coder->compiler->arena}, .block = syntax->kind == SYNTAX_text_block, .first = true};
	if (pieces.block) {
		struct text source = syntax_text(coder->compiler, coder->file, syntax);
		pieces.indentation = source.length > 6 ? indentation_of(text_slice(source, 3, source.length - 3)) : 0;
	}
	return pieces;
}

struct operand string_expression(struct coder *coder, const struct syntax *syntax)
{
	uint32_t first_step = coder->steps.count;
	const struct type *type = simple(coder, TYPE_TEXT);
	struct pieces pieces = pieces_of(coder, syntax);
	for (each_child (piece, syntax))
		add_piece(coder, &pieces, piece);
	if (pieces.block)
		cut_last_line(&pieces.text);
	if (pieces.failed)
		return operand_error(coder, syntax);
	if (!pieces.slots.count)
		return operand_constant(coder, syntax, value_text(builder_text(&pieces.text)), type);
	flush(coder, &pieces);
	uint32_t slot = coder_slot(coder), list = coder_operands(coder, pieces.slots.items, pieces.slots.count);
	coder_step(coder, STEP_JOIN, slot, 0, list, pieces.slots.count);
	return operand_new(coder, NODE_OTHER, syntax, type, slot, first_step, pieces.nodes.items, pieces.nodes.count);
}
