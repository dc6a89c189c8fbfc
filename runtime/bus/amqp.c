/* The only file that sees librabbitmq. Frames in, plain structs out; each delivery is one block of memory. Must never wait
 * without a bound, and never let a password into a sentence. */
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "engine/base/check.h"
#include "runtime/bus/amqp.h"

enum { CHANNEL = 1, FRAME_MOST = 131072, GOODBYE_MOST = 500, HEARTBEAT = 20, PERSISTENT = 2 };
static const char SYSTEM_CA[] = "/etc/ssl/certs/ca-certificates.crt";

struct wire {
	amqp_connection_state_t state;
	char where[160];
	/* a message that is not complete yet */
	struct delivery *delivery;
	uint64_t body_size, body_read;
	char *body;
	bool returned; /* it is no delivery: it came back */
	bool too_long;
	uint64_t tag;
	uint32_t shard;
};

static enum status reply_check(struct wire *wire, amqp_rpc_reply_t reply, const char *what, struct error *error);
static enum status library_error(const struct wire *wire, int code, const char *what, struct error *error);
static enum status closed_by_broker(const struct wire *wire, const amqp_method_t *method, const char *what,
				    struct error *error);
static enum status socket_prepare(struct wire *wire, const struct wire_address *address, struct error *error);
static enum status login(struct wire *wire, const struct wire_address *address, const char *name, struct error *error);

static amqp_bytes_t bytes_of(struct text text)
{
	return (amqp_bytes_t){text.length, (void *)text.bytes};
}

static struct text text_of(amqp_bytes_t bytes)
{
	return (struct text){bytes.bytes, (uint32_t)bytes.len};
}

/* --- the address */
static enum status option_read(struct wire_address *address, char *option, struct error *error)
{
	char *value = strchr(option, '=');

	if (value)
		*value++ = 0;
	if (value && !strcmp(option, "cacertfile"))
		address->ca = value;
	else if (value && !strcmp(option, "certfile"))
		address->certificate = value;
	else if (value && !strcmp(option, "keyfile"))
		address->key = value;
	else if (value && !strcmp(option, "heartbeat"))
		address->heartbeat = atoi(value);
	else
		return error_set(error, INVALID,
				 "the broker's address has the option `%.40s`; cacertfile, certfile, keyfile and heartbeat "
				 "are those there are, each with `=` and a value",
				 option);
	if (address->heartbeat < 1 || address->heartbeat > 3600)
		return error_set(error, INVALID, "the broker's address has a heartbeat that is not within 1 and 3600 seconds");
	return OK;
}

enum status wire_address_read(const char *url, struct wire_address *address_out, struct error *error)
{
	struct amqp_connection_info info;
	enum status status = OK;

	*address_out = (struct wire_address){.heartbeat = HEARTBEAT};
	if (strlen(url) >= sizeof address_out->url)
		return error_set(error, INVALID, "the broker's address is longer than %zu bytes", sizeof address_out->url - 1);
	strcpy(address_out->url, url);
	char *options = strchr(address_out->url, '?'), *rest = NULL;
	if (options)
		*options++ = 0;
	if (amqp_parse_url(address_out->url, &info) != AMQP_STATUS_OK)
		return error_set(error, INVALID,
				 "the broker's address is none; write amqp://USER:PASSWORD@HOST:PORT/VHOST, or amqps://…");
	address_out->host = info.host;
	address_out->port = info.port;
	address_out->user = info.user;
	address_out->password = info.password;
	address_out->vhost = *info.vhost ? info.vhost : "/"; /* a slash and nothing behind it: nobody has a nameless one */
	address_out->is_tls = info.ssl;
	for (char *option = options ? strtok_r(options, "&", &rest) : NULL; option && status == OK;
	     option = strtok_r(NULL, "&", &rest))
		status = option_read(address_out, option, error);
	if (status == OK && !address_out->certificate != !address_out->key)
		return error_set(error, INVALID, "the broker's address needs certfile and keyfile, or neither");
	return status;
}

/* --- a connection */
enum status wire_open(const struct wire_address *address, const char *name, struct wire **wire_out, struct error *error)
{
	struct wire *wire = calloc(1, sizeof *wire);

	CHECK(wire);
	*wire_out = NULL;
	snprintf(wire->where, sizeof wire->where, "the broker at %.120s:%d", address->host, address->port);
	wire->state = amqp_new_connection();
	CHECK(wire->state);
	enum status status = socket_prepare(wire, address, error);
	if (status == OK)
		status = login(wire, address, name, error);
	if (status != OK) {
		wire_close(wire, false);
		return status;
	}
	*wire_out = wire;
	return OK;
}

