/* Standard functions over dates, times, durations and business time. Local means the program's zone unless one is named. */
#include "engine/base/json.h"
#include "engine/builtins.h"

enum { DAY = 86400, FIRST_YEAR = 1, LAST_YEAR = 9999 };

/* From here on a number of seconds since 1970 is taken for milliseconds: seconds reach it in the year 5138. */
static const int64_t MILLISECONDS_FROM = 100000000000;
static const int64_t EARLIEST = -62135596800, LATEST = 253402300799; /* years 1..9999 */

static enum status answer_int(const struct call *call, int64_t integer)
{
	return call_answer(call, value_int(integer));
}

static enum status answer_date(const struct call *call, date day)
{
	return call_answer(call, (struct value){.kind = VALUE_DATE, .integer = day});
}

static enum status answer_time(const struct call *call, moment at)
{
	return at < EARLIEST || at > LATEST ? OK : call_answer(call, value_time(at));
}

static enum status invalid(const struct call *call, const char *sentence)
{
	return error_set(call->context->error, INVALID, "%s", sentence);
}

/* --- parts */
static void local_of(const struct call *call, date *day_out, clock_time *time_out)
{
	struct value value = call->arguments[0];
	*day_out = (date)value.integer;
	*time_out = 0;
	if (value.kind == VALUE_TIME)
		moment_to_local(call_zone(call), value.integer, day_out, time_out);
}

static struct civil civil_of(const struct call *call)
{
	struct civil civil;
	date day;
	clock_time time;
	local_of(call, &day, &time);
	date_to_civil(day, &civil.year, &civil.month, &civil.day);
	civil.hour = time / 3600;
	civil.minute = time / 60 % 60;
	civil.second = time % 60;
	return civil;
}

enum status builtin_DATE_OF(const struct call *call)
{
	date day;
	clock_time time;
	local_of(call, &day, &time);
	return answer_date(call, day);
}

enum status builtin_TIME_OF_DAY_OF(const struct call *call)
{
	date day;
	clock_time time;
	local_of(call, &day, &time);
	return call_answer(call, (struct value){.kind = VALUE_TIME_OF_DAY, .integer = time});
}

enum status builtin_YEAR(const struct call *call)
{
	return answer_int(call, civil_of(call).year);
}

enum status builtin_MONTH(const struct call *call)
{
	return answer_int(call, civil_of(call).month);
}

enum status builtin_DAY(const struct call *call)
{
	return answer_int(call, civil_of(call).day);
}

enum status builtin_HOUR(const struct call *call)
{
	return answer_int(call, civil_of(call).hour);
}

enum status builtin_MINUTE(const struct call *call)
{
	return answer_int(call, civil_of(call).minute);
}

enum status builtin_WEEKDAY(const struct call *call)
{
	date day;
	clock_time time;
	local_of(call, &day, &time);
	return answer_int(call, date_weekday(day));
}

enum status builtin_WEEK(const struct call *call)
{
	int year;
	return answer_int(call, date_iso_week((date)call->arguments[0].integer, &year));
}

/* --- times out of texts and numbers */
static enum status time_from_text(const struct call *call, struct text text)
{
	moment at;
	return moment_parse(text_trim(text), call_zone(call), &at) == OK ? answer_time(call, at) : OK;
}

static enum status time_from_number(const struct call *call, struct decimal number)
{
	int64_t whole;
	if (decimal_round(number, 0, ROUND_FLOOR, &number) != OK || decimal_to_int(number, &whole) != OK)
		return OK;
	if (whole >= MILLISECONDS_FROM || whole <= -MILLISECONDS_FROM)
		whole = whole / 1000 - (whole % 1000 < 0);
	return answer_time(call, whole);
}

enum status builtin_TIME_FROM_TEXT(const struct call *call)
{
	return time_from_text(call, call_text(call, 0));
}

enum status builtin_TIME_OF(const struct call *call)
{
	struct value value = call->arguments[0];
	struct decimal number;
	if (value.kind == VALUE_DATA && json_kind(value.json) == JSON_NUMBER)
		return json_decimal(value.json, &number) == OK ? time_from_number(call, number) : OK;
	if (value.kind == VALUE_DATA && json_kind(value.json) != JSON_TEXT)
		return OK;
	if (value.kind != VALUE_DATA && value.kind != VALUE_TEXT)
		return time_from_number(call, value_decimal(value));
	struct text text = text_trim(value.kind == VALUE_DATA ? json_text(value.json) : value_as_text(value));
	return decimal_parse(text, &number) == OK ? time_from_number(call, number) : time_from_text(call, text);
}

enum status builtin_AT(const struct call *call)
{
	const struct zone *zone = call_zone(call);
	if (call->count == 3 && zone_find(call_text(call, 2), &zone) != OK)
		return OK;
	moment at = moment_from_local(zone, (date)call->arguments[0].integer, (clock_time)call->arguments[1].integer);
	return call_answer(call, value_time(at));
}

