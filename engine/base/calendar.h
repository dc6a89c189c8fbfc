/* Business time: which instants of a zone are working time, how much lies between two of them, and when a target is reached.
 * A calendar is built once and then only read. Intervals are half-open, in wall-clock time; see semantics in
 * docs/language.md, "Business time". Elapsed time is real length: 22:00..06:00 lasts 7 h over the spring change. */
#ifndef BASE_CALENDAR_H
#define BASE_CALENDAR_H

#include "engine/base/list.h"
#include "engine/base/moment.h"

enum { CALENDAR_HORIZON_DAYS = 366 * 20 }; /* a target that is not reached within it has no due date */

/* --- holidays: rules, resolved per year on demand */
enum holiday_rule { HOLIDAY_FIXED, HOLIDAY_EASTER, HOLIDAY_WEEKDAY_BEFORE, HOLIDAY_WEEKDAY_AFTER, HOLIDAY_ONCE };

struct holiday {
	enum holiday_rule rule;
	struct text label;
	int month, day;            /* FIXED; the anchor of WEEKDAY_* (itself not counted) */
	int offset;                /* EASTER: days after Easter Sunday */
	enum weekday weekday;      /* WEEKDAY_* */
	int nth;                   /* WEEKDAY_*: the n-th before or after the anchor, from 1 */
	date once;                 /* ONCE */
	int from_year, until_year; /* inclusive; 0: open. For holidays that a law began or ended */
	/* It is a holiday only when all of these allow the day that the rule names: */
	unsigned weekdays;  /* `only mon`, `except tue, sat`: bits 1 << enum weekday; 0: all */
	bool unless_easter; /* `unless easter - 3`: not when it falls on that day */
	int unless_offset;
	int within_from, within_until; /* `within 04-08..04-14`: month * 100 + day, inclusive; 0: all year */
};

struct holidays {
	struct text name, label;
	const struct holiday *items;
	uint32_t count;
	const struct holidays *const *includes;
	uint32_t include_count;
};

/* The label of the holiday on that day, or NULL. Includes count. */
const struct holiday *holidays_on(const struct holidays *holidays, date day);
/* The holidays of a year as bits, counted from 1 January; adds to what is there. For who asks about many days. */
struct year_days {
	uint64_t bits[6];
};
void holidays_in_year(const struct holidays *holidays, int year, struct year_days *days);

/* --- calendars */
struct hours { /* [from, to); to <= from ends on the next day; 00:00..24:00 is the whole day */
	clock_time from, to;
};

struct day_exception { /* replaces the day's intervals and beats a holiday; no intervals: closed */
	date day;
	const struct hours *hours;
	uint32_t hour_count;
};

struct calendar {
	struct text name, label;
	const struct zone *zone;
	struct {
		const struct hours *hours;
		uint32_t count;
	} week[8]; /* by enum weekday; [0] unused */
	const struct holidays *const *holidays;
	uint32_t holiday_count;
	const struct day_exception *exceptions; /* ascending by day, one a day */
	uint32_t exception_count;
};

/* A calendar together with holiday sets that its user brings along (the site's own, say). `extra` may be NULL. */
struct work_time {
	const struct calendar *calendar;
	const struct holidays *const *extra;
	uint32_t extra_count;
};

/* A day with at least one interval that begins on it. */
bool work_day(const struct work_time *work, date day);
bool work_at(const struct work_time *work, moment at);
/* Working seconds in [from, to); 0 when to <= from. */
int64_t work_between(const struct work_time *work, moment from, moment to);
/* The earliest instant at which the working time since `from` reaches `seconds`: an interval's end itself, not the next
 * interval's start; `from` itself for 0. LIMIT past the horizon (a calendar that is never open). */
enum status work_add(const struct work_time *work, moment from, int64_t seconds, moment *due_out) MUST_CHECK;
/* N working days after the local date of `from`, same wall clock; a start outside working time counts from the next working
 * second; a landing outside the day's hours moves to its nearest edge. */
enum status work_add_days(const struct work_time *work, moment from, int days, moment *due_out) MUST_CHECK;
/* The end of the working day that `from` lies in or before; of the next working day when that is past. */
enum status work_day_end(const struct work_time *work, moment from, moment *end_out) MUST_CHECK;
/* The first working instant at or after `from`. */
enum status work_next(const struct work_time *work, moment from, moment *at_out) MUST_CHECK;

#endif