void wire_close(struct wire *wire, bool polite)
{
	struct timeval most = {.tv_usec = GOODBYE_MOST * 1000};

	if (!wire)
		return;
	if (polite) {
		amqp_set_rpc_timeout(wire->state, &most);
		amqp_connection_close(wire->state, AMQP_REPLY_SUCCESS);
	}
	amqp_destroy_connection(wire->state);
	free(wire->delivery);
	free(wire);
}

int wire_socket(const struct wire *wire)
{
	return amqp_get_sockfd(wire->state);
}

static enum status tls_prepare(const struct wire_address *address, amqp_socket_t *socket, struct error *error)
{
	const char *ca = address->ca ? address->ca : SYSTEM_CA;

	amqp_ssl_socket_set_verify_peer(socket, 1);
	amqp_ssl_socket_set_verify_hostname(socket, 1);
	amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST);
	if (amqp_ssl_socket_set_cacert(socket, ca) != AMQP_STATUS_OK)
		return error_set(error, INVALID, "%s can not be read as certificates in PEM (cacertfile)", ca);
	if (address->key && amqp_ssl_socket_set_key(socket, address->certificate, address->key) != AMQP_STATUS_OK)
		return error_set(error, INVALID, "%s and %s can not be read as a certificate and its key in PEM",
				 address->certificate, address->key);
	return OK;
}

static enum status socket_prepare(struct wire *wire, const struct wire_address *address, struct error *error)
{
	struct timeval most = {.tv_sec = BUS_CONNECT_MOST / 1000};
	unsigned patience = BUS_PATIENCE;
	amqp_socket_t *socket = address->is_tls ? amqp_ssl_socket_new(wire->state) : amqp_tcp_socket_new(wire->state);

	CHECK(socket);
	enum status status = address->is_tls ? tls_prepare(address, socket, error) : OK;
	if (status != OK)
		return status;
	int code = amqp_socket_open_noblock(socket, address->host, address->port, &most);
	if (code != AMQP_STATUS_OK)
		return library_error(wire, code, "can not be reached", error);
	/* for what is_read does not see: an event larger than the system's buffer */
	setsockopt(wire_socket(wire), IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof patience);
	amqp_set_handshake_timeout(wire->state, &most);
	amqp_set_rpc_timeout(wire->state, &most);
	return OK;
}

static amqp_table_entry_t entry_true(const char *name)
{
	return (amqp_table_entry_t){amqp_cstring_bytes(name), {.kind = AMQP_FIELD_KIND_BOOLEAN, .value.boolean = 1}};
}

static amqp_table_entry_t entry_text(const char *name, struct text text)
{
	return (amqp_table_entry_t){amqp_cstring_bytes(name), {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = bytes_of(text)}};
}

static enum status login(struct wire *wire, const struct wire_address *address, const char *name, struct error *error)
{
	amqp_table_entry_t abilities[] = {entry_true("connection.blocked"),         entry_true("consumer_cancel_notify"),
					  entry_true("publisher_confirms"),         entry_true("basic.nack"),
					  entry_true("exchange_exchange_bindings"), entry_true("authentication_failure_close")};
	amqp_table_entry_t properties[] = {
		entry_text("product", TEXT("stellwerk")),
		entry_text("connection_name", text_from(name)),
		{amqp_cstring_bytes("capabilities"),
		 {.kind = AMQP_FIELD_KIND_TABLE, .value.table = {sizeof abilities / sizeof *abilities, abilities}}}};
	amqp_table_t table = {sizeof properties / sizeof *properties, properties};
	amqp_rpc_reply_t reply = amqp_login_with_properties(wire->state, address->vhost, 0, FRAME_MOST, address->heartbeat,
							    &table, AMQP_SASL_METHOD_PLAIN, address->user, address->password);
	enum status status = reply_check(wire, reply, "lets nobody in", error);

	if (status != OK)
		return status;
	amqp_channel_open(wire->state, CHANNEL);
	return reply_check(wire, amqp_get_rpc_reply(wire->state), "opens no channel", error);
}

/* --- questions */
enum { ARGUMENTS_MOST = 8 };

