/* Values as the text of cells. A number is never cut or rounded, a text only where its column says so, and no character gets
 * lost: what does not fit is refused with a sentence for whoever has to mend the record. */
#include "engine/format.h"

#include <stdio.h>

struct cell_maker {
	struct context *context;
	const struct format *format;
	const struct format_column *column; /* NULL: of a line */
	struct format_cell *cell;
	struct text *why;
};

static void refuse(const struct cell_maker *maker, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void refuse(const struct cell_maker *maker, const char *format, ...)
{
	char sentence[400];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	if (maker->column)
		*maker->why = text_format(maker->context->arena, "\"%.*s\" %s", TEXT_ARGS(maker->column->title), sentence);
	else
		*maker->why = text_copy(maker->context->arena, text_from(sentence));
}

/* --- texts */
static const char *named(uint32_t character)
{
	return character == 0 ? "a character zero" : "a control character";
}

static bool has_control(const struct cell_maker *maker, struct text text)
{
	for (uint32_t i = 0; i < text.length; i++) {
		unsigned char byte = (unsigned char)text.bytes[i];
		bool parts = byte == '\n' || byte == '\r' || byte == '\t'; /* lines of fixed width are not to be parted */
		if ((byte < 0x20 && !(parts && maker->format->kind != FORMAT_TEXT)) || byte == 0x7f) {
			refuse(maker, "has %s in it", named(byte));
			return true;
		}
	}
	return false;
}

static struct text first_characters(struct text text, uint32_t count)
{
	uint32_t at = 0;
	while (count-- && at < text.length) {
		uint32_t length = text_character_length(text, at);
		at += length ? length : 1;
	}
	return text_slice(text, 0, at);
}

static struct text to_width(const struct cell_maker *maker, struct text text)
{
	uint32_t width = maker->column ? maker->column->width : 0;
	if (!width || text.length <= width || text_characters(text) <= width)
		return text;
	if (!maker->column->cut)
		refuse(maker, "has %u characters, and %u have room: %.*s…", text_characters(text), width,
		       TEXT_ARGS(first_characters(text, 40)));
	return first_characters(text, width);
}

static void text_cell(const struct cell_maker *maker, struct text text)
{
	const struct format *format = maker->format;
	text = to_width(maker, text);
	if (has_control(maker, text))
		return;
	if (format->unwritable.length)
		text = encoding_replace(maker->context->arena, format->encoding, text, format->unwritable);
	struct text lacks = encoding_lacks(format->encoding, text);
	if (lacks.length)
		refuse(maker, "has the character %.*s in it, which %s does not have", TEXT_ARGS(lacks),
		       encoding_name(format->encoding));
	*maker->cell = (struct format_cell){.text = text, .is_text = true};
}

/* --- numbers */
static uint32_t digits_before_point(const char *digits)
{
	digits += *digits == '-';
	uint32_t count = (uint32_t)strcspn(digits, ".");
	return count == 1 && *digits == '0' ? 0 : count;
}

static void number_cell(const struct cell_maker *maker, struct decimal number)
{
	const struct format_column *column = maker->column;
	char digits[DECIMAL_TEXT];
	struct decimal rounded = number;
	if (column && column->scale >= 0 &&
	    (decimal_round(number, column->scale, ROUND_DOWN, &rounded) != OK || decimal_compare(number, rounded))) {
		decimal_write(number, digits);
		refuse(maker, "is %s, and %d digits behind the point have room", digits, column->scale);
		return;
	}
	uint32_t length = decimal_write(rounded, digits);
	if (column && column->width && digits_before_point(digits) > column->width) {
		refuse(maker, "is %s, and %u digits before the point have room", digits, column->width);
		return;
	}
	char *point = memchr(digits, '.', length);
	if (point)
		*point = maker->format->decimal;
	maker->cell->text = text_copy(maker->context->arena, (struct text){digits, length});
}

static void percent_cell(const struct cell_maker *maker, struct value value)
{
	struct decimal number;
	if (decimal_multiply(value_decimal(value), decimal_from_int(100), &number) != OK)
		refuse(maker, "is a percentage that is too large to be written");
	else
		number_cell(maker, decimal_normal(number));
}

/* --- the rest */
static void picture_cell(const struct cell_maker *maker, struct value value)
{
	struct value shown;
	struct text picture = maker->column ? maker->column->picture : TEXT("");
	if (text_by_picture(maker->context, value, picture, &shown) != OK)
		refuse(maker, "can not be written: %s", maker->context->error->sentence);
	else
		maker->cell->text = value_as_text(shown);
}

static void cell_make(const struct cell_maker *maker, struct value value)
{
	switch (value.kind) {
	case VALUE_MISSING:
		maker->cell->is_missing = true;
		maker->cell->is_text = maker->column && maker->column->kind == WRITTEN_TEXT;
		if (maker->column && maker->column->required)
			refuse(maker, "is not set");
		return;
	case VALUE_INT:
	case VALUE_DECIMAL:
	case VALUE_MONEY:
		if (!maker->column || maker->column->kind != WRITTEN_TEXT) {
			number_cell(maker, value_decimal(value));
			return;
		}
		break;
	case VALUE_PERCENT:
		if (!maker->column || maker->column->kind != WRITTEN_TEXT) {
			percent_cell(maker, value);
			return;
		}
		break;
	case VALUE_DATE:
	case VALUE_TIME:
		if (!maker->column || maker->column->kind != WRITTEN_TEXT) {
			picture_cell(maker, value);
			return;
		}
		break;
	case VALUE_BOOL:
		maker->cell->text = value.integer ? TEXT("true") : TEXT("false");
		return;
	default:
		break;
	}
	text_cell(maker, value.kind == VALUE_TEXT ? value_as_text(value)
						  : value_show(maker->context->arena, value, maker->context->program->zone));
}

void cell_of_column(struct context *context, const struct format *format, const struct format_column *column,
		    struct value value, struct format_cell *cell_out, struct text *why_out)
{
	struct cell_maker maker = {context, format, column, cell_out, why_out};
	*cell_out = (struct format_cell){.text = TEXT("")};
	*why_out = TEXT("");
	cell_make(&maker, value);
	if (column->required && !cell_out->text.length && !why_out->length)
		refuse(&maker, "is empty");
	if (column->total && !why_out->length && text_characters(cell_out->text) > column->total)
		refuse(&maker, "is written %.*s, and %u characters have room", TEXT_ARGS(cell_out->text), column->total);
}

void cell_of_line(struct context *context, const struct format *format, struct value value, struct format_cell *cell_out,
		  struct text *why_out)
{
	struct cell_maker maker = {context, format, NULL, cell_out, why_out};
	*cell_out = (struct format_cell){.text = TEXT("")};
	*why_out = TEXT("");
	cell_make(&maker, value);
}
