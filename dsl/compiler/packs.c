/* The packs of the stack: what each is called, what it requires of those below, its calendar and zone; and whether budgets,
 * migrations and translations speak of things that exist. */
#include "dsl/compiler/pack_items.h"

/* What packs require when they require `stellwerk`: the version of the language, not of the program. */
#define LANGUAGE_VERSION TEXT("1.0")

static bool is_option(const struct compiler *compiler, uint32_t file, const struct syntax *item, const char *word)
{
	if (item->kind != SYNTAX_option)
		return false;
	return text_is(syntax_text(compiler, file, syntax_with_role(item, ROLE_name)), word);
}

static struct text pack_name(const struct compiler *compiler, const struct declaration *pack)
{
	return syntax_text(compiler, pack->file, syntax_with_role(pack->syntax, ROLE_name));
}

/* --- versions: numbers between dots; what is not given is 0 */
static bool version_read(struct text text, uint32_t numbers_out[3])
{
	uint32_t part = 0, digits = 0;
	memset(numbers_out, 0, sizeof(*numbers_out) * 3);
	for (uint32_t i = 0; i < text.length; i++) {
		char byte = text.bytes[i];
		if (byte == '.' && digits && part < 2) {
			part++;
			digits = 0;
		} else if (byte >= '0' && byte <= '9' && digits < 6) {
			numbers_out[part] = numbers_out[part] * 10 + (uint32_t)(byte - '0');
			digits++;
		} else {
			return false;
		}
	}
	return digits > 0;
}

static int version_compare(const uint32_t a[3], const uint32_t b[3])
{
	for (int i = 0; i < 3; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

/* ">= 1.0", "== 2.1.3", "< 3", or a bare version for at least that one. False when it is written otherwise. */
static bool constraint_read(struct text constraint, struct text version, bool *holds_out)
{
	static const char *const WORDS[] = {">=", "<=", "==", ">", "<", ""};
	uint32_t wanted[3], given[3];
	struct text text = text_trim(constraint);
	for (int i = 0; i < 6; i++) {
		struct text word = text_from(WORDS[i]);
		if (!text_starts(text, word))
			continue;
		if (!version_read(text_trim(text_slice(text, word.length, text.length)), wanted) ||
		    !version_read(version, given))
			return false;
		int order = version_compare(given, wanted);
		const bool HOLDS[] = {order >= 0, order <= 0, order == 0, order > 0, order < 0, order >= 0};
		*holds_out = HOLDS[i];
		return true;
	}
	return false;
}

/* --- requires */
enum answer { NOT_ASKED, REQUIRES_BACK, DOES_NOT };

/* One pack a layer, the first; a second one is said to be too many and not looked at. */
struct pack_stack {
	struct compiler *compiler;
	declaration_list packs;
	bool *seen;           /* by pack, while one question is answered */
	enum answer *answers; /* by pack: whether it requires the one that is being checked */
};

static bool pack_find(const struct pack_stack *stack, struct text name, uint32_t *number_out)
{
	for (uint32_t i = 0; i < stack->packs.count; i++)
		if (text_equal(pack_name(stack->compiler, stack->packs.items[i]), name)) {
			*number_out = i;
			return true;
		}
	return false;
}

static bool reaches(struct pack_stack *stack, uint32_t from, struct text wanted)
{
	const struct declaration *pack = stack->packs.items[from];
	if (stack->seen[from])
		return false;
	stack->seen[from] = true;
	for (each_child (child, pack->syntax)) {
		uint32_t other;
		if (!is_option(stack->compiler, pack->file, child, "requires") || !syntax_named(child, 1))
			continue;
		struct text name = syntax_text(stack->compiler, pack->file, syntax_named(child, 1));
		if (text_equal(name, wanted) || (pack_find(stack, name, &other) && reaches(stack, other, wanted)))
			return true;
	}
	return false;
}

/* Directly or through others. */
static bool requires_back(struct pack_stack *stack, uint32_t from, struct text wanted)
{
	if (stack->answers[from] == NOT_ASKED) {
		memset(stack->seen, 0, stack->packs.count * sizeof(*stack->seen));
		stack->answers[from] = reaches(stack, from, wanted) ? REQUIRES_BACK : DOES_NOT;
	}
	return stack->answers[from] == REQUIRES_BACK;
}

static void version_check(struct compiler *compiler, uint32_t file, const struct syntax *constraint, struct text name,
			  struct text version)
{
	bool holds = false;
	struct text text = constraint->kind == SYNTAX_string ? string_content(compiler, file, constraint) : (struct text){0};
	if (!constraint_read(text, version, &holds))
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_REQUIRES, span_in(file, constraint),
			       "a version is required as \">= 1.0\"");
	else if (!holds)
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_REQUIRES, span_in(file, constraint),
			       "`%.*s` is there in version %.*s, but %.*s is required", TEXT_ARGS(name), TEXT_ARGS(version),
			       TEXT_ARGS(text));
}

