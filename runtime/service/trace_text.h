/* The trace of a turn as compact JSON: what the journal keeps, and what `explain` begins with.
 *
 *	{"events":[["door.opened","0198…",cause],…],"rules":[["house.greet",event,"fired"],["x",event,"failed","why"],…],
 *	 "lines":[[event,"text"],…],"no":12,"changes":3,"calls":1,"steps":512}
 *
 * `cause` is the index of the event that led to it, left out for the first; rules whose condition was false are only counted
 * ("no"): replaying the turn finds them again. */
#ifndef SERVICE_TRACE_TEXT_H
#define SERVICE_TRACE_TEXT_H

#include "engine/engine.h"

struct text trace_text(struct arena *arena, const struct program *program, const struct turn *turn);

#endif
