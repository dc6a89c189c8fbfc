/* HTTP, and mails by SMTP, through libcurl's multi interface; the only file that sees it. Must never follow a redirect by
 * itself (it could lead into the house), and never keep a secret longer than its call. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

#include "connectors/transport.h"
#include "engine/base/arena.h"
#include "engine/base/check.h"

struct transport {
	struct transport_host host;
	CURLM *multi;
	struct exchange *exchanges; /* those that are out */
	int64_t wake;               /* when libcurl wants to be called; INT64_MAX: not at all */
	int running;
};

struct exchange {
	struct transport *transport;
	struct exchange *next, **link;
	CURL *easy;
	struct curl_slist *headers, *receivers;
	struct letter *letter; /* NULL: HTTP */
	char *answer;
	size_t length, room, most;
	int64_t begun, until; /* milliseconds of a clock that never jumps */
	bool too_long, is_plain, is_forbidden;
	char sentence[CURL_ERROR_SIZE];
	transport_done *done;
	void *context;
};

struct letter {
	char *bytes;
	size_t length, sent;
	bool begun; /* it was asked for */
};

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *place);
static curl_socket_t on_connect(void *context, curlsocktype purpose, struct curl_sockaddr *address);
static int on_timer(CURLM *multi, long milliseconds, void *context);
static void finished_take(struct transport *transport);

enum status transport_open(const struct transport_host *host, struct transport **transport_out, struct error *error)
{
	struct transport *transport = calloc(1, sizeof *transport);

	CHECK(transport);
	*transport_out = NULL;
	transport->host = *host;
	transport->wake = INT64_MAX;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) || !(transport->multi = curl_multi_init())) {
		free(transport);
		return error_set(error, RETRY, "libcurl can not be started");
	}
	curl_multi_setopt(transport->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(transport->multi, CURLMOPT_SOCKETDATA, transport);
	curl_multi_setopt(transport->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(transport->multi, CURLMOPT_TIMERDATA, transport);
	*transport_out = transport;
	return OK;
}

static void exchange_free(struct exchange *exchange)
{
	if (exchange->next)
		exchange->next->link = exchange->link;
	*exchange->link = exchange->next;
	curl_multi_remove_handle(exchange->transport->multi, exchange->easy);
	curl_easy_cleanup(exchange->easy);
	curl_slist_free_all(exchange->headers);
	curl_slist_free_all(exchange->receivers);
	if (exchange->letter)
		free(exchange->letter->bytes);
	free(exchange->letter);
	free(exchange->answer);
	free(exchange);
}

void transport_close(struct transport *transport)
{
	if (!transport)
		return;
	while (transport->exchanges)
		exchange_free(transport->exchanges);
	curl_multi_cleanup(transport->multi);
	free(transport);
}

/* --- the host's part */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *place)
{
	struct transport *transport = context;
	unsigned wanted = what == CURL_POLL_REMOVE ? 0
			  : what == CURL_POLL_IN   ? TRANSPORT_READ
			  : what == CURL_POLL_OUT  ? TRANSPORT_WRITE
						   : TRANSPORT_READ | TRANSPORT_WRITE;

	(void)easy;
	transport->host.watch(transport->host.context, fd, wanted, &place);
	curl_multi_assign(transport->multi, fd, place);
	return 0;
}

static int64_t milliseconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* One time for all: libcurl's, or the end of somebody's patience. */
static void wake_set(struct transport *transport)
{
	int64_t at = transport->wake, now = milliseconds_now();

	for (const struct exchange *each = transport->exchanges; each; each = each->next)
		if (each->until < at)
			at = each->until;
	transport->host.wake(transport->host.context, at == INT64_MAX ? -1 : at > now ? at - now : 0);
}

static int on_timer(CURLM *multi, long milliseconds, void *context)
{
	struct transport *transport = context;

	(void)multi;
	transport->wake = milliseconds < 0 ? INT64_MAX : milliseconds_now() + milliseconds;
	wake_set(transport);
	return 0;
}

static void late_take(struct transport *transport);

void transport_ready(struct transport *transport, int fd, unsigned ready)
{
	int bits = (ready & TRANSPORT_READ ? CURL_CSELECT_IN : 0) | (ready & TRANSPORT_WRITE ? CURL_CSELECT_OUT : 0);

	if (fd < 0 && transport->wake <= milliseconds_now())
		transport->wake = INT64_MAX; /* it says when it wants to be called again */
	curl_multi_socket_action(transport->multi, fd < 0 ? CURL_SOCKET_TIMEOUT : fd, fd < 0 ? 0 : bits, &transport->running);
	finished_take(transport);
	if (fd < 0)
		late_take(transport);
	wake_set(transport);
}

/* --- one exchange */
static size_t on_answer(char *bytes, size_t size, size_t count, void *context)
{
	struct exchange *exchange = context;
	size_t length = size * count;

	if (exchange->length + length > exchange->most) {
		exchange->too_long = true;
		return 0; /* ends the exchange */
	}
	if (exchange->length + length + 1 > exchange->room) {
		exchange->room = (exchange->length + length + 1) * 2;
		exchange->answer = realloc(exchange->answer, exchange->room);
		CHECK(exchange->answer);
	}
	memcpy(exchange->answer + exchange->length, bytes, length);
	exchange->length += length;
	exchange->answer[exchange->length] = 0;
	return length;
}

