/* Working time: the intervals of a day become instants, and everything else walks over them in order. An interval belongs to
 * the day on which it begins, also where it ends on the next; what overlaps counts once, because the walk never goes back. */
#include "engine/base/calendar.h"

enum { DAY = 86400 };

struct interval { /* [from, until) */
	moment from, until;
};

/* --- which intervals begin on a day */
static bool is_holiday(const struct work_time *work, date day)
{
	for (uint32_t i = 0; i < work->calendar->holiday_count; i++)
		if (holidays_on(work->calendar->holidays[i], day))
			return true;
	for (uint32_t i = 0; i < work->extra_count; i++)
		if (holidays_on(work->extra[i], day))
			return true;
	return false;
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

static const struct hours *hours_on(const struct work_time *work, date day, uint32_t *count_out)
{
	const struct day_exception *exception = exception_on(work->calendar, day);
	if (exception) {
		*count_out = exception->hour_count;
		return exception->hours;
	}
	enum weekday weekday = date_weekday(day);
	*count_out = work->calendar->week[weekday].count;
	if (*count_out && is_holiday(work, day))
		*count_out = 0;
	return work->calendar->week[weekday].hours;
}

static struct interval interval_of(const struct zone *zone, date day, const struct hours *hours)
{
	date last = hours->to <= hours->from ? day + 1 : day;
	return (struct interval){moment_from_local(zone, day, hours->from), moment_from_local(zone, last, hours->to)};
}

/* The interval of `day` that ends last among those that begin at or before `covered` and reach beyond it; or the one that
 * begins first after it. Days have a handful of intervals, in any order. */
static bool interval_beyond(const struct work_time *work, date day, moment covered, struct interval *found_out)
{
	uint32_t count;
	const struct hours *hours = hours_on(work, day, &count);
	bool found = false;
	for (uint32_t i = 0; i < count; i++) {
		struct interval interval = interval_of(work->calendar->zone, day, &hours[i]);
		if (interval.from < covered)
			interval.from = covered;
		if (interval.until <= interval.from)
			continue;
		if (!found || interval.from < found_out->from ||
		    (interval.from == found_out->from && interval.until > found_out->until))
			*found_out = interval;
		found = true;
	}
	return found;
}

/* --- the walk: pieces of working time in order, none twice */
struct walk {
	const struct work_time *work;
	date day, last;
	moment covered; /* all before it is done with */
};

static struct walk walk_from(const struct work_time *work, moment from, date days)
{
	date day;
	clock_time time;
	moment_to_local(work->calendar->zone, from, &day, &time);
	return (struct walk){
		.work = work, .day = day - 1 /* it may reach over midnight */, .last = day + days, .covered = from};
}

static bool walk_next(struct walk *walk, struct interval *piece_out)
{
	for (; walk->day <= walk->last; walk->day++)
		if (interval_beyond(walk->work, walk->day, walk->covered, piece_out)) {
			struct interval
				earlier; /* the next day may begin before this piece does: 22:00..30:00 beside 06:00.. */
			if (interval_beyond(walk->work, walk->day + 1, walk->covered, &earlier) &&
			    earlier.from < piece_out->from)
				*piece_out = earlier;
			walk->covered = piece_out->until;
			return true;
		}
	return false;
}

int64_t work_between(const struct work_time *work, moment from, moment to)
{
	if (to <= from)
		return 0;
	struct walk walk = walk_from(work, from, (date)((to - from) / DAY + 2));
	struct interval piece;
	int64_t seconds = 0;
	while (walk_next(&walk, &piece) && piece.from < to)
		seconds += (piece.until < to ? piece.until : to) - piece.from;
	return seconds;
}

enum status work_add(const struct work_time *work, moment from, int64_t seconds, moment *due_out)
{
	*due_out = from;
	struct walk walk = walk_from(work, from, CALENDAR_HORIZON_DAYS);
	struct interval piece;
	while (seconds > 0) {
		if (!walk_next(&walk, &piece))
			return LIMIT;
		int64_t length = piece.until - piece.from;
		*due_out = seconds <= length ? piece.from + seconds : piece.until;
		seconds -= length;
	}
	return OK;
}

enum status work_next(const struct work_time *work, moment from, moment *at_out)
{
	struct walk walk = walk_from(work, from, CALENDAR_HORIZON_DAYS);
	struct interval piece;
	if (!walk_next(&walk, &piece))
		return LIMIT;
	*at_out = piece.from;
	return OK;
}

bool work_at(const struct work_time *work, moment at)
{
	struct walk walk = walk_from(work, at, 1);
	struct interval piece;
	return walk_next(&walk, &piece) && piece.from == at;
}

/* --- working days */
bool work_day(const struct work_time *work, date day)
{
	uint32_t count;
	hours_on(work, day, &count);
	return count > 0;
}

static moment day_end(const struct work_time *work, date day)
{
	uint32_t count;
	const struct hours *hours = hours_on(work, day, &count);
	moment end = INT64_MIN;
	for (uint32_t i = 0; i < count; i++) {
		struct interval interval = interval_of(work->calendar->zone, day, &hours[i]);
		if (interval.until > end)
			end = interval.until;
	}
	return end;
}

static moment distance(moment a, moment b)
{
	return a < b ? b - a : a - b;
}

/* The instant itself when it lies in the day's hours, else the nearest edge of them; of two, the earlier. */
static moment nearest_in_day(const struct work_time *work, date day, moment at)
{
	uint32_t count;
	const struct hours *hours = hours_on(work, day, &count);
	moment nearest = at, best = INT64_MAX;
	for (uint32_t i = 0; i < count; i++) {
		struct interval interval = interval_of(work->calendar->zone, day, &hours[i]);
		if (at >= interval.from && at <= interval.until)
			return at;
		moment edge = at < interval.from ? interval.from : interval.until;
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
	date day;
	clock_time time;
	moment_to_local(work->calendar->zone, start, &day, &time);
	for (date last = day + CALENDAR_HORIZON_DAYS; day <= last;) {
		day++;
		if (work_day(work, day) && --days == 0) {
			*due_out = nearest_in_day(work, day, moment_from_local(work->calendar->zone, day, time));
			return OK;
		}
	}
	return LIMIT;
}

enum status work_day_end(const struct work_time *work, moment from, moment *end_out)
{
	date day;
	clock_time time;
	moment_to_local(work->calendar->zone, from, &day, &time);
	if (work_at(work, from) && day_end(work, day - 1) > from)
		day--; /* a shift that began yesterday */
	for (date last = day + CALENDAR_HORIZON_DAYS; day <= last; day++) {
		moment end = day_end(work, day);
		if (end > from) {
			*end_out = end;
			return OK;
		}
	}
	return LIMIT;
}
