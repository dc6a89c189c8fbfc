/* `stellwerk pack …`: finds the verb. What the verbs do stands in files of their own. */
#include "runtime/pack_verbs.h"

static const struct pack_verb {
	const char *name;
	uint32_t least, most; /* words behind it */
	const char *wanted;
	int (*run)(const struct command_line *line);
} VERBS[] = {
#define PACK_VERB(name, least, most, wanted, run, doc) {name, least, most, wanted, pack_verb_##run},
#include "runtime/pack_verbs.def"
#undef PACK_VERB
};

static const char NAMES[] =
#define PACK_VERB(name, least, most, wanted, run, doc) " " name
#include "runtime/pack_verbs.def"
#undef PACK_VERB
	;

int cmd_pack(const struct command_line *line)
{
	const struct pack_verb *verb = NULL;

	for (size_t i = 0; line->word_count && i < sizeof VERBS / sizeof *VERBS; i++)
		if (text_is(text_from(line->words[0]), VERBS[i].name))
			verb = &VERBS[i];
	if (!verb)
		return usage_error(line, "what about packs? One of:%s", NAMES);
	if (line->word_count - 1 < verb->least || line->word_count - 1 > verb->most)
		return usage_error(line, "behind `pack %s` stand %s", verb->name, verb->wanted);
	return verb->run(line);
}