static void requires_check(struct pack_stack *stack, const struct declaration *pack, const struct syntax *option)
{
	struct compiler *compiler = stack->compiler;
	const struct syntax *word = syntax_named(option, 1), *constraint = syntax_named(option, 2);
	struct text name = word ? syntax_text(compiler, pack->file, word) : (struct text){0};
	uint32_t number;
	if (text_is(name, "stellwerk")) {
		if (constraint)
			version_check(compiler, pack->file, constraint, name, LANGUAGE_VERSION);
		return;
	}
	if (!pack_find(stack, name, &number)) {
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_REQUIRES, span_in(pack->file, option),
			       "the pack `%.*s` is not in this stack; name its folder before this one", TEXT_ARGS(name));
		return;
	}
	const struct declaration *other = stack->packs.items[number];
	if (requires_back(stack, number, pack_name(compiler, pack))) {
		if (other->layer >= pack->layer)
			diagnostic_add(compiler->diagnostics, DIAGNOSTIC_CYCLE, span_in(pack->file, option),
				       "the packs `%.*s` and `%.*s` require one another", TEXT_ARGS(pack_name(compiler, pack)),
				       TEXT_ARGS(name));
		return;
	}
	if (other->layer >= pack->layer)
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_REQUIRES, span_in(pack->file, option),
			       "the pack `%.*s` must lie below this one; name its folder first", TEXT_ARGS(name));
	else if (constraint)
		version_check(compiler, pack->file, constraint, name,
			      string_content(compiler, other->file, syntax_with_role(other->syntax, ROLE_version)));
}

/* --- options */
static void calendar_option(struct compiler *compiler, const struct declaration *pack, const struct syntax *option)
{
	const struct syntax *name = syntax_named(option, 1);
	struct text word = syntax_text(compiler, pack->file, name);
	struct declaration *found = name_find(compiler, SPACE_CALENDAR, pack->module, word);
	if (found && found->object) {
		compiler->program->default_calendar = found->object;
		return;
	}
	struct diagnostic *diagnostic =
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_NAME, span_in(pack->file, name),
			       "there is no calendar `%.*s`", TEXT_ARGS(word));
	suggest_from_map(compiler, diagnostic, word, &compiler->spaces[SPACE_CALENDAR]);
}

static void option_check(struct pack_stack *stack, const struct declaration *pack, const struct syntax *option)
{
	struct compiler *compiler = stack->compiler;
	static const char *const WORDS[] = {"title", "requires", "calendar", "zone"};
	struct text word = syntax_text(compiler, pack->file, syntax_with_role(option, ROLE_name)), known[4];
	if (text_is(word, "requires"))
		requires_check(stack, pack, option);
	else if (text_is(word, "calendar"))
		calendar_option(compiler, pack, option);
	for (int i = 0; i < 4; i++) {
		known[i] = text_from(WORDS[i]);
		if (text_equal(word, known[i]))
			return;
	}
	struct diagnostic *diagnostic = diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_OPTION,
						       span_in(pack->file, option), "a pack knows no `%.*s`", TEXT_ARGS(word));
	suggest(compiler, diagnostic, word, known, 4);
}

/* Higher layers come later and win. */
static void pack_declare(struct compiler *compiler, const struct declaration *pack)
{
	struct program *program = compiler->program;
	program->name = pack_name(compiler, pack);
	program->version = string_content(compiler, pack->file, syntax_with_role(pack->syntax, ROLE_version));
	for (each_child (child, pack->syntax)) {
		if (is_option(compiler, pack->file, child, "title") && syntax_named(child, 1))
			program->title = string_content(compiler, pack->file, syntax_named(child, 1));
		else if (is_option(compiler, pack->file, child, "zone") && syntax_named(child, 1))
			program->zone = zone_read(compiler, pack->file, syntax_named(child, 1));
	}
}

