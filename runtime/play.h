/* Recorded events through a pack, from the command line's words to the last line: what simulate and explain have in common. */
#ifndef RUNTIME_PLAY_H
#define RUNTIME_PLAY_H

#include "runtime/command.h"
#include "runtime/pack.h"
#include "runtime/recorded.h"

struct play {
	const struct command_line *line;
	struct pack pack;
	struct recording recording;
	struct world *world;
	struct error error;
	moment until; /* INT64_MIN: not beyond the last event */
};

/* Called after each line, with what became of it. */
typedef void (*line_listener)(void *context, const struct played *played);

/* Reads packs (the first `pack_count` words) and events; the world is not there yet. An enum exit_code; what is wrong was
 * printed. */
int play_open(struct play *play, const struct command_line *line, uint32_t pack_count);
/* A new world, and every line in it. May be called again: the same happens again. */
int play_run(struct play *play, const struct world_options *options, line_listener listener, void *context);
void play_close(struct play *play);

#endif
