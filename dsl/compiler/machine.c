/* The LR machine: reads tokens (the generated lexer, with the states' modes and the keywords), shifts and reduces by the
 * tables, and has nodes made at each reduction. The grammar declares no conflicts, so there is one way and no going back. Must
 * never know a rule of the grammar by name, but for the root. */
#include "dsl/compiler/machine.h"
#include "engine/base/check.h"

#include <tree_sitter/parser.h>

const TSLanguage *tree_sitter_flow(void);

enum { SYMBOL_LIMIT = 1024, ROLE_LIMIT = 64, WORD_LIMIT = 64, STACK_LIMIT = PARSE_MAX_DEPTH * 16 };
enum { NO_NODE = UINT16_MAX }; /* kind of hidden rules and of punctuation */
enum { START_STATE = 1 };

/* What the generated tables call things, in our numbers. Made once; it depends on nothing but the grammar. */
static struct {
	const TSLanguage *language;
	uint16_t kinds[SYMBOL_LIMIT];
	uint16_t roles[ROLE_LIMIT];
	struct text words[WORD_LIMIT]; /* that begin a declaration */
	uint32_t word_count;
	TSSymbol number;
} names;

struct machine_entry {
	uint16_t state, symbol, height;
	uint32_t first; /* of its nodes */
	uint32_t end;
	struct place start;
};

struct token {
	TSSymbol symbol;
	bool is_keyword;
	uint32_t start, end;
};

struct reader {
	TSLexer base;
	const char *text;
	uint32_t at, end, token_start, token_end;
	uint32_t width; /* of the character at `at` */
};

/* --- names */
static const char *const KIND_NAMES[] = {
	"token",
#define SYNTAX(name) #name,
#include "dsl/compiler/syntax.def"
#undef SYNTAX
};

static const char *const ROLE_NAMES[] = {
	"",
#define ROLE(name) #name,
#include "dsl/compiler/roles.def"
#undef ROLE
};

const char *syntax_kind_name(enum syntax_kind kind)
{
	CHECK(kind < SYNTAX_COUNT);
	return KIND_NAMES[kind];
}

static uint16_t name_index(const char *name, const char *const *all, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++)
		if (!strcmp(name, all[i]))
			return (uint16_t)i;
	return 0;
}

static bool is_punctuation(const char *name)
{
	return !strcmp(name, "\"\"\"") || (strlen(name) == 1 && strchr(",;:.{}()[]\"\n", *name));
}

static uint16_t kind_of_symbol(const TSLanguage *language, uint32_t symbol)
{
	const char *name = language->symbol_names[symbol];
	TSSymbolMetadata metadata = language->symbol_metadata[symbol];
	if (!metadata.visible || !symbol)
		return NO_NODE;
	if (!metadata.named)
		return is_punctuation(name) ? NO_NODE : SYNTAX_token;
	uint16_t kind = name_index(name, KIND_NAMES, SYNTAX_COUNT);
	CHECK(kind); /* syntax.def is generated with the tables */
	return kind;
}

static unsigned small_table_entry(const TSLanguage *language, unsigned state, TSSymbol symbol)
{
	const uint16_t *row =
		&language->small_parse_table[language->small_parse_table_map[state - language->large_state_count]];
	for (unsigned groups = *row++; groups; groups--) {
		unsigned value = *row++, count = *row++;
		for (; count; count--)
			if (*row++ == symbol)
				return value;
	}
	return 0;
}

/* Most states keep their row as groups that must be searched; the last finds are kept, which halves the time of a parse. */
static unsigned table_entry(const TSLanguage *language, unsigned state, TSSymbol symbol)
{
	static struct {
		uint32_t key;
		uint16_t value;
	} finds[4096];
	if (state < language->large_state_count)
		return language->parse_table[state * language->symbol_count + symbol];
	uint32_t key = state << 16 | symbol, slot = (state * 61 + symbol) % 4096;
	if (finds[slot].key != key) {
		finds[slot].value = (uint16_t)small_table_entry(language, state, symbol);
		finds[slot].key = key;
	}
	return finds[slot].value;
}

static bool is_word(const char *name)
{
	return *name >= 'a' && *name <= 'z';
}

static const TSLanguage *language_ready(void)
{
	if (names.language)
		return names.language;
	const TSLanguage *language = tree_sitter_flow();
	uint32_t symbols = language->symbol_count + language->alias_count;
	CHECK(symbols <= SYMBOL_LIMIT && language->field_count < ROLE_LIMIT && language->version == 14);
	for (uint32_t i = 0; i < symbols; i++)
		names.kinds[i] = kind_of_symbol(language, i);
	for (uint32_t i = 1; i <= language->field_count; i++)
		names.roles[i] = name_index(language->field_names[i], ROLE_NAMES, ROLE_COUNT);
	for (TSSymbol i = 1; i < language->token_count; i++) {
		const char *name = language->symbol_names[i];
		if (names.kinds[i] == SYNTAX_number)
			names.number = i;
		if (names.kinds[i] != SYNTAX_token || !is_word(name) || !table_entry(language, START_STATE, i))
			continue;
		CHECK(names.word_count < WORD_LIMIT);
		names.words[names.word_count++] = text_from(name);
	}
	return names.language = language;
}

