/* Through a real broker: everything arrives, in its order, and again when nobody said that it is done. */
#include <string.h>

#include "tests/unit/bus/peer.h"
#include "tests/unit/bus/stranger.h"

struct fixture {
	struct stranger *stranger;
	struct peer peer;
};

static int set_up(void **state)
{
	static struct fixture fixture;

	fixture.stranger = stranger_open();
	peer_open_here(&fixture.peer);
	stranger_empty(fixture.stranger);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	peer_close(&fixture->peer);
	stranger_empty(fixture->stranger);
	stranger_close(fixture->stranger);
	return 0;
}

static uint32_t waiting(struct fixture *fixture)
{
	char name[BUS_NAME];
	uint32_t count = 0;

	for (uint32_t shard = 0; shard < SHARDS; shard++) {
		shard_queue_name(shard, name);
		count += stranger_count(fixture->stranger, name);
	}
	return count;
}

enum { SUBJECTS = 100, EVENTS = 10000, BATCH = 500 };

static void publish_many(struct peer *peer)
{
	struct cloud_event *events = arena_array(&peer->arena, struct cloud_event, EVENTS);

	for (uint32_t i = 0; i < EVENTS; i++)
		events[i] = peer_event(peer, i % SUBJECTS, i / SUBJECTS);
	for (uint32_t i = 0; i < EVENTS; i += BATCH)
		assert_int_equal(peer_publish(peer, events + i, BATCH), OK);
	WAIT_UNTIL(peer, peer->confirmed == EVENTS / BATCH);
	assert_int_equal(peer->failed, 0);
}

static void many_arrive_in_the_order_of_their_subject(void **state)
{
	struct fixture *fixture = *state;
	struct peer *peer = &fixture->peer;
	uint32_t next[SUBJECTS] = {0}, of_shard[SHARDS] = {0}, count = 0;
	struct delivery *deliveries[BATCH];

	publish_many(peer);
	assert_int_equal(waiting(fixture), EVENTS);
	peer_subscribe_all(peer);
	while (count < EVENTS) {
		uint32_t taken;
		WAIT_UNTIL(peer, (taken = bus_take(peer->bus, deliveries, BATCH)));
		for (uint32_t i = 0; i < taken; i++) {
			uint32_t subject, number = peer_number(peer, deliveries[i], &subject);
			assert_int_equal(number, next[subject]++);
			of_shard[deliveries[i]->shard]++;
		}
		bus_acknowledge(peer->bus, deliveries[taken - 1]);
		count += taken;
	}
	for (uint32_t shard = 0; shard < SHARDS; shard++)
		assert_true(of_shard[shard] > EVENTS / SHARDS / 4);
	bus_close(peer->bus); /* what is unsettled would wait again */
	peer->bus = NULL;
	assert_int_equal(waiting(fixture), 0);
}