/* The last word on where a call goes: after its name was resolved, before a byte has left. */
static curl_socket_t on_connect(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct exchange *exchange = context;
	bool is_open = networks_have(exchange->transport->host.open_networks, &address->addr);

	if (purpose != CURLSOCKTYPE_IPCXN || (!is_open && (exchange->is_plain || !address_is_public(&address->addr)))) {
		exchange->is_forbidden = true;
		return CURL_SOCKET_BAD;
	}
	if (is_open && exchange->letter) /* in the house a mail server without TLS will do */
		curl_easy_setopt(exchange->easy, CURLOPT_USE_SSL, (long)CURLUSESSL_TRY);
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* RFC 9110, section 8.6: their length is said also when it is 0. */
static bool method_has_body(const char *method)
{
	return !strcmp(method, "POST") || !strcmp(method, "PUT") || !strcmp(method, "PATCH");
}

static void certificate_give(CURL *easy, const struct transport_call *call)
{
	struct curl_blob blob = {.flags = CURL_BLOB_COPY};

	if (!call->certificate || !call->certificate_key)
		return;
	blob.data = (void *)(uintptr_t)call->certificate;
	blob.len = strlen(call->certificate);
	curl_easy_setopt(easy, CURLOPT_SSLCERT_BLOB, &blob);
	blob.data = (void *)(uintptr_t)call->certificate_key;
	blob.len = strlen(call->certificate_key);
	curl_easy_setopt(easy, CURLOPT_SSLKEY_BLOB, &blob);
}

static void request_give(struct exchange *exchange, const struct transport_call *call)
{
	CURL *easy = exchange->easy;

	for (uint32_t i = 0; i < call->header_count; i++)
		exchange->headers = curl_slist_append(exchange->headers, call->headers[i]);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
	curl_easy_setopt(easy, CURLOPT_NOBODY, (long)!strcmp(call->method, "HEAD"));
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->headers);
	if (call->body.length || method_has_body(call->method)) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)call->body.length);
		curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, call->body.length ? call->body.bytes : "");
	}
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_answer);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
}

/* --- a mail */
static size_t on_letter(char *room, size_t size, size_t count, void *context)
{
	struct letter *letter = ((struct exchange *)context)->letter;
	size_t length = letter->length - letter->sent;

	letter->begun = true;
	if (length > size * count)
		length = size * count;
	memcpy(room, letter->bytes + letter->sent, length);
	letter->sent += length;
	return length;
}

/* The last of its lines is what it says in the end; that it says good-bye behind it is nothing. */
static size_t on_reply(char *bytes, size_t size, size_t count, void *context)
{
	struct exchange *exchange = context;

	if (size * count >= 3 && !memcmp(bytes, "221", 3))
		return size * count;
	exchange->length = 0;
	return on_answer(bytes, size, count, context);
}

static void mail_give(struct exchange *exchange, const struct transport_call *call)
{
	const struct transport_mail *mail = call->mail;
	CURL *easy = exchange->easy;

	exchange->letter = calloc(1, sizeof *exchange->letter);
	CHECK(exchange->letter && (exchange->letter->bytes = malloc(call->body.length + 1)));
	memcpy(exchange->letter->bytes, call->body.bytes, call->body.length);
	exchange->letter->length = call->body.length;
	for (uint32_t i = 0; i < mail->receiver_count; i++)
		exchange->receivers = curl_slist_append(exchange->receivers, mail->receivers[i]);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(easy, CURLOPT_USE_SSL,
			 (long)(exchange->transport->host.open_networks ? CURLUSESSL_ALL : CURLUSESSL_TRY));
	curl_easy_setopt(easy, CURLOPT_MAIL_FROM, mail->sender);
	curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, exchange->receivers);
	curl_easy_setopt(easy, CURLOPT_USERNAME, mail->user);
	curl_easy_setopt(easy, CURLOPT_PASSWORD, mail->password);
	curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(easy, CURLOPT_INFILESIZE, (long)call->body.length);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_letter);
	curl_easy_setopt(easy, CURLOPT_READDATA, exchange);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_reply);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
}

static bool is_plain(const struct transport_call *call)
{
	return !call->mail && strncasecmp(call->url, "https:", 6) != 0;
}

enum status transport_send(struct transport *transport, const struct transport_call *call, transport_done *done, void *context,
			   struct error *error)
{
	struct exchange *exchange = calloc(1, sizeof *exchange);