bool machine_is_declaration_word(struct text word)
{
	language_ready();
	for (uint32_t i = 0; i < names.word_count; i++)
		if (text_equal(names.words[i], word))
			return true;
	return false;
}

/* --- reading tokens; the source is known to be UTF-8 */
static void read_char(struct reader *reader)
{
	if (reader->at >= reader->end) {
		reader->base.lookahead = 0;
		reader->width = 0;
		return;
	}
	const unsigned char *bytes = (const unsigned char *)reader->text + reader->at;
	reader->width = bytes[0] < 0x80 ? 1 : bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
	int32_t code = reader->width == 1 ? bytes[0] : bytes[0] & (0x7f >> reader->width);
	for (uint32_t i = 1; i < reader->width; i++)
		code = code << 6 | (bytes[i] & 0x3f);
	reader->base.lookahead = code;
}

static void reader_advance(TSLexer *lexer, bool skip)
{
	struct reader *reader = (struct reader *)lexer;
	reader->at += reader->width;
	if (skip)
		reader->token_start = reader->at;
	read_char(reader);
}

static void reader_mark_end(TSLexer *lexer)
{
	struct reader *reader = (struct reader *)lexer;
	reader->token_end = reader->at;
}

static uint32_t reader_column(TSLexer *lexer)
{
	(void)lexer;
	return 0; /* only an external scanner asks */
}

static bool reader_at_start(const TSLexer *lexer)
{
	(void)lexer;
	return false;
}

static bool reader_eof(const TSLexer *lexer)
{
	const struct reader *reader = (const struct reader *)lexer;
	return reader->at >= reader->end;
}

static struct reader reader_new(struct text source, uint32_t end)
{
	return (struct reader){
		.base = {0, 0, reader_advance, reader_mark_end, reader_column, reader_at_start, reader_eof},
		.text = source.bytes,
		.end = end,
	};
}

static void reader_set(struct reader *reader, uint32_t at)
{
	reader->at = reader->token_start = reader->token_end = at;
	read_char(reader);
}

static bool token_read(const TSLanguage *language, struct reader *reader, unsigned state, uint32_t from,
		       struct token *token_out)
{
	reader_set(reader, from);
	bool found = language->lex_fn(&reader->base, language->lex_modes[state].lex_state);
	*token_out = (struct token){reader->base.result_symbol, false, reader->token_start, reader->token_end};
	if (!found)
		return false;
	if (!token_out->symbol || token_out->symbol != language->keyword_capture_token)
		return true;
	reader_set(reader, token_out->start);
	if (language->keyword_lex_fn(&reader->base, 0) && reader->token_end == token_out->end &&
	    table_entry(language, state, reader->base.result_symbol)) {
		token_out->symbol = reader->base.result_symbol;
		token_out->is_keyword = true;
	}
	return true;
}

/* --- shifting and reducing */

/* Behind the child's last node. */
static uint32_t nodes_limit(const struct machine *machine, const struct machine_entry *child)
{
	const struct machine_entry *end = machine->stack.items + machine->stack.count;
	return child + 1 < end ? child[1].first : machine->nodes.items.count;
}

/* A child that the production calls by another name; when it had no node it gets one. `later`: how many children follow. */
static void child_rename(struct machine *machine, struct machine_entry *child, uint32_t later, uint16_t kind)
{
	uint32_t limit = nodes_limit(machine, child);
	if (names.kinds[child->symbol] != NO_NODE) {
		nodes_rename(&machine->nodes, limit - 1, kind);
		return;
	}
	if (kind == NO_NODE)
		return;
	nodes_insert(&machine->nodes, kind, child->start, child->end, child->first, limit);
	child->height++;
	for (uint32_t i = 1; i <= later; i++)
		child[i].first++;
}

static void children_name(struct machine *machine, TSParseAction action, struct machine_entry *children)
{
	const TSLanguage *language = names.language;
	unsigned count = action.reduce.child_count, production = action.reduce.production_id;
	const TSSymbol *aliases = &language->alias_sequences[production * language->max_alias_sequence_length];
	for (unsigned i = count; production && i-- > 0;)
		if (i < language->max_alias_sequence_length && aliases[i])
			child_rename(machine, &children[i], count - 1 - i, names.kinds[aliases[i]]);
	if (!language->field_count)
		return;
	TSFieldMapSlice slice = language->field_map_slices[production];
	for (unsigned i = 0; i < slice.length; i++) {
		TSFieldMapEntry entry = language->field_map_entries[slice.index + i];
		struct machine_entry *child = &children[entry.child_index];
		if (!entry.inherited && entry.child_index < count)
			nodes_role(&machine->nodes, child->first, nodes_limit(machine, child), names.roles[entry.field_id]);
	}
}

