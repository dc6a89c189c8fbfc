/* What is counted: rows of metrics.def, one number each (a histogram has several), in memory that all processes of the service
 * share. So one of them can tell for all, and what a process has counted stays when it dies. Adding is one atomic
 * instruction. */
#ifndef OPERATE_METRIC_H
#define OPERATE_METRIC_H

#include "engine/base/error.h"
#include "engine/base/text.h"

enum metric {
#define METRIC(NAME, KIND, name, labels, help) METRIC_##NAME,
#include "runtime/operate/metrics.def"
#undef METRIC
	METRIC_COUNT
};

/* From here on this process and those it forks count in one place. Without it each counts for itself. RETRY: the system has no
 * memory. */
enum status metrics_share(struct error *error) MUST_CHECK;

void metric_add(enum metric metric, int64_t amount); /* a gauge may go down */
void metric_set(enum metric metric, int64_t value);  /* a gauge */
int64_t metric_value(enum metric metric);            /* of a histogram: how often it was observed */
/* SECONDS: microseconds; AMOUNTS: pieces. */
void metric_observe(enum metric metric, int64_t value);
/* Microseconds of a clock that never jumps: differences are what metric_observe takes. */
int64_t metric_clock(void);

/* All of them in Prometheus' text format, version 0.0.4. */
void metrics_write(struct text_builder *text);
/* HELP and TYPE of one that is not in the table, because it is asked for and not counted; its samples follow. */
void metric_write_head(struct text_builder *text, const char *name, const char *type, const char *help);

#endif
