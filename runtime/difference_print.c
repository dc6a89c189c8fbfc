/* Shows to people and to tools what differs. Computes nothing itself. */
#include <inttypes.h>
#include <stdio.h>

#include "runtime/difference.h"
#include "runtime/table.h"

static void head(const char *title, uint32_t other, uint32_t of, const char *what)
{
	putchar('\n');
	styled(stdout, STYLE_BOLD, "%s", title);
	printf("  %u of %u %s\n", other, of, what);
}

static void more(uint32_t all, uint32_t named)
{
	if (all > named)
		styled(stdout, STYLE_DIM, "  … and %u more; --most shows them\n", all - named);
}

static void counted_print(const struct difference *difference, const counted_list *list, const char *const *titles)
{
	struct print_table table = table_new(difference->arena, titles, 4);

	for (uint32_t i = 0; i < list->count; i++) {
		const struct counted *one = &list->items[i];
		int64_t change = (int64_t)one->now - one->then;
		table_add(&table, one->name, STYLE_PLAIN);
		table_add_number(&table, one->then);
		table_add_number(&table, one->now);
		table_add(&table, text_format(difference->arena, "%+" PRId64, change), change < 0 ? STYLE_RED : STYLE_GREEN);
	}
	if (list->count)
		table_print(&table, stdout, 2);
}

/* --- turns */
static struct text or_nothing(struct text rules)
{
	return rules.length ? rules : TEXT("no rule");
}

static void turned_side(enum style style, const char *sign, struct text rules, struct text dead)
{
	styled(stdout, style, "      %s ", sign);
	if (dead.length)
		styled(stdout, STYLE_RED, "dead: ");
	print_safe(stdout, dead.length ? dead : or_nothing(rules));
	putchar('\n');
}

static void turned_print(const struct difference *difference)
{
	for (uint32_t i = 0; i < difference->turned.count; i++) {
		const struct turn_difference *turn = &difference->turned.items[i];
		char at[MOMENT_TEXT];
		moment_write_short(turn->then.handled_at, zone_utc(), at);
		struct text what = turn->then.type.length ? turn->then.type : text_from(entry_origin_name(turn->then.origin));
		printf("  %s  ", at);
		styled(stdout, STYLE_BOLD, "%.*s", TEXT_ARGS(what));
		styled(stdout, STYLE_DIM, "  entry %" PRId64 " of the journal\n", turn->then.number);
		turned_side(STYLE_RED, "-", turn->rules_then, turn->dead_then);
		turned_side(STYLE_GREEN, "+", turn->rules_now, turn->dead_now);
	}
	more(difference->turns_other, difference->turned.count);
}

/* --- records */
static void record_print(const struct record_difference *record)
{
	static const struct {
		const char *sign, *words;
		enum style style;
	} KINDS[] = {[RECORD_ONLY_THEN] = {"-", "  only then", STYLE_RED},
		     [RECORD_ONLY_NOW] = {"+", "  only with these packs", STYLE_GREEN},
		     [RECORD_OTHER] = {"~", "", STYLE_YELLOW}};

	styled(stdout, KINDS[record->kind].style, "  %s ", KINDS[record->kind].sign);
	print_safe(stdout, record->name);
	styled(stdout, STYLE_DIM, "%s\n", KINDS[record->kind].words);
	for (uint32_t i = 0; i < record->fields.count; i++) {
		const struct field_difference *field = &record->fields.items[i];
		printf("      %.*s ", TEXT_ARGS(field->field));
		print_safe(stdout, field->then.length ? field->then : TEXT("not set"));
		fputs(" → ", stdout);
		print_safe(stdout, field->now.length ? field->now : TEXT("not set"));
		putchar('\n');
	}
}

static void records_print(const struct difference *difference)
{
	static const char *const titles[] = {"entity", ">only then", ">only now", ">changed"};
	struct print_table table = table_new(difference->arena, titles, 4);

	for (uint32_t i = 0; i < difference->entities.count; i++) {
		const struct counted *one = &difference->entities.items[i];
		table_add(&table, one->name, STYLE_PLAIN);
		table_add_number(&table, one->then);
		table_add_number(&table, one->now);
		table_add_number(&table, one->other);
	}
	table_print(&table, stdout, 2);
	putchar('\n');
	for (uint32_t i = 0; i < difference->named.count; i++)
		record_print(&difference->named.items[i]);
	more(difference->records_other, difference->named.count);
}

