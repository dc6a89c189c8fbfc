/* Arithmetic and comparison by kinds. Exact or refused: nothing is rounded that the author did not round. */
#include "engine/operators.h"

enum { DAY = 86400 };

/* Years 1..9999: what a date or an instant can be. */
static const int64_t FIRST_DAY = -719162, LAST_DAY = 2932896, FARTHEST_MONTHS = 12 * 9999;

static enum status no_meaning(struct context *context, const char *what)
{
	return error_set(context->error, INVALID, "these values have no %s", what);
}

static enum status checked(struct context *context, enum status status)
{
	if (status == LIMIT)
		return error_set(context->error, LIMIT, "the exact result has more than 38 digits");
	if (status == INVALID)
		return error_set(context->error, INVALID, "division by zero");
	return status;
}

/* --- numbers */
static bool is_number(struct value value)
{
	return value.kind == VALUE_INT || value.kind == VALUE_DECIMAL || value.kind == VALUE_PERCENT;
}

static enum status compute(struct context *context, enum step_operation operation, struct decimal a, struct decimal b,
			   struct decimal *result_out)
{
	switch (operation) {
	case STEP_ADD:
		return checked(context, decimal_add(a, b, result_out));
	case STEP_SUBTRACT:
		return checked(context, decimal_subtract(a, b, result_out));
	case STEP_MULTIPLY:
		return checked(context, decimal_multiply(a, b, result_out));
	default:
		return checked(context, decimal_divide(a, b, result_out));
	}
}

static enum status compute_ints(struct context *context, enum step_operation operation, int64_t a, int64_t b,
				struct value *result_out)
{
	int64_t result;
	bool overflow = operation == STEP_ADD        ? __builtin_add_overflow(a, b, &result)
			: operation == STEP_SUBTRACT ? __builtin_sub_overflow(a, b, &result)
						     : __builtin_mul_overflow(a, b, &result);
	if (overflow)
		return error_set(context->error, LIMIT, "the whole number is too large");
	*result_out = value_int(result);
	return OK;
}

/* Of which kind a product or quotient of numbers is: percent * int stays percent, int * percent is a share of the int. */
static enum value_kind number_kind(enum step_operation operation, struct value a, struct value b)
{
	if (a.kind != VALUE_PERCENT)
		return VALUE_DECIMAL;
	return operation == STEP_DIVIDE && b.kind == VALUE_PERCENT ? VALUE_DECIMAL : VALUE_PERCENT;
}

static enum status operate_numbers(struct context *context, enum step_operation operation, struct value a, struct value b,
				   struct value *result_out)
{
	struct decimal result;
	if (a.kind == VALUE_INT && b.kind == VALUE_INT && operation != STEP_DIVIDE)
		return compute_ints(context, operation, a.integer, b.integer, result_out);
	enum status status = compute(context, operation, value_decimal(a), value_decimal(b), &result);
	if (status == OK)
		*result_out = value_number(number_kind(operation, a, b), result);
	return status;
}

/* --- money */
static enum status operate_money(struct context *context, enum step_operation operation, struct value a, struct value b,
				 struct value *result_out)
{
	bool both = a.kind == VALUE_MONEY && b.kind == VALUE_MONEY;
	uint32_t currency = a.kind == VALUE_MONEY ? a.count : b.count;
	if (both && a.count != b.count) {
		char left[4], right[4];
		currency_unpack(a.count, left);
		currency_unpack(b.count, right);
		return error_set(context->error, INVALID, "%s and %s do not go together without a rate", left, right);
	}
	if ((both && operation == STEP_MULTIPLY) || (!both && (operation == STEP_ADD || operation == STEP_SUBTRACT)))
		return no_meaning(context, both ? "product" : "sum");
	struct decimal result;
	enum status status = compute(context, operation, value_decimal(a), value_decimal(b), &result);
	if (status != OK)
		return status;
	*result_out = value_number(both && operation == STEP_DIVIDE ? VALUE_DECIMAL : VALUE_MONEY, result);
	if (result_out->kind == VALUE_MONEY)
		result_out->count = currency;
	return OK;
}

