/* Values as people read them. Never changes what a value is: writing is one way. */
#include "engine/base/json.h"
#include "engine/model/duration.h"
#include "engine/model/type.h"

static void write_decimal(struct text_builder *builder, struct decimal decimal)
{
	char digits[DECIMAL_TEXT];
	uint32_t length = decimal_write(decimal, digits);
	builder_add(builder, (struct text){digits, length});
}

static void write_percent(struct text_builder *builder, struct value value)
{
	struct decimal percent = value_decimal(value);
	if (percent.scale >= 2)
		percent.scale -= 2;
	else if (decimal_multiply(percent, decimal_from_int(100), &percent) != OK)
		percent = value_decimal(value);
	write_decimal(builder, decimal_normal(percent));
	builder_add_char(builder, '%');
}

static void write_money(struct text_builder *builder, struct value value)
{
	char code[4];
	currency_unpack(value.count, code);
	write_decimal(builder, value_decimal(value));
	builder_format(builder, " %s", code);
}

static void write_list(struct text_builder *builder, struct value value, const struct zone *zone, const char *brackets)
{
	builder_add_char(builder, brackets[0]);
	for (uint32_t i = 0; i < value.count; i++) {
		if (i)
			builder_add_string(builder, ", ");
		value_write(builder, value.items[i], zone);
	}
	builder_add_char(builder, brackets[1]);
}

static void write_ref(struct text_builder *builder, struct value value)
{
	char id[RECORD_ID_TEXT + 1];
	record_id_write(value.id, id);
	builder_format(builder, "#%s", id + RECORD_ID_TEXT - 6);
}

static void write_clock(struct text_builder *builder, int64_t seconds)
{
	int64_t hours = seconds / 3600, minutes = seconds / 60 % 60, rest = seconds % 60;
	if (hours)
		builder_format(builder, "%lldh", (long long)hours);
	if (minutes)
		builder_format(builder, "%lldmin", (long long)minutes);
	if (rest || (!hours && !minutes))
		builder_format(builder, "%llds", (long long)rest);
}

static void write_counted(struct text_builder *builder, int64_t amount, const char *word)
{
	builder_format(builder, "%lld %s%s", (long long)amount, word, amount == 1 ? "" : "s");
}

void duration_write(struct text_builder *builder, int64_t amount, enum duration_unit unit)
{
	if (amount < 0) {
		builder_add_char(builder, '-');
		amount = -amount;
	}
	switch (unit) {
	case UNIT_SECOND:
		if (amount)
			write_clock(builder, amount);
		else
			builder_add_string(builder, "0min");
		return;
	case UNIT_DAY:
		write_counted(builder, amount, "day");
		return;
	case UNIT_MONTH:
		write_counted(builder, amount, "month");
		return;
	case UNIT_WORK_SECOND:
		if (amount % 60)
			builder_format(builder, "%lld worksec", (long long)amount);
		else if (amount % 3600)
			builder_format(builder, "%lld workmin", (long long)(amount / 60));
		else
			write_counted(builder, amount / 3600, "workhour");
		return;
	case UNIT_WORK_DAY:
		write_counted(builder, amount, "workday");
		return;
	case UNIT_END_OF_WORK_DAY:
		builder_add_string(builder, END_OF_WORK_DAY);
	}
}

static void write_simple(struct text_builder *builder, struct value value, const struct zone *zone)
{
	char buffer[MOMENT_TEXT];
	switch (value.kind) {
	case VALUE_DATE:
		date_write((date)value.integer, buffer);
		break;
	case VALUE_TIME:
		moment_write_short(value.integer, zone, buffer);
		break;
	default:
		clock_time_write((clock_time)value.integer, buffer);
	}
	builder_add_string(builder, buffer);
}

void value_write(struct text_builder *builder, struct value value, const struct zone *zone)
{
	switch (value.kind) {
	case VALUE_MISSING:
		builder_add_string(builder, "not set");
		return;
	case VALUE_BOOL:
		builder_add_string(builder, value.integer ? "true" : "false");
		return;
	case VALUE_INT:
		builder_format(builder, "%lld", (long long)value.integer);
		return;
	case VALUE_DECIMAL:
		write_decimal(builder, value_decimal(value));
		return;
	case VALUE_PERCENT:
		write_percent(builder, value);
		return;
	case VALUE_MONEY:
		write_money(builder, value);
		return;
	case VALUE_TEXT:
		builder_add(builder, value_as_text(value));
		return;
	case VALUE_DURATION:
		duration_write(builder, value.integer, value.unit);
		return;
	case VALUE_ENUM:
		builder_add(builder, value.enumeration->values[value.count].name);
		return;
	case VALUE_REF:
		write_ref(builder, value);
		return;
	case VALUE_LIST:
		write_list(builder, value, zone, "[]");
		return;
	case VALUE_RECORD:
		write_list(builder, value, zone, "{}");
		return;
	case VALUE_RANGE:
		value_write(builder, value.items[0], zone);
		builder_add_string(builder, "..");
		value_write(builder, value.items[1], zone);
		return;
	case VALUE_DATA:
		json_write_document(&(struct json_writer){.text = builder}, value.json);
		return;
	default:
		write_simple(builder, value, zone);
	}
}

struct text value_show(struct arena *arena, struct value value, const struct zone *zone)
{
	struct text_builder builder = {.arena = arena};
	value_write(&builder, value, zone);
	return builder_text(&builder);
}