/* --- dates */
enum status builtin_START_OF_MONTH(const struct call *call)
{
	struct civil civil = civil_of(call);
	return answer_date(call, date_from_civil(civil.year, civil.month, 1));
}

enum status builtin_END_OF_MONTH(const struct call *call)
{
	struct civil civil = civil_of(call);
	return answer_date(call, date_from_civil(civil.year, civil.month, days_in_month(civil.year, civil.month)));
}

enum status builtin_START_OF_QUARTER(const struct call *call)
{
	struct civil civil = civil_of(call);
	return answer_date(call, date_from_civil(civil.year, (civil.month - 1) / 3 * 3 + 1, 1));
}

enum status builtin_START_OF_YEAR(const struct call *call)
{
	return answer_date(call, date_from_civil(civil_of(call).year, 1, 1));
}

enum status builtin_ADD_MONTHS(const struct call *call)
{
	struct civil civil = civil_of(call);
	int64_t months = call->arguments[1].integer, limit = (int64_t)LAST_YEAR * 12;
	int64_t year = months > limit || months < -limit ? 0 : civil.year + (civil.month - 1 + months + limit) / 12 - LAST_YEAR;
	if (year < FIRST_YEAR || year > LAST_YEAR)
		return invalid(call, "the date is not between the years 1 and 9999");
	return answer_date(call, date_add_months((date)call->arguments[0].integer, (int)months));
}

enum status builtin_DAYS_BETWEEN(const struct call *call)
{
	return answer_int(call, call->arguments[1].integer - call->arguments[0].integer);
}

enum status builtin_EASTER(const struct call *call)
{
	int64_t year = call->arguments[0].integer;
	if (year < FIRST_YEAR || year > LAST_YEAR)
		return invalid(call, "the year is not between 1 and 9999");
	return answer_date(call, date_easter((int)year));
}

/* --- durations */
static enum status seconds_of(const struct call *call, int64_t *seconds_out)
{
	struct value duration = call->arguments[0];
	int64_t factor = duration.unit == UNIT_DAY ? DAY : 1;
	if (duration.unit != UNIT_SECOND && duration.unit != UNIT_DAY && duration.unit != UNIT_WORK_SECOND)
		return invalid(call, "months and working days have no fixed length");
	return __builtin_mul_overflow(duration.integer, factor, seconds_out) ? invalid(call, "the duration is too long") : OK;
}

static enum status answer_units(const struct call *call, int64_t unit)
{
	int64_t seconds = 0;
	struct decimal units;
	enum status status = seconds_of(call, &seconds);
	if (status != OK)
		return status;
	if (decimal_divide(decimal_from_int(seconds), decimal_from_int(unit), &units) != OK)
		return invalid(call, "the duration is too long");
	return call_answer(call, value_number(VALUE_DECIMAL, units));
}

enum status builtin_SECONDS(const struct call *call)
{
	int64_t seconds = 0;
	enum status status = seconds_of(call, &seconds);
	return status == OK ? answer_int(call, seconds) : status;
}

enum status builtin_MINUTES(const struct call *call)
{
	return answer_units(call, 60);
}

enum status builtin_HOURS(const struct call *call)
{
	return answer_units(call, 3600);
}

static enum status answer_duration(const struct call *call, int64_t factor, enum duration_unit unit)
{
	int64_t amount;
	if (__builtin_mul_overflow(call->arguments[0].integer, factor, &amount))
		return invalid(call, "the duration is too long");
	return call_answer(call, value_duration(amount, unit));
}

enum status builtin_SECONDS_OF(const struct call *call)
{
	return answer_duration(call, 1, UNIT_SECOND);
}

enum status builtin_MINUTES_OF(const struct call *call)
{
	return answer_duration(call, 60, UNIT_SECOND);
}

enum status builtin_HOURS_OF(const struct call *call)
{
	return answer_duration(call, 3600, UNIT_SECOND);
}

enum status builtin_DAYS_OF(const struct call *call)
{
	return answer_duration(call, 1, UNIT_DAY);
}

enum status builtin_WORKDAYS_OF(const struct call *call)
{
	return answer_duration(call, 1, UNIT_WORK_DAY);
}

/* --- business time */
static const struct calendar *calendar_behind(const struct call *call)
{
	const struct program *program = call->context->program;
	for (uint32_t i = 0; i < program->calendar_count; i++)
		if (id_equal(program->calendar_ids[i], call->arguments[0].id))
			return program->calendars[i];
	return NULL;
}

static const struct holidays *holidays_behind(const struct call *call)
{
	const struct program *program = call->context->program;
	for (uint32_t i = 0; i < program->holiday_count; i++)
		if (id_equal(program->holiday_ids[i], call->arguments[0].id))
			return program->holidays[i];
	return NULL;
}