static const struct declaration *pack_of_layer(const struct compiler *compiler, uint32_t layer)
{
	for (uint32_t i = 0; i < compiler->by_kind[SYNTAX_pack].count; i++)
		if (compiler->by_kind[SYNTAX_pack].items[i]->layer == layer)
			return compiler->by_kind[SYNTAX_pack].items[i];
	return NULL;
}

void packs_declare(struct compiler *compiler)
{
	uint32_t top = 0;
	for (uint32_t i = 0; i < compiler->input_count; i++)
		top = compiler->inputs[i].layer > top ? compiler->inputs[i].layer : top;
	for (uint32_t layer = 0; layer <= top; layer++) {
		const struct declaration *pack = pack_of_layer(compiler, layer);
		if (pack)
			pack_declare(compiler, pack);
	}
}

/* --- one pack a layer, once packs are used at all */
/* They stand in the order of their layers. */
static void firsts_read(struct pack_stack *stack)
{
	const declaration_list *packs = &stack->compiler->by_kind[SYNTAX_pack];
	const struct declaration *first = NULL;
	for (uint32_t i = 0; i < packs->count; i++) {
		struct declaration *pack = packs->items[i];
		if (!first || first->layer != pack->layer) {
			*list_add(stack->compiler->arena, &stack->packs) = pack;
			first = pack;
			continue;
		}
		struct diagnostic *diagnostic = diagnostic_add(
			stack->compiler->diagnostics, DIAGNOSTIC_DECLARED_TWICE, span_in(pack->file, pack->syntax),
			"this folder is already the pack `%.*s`", TEXT_ARGS(pack_name(stack->compiler, first)));
		diagnostic->other = span_in(first->file, first->syntax);
	}
}

static void nameless_find(struct compiler *compiler)
{
	for (uint32_t i = 0; compiler->by_kind[SYNTAX_pack].count && i < compiler->input_count; i++) {
		const struct source_input *input = &compiler->inputs[i];
		bool first_of_layer = !i || compiler->inputs[i - 1].layer != input->layer;
		if (first_of_layer && !input->is_script && !pack_of_layer(compiler, input->layer) &&
		    !compiler->trees[i].errors.count)
			diagnostic_add(compiler->diagnostics, DIAGNOSTIC_NO_PACK,
				       (struct span){.file = i, .line = 1, .column = 1},
				       "no file of this folder says which pack it is: pack NAME \"1.0.0\" { title \"…\" }");
	}
}

static void pack_check(struct pack_stack *stack, const struct declaration *pack)
{
	struct compiler *compiler = stack->compiler;
	const struct syntax *version = syntax_with_role(pack->syntax, ROLE_version);
	uint32_t numbers[3];
	if (!version_read(string_content(compiler, pack->file, version), numbers))
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_LITERAL, span_in(pack->file, version),
			       "a version is numbers between dots: \"1.0.0\"");
	memset(stack->answers, 0, stack->packs.count * sizeof(*stack->answers));
	for (each_child (child, pack->syntax))
		if (child->kind == SYNTAX_option)
			option_check(stack, pack, child);
}

void packs_build(struct compiler *compiler)
{
	struct pack_stack stack = {.compiler = compiler};
	firsts_read(&stack);
	nameless_find(compiler);
	stack.seen = arena_array(compiler->arena, bool, stack.packs.count + 1);
	stack.answers = arena_array(compiler->arena, enum answer, stack.packs.count + 1);
	for (uint32_t i = 0; i < stack.packs.count; i++)
		pack_check(&stack, stack.packs.items[i]);
	for (uint32_t i = 0; i < compiler->by_kind[SYNTAX_budget].count; i++)
		budget_read(compiler, compiler->by_kind[SYNTAX_budget].items[i]);
	for (uint32_t i = 0; i < compiler->by_kind[SYNTAX_migration].count; i++)
		migration_check(compiler, compiler->by_kind[SYNTAX_migration].items[i]);
	for (uint32_t i = 0; i < compiler->by_kind[SYNTAX_translation].count; i++)
		translation_check(compiler, compiler->by_kind[SYNTAX_translation].items[i]);
}