/* --- calls */
static void sent_print(const struct difference *difference)
{
	for (uint32_t i = 0; i < difference->sent.count; i++) {
		const struct counted *one = &difference->sent.items[i];
		bool fewer = one->now < one->then;
		uint32_t times = fewer ? one->then - one->now : one->now - one->then;
		styled(stdout, fewer ? STYLE_RED : STYLE_GREEN, "  %s ", fewer ? "-" : "+");
		print_safe(stdout, one->name);
		if (times > 1)
			styled(stdout, STYLE_DIM, "  %u times", times);
		putchar('\n');
	}
}

void difference_print(const struct difference *difference)
{
	static const char *const outcomes[] = {"rule", ">then", ">now", ">"}, *const calls[] = {"action", ">then", ">now", ">"};

	if (difference->outcomes.count || difference->turns_other)
		head("Decisions", difference->turns_other, difference->turns, "from outside were decided otherwise");
	counted_print(difference, &difference->outcomes, outcomes);
	if (difference->turned.count)
		putchar('\n');
	turned_print(difference);
	if (difference->records_other) {
		head("Records", difference->records_other, difference->records, "that were touched came to something else");
		records_print(difference);
	}
	if (difference->calls_other) {
		putchar('\n');
		styled(stdout, STYLE_BOLD, "What was sent out\n");
		counted_print(difference, &difference->calls, calls);
		sent_print(difference);
	}
}

/* --- for tools */
static void list_open(struct json_writer *writer, const char *name)
{
	json_write_name(writer, text_from(name));
	json_open_list(writer);
}

static void counted_write(struct json_writer *writer, const char *name, const counted_list *list)
{
	list_open(writer, name);
	for (uint32_t i = 0; i < list->count; i++) {
		json_open_object(writer);
		json_write_member(writer, "name", list->items[i].name);
		json_write_member_int(writer, "then", list->items[i].then);
		json_write_member_int(writer, "now", list->items[i].now);
		if (list->items[i].other)
			json_write_member_int(writer, "changed", list->items[i].other);
		json_close_object(writer);
	}
	json_close_list(writer);
}

static void turned_write(struct json_writer *writer, const struct turn_difference *turn)
{
	json_open_object(writer);
	json_write_member_int(writer, "entry", turn->then.number);
	json_write_member(writer, "type", turn->then.type);
	json_write_member(writer, "then", turn->rules_then);
	json_write_member(writer, "now", turn->rules_now);
	if (turn->dead_then.length)
		json_write_member(writer, "dead_then", turn->dead_then);
	if (turn->dead_now.length)
		json_write_member(writer, "dead_now", turn->dead_now);
	json_close_object(writer);
}

static void record_write(struct json_writer *writer, const struct record_difference *record)
{
	static const char *const KINDS[] = {
		[RECORD_ONLY_THEN] = "only then", [RECORD_ONLY_NOW] = "only now", [RECORD_OTHER] = "changed"};
	char id[RECORD_ID_TEXT + 1];

	record_id_write(record->id, id);
	json_open_object(writer);
	json_write_member(writer, "difference", text_from(KINDS[record->kind]));
	json_write_member(writer, "entity", record->entity);
	json_write_member(writer, "id", text_from(id));
	json_write_member(writer, "record", record->name);
	list_open(writer, "fields");
	for (uint32_t i = 0; i < record->fields.count; i++) {
		json_open_object(writer);
		json_write_member(writer, "field", record->fields.items[i].field);
		json_write_member(writer, "then", record->fields.items[i].then);
		json_write_member(writer, "now", record->fields.items[i].now);
		json_close_object(writer);
	}
	json_close_list(writer);
	json_close_object(writer);
}

void difference_write(const struct difference *difference, struct json_writer *writer)
{
	json_write_member_int(writer, "turns", difference->turns);
	json_write_member_int(writer, "turns_other", difference->turns_other);
	json_write_member_int(writer, "records", difference->records);
	json_write_member_int(writer, "records_other", difference->records_other);
	json_write_member_int(writer, "calls_other", difference->calls_other);
	counted_write(writer, "rules", &difference->outcomes);
	counted_write(writer, "calls", &difference->calls);
	counted_write(writer, "sent", &difference->sent);
	counted_write(writer, "entities", &difference->entities);
	list_open(writer, "decisions");
	for (uint32_t i = 0; i < difference->turned.count; i++)
		turned_write(writer, &difference->turned.items[i]);
	json_close_list(writer);
	list_open(writer, "differing");
	for (uint32_t i = 0; i < difference->named.count; i++)
		record_write(writer, &difference->named.items[i]);
	json_close_list(writer);
}