static amqp_table_t table_of(const struct wire_argument *arguments, uint32_t count, amqp_table_entry_t *entries)
{
	CHECK(count <= ARGUMENTS_MOST);
	for (uint32_t i = 0; i < count; i++) {
		if (arguments[i].text)
			entries[i] = entry_text(arguments[i].name, text_from(arguments[i].text));
		else if (!arguments[i].number)
			entries[i] = entry_true(arguments[i].name);
		else
			entries[i] = (amqp_table_entry_t){amqp_cstring_bytes(arguments[i].name),
							  {.kind = AMQP_FIELD_KIND_I32, .value.i32 = arguments[i].number}};
	}
	return (amqp_table_t){(int)count, entries};
}

static enum status answer_check(struct wire *wire, const char *what, const char *name, struct error *error)
{
	enum status status = reply_check(wire, amqp_get_rpc_reply(wire->state), what, error);

	return status == OK ? OK : error_within(error, "%s", name);
}

enum status wire_exchange(struct wire *wire, const char *name, const char *type, const struct wire_argument *arguments,
			  uint32_t count, struct error *error)
{
	amqp_table_entry_t entries[ARGUMENTS_MOST];

	amqp_exchange_declare(wire->state, CHANNEL, amqp_cstring_bytes(name), amqp_cstring_bytes(type), 0, 1, 0, 0,
			      table_of(arguments, count, entries));
	return answer_check(wire, "does not make the exchange", name, error);
}

enum status wire_queue(struct wire *wire, const char *name, const struct wire_argument *arguments, uint32_t count,
		       struct error *error)
{
	amqp_table_entry_t entries[ARGUMENTS_MOST];

	amqp_queue_declare(wire->state, CHANNEL, amqp_cstring_bytes(name), 0, 1, 0, 0, table_of(arguments, count, entries));
	return answer_check(wire, "does not make the queue", name, error);
}

enum status wire_bind_exchange(struct wire *wire, const char *source, const char *target, const char *key, struct error *error)
{
	amqp_exchange_bind(wire->state, CHANNEL, amqp_cstring_bytes(target), amqp_cstring_bytes(source),
			   amqp_cstring_bytes(key), amqp_empty_table);
	return answer_check(wire, "does not bind the exchange", target, error);
}

enum status wire_bind_queue(struct wire *wire, const char *source, const char *queue, const char *key, struct error *error)
{
	amqp_queue_bind(wire->state, CHANNEL, amqp_cstring_bytes(queue), amqp_cstring_bytes(source), amqp_cstring_bytes(key),
			amqp_empty_table);
	return answer_check(wire, "does not bind the queue", queue, error);
}

enum status wire_confirm(struct wire *wire, struct error *error)
{
	amqp_confirm_select(wire->state, CHANNEL);
	return answer_check(wire, "does not confirm", "publishing", error);
}

enum status wire_prefetch(struct wire *wire, uint32_t most, struct error *error)
{
	amqp_basic_qos(wire->state, CHANNEL, 0, (uint16_t)(most < UINT16_MAX ? most : UINT16_MAX), 0);
	return answer_check(wire, "does not bound its deliveries", "prefetch", error);
}

/* --- orders */
enum status wire_consume(struct wire *wire, const char *queue, uint32_t shard, struct error *error)
{
	char tag[16];

	snprintf(tag, sizeof tag, "%u", shard); /* comes back with each delivery */
	/* nowait: deliveries would pile up within the library while it waited for the answer */
	amqp_basic_consume_t consume = {
		.queue = amqp_cstring_bytes(queue), .consumer_tag = amqp_cstring_bytes(tag), .nowait = 1};
	int code = amqp_send_method(wire->state, CHANNEL, AMQP_BASIC_CONSUME_METHOD, &consume);

	return code == AMQP_STATUS_OK ? OK : library_error(wire, code, "could not be asked for deliveries", error);
}

/* The library writes until all is written; a broker short of memory or disk has ceased to read. */
static bool is_read(const struct wire *wire)
{
	struct pollfd poll_fd = {.fd = wire_socket(wire), .events = POLLOUT};

	return poll(&poll_fd, 1, BUS_WRITE_MOST) > 0;
}

enum status wire_publish(struct wire *wire, const struct wire_message *message, struct error *error)
{
	amqp_table_entry_t entries[WIRE_PROPERTIES_MOST];
	amqp_basic_properties_t properties = {._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_CONTENT_TYPE_FLAG |
							AMQP_BASIC_HEADERS_FLAG,
					      .delivery_mode = PERSISTENT,
					      .content_type = bytes_of(message->content_type),
					      .headers = {(int)message->property_count, entries}};

