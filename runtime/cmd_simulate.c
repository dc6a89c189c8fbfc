/* `stellwerk simulate`: recorded events through a pack, and what came of it. Nothing leaves the machine. */
#include <time.h>

#include "runtime/command.h"
#include "runtime/play.h"
#include "runtime/summary.h"

struct simulation {
	struct play play;
	struct summary summary;
	bool verbose;
};

static void turn_heard(void *context, struct world *world, const struct turn_report *report);
static void line_heard(void *context, const struct played *played);
static void result_print(struct simulation *simulation);

int cmd_simulate(const struct command_line *line)
{
	struct simulation simulation = {.verbose = option_given(line, "verbose") && !line->json};
	struct world_options options = {.path = option_value(line, "store"), .listener = turn_heard, .context = &simulation};
	struct timespec from, to;

	clock_gettime(CLOCK_MONOTONIC, &from);
	int code = play_open(&simulation.play, line, line->word_count);
	if (code == EXIT_FINE) {
		summary_init(&simulation.summary, line->arena, simulation.play.pack.program);
		code = play_run(&simulation.play, &options, line_heard, &simulation);
	}
	if (code == EXIT_FINE) {
		result_print(&simulation);
		fflush(stdout);
		/* the one thing that differs between runs, and so not part of the result */
		clock_gettime(CLOCK_MONOTONIC, &to);
		double seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
		styled(stderr, STYLE_DIM, "%u turns in %.2f s\n", simulation.summary.turns, seconds);
		if (summary_failed(&simulation.summary) || simulation.summary.refused)
			code = EXIT_FINDINGS;
		if (simulation.play.recording.problems.count) /* the rest was played; but who counts on all must know */
			code = EXIT_UNREADABLE;
	}
	play_close(&simulation.play);
	return code;
}

static void result_print(struct simulation *simulation)
{
	struct text_builder text = {.arena = simulation->play.line->arena};
	struct json_writer writer = {.text = &text, .indent = 2};

	if (!simulation->play.line->json) {
		summary_print(&simulation->summary, simulation->play.world, &simulation->play.recording);
		return;
	}
	summary_write(&simulation->summary, simulation->play.world, &simulation->play.recording, &writer);
	puts(builder_text(&text).bytes);
}

/* --- --verbose: a line an event, a line a rule that did something */
static void rules_fired_print(const struct drawing *drawing, const struct trace *trace, uint32_t event)
{
	for (uint32_t i = 0; i < trace->rules.count; i++) {
		const struct trace_rule *traced = &trace->rules.items[i];
		if (traced->event != event || traced->rule >= drawing->program->rule_count ||
		    traced->outcome == OUTCOME_FALSE || traced->outcome == OUTCOME_UNKNOWN ||
		    traced->outcome == OUTCOME_NOT_VALID)
			continue;
		styled(stdout, traced->outcome == OUTCOME_FAILED ? STYLE_RED : STYLE_GREEN, "    %-9s",
		       outcome_name(traced->outcome));
		printf(" %.*s", TEXT_ARGS(drawing->program->rules[traced->rule].name));
		if (traced->sentence.length) {
			fputs("  ", stdout);
			print_safe(stdout, traced->sentence);
		}
		putchar('\n');
	}
}

static void turn_print(const struct simulation *simulation, struct world *world, const struct turn_report *report)
{
	struct drawing drawing = {stdout, simulation->play.line->arena, simulation->play.pack.program, world_ports(world)};
	char at[MOMENT_TEXT];

	moment_write_short(report->at, drawing.program->zone, at);
	for (uint32_t i = 0; i < report->turn->trace.events.count; i++) {
		const struct event *event = report->turn->trace.events.items[i];
		if (!event->kind)
			continue;
		printf("%s  %*s%.*s\n", at, (int)event->depth * 2, "", TEXT_ARGS(event->kind->name));
		rules_fired_print(&drawing, &report->turn->trace, i);
	}
}

static void turn_heard(void *context, struct world *world, const struct turn_report *report)
{
	struct simulation *simulation = context;

	summary_turn(&simulation->summary, report);
	if (simulation->verbose && report->turn && !report->refused)
		turn_print(simulation, world, report);
}

static void line_heard(void *context, const struct played *played)
{
	struct simulation *simulation = context;

	summary_line(&simulation->summary, played);
}