static bool is_extra(const TSParseActionEntry *entry)
{
	return entry->entry.count == 1 && entry[1].action.type == TSParseActionTypeShift && entry[1].action.shift.extra;
}

/* Repetition shifts are for the runtime's many versions; here the reduction is always right. */
static bool action_find(unsigned state, TSSymbol symbol, TSParseAction *action_out)
{
	const TSParseActionEntry *entry = &names.language->parse_actions[table_entry(names.language, state, symbol)];
	for (unsigned i = 0; i < entry->entry.count; i++) {
		*action_out = entry[1 + i].action;
		if (action_out->type != TSParseActionTypeShift || !action_out->shift.repetition)
			return action_out->type != TSParseActionTypeRecover;
	}
	return false;
}

static struct machine_entry *stack_push(struct machine *machine, unsigned state, TSSymbol symbol)
{
	struct machine_entry *entry = list_add(machine->nodes.arena, &machine->stack);
	entry->state = (uint16_t)state;
	entry->symbol = symbol;
	return entry;
}

static uint32_t stack_top(const struct machine *machine)
{
	return machine->stack.items[machine->stack.count - 1].state;
}

/* Every declaration begins with a word, so inside of one there is a token with a node at the bottom of the stack. */
static bool is_between(const struct machine *machine, uint32_t depth)
{
	return depth == 1 || (depth == 2 && names.kinds[machine->stack.items[1].symbol] == NO_NODE);
}

static bool is_declaration(const struct machine *machine, uint16_t kind, uint32_t base)
{
	return kind != NO_NODE && kind != SYNTAX_pack_source && !machine->watch && is_between(machine, base);
}

static enum machine_result reduce(struct machine *machine, TSParseAction action)
{
	uint32_t count = action.reduce.child_count, base = machine->stack.count - count;
	struct machine_entry *children = &machine->stack.items[base];
	if (!machine->watch)
		children_name(machine, action, children);
	struct machine_entry whole = {
		.first = machine->nodes.items.count, .end = machine->place.offset, .start = machine->place};
	if (count) {
		whole = children[0];
		whole.end = children[count - 1].end;
	}
	for (uint32_t i = 0; i < count; i++)
		whole.height = children[i].height > whole.height ? children[i].height : whole.height;
	uint16_t kind = names.kinds[action.reduce.symbol];
	if (kind != NO_NODE)
		whole.height++;
	if (kind != NO_NODE && !machine->watch)
		nodes_add(&machine->nodes, kind, whole.start, whole.end, whole.first);
	machine->stack.count = base;
	whole.state = (uint16_t)table_entry(names.language, stack_top(machine), action.reduce.symbol);
	whole.symbol = action.reduce.symbol;
	*list_add(machine->nodes.arena, &machine->stack) = whole;
	if (whole.height > PARSE_MAX_DEPTH)
		return MACHINE_DEEP;
	if (is_declaration(machine, kind, base))
		nodes_finish(&machine->nodes, whole.first);
	return MACHINE_DONE;
}

static void token_show(const struct machine *machine, const struct token *token, bool is_extra_token)
{
	struct machine_token shown = {.name = names.language->symbol_names[token->symbol],
				      .number = machine->tokens,
				      .start = machine->place,
				      .end = token->end,
				      .is_name = token->symbol == names.language->keyword_capture_token,
				      .is_extra = is_extra_token};
	machine->watch(machine->watcher, &shown);
}

static void shift(struct machine *machine, TSParseAction action, const struct token *token)
{
	uint16_t kind = names.kinds[token->symbol];
	if (machine->watch)
		token_show(machine, token, action.shift.extra);
	else if (action.shift.extra && kind == SYNTAX_comment)
		nodes_comment(&machine->nodes, machine->place, token->end);
	else
		nodes_comments_within(&machine->nodes, machine->place, token->end);
	if (action.shift.extra)
		return;
	struct machine_entry *entry = stack_push(machine, action.shift.state, token->symbol);
	entry->first = machine->nodes.items.count;
	entry->start = machine->place;
	entry->end = token->end;
	entry->height = kind != NO_NODE;
	if (kind != NO_NODE && !machine->watch)
		nodes_add(&machine->nodes, kind, machine->place, token->end, entry->first);
}

