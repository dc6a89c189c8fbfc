/* Reads durations: numbers and units in turn, all of one kind. */
#include "engine/model/duration.h"

const struct duration_word DURATION_WORDS[] = {
	{"s", 1, UNIT_SECOND},
	{"sec", 1, UNIT_SECOND},
	{"min", 60, UNIT_SECOND},
	{"h", 3600, UNIT_SECOND},
	{"d", 1, UNIT_DAY},
	{"day", 1, UNIT_DAY},
	{"days", 1, UNIT_DAY},
	{"week", 7, UNIT_DAY},
	{"weeks", 7, UNIT_DAY},
	{"month", 1, UNIT_MONTH},
	{"months", 1, UNIT_MONTH},
	{"year", 12, UNIT_MONTH},
	{"years", 12, UNIT_MONTH},
	{"worksec", 1, UNIT_WORK_SECOND},
	{"workmin", 60, UNIT_WORK_SECOND},
	{"workhour", 3600, UNIT_WORK_SECOND},
	{"workhours", 3600, UNIT_WORK_SECOND},
	{"workday", 1, UNIT_WORK_DAY},
	{"workdays", 1, UNIT_WORK_DAY},
};

const char END_OF_WORK_DAY[] = "end of working day";

const uint32_t DURATION_WORD_COUNT = sizeof(DURATION_WORDS) / sizeof(*DURATION_WORDS);

enum { MOST_DIGITS = 12 };

static const struct duration_word *word_find(struct text word)
{
	for (uint32_t i = 0; i < DURATION_WORD_COUNT; i++)
		if (text_is(word, DURATION_WORDS[i].word))
			return &DURATION_WORDS[i];
	return NULL;
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* One number and its unit from `at` on. */
static enum status part_parse(struct text text, uint32_t *at, int64_t *number_out, struct text *word_out)
{
	uint32_t start = *at;
	*number_out = 0;
	for (; *at < text.length && is_digit(text.bytes[*at]); ++*at) {
		if (*at - start == MOST_DIGITS)
			return INVALID;
		*number_out = *number_out * 10 + (text.bytes[*at] - '0');
	}
	if (*at == start)
		return INVALID;
	while (*at < text.length && text.bytes[*at] == ' ')
		++*at;
	start = *at;
	while (*at < text.length && !is_digit(text.bytes[*at]) && text.bytes[*at] != ' ')
		++*at;
	*word_out = text_slice(text, start, *at);
	return OK;
}

enum status duration_parse(struct text text, struct value *duration_out, struct text *unknown_out)
{
	int64_t total = 0, sign = 1;
	uint32_t at = 0;
	const struct duration_word *first = NULL;
	if (text.length && text.bytes[0] == '-') {
		sign = -1;
		at = 1;
	}
	if (text_is(text, END_OF_WORK_DAY)) {
		*duration_out = value_duration(0, UNIT_END_OF_WORK_DAY);
		return OK;
	}
	if (at == text.length)
		return INVALID;
	while (at < text.length) {
		int64_t number;
		struct text word;
		if (part_parse(text, &at, &number, &word) != OK)
			return INVALID;
		const struct duration_word *unit = word_find(word);
		if (!unit && unknown_out)
			*unknown_out = word;
		if (!unit || (first && unit->unit != first->unit))
			return INVALID;
		first = unit;
		if (__builtin_add_overflow(total, number * unit->factor, &total)) /* 10^12 units of any kind fit */
			return INVALID;
	}
	*duration_out = value_duration(sign * total, first->unit);
	return OK;
}