	CHECK(exchange);
	*exchange = (struct exchange){.transport = transport,
				      .next = transport->exchanges,
				      .link = &transport->exchanges,
				      .easy = curl_easy_init(),
				      .most = call->answer_most,
				      .begun = milliseconds_now(),
				      .until = milliseconds_now() + call->milliseconds,
				      .done = done,
				      .context = context};
	CHECK(exchange->easy);
	if (exchange->next)
		exchange->next->link = &exchange->next;
	transport->exchanges = exchange;
	CURL *easy = exchange->easy;
	if (call->mail)
		mail_give(exchange, call);
	else
		request_give(exchange, call);
	certificate_give(easy, call);
	if (transport->host.authorities) /* the system's stay, by its folder of them */
		curl_easy_setopt(easy, CURLOPT_CAINFO, transport->host.authorities);
	if (transport->host.open_networks) {
		exchange->is_plain = is_plain(call);
		curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_connect);
		curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, exchange);
		curl_easy_setopt(easy, CURLOPT_PROXY, "");
	}
	if (call->once) /* libcurl repeats a request by itself when a connection that it had kept is found dead */
		curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->sentence);
	CURLcode code = curl_easy_setopt(easy, CURLOPT_URL, call->url);
	if (code == CURLE_OK && curl_multi_add_handle(transport->multi, easy) == CURLM_OK) {
		wake_set(transport);
		return OK;
	}
	exchange_free(exchange);
	return error_set(error, INVALID, "\"%s\" can not be called", call->url);
}

/* Before a byte of the request has left, it can not have arrived. */
static enum transport_outcome outcome_of(CURLcode code)
{
	switch (code) {
	case CURLE_OK:
		return TRANSPORT_ANSWERED;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
	case CURLE_SSL_CERTPROBLEM:
		return TRANSPORT_NOT_SENT;
	default:
		return TRANSPORT_UNKNOWN;
	}
}

static long reply_status(const struct exchange *exchange)
{
	return exchange->length >= 3 ? strtol(exchange->answer, NULL, 10) : 0;
}

/* What a mail server has refused, it has answered. */
static enum transport_outcome mail_outcome_of(const struct exchange *exchange, CURLcode code, long status)
{
	if (code == CURLE_OK || (status >= 400 && code != CURLE_OPERATION_TIMEDOUT))
		return TRANSPORT_ANSWERED;
	return exchange->letter->begun ? TRANSPORT_UNKNOWN : TRANSPORT_NOT_SENT;
}

static void exchange_end(struct exchange *exchange, CURLcode code)
{
	struct transport_answer answer = {.outcome = outcome_of(code), .retry_after = -1};
	curl_off_t retry_after = 0;
	long status = 0;

	if (code != CURLE_OK && exchange->is_forbidden) {
		answer.outcome = TRANSPORT_FORBIDDEN;
		snprintf(exchange->sentence, sizeof exchange->sentence, "%s",
			 exchange->is_plain
				 ? "connectors speak without TLS only to networks that the setting `private-networks` names"
				 : "it would go into a private network that the setting `private-networks` does not name");
	}
	curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
	if (exchange->letter)
		status = reply_status(exchange);
	if (exchange->letter && answer.outcome != TRANSPORT_FORBIDDEN)
		answer.outcome = mail_outcome_of(exchange, code, status);
	if (curl_easy_getinfo(exchange->easy, CURLINFO_RETRY_AFTER, &retry_after) == CURLE_OK && retry_after > 0)
		answer.retry_after = retry_after;
	answer.status = (unsigned)status;
	answer.body = (struct text){exchange->answer ? exchange->answer : "", (uint32_t)exchange->length};
	answer.sentence = exchange->too_long    ? "the answer is too long"
			  : *exchange->sentence ? exchange->sentence
						: curl_easy_strerror(code);
	exchange->done(exchange->context, &answer);
	exchange_free(exchange);
}

static void finished_take(struct transport *transport)
{
	struct exchange *exchange;
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(transport->multi, &left)))
		if (message->msg == CURLMSG_DONE) {
			curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
			exchange_end(exchange, message->data.result);
		}
}

static struct exchange *late_find(const struct transport *transport, int64_t now)
{
	for (struct exchange *each = transport->exchanges; each; each = each->next)
		if (each->until <= now)
			return each;
	return NULL;
}

/* Who has waited long enough. That is not left to libcurl: it says so before it reads, and what is here already counts, also
 * when the host was kept from looking. */
static void late_take(struct transport *transport)
{
	int64_t now = milliseconds_now(); /* once: what becomes late while `done` is called has not been read */
	struct exchange *exchange;

	for (exchange = transport->exchanges; exchange; exchange = exchange->next) {
		curl_socket_t fd = CURL_SOCKET_BAD;
		if (exchange->until <= now && !curl_easy_getinfo(exchange->easy, CURLINFO_ACTIVESOCKET, &fd) &&
		    fd != CURL_SOCKET_BAD)
			curl_multi_socket_action(transport->multi, fd, CURL_CSELECT_IN, &transport->running);
	}
	finished_take(transport);
	while ((exchange = late_find(transport, now))) {
		snprintf(exchange->sentence, sizeof exchange->sentence, "no answer in %lld ms",
			 (long long)(exchange->until - exchange->begun));
		exchange_end(exchange, CURLE_OPERATION_TIMEDOUT);
	}
}