/* Reduces until the token can be shifted. A keyword that the reduced state does not know is an ordinary word there. */
static enum machine_result token_take(struct machine *machine, struct token *token, bool *accepted_out)
{
	for (;;) {
		TSParseAction action;
		if (!action_find(stack_top(machine), token->symbol, &action)) {
			if (!token->is_keyword)
				return MACHINE_STUCK;
			token->is_keyword = false;
			token->symbol = names.language->keyword_capture_token;
			continue;
		}
		if (action.type == TSParseActionTypeAccept) {
			*accepted_out = true;
			return MACHINE_DONE;
		}
		if (action.type == TSParseActionTypeShift) {
			shift(machine, action, token);
			return machine->stack.count > STACK_LIMIT ? MACHINE_DEEP : MACHINE_DONE;
		}
		enum machine_result result = reduce(machine, action);
		if (result != MACHINE_DONE)
			return result;
	}
}

static void stuck_note(struct machine *machine, struct reader *reader, struct token token, TSSymbol last, uint32_t at)
{
	const TSLanguage *language = names.language;
	if (token.end <= token.start && !token_read(language, reader, 0, at, &token)) {
		reader_set(reader, token.start);
		token.end = token.start + reader->width;
	}
	machine->place = place_advance(machine->nodes.tree->source, machine->place, token.start);
	machine->token_start = token.start;
	machine->token_end = token.end;
	machine->after_number = last && last == names.number;
	char first = token.start < reader->end ? machine->nodes.tree->source.bytes[token.start] : 0;
	machine->is_word = (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z') || first == '_';
}

struct machine machine_new(struct arena *arena, struct parse_tree *tree)
{
	language_ready();
	return (struct machine){.nodes = {.arena = arena, .tree = tree}};
}

/* A word of the language by its name. */
static TSSymbol symbol_find(const char *name)
{
	for (TSSymbol i = 1; i < names.language->token_count; i++)
		if (names.kinds[i] == SYNTAX_token && !strcmp(names.language->symbol_names[i], name))
			return i;
	return 0;
}

enum machine_result machine_run(struct machine *machine, struct place place, uint32_t end, uint32_t stop)
{
	struct reader reader = reader_new(machine->nodes.tree->source, end);
	TSSymbol last = 0;
	bool accepted = false;
	machine->stack.count = machine->nodes.items.count = machine->tokens = 0;
	machine->place = place;
	stack_push(machine, START_STATE, 0);
	for (uint32_t at = place.offset; machine->tokens != stop; machine->tokens++) {
		struct token token;
		enum machine_result result = MACHINE_STUCK;
		if (token_read(names.language, &reader, stack_top(machine), at, &token)) {
			machine->place = place_advance(machine->nodes.tree->source, machine->place, token.start);
			if (machine->swap_word && machine->tokens == machine->swap_number)
				token = (struct token){symbol_find(machine->swap_word), false, token.start, token.end};
			result = token_take(machine, &token, &accepted);
		}
		if (accepted)
			return MACHINE_DONE;
		if (result != MACHINE_DONE) {
			stuck_note(machine, &reader, token, last, at);
			return result;
		}
		last = token.symbol;
		at = token.end;
	}
	return MACHINE_DONE;
}

bool machine_is_between(const struct machine *machine)
{
	return is_between(machine, machine->stack.count);
}

/* --- what could follow */
static bool can_follow(const struct machine *machine, uint16_t *states, TSSymbol symbol)
{
	uint32_t depth = machine->stack.count;
	for (uint32_t i = 0; i < depth; i++)
		states[i] = machine->stack.items[i].state;
	TSParseAction action;
	while (action_find(states[depth - 1], symbol, &action)) {
		if (action.type != TSParseActionTypeReduce)
			return true;
		depth -= action.reduce.child_count;
		states[depth] = (uint16_t)table_entry(names.language, states[depth - 1], action.reduce.symbol);
		depth++;
	}
	return false;
}

static bool name_known(const char *const *all, uint32_t count, const char *name)
{
	for (uint32_t i = 0; i < count; i++)
		if (!strcmp(all[i], name))
			return true;
	return false;
}

uint32_t machine_expected(struct machine *machine, const char **names_out, uint32_t capacity)
{
	const TSLanguage *language = names.language;
	uint16_t *states = arena_array(machine->nodes.arena, uint16_t, machine->stack.count + 64);
	uint32_t count = 0;
	for (TSSymbol i = 0; i < language->token_count && count < capacity; i++) {
		unsigned direct = table_entry(language, stack_top(machine), i);
		const char *name = i ? language->symbol_names[i] : "";
		if ((direct && is_extra(&language->parse_actions[direct])) || (i && !language->symbol_metadata[i].visible))
			continue;
		if (!name_known(names_out, count, name) && can_follow(machine, states, i))
			names_out[count++] = name;
	}
	return count;
}
