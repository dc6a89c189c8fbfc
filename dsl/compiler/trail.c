/* Remembers tokens as the machine takes them, no more than a message needs. */
#include "dsl/compiler/trail.h"

static void unclosed_note(struct trail *trail, struct trail_brace brace, struct place seen)
{
	if (trail->unclosed.place.line)
		return;
	trail->unclosed = brace;
	trail->unclosed_seen = seen;
}

/* A line that begins no further right than the line of the brace around it stands outside of it, if the lines before it stood
 * inside. */
static void line_note(struct trail *trail, struct place place, bool closes)
{
	if (place.line == trail->line)
		return;
	trail->line = place.line;
	trail->indent = place.column;
	if (!trail->braces.count || closes)
		return;
	struct trail_brace *brace = list_last(&trail->braces);
	if (place.column > brace->indent)
		brace->has_inner_line = true;
	else if (brace->has_inner_line)
		unclosed_note(trail, *brace, place);
}

static void brace_note(struct trail *trail, const struct machine_token *token, bool opens)
{
	if (opens) {
		*list_add(trail->arena, &trail->braces) = (struct trail_brace){.place = token->start, .indent = trail->indent};
		return;
	}
	if (!trail->braces.count)
		return;
	struct trail_brace brace = *list_last(&trail->braces);
	trail->braces.count--;
	if (token->start.line != brace.place.line && token->start.column < brace.indent)
		unclosed_note(trail, brace, token->start);
}

static void word_note(struct trail *trail, const struct machine_token *token)
{
	memmove(trail->words + 1, trail->words, sizeof(*trail->words) * (TRAIL_WORDS - 1));
	trail->words[0] = *token;
}

void trail_token(void *watcher, const struct machine_token *token)
{
	struct trail *trail = watcher;
	if (token->is_extra)
		return;
	if (!strcmp(token->name, "\n")) {
		trail->line_ended = true;
		return;
	}
	bool opens = !strcmp(token->name, "{"), closes = !strcmp(token->name, "}");
	line_note(trail, token->start, closes);
	if (opens || closes)
		brace_note(trail, token, opens);
	if (!strcmp(token->name, "\"\"\""))
		trail->text_block = trail->text_block.line ? (struct place){0} : token->start;
	if (token->is_name)
		word_note(trail, token);
	trail->last = *token;
	trail->line_ended = false;
}

void trail_stop(struct trail *trail, struct place place)
{
	line_note(trail, place, false);
}
