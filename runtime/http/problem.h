/* What was refused: as a document for its sender (RFC 9457), and as a line of the log for us. */
#ifndef HTTP_PROBLEM_H
#define HTTP_PROBLEM_H

#include "engine/base/text.h"

struct problem {
	unsigned status; /* of HTTP */
	const char *title;
	struct text detail; /* what was wrong and what to do */
};

struct text problem_text(struct arena *arena, const struct problem *problem);

/* Whoever sends nothing but nonsense must not fill the log: a few problems of a second are said, the others counted. */
struct problem_log {
	int64_t second;
	uint32_t said, unsaid;
};
/* `request`: its method and path; `trace`: the id of its trace. */
void problem_say(struct problem_log *log, const struct problem *problem, struct text request, struct text trace);

#endif
