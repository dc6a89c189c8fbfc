/* CloudEvents 1.0, both content modes, whatever carries them: HTTP (`ce-` headers) or AMQP (`cloudEvents:` properties). Checked
 * as the specification demands; the sentence of an error is for the sender.
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md */
#ifndef BUS_CLOUDEVENT_H
#define BUS_CLOUDEVENT_H

#include "engine/base/json.h"
#include "engine/base/list.h"
#include "engine/base/moment.h"

struct cloud_event {
	struct text id, source, type; /* never empty */
	struct text subject;          /* may be empty */
	bool has_time;
	moment time;
	struct text tenant;      /* our extension attribute `tenant`; may be empty */
	struct text traceparent; /* the extension of Distributed Tracing; may be empty */
	struct text data;        /* JSON; empty when there is none */
};

enum {
	CLOUD_ATTRIBUTE_MOST = 1024, /* bytes of an attribute */
	CLOUD_DATA_MOST = 1 << 20,   /* bytes of the data of one event */
	CLOUD_BATCH_MOST = 10000,    /* events of a batch */
};

/* `application/cloudevents+json`: one object. LIMIT: there is too much of something; INVALID: it is no CloudEvent. */
enum status cloud_event_read(struct arena *arena, struct text body, struct cloud_event *event_out,
			     struct error *error) MUST_CHECK;

/* `application/cloudevents-batch+json`: a list of such objects. The sentence names the event by its place. */
typedef LIST(struct cloud_event) cloud_event_list;
enum status cloud_events_read(struct arena *arena, struct text body, cloud_event_list *events_out,
			      struct error *error) MUST_CHECK;

/* Binary mode: attributes by `attribute` (which knows the carrier's prefix; empty text: there is none), data in the body. */
typedef struct text attribute_fn(void *context, const char *name);
enum status cloud_event_read_binary(struct arena *arena, attribute_fn *attribute, void *context, struct text content_type,
				    struct text body, struct cloud_event *event_out, struct error *error) MUST_CHECK;

/* Binary mode, out: each attribute that is there, `specversion` first. `time` is the room for one of them; the values live as
 * long as it and the event. Its data is JSON. */
typedef void attribute_sink(void *context, const char *name, struct text value);
void cloud_event_attributes(const struct cloud_event *event, char time[MOMENT_TEXT], attribute_sink *sink, void *context);

/* As one object. */
struct text cloud_event_write(struct arena *arena, const struct cloud_event *event);

#endif