	CHECK(message->property_count <= WIRE_PROPERTIES_MOST);
	if (!is_read(wire))
		return error_set(error, RETRY, "%s has read nothing for %d s; it may be short of memory or disk", wire->where,
				 BUS_WRITE_MOST / 1000);
	for (uint32_t i = 0; i < message->property_count; i++)
		entries[i] = (amqp_table_entry_t){
			bytes_of(message->properties[i].name),
			{.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = bytes_of(message->properties[i].value)}};
	/* mandatory: it comes back when no queue takes it, instead of being gone and confirmed */
	int code = amqp_basic_publish(wire->state, CHANNEL, amqp_cstring_bytes(message->exchange), bytes_of(message->key), 1, 0,
				      &properties, bytes_of(message->body));
	return code == AMQP_STATUS_OK ? OK : library_error(wire, code, "could not be given an event", error);
}

enum status wire_acknowledge(struct wire *wire, uint64_t tag, struct error *error)
{
	int code = amqp_basic_ack(wire->state, CHANNEL, tag, 1);

	return code == AMQP_STATUS_OK ? OK : library_error(wire, code, "could not be told what is done", error);
}

enum status wire_reject(struct wire *wire, uint64_t tag, struct error *error)
{
	int code = amqp_basic_nack(wire->state, CHANNEL, tag, 0, 0);

	return code == AMQP_STATUS_OK ? OK : library_error(wire, code, "could not be told what was rejected", error);
}

/* --- deliveries: a method, a header with the size, and the body in pieces */
struct death {
	struct text reason, queue;
};

static struct text string_of(const amqp_field_value_t *value)
{
	bool is_text = value->kind == AMQP_FIELD_KIND_UTF8 || value->kind == AMQP_FIELD_KIND_BYTES;

	return is_text ? text_of(value->value.bytes) : TEXT("");
}

/* The newest death comes first. */
static struct death death_of(const amqp_field_value_t *value)
{
	struct death death = {TEXT(""), TEXT("")};

	if (value->kind != AMQP_FIELD_KIND_ARRAY || !value->value.array.num_entries ||
	    value->value.array.entries[0].kind != AMQP_FIELD_KIND_TABLE)
		return death;
	amqp_table_t table = value->value.array.entries[0].value.table;
	for (int i = 0; i < table.num_entries; i++) {
		if (text_is(text_of(table.entries[i].key), "reason"))
			death.reason = string_of(&table.entries[i].value);
		else if (text_is(text_of(table.entries[i].key), "queue"))
			death.queue = string_of(&table.entries[i].value);
	}
	return death;
}

static uint32_t count_of(const amqp_field_value_t *value)
{
	switch (value->kind) {
	case AMQP_FIELD_KIND_I8:
		return (uint32_t)value->value.i8;
	case AMQP_FIELD_KIND_I16:
		return (uint32_t)value->value.i16;
	case AMQP_FIELD_KIND_I32:
		return (uint32_t)value->value.i32;
	case AMQP_FIELD_KIND_I64:
		return (uint32_t)value->value.i64;
	default:
		return 0;
	}
}

/* Attributes that are no texts on the wire: `time` may be a timestamp, extensions may be numbers and booleans. */
static struct text value_text(const amqp_field_value_t *value, char buffer[MOMENT_TEXT])
{
	if (value->kind == AMQP_FIELD_KIND_TIMESTAMP && value->value.u64 < (uint64_t)INT32_MAX * 4)
		return (struct text){buffer, moment_write((moment)value->value.u64, zone_utc(), buffer)};
	if (value->kind == AMQP_FIELD_KIND_BOOLEAN)
		return value->value.boolean ? TEXT("true") : TEXT("false");
	if (value->kind == AMQP_FIELD_KIND_I32)
		return (struct text){buffer, (uint32_t)snprintf(buffer, MOMENT_TEXT, "%d", value->value.i32)};
	return string_of(value);
}

static struct text keep(char **place, struct text text)
{
	struct text kept = {*place, text.length};

	if (text.length)
		memcpy(*place, text.bytes, text.length);
	*place += text.length;
	return kept;
}

static size_t headers_size(const amqp_table_t *headers, const struct death *death)
{
	size_t size = death->reason.length + death->queue.length;
	char buffer[MOMENT_TEXT];

	for (int i = 0; i < headers->num_entries; i++)
		size += sizeof(struct property) + headers->entries[i].key.len +
			value_text(&headers->entries[i].value, buffer).length;
	return size;
}

