/* Values put into texts: interpolation, and pictures such as {day:ddMM}, {amount:0.00} and {number:6}. */
#include "engine/parts.h"

#include <stdlib.h>

enum status text_join(struct context *context, const struct code *code, const struct value *frame, const struct step *step,
		      struct value *result_out)
{
	struct text_builder text = {.arena = context->arena};
	for (uint32_t i = 0; i < step->c; i++) {
		struct value part = operand_at(code, frame, step->b, i);
		if (part.kind != VALUE_MISSING)
			value_write(&text, part, context->program->zone);
		if (text.length > LIMIT_TEXT_BYTES)
			return error_set(context->error, LIMIT, "the text would be longer than 8 MiB");
	}
	*result_out = value_text(builder_text(&text));
	return OK;
}

/* "0.00": so many digits behind the point, at least so many before it. */
static enum status number_by_picture(struct context *context, struct value value, struct text picture, struct value *result_out)
{
	int64_t point = text_find(picture, TEXT("."));
	int scale = point < 0 ? 0 : (int)(picture.length - point - 1);
	uint32_t before = point < 0 ? picture.length : (uint32_t)point;
	struct decimal decimal = value_decimal(value);
	char digits[DECIMAL_TEXT];
	if (value.kind == VALUE_PERCENT && decimal_multiply(decimal, decimal_from_int(100), &decimal) != OK)
		return error_set(context->error, LIMIT, "the percentage is too large to be written");
	if (scale > DECIMAL_MAX_SCALE || decimal_round(decimal, scale, ROUND_HALF_AWAY, &decimal) != OK)
		return error_set(context->error, LIMIT, "the number does not fit the picture `%.*s`", TEXT_ARGS(picture));
	uint32_t length = decimal_write(decimal, digits);
	bool negative = digits[0] == '-';
	const char *at = digits + negative;
	uint32_t whole = (uint32_t)strcspn(at, ".");
	struct text_builder text = {.arena = context->arena};
	builder_add_string(&text, negative ? "-" : "");
	for (uint32_t i = whole; i < before; i++)
		builder_add_char(&text, '0');
	builder_add(&text, (struct text){at, length - negative});
	if (value.kind == VALUE_PERCENT)
		builder_add_string(&text, " %");
	*result_out = value_text(builder_text(&text));
	return OK;
}

/* {n:6}: filled with zeros to that width. */
static enum status number_by_width(struct context *context, struct value value, int width, struct value *result_out)
{
	if (width < 1 || width > 18)
		return error_set(context->error, INVALID, "a number can be 1 to 18 digits wide");
	*result_out = value_text(text_format(context->arena, "%0*lld", width, (long long)value.integer));
	return OK;
}

static bool is_width(struct text picture)
{
	for (uint32_t i = 0; i < picture.length; i++)
		if (picture.bytes[i] < '0' || picture.bytes[i] > '9')
			return false;
	return picture.length && picture.bytes[0] != '0';
}

static enum status time_by_picture(struct context *context, struct value value, struct text picture, struct value *result_out)
{
	char buffer[256];
	uint32_t length;
	const struct zone *zone = context->program->zone;
	moment at = value.kind == VALUE_TIME   ? value.integer
		    : value.kind == VALUE_DATE ? moment_from_local(zone, (date)value.integer, 0)
					       : moment_from_local(zone, 0, (clock_time)value.integer);
	if (moment_write_picture(at, zone, picture, buffer, sizeof(buffer), &length) != OK)
		return error_set(context->error, LIMIT, "the picture `%.*s` is too long", TEXT_ARGS(picture));
	*result_out = value_text(text_copy(context->arena, (struct text){buffer, length}));
	return OK;
}

enum status text_by_picture(struct context *context, struct value value, struct text picture, struct value *result_out)
{
	if (value.kind == VALUE_MISSING) {
		*result_out = value;
		return OK;
	}
	if (picture.length && value.kind == VALUE_INT && is_width(picture))
		return number_by_width(context, value, atoi(picture.bytes), result_out);
	if (picture.length && (value.kind == VALUE_INT || value.kind == VALUE_DECIMAL || value.kind == VALUE_PERCENT ||
			       value.kind == VALUE_MONEY))
		return number_by_picture(context, value, picture, result_out);
	if (picture.length && (value.kind == VALUE_TIME || value.kind == VALUE_DATE || value.kind == VALUE_TIME_OF_DAY))
		return time_by_picture(context, value, picture, result_out);
	*result_out = value_text(value_show(context->arena, value, context->program->zone));
	return OK;
}