/* --- durations */
static bool is_exact(struct value duration)
{
	return duration.unit == UNIT_SECOND || duration.unit == UNIT_DAY;
}

/* False: nothing can last that long. */
static bool exact_seconds(struct value duration, int64_t *seconds_out)
{
	return !__builtin_mul_overflow(duration.integer, duration.unit == UNIT_DAY ? DAY : 1, seconds_out);
}

static enum status too_long(struct context *context)
{
	return error_set(context->error, LIMIT, "the duration is too long");
}

static enum status operate_durations(struct context *context, enum step_operation operation, struct value a, struct value b,
				     struct value *result_out)
{
	bool same = a.unit == b.unit;
	if (!same && !(is_exact(a) && is_exact(b)))
		return error_set(context->error, INVALID,
				 "durations of different units do not go together; add them to a time one after the other");
	int64_t left = a.integer, right = b.integer, sum;
	if (!same && (!exact_seconds(a, &left) || !exact_seconds(b, &right)))
		return too_long(context);
	if (operation == STEP_DIVIDE) {
		struct decimal quotient;
		enum status status =
			checked(context, decimal_divide(decimal_from_int(left), decimal_from_int(right), &quotient));
		*result_out = value_number(VALUE_DECIMAL, quotient);
		return status;
	}
	if (operation == STEP_MULTIPLY)
		return no_meaning(context, "product");
	bool overflow =
		operation == STEP_ADD ? __builtin_add_overflow(left, right, &sum) : __builtin_sub_overflow(left, right, &sum);
	if (overflow)
		return too_long(context);
	*result_out = value_duration(sum, same ? a.unit : UNIT_SECOND);
	return OK;
}

static enum status scale_duration(struct context *context, enum step_operation operation, struct value duration,
				  struct value factor, struct value *result_out)
{
	struct decimal result;
	int64_t amount;
	enum status status = compute(context, operation, decimal_from_int(duration.integer), value_decimal(factor), &result);
	if (status != OK)
		return status;
	if (decimal_round(result, 0, ROUND_HALF_AWAY, &result) != OK || decimal_to_int(result, &amount) != OK)
		return too_long(context);
	*result_out = value_duration(amount, duration.unit);
	return OK;
}

/* --- times and dates */
static enum status add_work(struct context *context, moment at, struct value duration, moment *result_out)
{
	const struct calendar *calendar = context->program->default_calendar;
	if (!calendar)
		return error_set(
			context->error, INVALID,
			"working time needs a calendar: say `calendar NAME` in the pack, or use work_add(calendar, …)");
	if (duration.integer < 0)
		return error_set(context->error, INVALID, "working time can not be counted backwards");
	if (duration.unit == UNIT_WORK_DAY && duration.integer > CALENDAR_HORIZON_DAYS)
		return too_long(context);
	struct work_time work = {.calendar = calendar};
	enum status status = duration.unit == UNIT_WORK_SECOND ? work_add(&work, at, duration.integer, result_out)
			     : duration.unit == UNIT_WORK_DAY  ? work_add_days(&work, at, (int)duration.integer, result_out)
							       : work_day_end(&work, at, result_out);
	if (status == LIMIT)
		return error_set(context->error, LIMIT, "the calendar `%.*s` has no such working time within 20 years",
				 TEXT_ARGS(calendar->name));
	return status;
}

static enum status out_of_years(struct context *context)
{
	return error_set(context->error, LIMIT, "the time is not between the years 1 and 9999");
}

/* Days and months of a date that stays within the years. */
static enum status add_to_day(struct context *context, date day, struct value duration, date *result_out)
{
	bool far = duration.unit == UNIT_MONTH && (duration.integer > FARTHEST_MONTHS || duration.integer < -FARTHEST_MONTHS);
	int64_t days = far || duration.unit == UNIT_DAY ? duration.integer : duration.integer * 31;
	if (far || days > LAST_DAY - day || days < FIRST_DAY - day)
		return out_of_years(context);
	*result_out = duration.unit == UNIT_DAY ? day + (date)duration.integer : date_add_months(day, (int)duration.integer);
	return OK;
}