static void all_of_an_envelope_comes_through(void **state)
{
	struct fixture *fixture = *state;
	struct peer *peer = &fixture->peer;
	struct cloud_event event = peer_event(peer, 7, 8), got;
	struct delivery *delivery;

	event.subject = TEXT("Grüße/東京");
	event.traceparent = TEXT("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
	assert_int_equal(peer_publish(peer, &event, 1), OK);
	peer_subscribe_all(peer);
	WAIT_UNTIL(peer, bus_take(peer->bus, &delivery, 1));
	assert_int_equal(delivery->before, 0);
	assert_int_equal(delivery_event(&peer->arena, delivery, &got, &peer->error), OK);
	assert_true(text_equal(got.id, event.id) && text_equal(got.source, event.source) && text_equal(got.type, event.type));
	assert_true(text_equal(got.subject, event.subject) && text_equal(got.tenant, event.tenant));
	assert_true(text_equal(got.traceparent, event.traceparent) && text_equal(got.data, event.data));
	assert_true(got.has_time && got.time == event.time);
	bus_acknowledge(peer->bus, delivery);
}

static void large_events_come_in_pieces_and_are_whole(void **state)
{
	struct fixture *fixture = *state;
	struct peer *peer = &fixture->peer;
	struct cloud_event event = peer_event(peer, 1, 1), got;
	struct delivery *delivery;
	char *data = arena_array(&peer->arena, char, CLOUD_DATA_MOST);

	for (uint32_t i = 0; i < CLOUD_DATA_MOST; i++)
		data[i] = (char)('a' + i % 26);
	data[0] = data[CLOUD_DATA_MOST - 1] = '"';
	event.data = (struct text){data, CLOUD_DATA_MOST};
	assert_int_equal(peer_publish(peer, &event, 1), OK);
	peer_subscribe_all(peer);
	WAIT_UNTIL(peer, bus_take(peer->bus, &delivery, 1));
	assert_int_equal(delivery_event(&peer->arena, delivery, &got, &peer->error), OK);
	assert_true(text_equal(got.data, event.data));
	bus_acknowledge(peer->bus, delivery);
}

static void a_cut_connection_brings_the_unsettled_again(void **state)
{
	struct fixture *fixture = *state;
	struct peer *peer = &fixture->peer;

	peer_publish_all(peer, 0, 100);
	peer_subscribe_all(peer);
	struct delivery *done = peer_take(peer, 0, 30);
	struct delivery *unsettled = peer_take(peer, 30, 20);
	bus_acknowledge(peer->bus, done);
	/* what was acknowledged has arrived when a question asked behind it is answered */
	assert_int_equal(wire_prefetch(peer->bus->wire, PREFETCH, &peer->error), OK);
	peer_cut(peer);
	bus_acknowledge(peer->bus, unsettled); /* of a connection that is gone: changes nothing */
	struct delivery *again = peer_take(peer, 30, 70);
	assert_int_equal(again->before, 1);
	bus_acknowledge(peer->bus, again);
}

static void what_is_returned_comes_before_what_is_later(void **state)
{
	struct fixture *fixture = *state;
	struct peer *peer = &fixture->peer;

	peer_publish_all(peer, 0, 3 * PREFETCH);
	peer_subscribe_all(peer);
	bus_acknowledge(peer->bus, peer_take(peer, 0, 50));
	(void)peer_take(peer, 50, 70);
	bus_return(peer->bus);
	for (uint32_t first = 50; first < 3 * PREFETCH; first += 50)
		bus_acknowledge(peer->bus, peer_take(peer, first, 50));
	assert_int_equal(peer->closed, 1);
	assert_int_equal(peer->opened, 2);
}

static void a_batch_that_is_not_confirmed_at_the_end_is_not_called_kept(void **state)
{
	struct fixture *fixture = *state;
	struct peer *peer = &fixture->peer;
	struct cloud_event event = peer_event(peer, 0, 0);

	assert_int_equal(peer_publish(peer, &event, 1), OK);
	bus_close(peer->bus);
	peer->bus = NULL;
	assert_int_equal(peer->confirmed, 0);
	assert_int_equal(peer->failed, 1);
	assert_non_null(strstr(peer->failed_why.sentence, "before it had confirmed"));
}

static void one_consumer_is_active_and_another_takes_over(void **state)
{
	struct fixture *fixture = *state;
	struct peer *peer = &fixture->peer;
	struct peer second;
	struct delivery *none;

	peer_open(&second, broker_setting("STELLWERK_TEST_BROKER"), NULL);
	WAIT_UNTIL(&second, second.opened);
	peer_subscribe_all(peer);
	peer_publish_all(peer, 0, 40); /* confirmed: so the broker knows the subscriptions before it, too */
	peer_subscribe_all(&second);
	bus_acknowledge(peer->bus, peer_take(peer, 0, 10));
	(void)peer_take(peer, 10, 10);
	assert_int_equal(loop_turn(second.loop, 0, &second.error), OK);
	assert_int_equal(bus_take(second.bus, &none, 1), 0);
	bus_close(peer->bus);
	peer->bus = NULL;
	bus_acknowledge(second.bus, peer_take(&second, 10, 30));
	peer_close(&second);
}

static void who_unsubscribes_hands_over(void **state)
{
	struct fixture *fixture = *state;
	struct peer *peer = &fixture->peer;
	struct peer second;
	struct delivery *none;

	peer_open(&second, broker_setting("STELLWERK_TEST_BROKER"), NULL);
	WAIT_UNTIL(&second, second.opened);
	peer_subscribe_all(peer);
	peer_publish_all(peer, 0, 20); /* confirmed: so the broker knows the subscriptions before it, too */
	peer_subscribe_all(&second);
	(void)peer_take(peer, 0, 5);
	for (uint32_t shard = 0; shard < SHARDS; shard++)
		bus_unsubscribe(peer->bus, shard);
	WAIT_UNTIL(peer, peer->opened == 2);
	bus_acknowledge(second.bus, peer_take(&second, 0, 20));
	assert_int_equal(bus_take(peer->bus, &none, 1), 0);
	peer_close(&second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(many_arrive_in_the_order_of_their_subject, set_up, tear_down),
		cmocka_unit_test_setup_teardown(all_of_an_envelope_comes_through, set_up, tear_down),
		cmocka_unit_test_setup_teardown(large_events_come_in_pieces_and_are_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_cut_connection_brings_the_unsettled_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_returned_comes_before_what_is_later, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_batch_that_is_not_confirmed_at_the_end_is_not_called_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_consumer_is_active_and_another_takes_over, set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_unsubscribes_hands_over, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
