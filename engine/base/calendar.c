/* Working time: the intervals of a day become instants, and everything else walks over them in order. An interval belongs to
 * the day on which it begins, also where it ends on the next; what overlaps counts once, because the walk never goes back.
 * Ordinary days of a long span are counted whole, without their intervals. */
#include "engine/base/calendar.h"

enum { DAY = 86400, FEW_DAYS = 3 /* before a walk prepares for many */ };

struct interval { /* [from, until) */
	moment from, until;
};

/* Pieces of working time in order, none twice; with what one day's answer says about the next. */
struct walk {
	const struct work_time *work;
	date day, last;
	moment covered; /* all before it is done with */

	/* the zone's offset, and how long it holds */
	int offset;
	moment steady_from, steady_until;

	/* the holidays of one year, once more than a few days were asked about */
	uint32_t asked;
	date year_first, year_end;
	struct year_days holidays;

	/* counting whole days: not when `most` is 0 */
	int64_t most;    /* days are skipped while less than this is skipped */
	moment until;    /* and while they end until then */
	int64_t skipped; /* working seconds of them */
	uint32_t tried;
	bool week_known, week_plain;
	int64_t week[8]; /* working seconds of an ordinary day */
};

static struct walk walk_from(const struct work_time *work, moment from, date days)
{
	struct walk walk = {.work = work, .covered = from};
	walk.offset = zone_offset_span(work->calendar->zone, from, &walk.steady_from, &walk.steady_until);
	date day;
	clock_time time;
	moment_to_local(work->calendar->zone, from, &day, &time);
	walk.day = day - 1; /* its intervals may reach over midnight */
	walk.last = day + days;
	return walk;
}

/* --- which intervals begin on a day */
static void walk_learn_year(struct walk *walk, date day)
{
	int year, month, of_month;
	date_to_civil(day, &year, &month, &of_month);
	walk->year_first = date_from_civil(year, 1, 1);
	walk->year_end = date_from_civil(year + 1, 1, 1);
	walk->holidays = (struct year_days){0};
	const struct work_time *work = walk->work;
	for (uint32_t i = 0; i < work->calendar->holiday_count; i++)
		holidays_in_year(work->calendar->holidays[i], year, &walk->holidays);
	for (uint32_t i = 0; i < work->extra_count; i++)
		holidays_in_year(work->extra[i], year, &walk->holidays);
}

static bool is_holiday_of(const struct holidays *const *sets, uint32_t count, date day)
{
	for (uint32_t i = 0; i < count; i++)
		if (holidays_on(sets[i], day))
			return true;
	return false;
}

static bool is_holiday(struct walk *walk, date day)
{
	const struct work_time *work = walk->work;
	if (walk->asked < FEW_DAYS) {
		walk->asked++;
		return is_holiday_of(work->calendar->holidays, work->calendar->holiday_count, day) ||
		       is_holiday_of(work->extra, work->extra_count, day);
	}
	if (day < walk->year_first || day >= walk->year_end)
		walk_learn_year(walk, day);
	date of_year = day - walk->year_first;
	return walk->holidays.bits[of_year / 64] >> (of_year % 64) & 1;
}

static const struct day_exception *exception_on(const struct calendar *calendar, date day)
{
	uint32_t low = 0, high = calendar->exception_count;
	while (low < high) {
		uint32_t middle = (low + high) / 2;
		if (calendar->exceptions[middle].day < day)
			low = middle + 1;
		else
			high = middle;
	}
	return low < calendar->exception_count && calendar->exceptions[low].day == day ? &calendar->exceptions[low] : NULL;
}

static const struct hours *hours_on(struct walk *walk, date day, uint32_t *count_out)
{
	const struct calendar *calendar = walk->work->calendar;
	const struct day_exception *exception = exception_on(calendar, day);
	if (exception) {
		*count_out = exception->hour_count;
		return exception->hours;
	}
	enum weekday weekday = date_weekday(day);
	*count_out = calendar->week[weekday].count;
	if (*count_out && is_holiday(walk, day))
		*count_out = 0;
	return calendar->week[weekday].hours;
}

/* As moment_from_local, without a search where the zone has been quiet for a day. */
static moment instant_of(struct walk *walk, date day, clock_time time)
{
	moment at = (moment)day * DAY + time - walk->offset;
	if (at - DAY >= walk->steady_from && at < walk->steady_until)
		return at;
	const struct zone *zone = walk->work->calendar->zone;
	at = moment_from_local(zone, day, time);
	walk->offset = zone_offset_span(zone, at, &walk->steady_from, &walk->steady_until);
	return at;
}