/* Days and months keep the wall clock; seconds are seconds. */
static enum status add_to_time(struct context *context, moment at, struct value duration, moment *result_out)
{
	date day;
	clock_time time;
	enum status status;
	switch (duration.unit) {
	case UNIT_SECOND:
		if (__builtin_add_overflow(at, duration.integer, result_out) || *result_out < FIRST_DAY * DAY ||
		    *result_out >= (LAST_DAY + 1) * DAY)
			return out_of_years(context);
		return OK;
	case UNIT_DAY:
	case UNIT_MONTH:
		moment_to_local(context->program->zone, at, &day, &time);
		status = add_to_day(context, day, duration, &day);
		if (status == OK)
			*result_out = moment_from_local(context->program->zone, day, time);
		return status;
	default:
		return add_work(context, at, duration, result_out);
	}
}

static enum status add_to_date(struct context *context, date day, struct value duration, date *result_out)
{
	moment at;
	clock_time time;
	enum status status;
	switch (duration.unit) {
	case UNIT_DAY:
	case UNIT_MONTH:
		return add_to_day(context, day, duration, result_out);
	case UNIT_WORK_DAY:
		status = add_work(context, moment_from_local(context->program->zone, day, DAY / 2), duration, &at);
		if (status == OK)
			moment_to_local(context->program->zone, at, result_out, &time);
		return status;
	default:
		return error_set(context->error, INVALID, "a date has no hours; add whole days, months or working days");
	}
}

static enum status operate_times(struct context *context, enum step_operation operation, struct value a, struct value b,
				 struct value *result_out)
{
	if (operation == STEP_SUBTRACT && a.kind == b.kind) {
		*result_out = value_duration(a.integer - b.integer, a.kind == VALUE_DATE ? UNIT_DAY : UNIT_SECOND);
		return OK;
	}
	if (a.kind == VALUE_DURATION && operation == STEP_ADD)
		return operate_times(context, operation, b, a, result_out);
	if (b.kind != VALUE_DURATION || (operation != STEP_ADD && operation != STEP_SUBTRACT))
		return no_meaning(context, operation == STEP_ADD ? "sum" : "difference");
	if (operation == STEP_SUBTRACT && __builtin_sub_overflow(0, b.integer, &b.integer))
		return out_of_years(context);
	moment at = 0;
	date day = 0;
	enum status status =
		a.kind == VALUE_DATE ? add_to_date(context, (date)a.integer, b, &day) : add_to_time(context, a.integer, b, &at);
	*result_out = (struct value){.kind = a.kind, .integer = a.kind == VALUE_DATE ? day : at};
	return status;
}

static enum status operate_texts(struct context *context, enum step_operation operation, struct value a, struct value b,
				 struct value *result_out)
{
	if (operation != STEP_ADD || a.kind != b.kind)
		return no_meaning(context, "such operator");
	if ((uint64_t)a.count + b.count > LIMIT_TEXT_BYTES)
		return error_set(context->error, LIMIT, "the text would be longer than 8 MiB");
	struct text_builder builder = {.arena = context->arena};
	builder_add(&builder, value_as_text(a));
	builder_add(&builder, value_as_text(b));
	*result_out = value_text(builder_text(&builder));
	return OK;
}

static enum status negate(struct context *context, struct value a, struct value *result_out)
{
	*result_out = a;
	if (a.kind == VALUE_INT || a.kind == VALUE_DURATION) {
		if (a.integer == INT64_MIN)
			return error_set(context->error, LIMIT, "the whole number is too large");
		result_out->integer = -a.integer;
	} else {
		result_out->mantissa = -a.mantissa;
	}
	return OK;
}