static void headers_keep(struct delivery *delivery, const amqp_table_t *headers, char **place)
{
	char buffer[MOMENT_TEXT];

	for (int i = 0; i < headers->num_entries; i++) {
		const amqp_table_entry_t *entry = &headers->entries[i];
		struct text value = value_text(&entry->value, buffer);
		if (text_is(text_of(entry->key), "x-delivery-count"))
			delivery->before = count_of(&entry->value);
		if (value.length)
			delivery->properties[delivery->property_count++] =
				(struct property){keep(place, text_of(entry->key)), keep(place, value)};
	}
}

static void delivery_begin(struct wire *wire, const amqp_basic_properties_t *properties)
{
	amqp_table_t none = {0};
	const amqp_table_t *headers = properties->_flags & AMQP_BASIC_HEADERS_FLAG ? &properties->headers : &none;
	struct text type = properties->_flags & AMQP_BASIC_CONTENT_TYPE_FLAG ? text_of(properties->content_type) : TEXT("");
	struct death death = {TEXT(""), TEXT("")};

	for (int i = 0; i < headers->num_entries; i++)
		if (text_is(text_of(headers->entries[i].key), "x-death"))
			death = death_of(&headers->entries[i].value);
	size_t body = wire->too_long ? 0 : (size_t)wire->body_size;
	struct delivery *delivery = malloc(sizeof *delivery + headers_size(headers, &death) + type.length + body);
	CHECK(delivery);
	*delivery = (struct delivery){.shard = wire->shard, .tag = wire->tag, .properties = (struct property *)(delivery + 1)};
	char *place = (char *)(delivery->properties + headers->num_entries);
	headers_keep(delivery, headers, &place);
	delivery->content_type = keep(&place, type);
	delivery->death = keep(&place, death.reason);
	delivery->death_queue = keep(&place, death.queue);
	delivery->body = (struct text){place, (uint32_t)body};
	wire->delivery = delivery;
	wire->body = place;
	wire->body_read = 0;
}

static void body_add(struct wire *wire, amqp_bytes_t piece)
{
	if (!wire->too_long && !wire->returned && piece.len <= wire->body_size - wire->body_read)
		memcpy(wire->body + wire->body_read, piece.bytes, piece.len);
	wire->body_read += piece.len;
}

/* --- what the broker says */
static uint32_t shard_of(amqp_bytes_t tag)
{
	uint32_t shard = 0;

	for (size_t i = 0; i < tag.len; i++)
		shard = shard * 10 + (uint32_t)(((const char *)tag.bytes)[i] - '0');
	return shard;
}

static void message_end(struct wire *wire, struct news *news)
{
	news->kind = wire->returned ? NEWS_RETURNED : NEWS_DELIVERED;
	news->delivery = wire->delivery;
	wire->delivery = NULL;
}

static enum status method_read(struct wire *wire, const amqp_method_t *method, struct news *news, struct error *error)
{
	switch (method->id) {
	case AMQP_BASIC_DELIVER_METHOD: {
		const amqp_basic_deliver_t *deliver = method->decoded;
		wire->returned = false;
		wire->tag = deliver->delivery_tag;
		wire->shard = shard_of(deliver->consumer_tag);
		return OK;
	}
	case AMQP_BASIC_RETURN_METHOD:
		wire->returned = true;
		return OK;
	case AMQP_BASIC_ACK_METHOD: {
		const amqp_basic_ack_t *ack = method->decoded;
		*news = (struct news){.kind = NEWS_CONFIRMED, .tag = ack->delivery_tag, .multiple = ack->multiple};
		return OK;
	}
	case AMQP_BASIC_NACK_METHOD: {
		const amqp_basic_nack_t *nack = method->decoded;
		*news = (struct news){.kind = NEWS_REFUSED, .tag = nack->delivery_tag, .multiple = nack->multiple};
		return OK;
	}
	case AMQP_CONNECTION_BLOCKED_METHOD: {
		const amqp_connection_blocked_t *blocked = method->decoded;
		news->kind = NEWS_BLOCKED;
		snprintf(news->reason, sizeof news->reason, "%.*s", TEXT_ARGS(text_of(blocked->reason)));
		return OK;
	}
	case AMQP_CONNECTION_UNBLOCKED_METHOD:
		news->kind = NEWS_UNBLOCKED;
		return OK;
	case AMQP_BASIC_CANCEL_METHOD:
		return error_set(error, RETRY, "%s delivers no more: a queue was deleted", wire->where);
	case AMQP_CHANNEL_CLOSE_METHOD:
	case AMQP_CONNECTION_CLOSE_METHOD:
		return closed_by_broker(wire, method, "ended the connection", error);
	default:
		return OK; /* the answer to a question nobody waits for any more */
	}
}

