/* A call's arguments, or a notification's receivers and texts, as a JSON object. */
#ifndef SERVICE_OUTGOING_TEXT_H
#define SERVICE_OUTGOING_TEXT_H

#include "engine/model/plan.h"

struct text outgoing_text(struct arena *arena, const struct outgoing *outgoing);

#endif