static struct interval interval_of(struct walk *walk, date day, const struct hours *hours)
{
	date last = hours->to <= hours->from ? day + 1 : day;
	return (struct interval){instant_of(walk, day, hours->from), instant_of(walk, last, hours->to)};
}

/* What of the walk's day is not covered yet and begins first; of two that begin together, the longer. Days have a handful of
 * intervals, in any order. */
static bool interval_beyond(struct walk *walk, struct interval *found_out)
{
	uint32_t count;
	const struct hours *hours = hours_on(walk, walk->day, &count);
	bool found = false;
	for (uint32_t i = 0; i < count; i++) {
		struct interval interval = interval_of(walk, walk->day, &hours[i]);
		if (interval.from < walk->covered)
			interval.from = walk->covered;
		if (interval.until <= interval.from)
			continue;
		if (!found || interval.from < found_out->from ||
		    (interval.from == found_out->from && interval.until > found_out->until))
			*found_out = interval;
		found = true;
	}
	return found;
}

/* --- whole days */
static bool stays_within_day(const struct hours *hours, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (hours[i].to <= hours[i].from && hours[i].to)
			return false;
	return true;
}

/* The length of all intervals together, overlaps once. */
static int64_t hours_length(const struct hours *hours, uint32_t count)
{
	int64_t length = 0;
	for (clock_time covered = 0;;) {
		clock_time from = DAY, until = DAY;
		for (uint32_t i = 0; i < count; i++) {
			clock_time begin = hours[i].from < covered ? covered : hours[i].from;
			clock_time end = hours[i].to ? hours[i].to : DAY;
			if (end > begin && begin < from) {
				from = begin;
				until = end;
			}
		}
		if (from == DAY)
			return length;
		length += until - from;
		covered = until;
	}
}

static void walk_learn_week(struct walk *walk)
{
	const struct calendar *calendar = walk->work->calendar;
	walk->week_known = walk->week_plain = true;
	for (int weekday = MONDAY; weekday <= SUNDAY; weekday++) {
		walk->week_plain &= stays_within_day(calendar->week[weekday].hours, calendar->week[weekday].count);
		walk->week[weekday] = hours_length(calendar->week[weekday].hours, calendar->week[weekday].count);
	}
	for (uint32_t i = 0; i < calendar->exception_count; i++)
		walk->week_plain &= stays_within_day(calendar->exceptions[i].hours, calendar->exceptions[i].hour_count);
}

/* A day of 24 hours that nothing reaches into and nothing is taken from. */
static bool is_ordinary(struct walk *walk, moment begin)
{
	if (walk->tried < FEW_DAYS) {
		walk->tried++;
		return false;
	}
	if (!walk->week_known)
		walk_learn_week(walk);
	return walk->week_plain && begin - DAY >= walk->steady_from && begin + DAY < walk->steady_until &&
	       !exception_on(walk->work->calendar, walk->day);
}

static bool skip_day(struct walk *walk)
{
	moment begin = (moment)walk->day * DAY - walk->offset;
	if (!walk->most || walk->covered > begin || begin + DAY > walk->until || !is_ordinary(walk, begin))
		return false;
	int64_t seconds = walk->week[date_weekday(walk->day)];
	if (seconds && is_holiday(walk, walk->day))
		seconds = 0;
	if (walk->skipped + seconds >= walk->most)
		return false;
	walk->skipped += seconds;
	return true;
}

static bool walk_next(struct walk *walk, struct interval *piece_out)
{
	for (; walk->day <= walk->last; walk->day++) {
		if (skip_day(walk) || !interval_beyond(walk, piece_out))
			continue;
		walk->covered = piece_out->until;
		return true;
	}
	return false;
}

/* --- working seconds */
static moment within_dates(moment at)
{
	return at < MOMENT_FIRST ? MOMENT_FIRST : at > MOMENT_LAST ? MOMENT_LAST : at;
}

