/* Webhooks of connectors: POST /v1/hooks/TENANT/CONNECTOR/NAME. Who posts is who the connector's `verify` says, or nothing of
 * it is taken. What was posted becomes an event like those of /v1/events. */
#ifndef SERVICE_HOOKS_H
#define SERVICE_HOOKS_H

#include "runtime/bus/cloudevent.h"
#include "runtime/http/server.h"
#include "runtime/service/service.h"

/* NOT_FOUND: there is no such hook. DENIED: it was not sent by who should. INVALID, LIMIT: it is no document, or too long.
 * RETRY: that can not be said now. `needs_token_out`: its connector does not say who may post, so the service's own token
 * counts. */
enum status hook_event(struct member *member, struct request *request, struct cloud_event *event_out, bool *needs_token_out,
		       struct error *error) MUST_CHECK;
void hook_refuse(struct request *request, enum status status, const struct error *error);

#endif