static enum status work_of(const struct call *call, struct work_time *work_out)
{
	*work_out = (struct work_time){.calendar = calendar_behind(call)};
	return work_out->calendar ? OK : invalid(call, "these packs no longer have that calendar");
}

enum status builtin_WORK_BETWEEN(const struct call *call)
{
	struct work_time work;
	enum status status = work_of(call, &work);
	if (status != OK)
		return status;
	int64_t seconds = work_between(&work, call->arguments[1].integer, call->arguments[2].integer);
	return call_answer(call, value_duration(seconds, UNIT_WORK_SECOND));
}

static enum status add_work(const struct call *call, const struct work_time *work, moment *at_out)
{
	moment from = call->arguments[1].integer;
	struct value duration = call->arguments[2];
	if (duration.integer < 0)
		return invalid(call, "working time is only counted forwards");
	switch ((enum duration_unit)duration.unit) {
	case UNIT_SECOND:
	case UNIT_WORK_SECOND:
		return work_add(work, from, duration.integer, at_out);
	case UNIT_DAY:
	case UNIT_WORK_DAY:
		if (duration.integer > CALENDAR_HORIZON_DAYS)
			return LIMIT;
		return work_add_days(work, from, (int)duration.integer, at_out);
	case UNIT_END_OF_WORK_DAY:
		return work_day_end(work, from, at_out);
	default:
		return invalid(call, "months have no fixed length in working time");
	}
}

/* What is never reached is not set. */
static enum status answer_reached(const struct call *call, enum status status, moment at)
{
	if (status == LIMIT)
		return OK;
	return status == OK ? call_answer(call, value_time(at)) : status;
}

enum status builtin_WORK_ADD(const struct call *call)
{
	struct work_time work;
	moment at = 0;
	enum status status = work_of(call, &work);
	if (status != OK)
		return status;
	status = add_work(call, &work, &at);
	return answer_reached(call, status, at);
}

enum status builtin_IS_WORKING(const struct call *call)
{
	struct work_time work;
	enum status status = work_of(call, &work);
	return status == OK ? call_answer(call, value_bool(work_at(&work, call->arguments[1].integer))) : status;
}

enum status builtin_NEXT_WORKING(const struct call *call)
{
	struct work_time work;
	moment at = 0;
	enum status status = work_of(call, &work);
	if (status != OK)
		return status;
	status = work_next(&work, call->arguments[1].integer, &at);
	return answer_reached(call, status, at);
}

enum status builtin_END_OF_WORKING_DAY(const struct call *call)
{
	struct work_time work;
	moment at = 0;
	enum status status = work_of(call, &work);
	if (status != OK)
		return status;
	status = work_day_end(&work, call->arguments[1].integer, &at);
	return answer_reached(call, status, at);
}

/* Of a set of holidays, or of any set of a calendar. */
static enum status holiday_of(const struct call *call, const struct holiday **holiday_out)
{
	date day = (date)call->arguments[1].integer;
	*holiday_out = NULL;
	if (call->arguments[0].entity == SYSTEM_HOLIDAYS) {
		const struct holidays *holidays = holidays_behind(call);
		if (!holidays)
			return invalid(call, "these packs no longer have those holidays");
		*holiday_out = holidays_on(holidays, day);
		return OK;
	}
	struct work_time work;
	enum status status = work_of(call, &work);
	for (uint32_t i = 0; status == OK && !*holiday_out && i < work.calendar->holiday_count; i++)
		*holiday_out = holidays_on(work.calendar->holidays[i], day);
	return status;
}

enum status builtin_IS_HOLIDAY(const struct call *call)
{
	const struct holiday *holiday;
	enum status status = holiday_of(call, &holiday);
	return status == OK ? call_answer(call, value_bool(holiday != NULL)) : status;
}

enum status builtin_HOLIDAY_NAME(const struct call *call)
{
	const struct holiday *holiday;
	enum status status = holiday_of(call, &holiday);
	return status == OK && holiday ? call_answer(call, value_text(holiday->label)) : status;
}

/* A window that ends on the next day belongs to the day on which it begins. */
enum status builtin_WEEKLY_END(const struct call *call)
{
	moment at = call->arguments[0].integer;
	clock_time from = (clock_time)call->arguments[2].integer, until = (clock_time)call->arguments[3].integer, time;
	const struct zone *zone;
	date today;
	if (zone_find(call_text(call, 4), &zone) != OK)
		return OK;
	moment_to_local(zone, at, &today, &time);
	for (date day = today - 1; day <= today; day++) {
		moment start = moment_from_local(zone, day, from);
		moment end = moment_from_local(zone, until > from ? day : day + 1, until);
		if (date_weekday(day) == (enum weekday)call->arguments[1].integer && start <= at && at < end)
			return call_answer(call, value_time(end));
	}
	return OK;
}
