/* Counts what the engine reached and prints it. A rule counts as reached when it fired; that it was also rejected once is
 * shown beside it, because a guard that never says no is not tested. */
#include "runtime/coverage.h"

#include <inttypes.h>

#include "runtime/table.h"

struct tally {
	const char *name;
	uint32_t reached, of;
};

enum { TALLY_RULES, TALLY_REJECTED, TALLY_ROWS, TALLY_BRANCHES, TALLY_COUNT };

void coverage_init(struct coverage *coverage, struct arena *arena, const struct program *program)
{
	coverage->rule_fired = arena_array(arena, uint64_t, program->rule_count + 1);
	coverage->rule_rejected = arena_array(arena, uint64_t, program->rule_count + 1);
	coverage->branch = arena_array(arena, uint64_t, program->branch_count + 1);
	coverage->row = arena_array(arena, uint64_t *, program->table_count + 1);
	for (uint32_t i = 0; i < program->table_count; i++)
		coverage->row[i] = arena_array(arena, uint64_t, program->tables[i].row_count + 1);
}

static void tally_all(const struct coverage *coverage, const struct program *program, struct tally *tallies)
{
	static const char *const names[] = {"rules that fired", "guards that said no", "table rows", "branches"};

	for (int i = 0; i < TALLY_COUNT; i++)
		tallies[i] = (struct tally){.name = names[i]};
	for (uint32_t i = 0; i < program->rule_count; i++) {
		tallies[TALLY_RULES].of++;
		tallies[TALLY_RULES].reached += coverage->rule_fired[i] > 0;
		if (!program->rules[i].guard)
			continue;
		tallies[TALLY_REJECTED].of++;
		tallies[TALLY_REJECTED].reached += coverage->rule_rejected[i] > 0;
	}
	for (uint32_t t = 0; t < program->table_count; t++) {
		tallies[TALLY_ROWS].of += program->tables[t].row_count;
		for (uint32_t r = 0; r < program->tables[t].row_count; r++)
			tallies[TALLY_ROWS].reached += coverage->row[t][r] > 0;
	}
	tallies[TALLY_BRANCHES].of = program->branch_count;
	for (uint32_t i = 0; i < program->branch_count; i++)
		tallies[TALLY_BRANCHES].reached += coverage->branch[i] > 0;
}

/* --- what was never reached */
typedef void (*gap_visitor)(void *context, const char *what, struct span span, struct text name);

static void gaps_visit(const struct coverage *coverage, const struct program *program, gap_visitor visit, void *context)
{
	for (uint32_t i = 0; i < program->rule_count; i++)
		if (!coverage->rule_fired[i])
			visit(context, "rule", program->rules[i].span, program->rules[i].name);
	for (uint32_t i = 0; i < program->rule_count; i++)
		if (program->rules[i].guard && !coverage->rule_rejected[i])
			visit(context, "guard", program->rules[i].span, program->rules[i].name);
	for (uint32_t t = 0; t < program->table_count; t++)
		for (uint32_t r = 0; r < program->tables[t].row_count; r++)
			if (!coverage->row[t][r])
				visit(context, "row", program->tables[t].rows[r].span, program->tables[t].name);
	for (uint32_t i = 0; i < program->branch_count; i++)
		if (!coverage->branch[i])
			visit(context, "branch", program->branches[i].span, program->branches[i].source);
}

static struct text path_of(const struct program *program, struct span span)
{
	return span.file < program->file_count ? program->files[span.file].path : TEXT("");
}

struct printing {
	const struct program *program;
	struct print_table *table;
	struct arena *arena;
};

static void gap_print(void *context, const char *what, struct span span, struct text name)
{
	struct printing *printing = context;
	struct text path = path_of(printing->program, span);

	table_add_string(printing->table, what);
	table_add(printing->table, text_format(printing->arena, "%.*s:%u", TEXT_ARGS(path), span.line), STYLE_CYAN);
	table_add(printing->table, name, STYLE_PLAIN);
}

void coverage_print(const struct coverage *coverage, struct arena *arena, const struct program *program, bool listed,
		    FILE *stream)
{
	static const char *const titles[] = {"coverage", ">reached", ">of", ">"};
	static const char *const gap_titles[] = {"never", "where", "what"};
	struct tally tallies[TALLY_COUNT];
	struct print_table table = table_new(arena, titles, 4), gaps = table_new(arena, gap_titles, 3);
	struct printing printing = {program, &gaps, arena};

	tally_all(coverage, program, tallies);
	for (int i = 0; i < TALLY_COUNT; i++) {
		uint32_t of = tallies[i].of, percent = of ? (uint32_t)((uint64_t)tallies[i].reached * 100 / of) : 100;
		enum style style = percent >= 90 ? STYLE_GREEN : percent >= 60 ? STYLE_YELLOW : STYLE_RED;
		table_add_string(&table, tallies[i].name);
		table_add_number(&table, tallies[i].reached);
		table_add_number(&table, of);
		table_add(&table, of ? text_format(arena, "%u %%", percent) : TEXT("–"), of ? style : STYLE_DIM);
	}
	table_print(&table, stream, 0);
	if (!listed)
		return;
	gaps_visit(coverage, program, gap_print, &printing);
	fputc('\n', stream);
	table_print(&gaps, stream, 0);
}

/* --- for tools */
struct writing {
	const struct program *program;
	struct json_writer *writer;
};

static void gap_write(void *context, const char *what, struct span span, struct text name)
{
	struct writing *writing = context;

	json_open_object(writing->writer);
	json_write_name(writing->writer, TEXT("what"));
	json_write_text(writing->writer, text_from(what));
	json_write_name(writing->writer, TEXT("name"));
	json_write_text(writing->writer, name);
	json_write_name(writing->writer, TEXT("file"));
	json_write_text(writing->writer, path_of(writing->program, span));
	json_write_name(writing->writer, TEXT("line"));
	json_write_int(writing->writer, span.line);
	json_close_object(writing->writer);
}

void coverage_write(const struct coverage *coverage, const struct program *program, struct json_writer *writer)
{
	static const char *const names[] = {"rules", "guards", "rows", "branches"};
	struct tally tallies[TALLY_COUNT];
	struct writing writing = {program, writer};

	tally_all(coverage, program, tallies);
	json_open_object(writer);
	for (int i = 0; i < TALLY_COUNT; i++) {
		json_write_name(writer, text_from(names[i]));
		json_open_object(writer);
		json_write_name(writer, TEXT("reached"));
		json_write_int(writer, tallies[i].reached);
		json_write_name(writer, TEXT("of"));
		json_write_int(writer, tallies[i].of);
		json_close_object(writer);
	}
	json_write_name(writer, TEXT("never"));
	json_open_list(writer);
	gaps_visit(coverage, program, gap_write, &writing);
	json_close_list(writer);
	json_close_object(writer);
}
