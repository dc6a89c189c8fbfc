/* A transport carries a call to the outside and brings what came back; what a vendor means by it is said in Flow. It never
 * blocks: its host watches sockets and the clock for it. */
#ifndef CONNECTORS_TRANSPORT_H
#define CONNECTORS_TRANSPORT_H

#include "connectors/network.h"
#include "engine/base/error.h"
#include "engine/base/text.h"

struct transport;

/* What the host does for it. */
enum { TRANSPORT_READ = 1, TRANSPORT_WRITE = 2 };
struct transport_host {
	void *context;
	/* Watch the socket for these, 0: no more; then call transport_ready. `place` is the host's, NULL at first. */
	void (*watch)(void *context, int fd, unsigned wanted, void **place);
	/* Call transport_ready with fd -1 in so many milliseconds; -1: not at all. One such time at once. */
	void (*wake)(void *context, int64_t milliseconds);
	/* Calls go where packs say: only to public addresses and with TLS, but for these networks; by no proxy. The address
	 * that is connected to counts, whatever its name was resolved to before. NULL: anywhere. */
	const network_list *open_networks;
	const char *authorities; /* a file of certificates (PEM) that are believed beside the system's; NULL: those alone */
};

enum transport_outcome {
	TRANSPORT_ANSWERED,  /* `status` and `body` are the other side's */
	TRANSPORT_FORBIDDEN, /* it was not sent, for it must not go there */
	TRANSPORT_NOT_SENT,  /* it surely did not arrive: no such host, refused, no TLS */
	TRANSPORT_UNKNOWN,   /* it may have arrived: cut, or too late */
};

/* To smtp:// (which has to change to TLS before anything is said) or smtps://. An answer's `status` is SMTP's last reply and
 * `body` its line; before a byte of the mail has left, it has not arrived. */
struct transport_mail {
	const char *sender;
	const char *const *receivers;
	uint32_t receiver_count;
	const char *user, *password; /* NULL: nobody logs in */
};

struct transport_call {
	const struct transport_mail
		*mail; /* NULL: HTTP. With one, `body` is what is sent; `method` and `headers` are not looked at */
	const char *method, *url;
	const char *const *headers; /* "Name: value" */
	uint32_t header_count;
	struct text body;
	const char *certificate, *certificate_key; /* PEM, for TLS that asks who we are; NULL: none */
	int64_t milliseconds; /* for all of it; an answer that is here when the host looks counts, however late that is */
	size_t answer_most;   /* bytes; more is UNKNOWN with a sentence */
	bool once; /* it must not arrive twice: nothing is sent again by itself, as on a connection that was kept too long */
};

struct transport_answer {
	enum transport_outcome outcome;
	unsigned status;      /* HTTP's, or SMTP's */
	struct text body;     /* until the callback returns */
	int64_t retry_after;  /* seconds the other side asks for; -1: it says nothing */
	const char *sentence; /* why it was not ANSWERED */
};
typedef void transport_done(void *context, const struct transport_answer *answer);

enum status transport_open(const struct transport_host *host, struct transport **transport_out, struct error *error) MUST_CHECK;
/* What is still out is forgotten: `done` is not called. */
void transport_close(struct transport *transport);
/* `done` is called once, from transport_ready. INVALID: this URL can not be called. The texts need not live on. */
enum status transport_send(struct transport *transport, const struct transport_call *call, transport_done *done, void *context,
			   struct error *error) MUST_CHECK;
void transport_ready(struct transport *transport, int fd, unsigned ready);

#endif
