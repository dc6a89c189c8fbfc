/* The W3C's `traceparent` (Trace Context, level 1): which trace a message belongs to, and which step of it sent it. Passed on
 * unchanged but for the step, so that what others see and what we log can be put together. */
#ifndef OPERATE_TRACEPARENT_H
#define OPERATE_TRACEPARENT_H

#include "engine/base/error.h"
#include "engine/base/text.h"

enum { TRACE_ID_TEXT = 32, SPAN_ID_TEXT = 16, TRACEPARENT_TEXT = 55 };

struct traceparent {
	char trace_id[TRACE_ID_TEXT + 1]; /* lower-case hex, never all zero; "" is no trace */
	char span_id[SPAN_ID_TEXT + 1];
	bool sampled;
};

/* INVALID for anything else than the specification allows; of a later version the known beginning is read. */
enum status traceparent_parse(struct text text, struct traceparent *trace_out) MUST_CHECK;
/* A new trace of random ids, sampled. */
void traceparent_new(struct traceparent *trace_out);
/* The next step of the same trace: a new random span id. */
void traceparent_child(const struct traceparent *parent, struct traceparent *child_out);
/* Writes version 00. The buffer holds TRACEPARENT_TEXT + 1. Returns the length. */
uint32_t traceparent_write(const struct traceparent *trace, char *buffer);

#endif
