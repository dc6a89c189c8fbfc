/* Schedules: how often, on which day, at what time; and what is done then. */
#include "dsl/compiler/schedule_items.h"

static const struct {
	const char *word;
	int period;
} PERIODS[] = {
	{"day", EVERY_DAY},         {"week", EVERY_WEEK}, {"month", EVERY_MONTH},
	{"quarter", EVERY_QUARTER}, {"year", EVERY_YEAR}, {"workday", EVERY_WORKDAY},
};
enum { PERIOD_COUNT = sizeof(PERIODS) / sizeof(*PERIODS) };

static void period_read(struct compiler *compiler, uint32_t file, const struct syntax *name, struct schedule *schedule)
{
	struct text word = syntax_text(compiler, file, name), known[PERIOD_COUNT];
	for (uint32_t i = 0; i < PERIOD_COUNT; i++) {
		known[i] = text_from(PERIODS[i].word);
		if (!text_equal(word, known[i]))
			continue;
		schedule->period = PERIODS[i].period;
		return;
	}
	struct diagnostic *diagnostic =
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_OPTION, span_in(file, name),
			       "`every %.*s` is unknown; a duration, or day week month quarter year workday", TEXT_ARGS(word));
	suggest(compiler, diagnostic, word, known, PERIOD_COUNT);
}

static void bad_day(struct compiler *compiler, uint32_t file, const struct syntax *at, const char *what)
{
	diagnostic_add(compiler->diagnostics, DIAGNOSTIC_CALENDAR, span_in(file, at), "%s", what);
}

/* `on day 1`, `on last day`, `on last workday`, `on mon` */
static void day_read(struct compiler *compiler, uint32_t file, const struct syntax *every, const struct syntax *name,
		     struct schedule *schedule)
{
	struct text word = syntax_text(compiler, file, name);
	const struct syntax *number = syntax_child(every, SYNTAX_number);
	bool last = syntax_has_word(compiler, file, every, "last");
	bool monthly = schedule->period == EVERY_MONTH || schedule->period == EVERY_QUARTER || schedule->period == EVERY_YEAR;
	if (text_is(word, "day") && monthly && (last || number)) {
		int64_t day = last ? -1 : number_read(compiler, file, number);
		if (!last && (day < 1 || day > 31))
			bad_day(compiler, file, number, "days of a month run from 1 to 31; the last one is `on last day`");
		schedule->day = (int)day;
	} else if (text_is(word, "workday") && monthly && last) {
		schedule->last_workday = true;
	} else if (weekday_read(word) && schedule->period == EVERY_WEEK) {
		schedule->weekday = weekday_read(word);
	} else {
		bad_day(compiler, file, name,
			"`on` names a day: `every month on day 1`, `on last day`, `on last workday`, `every week on mon`");
	}
}

static void at_read(struct compiler *compiler, uint32_t file, const struct syntax *at, struct schedule *schedule)
{
	const struct syntax *zone = syntax_child(at, SYNTAX_zone);
	schedule->at = time_of_day_read(compiler, file, syntax_child(at, SYNTAX_time_of_day));
	if (zone)
		schedule->zone = zone_read(compiler, file, zone);
}

void every_read(struct compiler *compiler, uint32_t file, const struct syntax *every, struct schedule *schedule)
{
	const struct syntax *first = syntax_named(every, 0), *at = syntax_child(every, SYNTAX_at);
	schedule->zone = compiler->program->zone;
	if (first->kind == SYNTAX_duration) {
		uint32_t errors = compiler->diagnostics->errors;
		schedule->every = seconds_read(compiler, file, first);
		if (schedule->every < 60 && errors == compiler->diagnostics->errors)
			bad_day(compiler, file, first, "a schedule runs at most once a minute");
		if (syntax_named(every, 1))
			bad_day(compiler, file, syntax_named(every, 1),
				"`on` and `at` go with day, week, month, quarter, year or workday");
		return;
	}
	period_read(compiler, file, first, schedule);
	if (schedule->period == EVERY_MONTH || schedule->period == EVERY_QUARTER || schedule->period == EVERY_YEAR)
		schedule->day = 1;
	if (schedule->period == EVERY_WEEK)
		schedule->weekday = MONDAY;
	const struct syntax *day = syntax_named(every, 1);
	if (day && day->kind == SYNTAX_identifier && schedule->period)
		day_read(compiler, file, every, day, schedule);
	if (at)
		at_read(compiler, file, at, schedule);
}

/* --- the frame is that of an action without an event: slot 0 is missing, slot 1 the actor, who is nobody */
static struct coder schedule_coder(struct compiler *compiler, uint32_t file)
{
	struct coder coder = coder_new(compiler, file);
	coder.effects = true;
	coder.slot_count = coder.parameter_count = RULE_PARAMETERS;
	return coder;
}

static void guard_build(struct compiler *compiler, uint32_t file, const struct syntax *when, struct schedule *schedule)
{
	struct coder coder = schedule_coder(compiler, file);
	struct operand truth = condition(&coder, syntax_value(when));
	schedule->guard = coder_finish(&coder, operand_slot(&coder, &truth), truth.node);
}

static void body_build(struct compiler *compiler, uint32_t file, const struct syntax *then, const struct syntax *when,
		       struct schedule *schedule)
{
	struct coder coder = schedule_coder(compiler, file);
	if (when)
		facts_add(&coder, syntax_value(when));
	statements(&coder, syntax_named(then, 0));
	schedule->body = coder_finish(&coder, SLOT_NONE, NODE_NONE);
}

static void schedule_build(struct compiler *compiler, struct declaration *declaration)
{
	const struct syntax *items[3] = {NULL, NULL, NULL};
	static const enum syntax_kind KINDS[3] = {SYNTAX_every, SYNTAX_when, SYNTAX_then};
	struct schedule schedule = {.name = declaration->name,
				    .label = label_read(compiler, declaration->file, declaration->syntax),
				    .span = span_in(declaration->file, declaration->syntax),
				    .index = compiler->schedules.count};
	for (each_child (child, declaration->syntax))
		for (int i = 0; i < 3; i++) {
			if (child->kind == KINDS[i] && items[i])
				diagnostic_add(compiler->diagnostics, DIAGNOSTIC_ITEM_TWICE, span_in(declaration->file, child),
					       "`%s` stands twice in this schedule", syntax_kind_name(child->kind));
			else if (child->kind == KINDS[i])
				items[i] = child;
		}
	if (!items[0] || !items[2])
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_RULE_INCOMPLETE, schedule.span,
			       "the schedule `%.*s` has no %s", TEXT_ARGS(schedule.name), items[0] ? "`then …`" : "`every …`");
	if (items[0])
		every_read(compiler, declaration->file, items[0], &schedule);
	if (items[1])
		guard_build(compiler, declaration->file, items[1], &schedule);
	if (items[2])
		body_build(compiler, declaration->file, items[2], items[1], &schedule);
	declaration->index = schedule.index;
	*list_add(compiler->arena, &compiler->schedules) = schedule;
}

void schedules_build(struct compiler *compiler)
{
	for (uint32_t i = 0; i < compiler->by_kind[SYNTAX_schedule].count; i++)
		schedule_build(compiler, compiler->by_kind[SYNTAX_schedule].items[i]);
}