static enum status frame_read(struct wire *wire, const amqp_frame_t *frame, struct news *news, struct error *error)
{
	switch (frame->frame_type) {
	case AMQP_FRAME_METHOD:
		return method_read(wire, &frame->payload.method, news, error);
	case AMQP_FRAME_HEADER:
		wire->body_size = frame->payload.properties.body_size;
		wire->body_read = 0;
		wire->too_long = wire->body_size > BUS_BODY_MOST;
		if (!wire->returned)
			delivery_begin(wire, frame->payload.properties.decoded);
		break;
	case AMQP_FRAME_BODY:
		body_add(wire, frame->payload.body_fragment);
		break;
	default:
		return OK;
	}
	if (wire->body_read >= wire->body_size)
		message_end(wire, news);
	return OK;
}

/* True: a delivery that nobody will see was rejected. */
static bool is_refused_unread(struct wire *wire, struct news *news, enum status *status, struct error *error)
{
	if (news->kind != NEWS_DELIVERED || !wire->too_long)
		return false;
	*status = wire_reject(wire, news->delivery->tag, error);
	free(news->delivery);
	*news = (struct news){.kind = NEWS_NONE};
	return true;
}

enum status wire_next(struct wire *wire, struct news *news_out, struct error *error)
{
	struct timeval now = {0};
	enum status status = OK;
	amqp_frame_t frame;

	*news_out = (struct news){.kind = NEWS_NONE};
	while (status == OK && news_out->kind == NEWS_NONE) {
		if (!amqp_frames_enqueued(wire->state)) /* it would look through all of them */
			amqp_maybe_release_buffers(wire->state);
		int code = amqp_simple_wait_frame_noblock(wire->state, &frame, &now);
		if (code == AMQP_STATUS_TIMEOUT)
			return OK;
		if (code != AMQP_STATUS_OK)
			return library_error(wire, code, "is gone", error);
		status = frame_read(wire, &frame, news_out, error);
		if (status == OK && is_refused_unread(wire, news_out, &status, error))
			continue;
	}
	return status;
}

bool wire_has_news(const struct wire *wire)
{
	return amqp_frames_enqueued(wire->state) || amqp_data_in_buffer(wire->state);
}

/* --- sentences */
static enum status library_error(const struct wire *wire, int code, const char *what, struct error *error)
{
	bool distrusted = code == AMQP_STATUS_SSL_PEER_VERIFY_FAILED || code == AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED;

	return error_set(error, distrusted ? DENIED : RETRY, "%s %s: %s", wire->where, what, amqp_error_string2(code));
}

static enum status closed_by_broker(const struct wire *wire, const amqp_method_t *method, const char *what, struct error *error)
{
	uint16_t code = 0;
	struct text said = TEXT("");

	if (method->id == AMQP_CONNECTION_CLOSE_METHOD) {
		const amqp_connection_close_t *close = method->decoded;
		code = close->reply_code;
		said = text_of(close->reply_text);
	} else if (method->id == AMQP_CHANNEL_CLOSE_METHOD) {
		const amqp_channel_close_t *close = method->decoded;
		code = close->reply_code;
		said = text_of(close->reply_text);
	}
	enum status status = code == AMQP_ACCESS_REFUSED || code == AMQP_NOT_ALLOWED ? DENIED
			     : code == AMQP_PRECONDITION_FAILED                      ? INVALID
										     : RETRY;
	return error_set(error, status, "%s %s: %.*s%s", wire->where, what, TEXT_ARGS(said),
			 text_find(said, TEXT("x-consistent-hash")) >= 0 && code != AMQP_PRECONDITION_FAILED
				 ? "; it needs `rabbitmq-plugins enable rabbitmq_consistent_hash_exchange`"
				 : "");
}

static enum status reply_check(struct wire *wire, amqp_rpc_reply_t reply, const char *what, struct error *error)
{
	switch (reply.reply_type) {
	case AMQP_RESPONSE_NORMAL:
		return OK;
	case AMQP_RESPONSE_SERVER_EXCEPTION:
		return closed_by_broker(wire, &reply.reply, what, error);
	case AMQP_RESPONSE_LIBRARY_EXCEPTION:
		return library_error(wire, reply.library_error, what, error);
	default:
		return error_set(error, RETRY, "%s %s", wire->where, what);
	}
}
