/* Literals: the words of the grammar become exact values. A unit or date that cannot be is said here, where the text still is.
 */
#include "dsl/compiler/internal.h"
#include "engine/model/duration.h"

#include <stdlib.h>

static void bad(struct compiler *compiler, uint32_t file, const struct syntax *syntax, const char *what)
{
	struct text source = syntax_text(compiler, file, syntax);
	diagnostic_add(compiler->diagnostics, DIAGNOSTIC_LITERAL, span_in(file, syntax), "`%.*s` is %s", TEXT_ARGS(source),
		       what);
}

static void report_unit(struct compiler *compiler, uint32_t file, const struct syntax *syntax, struct text word)
{
	struct text *words = arena_array(compiler->arena, struct text, DURATION_WORD_COUNT);
	for (uint32_t i = 0; i < DURATION_WORD_COUNT; i++)
		words[i] = text_from(DURATION_WORDS[i].word);
	struct diagnostic *diagnostic = diagnostic_add(compiler->diagnostics, DIAGNOSTIC_LITERAL, span_in(file, syntax),
						       "`%.*s` is no unit of time", TEXT_ARGS(word));
	suggest(compiler, diagnostic, word, words, DURATION_WORD_COUNT);
}

static bool duration_read(struct compiler *compiler, uint32_t file, const struct syntax *syntax, struct value *value_out)
{
	struct text unknown = {0};
	if (duration_parse(syntax_text(compiler, file, syntax), value_out, &unknown) == OK)
		return true;
	if (unknown.length)
		report_unit(compiler, file, syntax, unknown);
	else
		bad(compiler, file, syntax, "no duration: its units cannot be added, or it is too long");
	return false;
}

int64_t seconds_read(struct compiler *compiler, uint32_t file, const struct syntax *duration)
{
	struct value value;
	if (!duration_read(compiler, file, duration, &value))
		return 0;
	if (value.unit == UNIT_DAY)
		return value.integer * 86400;
	if (value.unit == UNIT_SECOND)
		return value.integer;
	bad(compiler, file, duration, "no exact length of time; use s, min, h or d here");
	return 0;
}

date date_read(struct compiler *compiler, uint32_t file, const struct syntax *syntax)
{
	date day = 0;
	if (date_parse(syntax_text(compiler, file, syntax), &day) != OK)
		bad(compiler, file, syntax, "not a date");
	return day;
}

clock_time time_of_day_read(struct compiler *compiler, uint32_t file, const struct syntax *syntax)
{
	clock_time time = 0;
	if (clock_time_parse(syntax_text(compiler, file, syntax), &time) != OK)
		bad(compiler, file, syntax, "no time of day; they run from 00:00 to 24:00");
	return time;
}

const struct zone *zone_read(struct compiler *compiler, uint32_t file, const struct syntax *syntax)
{
	const struct zone *zone = zone_utc();
	if (zone_find(syntax_text(compiler, file, syntax), &zone) != OK)
		bad(compiler, file, syntax, "no time zone; use an IANA name such as Europe/Berlin");
	return zone;
}

int64_t number_read(struct compiler *compiler, uint32_t file, const struct syntax *syntax)
{
	struct decimal decimal;
	int64_t number = 0;
	if (decimal_parse(syntax_text(compiler, file, syntax), &decimal) != OK || decimal_to_int(decimal, &number) != OK)
		bad(compiler, file, syntax, "no whole number that fits here");
	return number;
}