int64_t work_between(const struct work_time *work, moment from, moment to)
{
	from = within_dates(from);
	to = within_dates(to);
	if (to <= from)
		return 0;
	struct walk walk = walk_from(work, from, (date)((to - from) / DAY + 2));
	walk.most = INT64_MAX;
	walk.until = to;
	struct interval piece;
	int64_t seconds = 0;
	while (walk.covered < to && walk_next(&walk, &piece) && piece.from < to)
		seconds += (piece.until < to ? piece.until : to) - piece.from;
	return seconds + walk.skipped;
}

enum status work_add(const struct work_time *work, moment from, int64_t seconds, moment *due_out)
{
	*due_out = from;
	struct walk walk = walk_from(work, within_dates(from), CALENDAR_HORIZON_DAYS);
	walk.until = INT64_MAX;
	struct interval piece;
	while (seconds > 0) {
		walk.most = seconds;
		if (!walk_next(&walk, &piece))
			return LIMIT;
		seconds -= walk.skipped;
		walk.skipped = 0;
		int64_t length = piece.until - piece.from;
		*due_out = seconds <= length ? piece.from + seconds : piece.until;
		seconds -= length;
	}
	return OK;
}

enum status work_next(const struct work_time *work, moment from, moment *at_out)
{
	struct walk walk = walk_from(work, within_dates(from), CALENDAR_HORIZON_DAYS);
	struct interval piece;
	if (!walk_next(&walk, &piece))
		return LIMIT;
	*at_out = piece.from;
	return OK;
}

bool work_at(const struct work_time *work, moment at)
{
	struct walk walk = walk_from(work, within_dates(at), 0);
	struct interval piece;
	return walk_next(&walk, &piece) && piece.from == at;
}

/* --- working days */
static bool begins_work(struct walk *walk, date day)
{
	uint32_t count;
	hours_on(walk, day, &count);
	return count > 0;
}

bool work_day(const struct work_time *work, date day)
{
	struct walk walk = {.work = work};
	return begins_work(&walk, day);
}

static moment day_end(struct walk *walk, date day)
{
	uint32_t count;
	const struct hours *hours = hours_on(walk, day, &count);
	moment end = INT64_MIN;
	for (uint32_t i = 0; i < count; i++) {
		struct interval interval = interval_of(walk, day, &hours[i]);
		if (interval.until > end)
			end = interval.until;
	}
	return end;
}

static moment distance(moment a, moment b)
{
	return a < b ? b - a : a - b;
}

/* The instant itself when it is working time or its end, else the nearest edge of the day's hours; of two, the earlier. */
static moment nearest_in_day(struct walk *walk, date day, moment at)
{
	if (work_at(walk->work, at)) /* also where the shift began the day before */
		return at;
	uint32_t count;
	const struct hours *hours = hours_on(walk, day, &count);
	moment nearest = at, best = INT64_MAX;
	for (uint32_t i = 0; i < count; i++) {
		struct interval interval = interval_of(walk, day, &hours[i]);
		moment edge = distance(interval.from, at) <= distance(interval.until, at) ? interval.from : interval.until;
		if (distance(edge, at) < best || (distance(edge, at) == best && edge < nearest)) {
			best = distance(edge, at);
			nearest = edge;
		}
	}
	return nearest;
}

enum status work_add_days(const struct work_time *work, moment from, int days, moment *due_out)
{
	moment start;
	if (work_next(work, from, &start) != OK)
		return LIMIT;
	*due_out = start;
	if (days <= 0)
		return OK;
	struct walk walk = walk_from(work, start, CALENDAR_HORIZON_DAYS);
	date day;
	clock_time time;
	moment_to_local(work->calendar->zone, start, &day, &time);
	while (day <= walk.last) {
		day++;
		if (begins_work(&walk, day) && --days == 0) {
			*due_out = nearest_in_day(&walk, day, moment_from_local(work->calendar->zone, day, time));
			return OK;
		}
	}
	return LIMIT;
}

enum status work_day_end(const struct work_time *work, moment from, moment *end_out)
{
	struct walk walk = walk_from(work, within_dates(from), CALENDAR_HORIZON_DAYS);
	date day = walk.day + 1;
	moment shift_end = day_end(&walk, walk.day);
	if (shift_end > from && work_at(work, from)) { /* a shift that began yesterday */
		*end_out = shift_end;
		return OK;
	}
	for (; day <= walk.last; day++) {
		moment end = day_end(&walk, day);
		if (end > from) {
			*end_out = end;
			return OK;
		}
	}
	return LIMIT;
}
