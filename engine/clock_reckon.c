/* The arithmetic of a clock. Due is found by walking from the start over the pauses, never by adding lengths of pauses to a
 * first result: a pause moves the due instant by its overlap with working time before it, and by nothing else. */
#include "engine/clock_reckon.h"

static bool counts_days(enum duration_unit unit)
{
	return unit == UNIT_DAY || unit == UNIT_WORK_DAY || unit == UNIT_END_OF_WORK_DAY;
}

static moment pause_end(const struct pause *pause, moment at)
{
	return pause->until < at ? pause->until : at;
}

int64_t reckon_elapsed(const struct reckoning *reckoning, moment at)
{
	int64_t seconds = work_between(&reckoning->work, reckoning->started_at, at);
	for (uint32_t i = 0; i < reckoning->pause_count; i++)
		seconds -= work_between(&reckoning->work, reckoning->pauses[i].from, pause_end(&reckoning->pauses[i], at));
	return seconds;
}

/* The earliest instant with so much elapsed working time. */
static enum status seconds_reach(const struct reckoning *reckoning, int64_t seconds, moment *at_out)
{
	moment at = reckoning->started_at;
	for (uint32_t i = 0; i < reckoning->pause_count; i++) {
		const struct pause *pause = &reckoning->pauses[i];
		int64_t before = work_between(&reckoning->work, at, pause->from);
		if (seconds <= before)
			break;
		if (pause->until == PAUSE_OPEN)
			return NOT_FOUND;
		seconds -= before;
		at = pause->until;
	}
	return work_add(&reckoning->work, at, seconds, at_out);
}

/* Where a target in days lands when nothing pauses. */
static enum status days_land(const struct reckoning *reckoning, moment *at_out)
{
	if (reckoning->unit == UNIT_END_OF_WORK_DAY)
		return work_day_end(&reckoning->work, reckoning->started_at, at_out);
	if (reckoning->target < 0 || reckoning->target > CALENDAR_HORIZON_DAYS)
		return INVALID;
	return work_add_days(&reckoning->work, reckoning->started_at, (int)reckoning->target, at_out);
}

/* Each pause that begins before the landing puts its working time behind it. */
static enum status days_reach(const struct reckoning *reckoning, moment *at_out)
{
	enum status status = days_land(reckoning, at_out);
	for (uint32_t i = 0; status == OK && i < reckoning->pause_count; i++) {
		const struct pause *pause = &reckoning->pauses[i];
		if (pause->from >= *at_out)
			break;
		if (pause->until == PAUSE_OPEN)
			return NOT_FOUND;
		status = work_add(&reckoning->work, *at_out, work_between(&reckoning->work, pause->from, pause->until), at_out);
	}
	return status;
}

enum status reckon_due(const struct reckoning *reckoning, moment *due_out)
{
	if (counts_days(reckoning->unit))
		return days_reach(reckoning, due_out);
	if (reckoning->unit == UNIT_MONTH || reckoning->target < 0)
		return INVALID;
	return seconds_reach(reckoning, reckoning->target, due_out);
}

/* The working seconds of the whole target. */
static enum status total_seconds(const struct reckoning *reckoning, int64_t *seconds_out)
{
	if (!counts_days(reckoning->unit)) {
		*seconds_out = reckoning->target;
		return reckoning->unit == UNIT_MONTH || reckoning->target < 0 ? INVALID : OK;
	}
	moment landing;
	enum status status = days_land(reckoning, &landing);
	if (status == OK)
		*seconds_out = work_between(&reckoning->work, reckoning->started_at, landing);
	return status;
}

/* Rounded up: at that second the share is reached, not almost reached. */
static int64_t share_of(int64_t seconds, struct decimal share)
{
	__int128 divisor = 1;
	for (int i = 0; i < share.scale; i++)
		divisor *= 10;
	return (int64_t)((seconds * share.mantissa + divisor - 1) / divisor);
}

enum status reckon_share(const struct reckoning *reckoning, struct decimal share, moment *at_out)
{
	int64_t seconds;
	enum status status = total_seconds(reckoning, &seconds);
	return status == OK ? seconds_reach(reckoning, share_of(seconds, share), at_out) : status;
}

enum status reckon_remaining(const struct reckoning *reckoning, moment at, int64_t *seconds_out)
{
	struct reckoning closed = *reckoning;
	const struct pause *last = closed.pause_count ? &closed.pauses[closed.pause_count - 1] : NULL;
	bool open = last && last->until == PAUSE_OPEN;
	moment due, from = open ? last->from : at;
	if (open)
		closed.pause_count--;
	enum status status = reckon_due(&closed, &due);
	if (status == OK)
		*seconds_out = work_between(&closed.work, from, due);
	return status;
}