enum weekday weekday_read(struct text name)
{
	static const char *const DAYS[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
	for (int i = 0; i < 7; i++)
		if (text_is(name, DAYS[i]))
			return (enum weekday)(i + 1);
	return 0;
}

static bool number_literal(struct compiler *compiler, uint32_t file, const struct syntax *syntax, struct text digits,
			   enum value_kind kind, struct value *value_out)
{
	struct decimal decimal;
	if (decimal_parse(digits, &decimal) != OK) {
		bad(compiler, file, syntax, "a number with too many digits");
		return false;
	}
	*value_out = value_number(kind, decimal);
	return true;
}

static bool int_or_decimal(struct compiler *compiler, uint32_t file, const struct syntax *syntax, struct text text,
			   struct value *value_out, const struct type **type_out)
{
	bool whole = text_find(text, TEXT(".")) < 0;
	*type_out = type_simple(compiler, whole ? TYPE_INT : TYPE_DECIMAL);
	if (!number_literal(compiler, file, syntax, text, VALUE_DECIMAL, value_out))
		return false;
	int64_t integer;
	if (!whole)
		return true;
	if (decimal_to_int(value_decimal(*value_out), &integer) != OK) {
		bad(compiler, file, syntax, "too large for an int");
		return false;
	}
	*value_out = value_int(integer);
	return true;
}

static bool percent_literal(struct compiler *compiler, uint32_t file, const struct syntax *syntax, struct text text,
			    struct value *value_out)
{
	if (!number_literal(compiler, file, syntax, text_slice(text, 0, text.length - 1), VALUE_PERCENT, value_out))
		return false;
	if (value_out->scale + 2 > DECIMAL_MAX_SCALE) {
		bad(compiler, file, syntax, "a percentage with too many digits");
		return false;
	}
	value_out->scale += 2;
	return true;
}

static bool money_literal(struct compiler *compiler, uint32_t file, const struct syntax *syntax, struct text text,
			  struct value *value_out)
{
	if (!number_literal(compiler, file, syntax, text_slice(text, 0, text.length - 4), VALUE_MONEY, value_out))
		return false;
	value_out->count = currency_pack(text.bytes + text.length - 3);
	return true;
}

static bool moment_literal(struct compiler *compiler, uint32_t file, const struct syntax *syntax, struct value *value_out)
{
	const struct syntax *instant = syntax_child(syntax, SYNTAX_instant), *zone = syntax_child(syntax, SYNTAX_zone);
	const struct zone *in = zone ? zone_read(compiler, file, zone) : compiler->program->zone;
	moment at;
	if (!instant || moment_parse(syntax_text(compiler, file, instant), in, &at) != OK) {
		bad(compiler, file, syntax, "no date and time");
		return false;
	}
	*value_out = value_time(at);
	return true;
}

bool literal_read(struct compiler *compiler, uint32_t file, const struct syntax *syntax, struct value *value_out,
		  const struct type **type_out)
{
	struct text text = syntax_text(compiler, file, syntax);
	switch (syntax->kind) {
	case SYNTAX_true:
	case SYNTAX_false:
		*value_out = value_bool(syntax->kind == SYNTAX_true);
		*type_out = type_simple(compiler, TYPE_BOOL);
		return true;
	case SYNTAX_number:
		return int_or_decimal(compiler, file, syntax, text, value_out, type_out);
	case SYNTAX_percent:
		*type_out = type_simple(compiler, TYPE_PERCENT);
		return percent_literal(compiler, file, syntax, text, value_out);
	case SYNTAX_money:
		*type_out = type_simple(compiler, TYPE_MONEY);
		return money_literal(compiler, file, syntax, text, value_out);
	case SYNTAX_duration:
		*type_out = type_simple(compiler, TYPE_DURATION);
		return duration_read(compiler, file, syntax, value_out);
	case SYNTAX_date:
		*type_out = type_simple(compiler, TYPE_DATE);
		*value_out = (struct value){.kind = VALUE_DATE, .integer = date_read(compiler, file, syntax)};
		return true;
	case SYNTAX_time_of_day:
		*type_out = type_simple(compiler, TYPE_TIME_OF_DAY);
		*value_out = (struct value){.kind = VALUE_TIME_OF_DAY, .integer = time_of_day_read(compiler, file, syntax)};
		return true;
	default:
		*type_out = type_simple(compiler, TYPE_TIME);
		return moment_literal(compiler, file, syntax, value_out);
	}
}
