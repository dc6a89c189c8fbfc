/* What the courier's files share. role_courier.c looks into the outbox and takes calls up; courier_send.c sends them out;
 * courier_outcome.c says what becomes of them. */
#ifndef SERVICE_COURIER_H
#define SERVICE_COURIER_H

#include "connectors/transport.h"
#include "runtime/service/outside.h"
#include "runtime/service/pacing.h"
#include "runtime/service/service.h"
#include "runtime/store/outbox.h"

enum {
	OUT_MOST = 128,  /* calls that are out at once … */
	OUT_TENANT = 64, /* … and of one tenant: the places of another are not filled by those who do not answer */
	ANSWER_MOST = 10 << 20,
	CALL_SECONDS = 30, /* until a call that brings no answer is given up, where its connector says nothing */
	LEASE_SECONDS = 9, /* without a renewal for that long, who was at it is at it no more */
	RENEW_SECONDS = 3,
};

struct out {
	struct member *member; /* NULL: free */
	struct arena arena;
	struct call call;
	struct place *place;
	bool asks;       /* whether an earlier attempt has arrived */
	bool is_suspect; /* a courier has died while it was out */
	int64_t begun;   /* metric_clock */
	bool is_done;    /* the answer is here, and not in the store yet */
	struct transport_answer answer;
	/* of a call that goes to its connector without a bridge */
	hidden_texts hidden;  /* what must not be shown of it */
	struct token *awaits; /* NULL: none */
	bool has_token;       /* it was sent with one … */
	bool is_renewed;      /* … and again with a new one, as the first was refused */
	struct text mail_id;  /* of a mail: its Message-ID; of what is none: empty */
};

struct courier {
	struct transport *transport;
	struct alarm *wake, *renew;
	struct token *tokens;       /* courier_token.c */
	network_list open_networks; /* private ones into which connectors may call */
	struct arena kept;          /* as long as the process */
	struct arena arena;         /* one look into the outbox */
	struct pacing pacing;
	uint32_t first_line; /* of the next look: each line is the first once */
	struct out out[OUT_MOST];
	uint32_t out_count;
	bool is_careful; /* one has died: what was out then is sent again one by one, and counted */
};

/* --- courier_send.c */
enum status sending_open(struct member *member, struct error *error) MUST_CHECK;
/* What the call's action says in the packs that its tenant runs; NULL: it is a notification, or they do not know it. */
const struct action *call_action(const struct member *member, const struct call *call);
/* What is logged from here on is about it; NULL: about nothing. */
void call_log(const struct member *member, const struct call *call);
struct pace call_pace(const struct member *member, int64_t tenant, struct text connector);
enum status call_send(struct member *member, struct out *out, struct error *error) MUST_CHECK;

/* --- courier_http.c: a call as its connector's packs ask for it */
/* Whether there is a way out for calls of that connector: the bridge, or an address of its own. */
bool line_leads_out(const struct member *member, const struct call_line *line);
static inline bool has_bridge(const struct member *member)
{
	return *member->service->settings.bridge;
}
/* INVALID, DENIED, NOT_FOUND: something is not set as it must be; a person has to see to it. */
enum status http_send(struct member *member, struct out *out, struct error *error) MUST_CHECK;
/* Whether its action takes an answer of that status for success. */
bool http_expects(const struct member *member, const struct call *call, unsigned status);
/* "crm.open answered with HTTP 404: …" */
const char *http_sentence(struct out *out);

/* --- courier_mail.c: of connectors whose base is smtp:// or smtps:// */
bool base_takes_mail(struct text base);
/* What the turn has planned, as a mail in `call`. INVALID: it can not be one. */
enum status mail_prepare(struct out *out, struct text method, struct text path, struct text body, struct transport_call *call,
			 struct transport_mail *mail, struct error *error) MUST_CHECK;
/* What the mail server has said, as if it had been asked over HTTP. */
void mail_answered(struct out *out);

/* --- courier_token.c: what an OAuth2 server has given, kept in this process alone */
/* How it is asked for. */
struct token_request {
	struct text url, form;
	const char *certificate, *certificate_key;
};
/* Empty: it is asked for, and `out` is sent again by call_send when it has come. */
enum status token_need(struct out *out, const struct token_request *request, struct text *token_out,
		       struct error *error) MUST_CHECK;
/* It was refused. */
void token_forget(const struct out *out);
void tokens_close(struct courier *courier);

/* --- courier_place.c: what is known of a place, shared through the store */
/* Within a transaction: it is ours until that ends. `must`: also when nothing is known of it yet. */
enum status place_take(struct member *member, struct place *place, int64_t tenant, struct text connector, bool must,
		       struct error *error) MUST_CHECK;
enum status place_keep(struct member *member, const struct place *place, int64_t tenant, struct text connector,
		       struct error *error) MUST_CHECK;
/* One more is sent to where `out` is; in a transaction of its own. */
enum status place_use(struct member *member, struct out *out, struct error *error) MUST_CHECK;
/* What the answer says of the place. */
void place_learn(const struct out *out, const struct transport_answer *answer);

/* --- courier_outcome.c: `on_done` is the transport's */
void on_done(void *context, const struct transport_answer *answer);
/* What can not be written now is kept and tried again: an answer is not to be had twice. */
void out_settle(struct out *out);
void out_end(struct out *out);
/* The lease of an earlier attempt is over, and it must not be sent twice. */
enum status call_hold(struct member *member, struct out *out, const char *sentence, struct error *error) MUST_CHECK;
enum status call_give_up(struct member *member, struct out *out, const char *sentence, struct error *error) MUST_CHECK;
void outcome_tell(const struct member *member, const struct call *call);

#endif