enum status operate(struct context *context, enum step_operation operation, struct value a, struct value b,
		    struct value *result_out)
{
	if (operation == STEP_NEGATE)
		return negate(context, a, result_out);
	if (is_number(a) && is_number(b))
		return operate_numbers(context, operation, a, b, result_out);
	if (a.kind == VALUE_MONEY || b.kind == VALUE_MONEY)
		return operate_money(context, operation, a, b, result_out);
	if (a.kind == VALUE_DATE || a.kind == VALUE_TIME || b.kind == VALUE_DATE || b.kind == VALUE_TIME)
		return operate_times(context, operation, a, b, result_out);
	if (a.kind == VALUE_DURATION && b.kind == VALUE_DURATION)
		return operate_durations(context, operation, a, b, result_out);
	if (a.kind == VALUE_DURATION && is_number(b))
		return scale_duration(context, operation, a, b, result_out);
	if (is_number(a) && b.kind == VALUE_DURATION && operation == STEP_MULTIPLY)
		return scale_duration(context, operation, b, a, result_out);
	return operate_texts(context, operation, a, b, result_out);
}

/* --- comparison */
bool wildcard_matches(struct text text, struct text pattern)
{
	uint32_t t = 0, p = 0, star = UINT32_MAX, resume = 0;
	while (t < text.length) {
		if (p < pattern.length && pattern.bytes[p] == '*') {
			star = p++;
			resume = t;
		} else if (p < pattern.length && (pattern.bytes[p] == '?' || pattern.bytes[p] == text.bytes[t])) {
			bool any = pattern.bytes[p++] == '?';
			t++;
			while (any && t < text.length && ((unsigned char)text.bytes[t] & 0xc0) == 0x80)
				t++; /* ? stands for a character, not a byte */
		} else if (star != UINT32_MAX) {
			p = star + 1;
			t = ++resume;
		} else {
			return false;
		}
	}
	while (p < pattern.length && pattern.bytes[p] == '*')
		p++;
	return p == pattern.length;
}

static enum status incomparable(struct context *context, struct value a, struct value b)
{
	if (a.kind == VALUE_DURATION && b.kind == VALUE_DURATION)
		return error_set(context->error, INVALID,
				 "durations of these units can not be compared; write `t + x < now` instead of `now - t > x`");
	if (a.kind == VALUE_MONEY && b.kind == VALUE_MONEY)
		return error_set(context->error, INVALID, "amounts of different currencies can not be compared");
	return error_set(context->error, INVALID, "these values can not be compared");
}

static enum status is_inside(struct context *context, struct value item, struct value many, bool *holds_out)
{
	int low, high;
	if (many.kind == VALUE_RANGE) {
		if (value_compare(item, many.items[0], &low) != OK || value_compare(item, many.items[1], &high) != OK)
			return incomparable(context, item, many.items[0]);
		*holds_out = low >= 0 && high <= 0;
		return OK;
	}
	*holds_out = false;
	for (uint32_t i = 0; i < many.count && !*holds_out; i++)
		*holds_out = value_equal(item, many.items[i]);
	return OK;
}

enum status compare(struct context *context, enum step_operation operation, struct value a, struct value b, bool *holds_out)
{
	int order = 0;
	switch (operation) {
	case STEP_EQUAL:
		*holds_out = value_equal(a, b);
		return OK;
	case STEP_NOT_EQUAL:
		*holds_out = !value_equal(a, b);
		return OK;
	case STEP_IN:
		return is_inside(context, a, b, holds_out);
	case STEP_CONTAINS:
		if (a.kind != VALUE_TEXT)
			return is_inside(context, b, a, holds_out);
		*holds_out = text_find(value_as_text(a), value_as_text(b)) >= 0;
		return OK;
	case STEP_STARTS:
		*holds_out = text_starts(value_as_text(a), value_as_text(b));
		return OK;
	case STEP_ENDS:
		*holds_out = text_ends(value_as_text(a), value_as_text(b));
		return OK;
	case STEP_MATCHES:
		*holds_out = wildcard_matches(value_as_text(a), value_as_text(b));
		return OK;
	default:
		break;
	}
	if (value_compare(a, b, &order) != OK)
		return incomparable(context, a, b);
	*holds_out = operation == STEP_LESS         ? order < 0
		     : operation == STEP_LESS_EQUAL ? order <= 0
		     : operation == STEP_GREATER    ? order > 0
						    : order >= 0;
	return OK;
}
