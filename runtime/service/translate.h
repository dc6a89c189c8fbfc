/* The same event, as another program knows it: programs number and type things for themselves. */
#ifndef SERVICE_TRANSLATE_H
#define SERVICE_TRANSLATE_H

#include "engine/model/event.h"

/* Lives in `arena` and where the event's values live. `event_out` NULL: that program knows no such event. INVALID: a value of
 * it is none to that program. */
enum status event_translate(struct arena *arena, const struct event *event, const struct schema *schema,
			    const struct event **event_out, struct error *error) MUST_CHECK;

#endif
