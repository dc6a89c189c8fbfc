/* Rules in time: what a rule remembers between events (dedupe, damp, once per, at most), and what it waits for (holds for,
 * unless followed by). Memory is rows of the system entity `rule_memory`, found by the hash of rule, purpose and keys. */
#ifndef ENGINE_RULE_TIME_H
#define ENGINE_RULE_TIME_H

#include "engine/parts.h"

/* After the guard: whether a wait begins, goes on or is over. Leaves traced->outcome at FIRED when the rule may go on now. */
enum status rule_time_held(struct context *context, const struct rule *rule, bool holds, struct trace_rule *traced) MUST_CHECK;
/* Before the body: damp, at most, once per, dedupe. Leaves traced->outcome at FIRED when the body shall run. */
enum status rule_time_passes(struct context *context, const struct rule *rule, struct trace_rule *traced) MUST_CHECK;
/* After the body: remembers that it ran, and what it created since `touched`. */
enum status rule_time_fired(struct context *context, const struct rule *rule, uint32_t touched) MUST_CHECK;
/* Before the rules of an event: rules that wait for it to fail to come. */
enum status rule_time_follows(struct context *context, const struct event *event) MUST_CHECK;

/* --- rules.c, for timers that let a rule go on */
struct trace_rule *rule_trace(struct context *context, const struct rule *rule, enum outcome outcome);
enum status rule_body(struct context *context, const struct rule *rule, struct trace_rule *traced) MUST_CHECK;
enum status rule_failed(struct context *context, const struct rule *rule, struct trace_rule *traced) MUST_CHECK;
struct value *rule_frame(struct context *context, const struct code *code);

#endif
