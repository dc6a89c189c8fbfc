/* What goes into the outbox for a call, and what its answer means. */
#ifndef ENGINE_REQUEST_H
#define ENGINE_REQUEST_H

#include "engine/context.h"
#include "engine/model/request.h"

/* JSON. INVALID: these arguments can not be asked for. */
enum status request_write(struct context *context, const struct action *action, const struct value *arguments,
			  struct text *request_out) MUST_CHECK;
/* A document gets the type that the action promises. */
enum status result_type(struct context *context, const struct action *action, struct value answer,
			struct value *result_out) MUST_CHECK;
/* What the action makes of the other side's document (DATA or MISSING): its `result`, or the document as it is; typed. */
enum status reply_read(struct context *context, const struct action *action, const struct value *arguments, struct value reply,
		       struct value *result_out) MUST_CHECK;

#endif
