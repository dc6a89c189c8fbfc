/* See stranger.h. */
#include "tests/unit/bus/stranger.h"

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>

#include "tests/unit/bus/peer.h"

struct stranger {
	amqp_connection_state_t state;
};

static bool is_well(struct stranger *stranger)
{
	return amqp_get_rpc_reply(stranger->state).reply_type == AMQP_RESPONSE_NORMAL;
}

static void channel_open(struct stranger *stranger)
{
	amqp_channel_open(stranger->state, 1);
	assert_true(is_well(stranger));
	amqp_confirm_select(stranger->state, 1);
	assert_true(is_well(stranger));
}

struct stranger *stranger_open(void)
{
	struct stranger *stranger = calloc(1, sizeof *stranger);
	struct amqp_connection_info info;
	char url[256];

	assert_non_null(stranger);
	snprintf(url, sizeof url, "%s", broker_setting("STELLWERK_TEST_BROKER"));
	assert_int_equal(amqp_parse_url(url, &info), AMQP_STATUS_OK);
	stranger->state = amqp_new_connection();
	assert_int_equal(amqp_socket_open(amqp_tcp_socket_new(stranger->state), info.host, info.port), AMQP_STATUS_OK);
	amqp_rpc_reply_t reply =
		amqp_login(stranger->state, info.vhost, 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, info.user, info.password);
	assert_int_equal(reply.reply_type, AMQP_RESPONSE_NORMAL);
	channel_open(stranger);
	return stranger;
}

void stranger_close(struct stranger *stranger)
{
	amqp_connection_close(stranger->state, AMQP_REPLY_SUCCESS);
	amqp_destroy_connection(stranger->state);
	free(stranger);
}

void stranger_publish(struct stranger *stranger, const char *content_type, const struct stranger_header *headers,
		      struct text body)
{
	amqp_table_entry_t entries[16];
	amqp_basic_properties_t properties = {.headers.entries = entries};
	amqp_frame_t frame;

	if (content_type)
		properties._flags |= AMQP_BASIC_CONTENT_TYPE_FLAG;
	properties.content_type = amqp_cstring_bytes(content_type ? content_type : "");
	for (const struct stranger_header *header = headers; header && header->name; header++) {
		amqp_table_entry_t *entry = &entries[properties.headers.num_entries++];
		entry->key = amqp_cstring_bytes(header->name);
		entry->value.kind = header->value ? AMQP_FIELD_KIND_UTF8 : AMQP_FIELD_KIND_TIMESTAMP;
		if (header->value)
			entry->value.value.bytes = amqp_cstring_bytes(header->value);
		else
			entry->value.value.u64 = header->number;
		properties._flags |= AMQP_BASIC_HEADERS_FLAG;
	}
	assert_int_equal(amqp_basic_publish(stranger->state, 1, amqp_cstring_bytes(BUS_EXCHANGE), amqp_cstring_bytes("foreign"),
					    0, 0, &properties, (amqp_bytes_t){body.length, (void *)body.bytes}),
			 AMQP_STATUS_OK);
	assert_int_equal(amqp_simple_wait_frame(stranger->state, &frame), AMQP_STATUS_OK);
	assert_int_equal(frame.payload.method.id, AMQP_BASIC_ACK_METHOD);
	amqp_maybe_release_buffers(stranger->state);
}

uint32_t stranger_count(struct stranger *stranger, const char *queue)
{
	amqp_queue_declare_ok_t *answer =
		amqp_queue_declare(stranger->state, 1, amqp_cstring_bytes(queue), 1, 0, 0, 0, amqp_empty_table);

	assert_non_null(answer);
	return answer->message_count;
}

void stranger_empty(struct stranger *stranger)
{
	char name[BUS_NAME];

	for (uint32_t shard = 0; shard <= BUS_DEAD; shard = shard + 1 < SHARDS || shard == BUS_DEAD ? shard + 1 : BUS_DEAD) {
		shard_queue_name(shard, name);
		amqp_queue_purge(stranger->state, 1, amqp_cstring_bytes(name));
		if (!is_well(stranger)) /* it is not there; that closed the channel */
			channel_open(stranger);
	}
}

void stranger_bind(struct stranger *stranger, bool bound)
{
	amqp_bytes_t shards = amqp_cstring_bytes("stellwerk.shards"), events = amqp_cstring_bytes(BUS_EXCHANGE);

	if (bound)
		amqp_exchange_bind(stranger->state, 1, shards, events, amqp_cstring_bytes("#"), amqp_empty_table);
	else
		amqp_exchange_unbind(stranger->state, 1, shards, events, amqp_cstring_bytes("#"), amqp_empty_table);
	assert_true(is_well(stranger));
}

void stranger_delete(struct stranger *stranger, const char *queue)
{
	amqp_queue_delete(stranger->state, 1, amqp_cstring_bytes(queue), 0, 0);
	assert_true(is_well(stranger));
}

void stranger_declare(struct stranger *stranger, const char *queue)
{
	amqp_queue_declare(stranger->state, 1, amqp_cstring_bytes(queue), 0, 1, 0, 0, amqp_empty_table);
	assert_true(is_well(stranger));
}
