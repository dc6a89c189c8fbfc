/* What the world does to a bus: messages that are none, brokers that restart, refuse, run full or are not there. */
#include <signal.h>
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

/* --- messages of others */
static enum status foreign_event(struct fixture *fixture, const char *content_type, const struct stranger_header *headers,
				 const char *body, struct cloud_event *event_out)
{
	struct peer *peer = &fixture->peer;
	struct delivery *delivery;

	stranger_publish(fixture->stranger, content_type, headers, text_from(body));
	peer_subscribe_all(peer);
	WAIT_UNTIL(peer, bus_take(peer->bus, &delivery, 1));
	enum status status = delivery_event(&peer->arena, delivery, event_out, &peer->error);
	if (status == OK) {
		event_out->id = text_copy(&peer->arena, event_out->id);
		event_out->subject = text_copy(&peer->arena, event_out->subject);
		event_out->data = text_copy(&peer->arena, event_out->data);
	}
	bus_acknowledge(peer->bus, delivery);
	return status;
}

static void both_content_modes_are_read(void **state)
{
	struct cloud_event event;
	static const struct stranger_header COLON[] = {{"cloudEvents:specversion", "1.0"},
						       {"cloudEvents:id", "b1"},
						       {"cloudEvents:source", "/s"},
						       {"cloudEvents:type", "t"},
						       {"cloudEvents:subject", "x"},
						       {"cloudEvents:time", NULL, 1700000000},
						       {"unrelated", "y"},
						       {NULL}};
	static const struct stranger_header UNDERSCORE[] = {{"cloudEvents_specversion", "1.0"},
							    {"cloudEvents_id", "u1"},
							    {"cloudEvents_source", "/s"},
							    {"cloudEvents_type", "t"},
							    {NULL}};

	assert_int_equal(foreign_event(*state, "application/json", COLON, "{\"n\":1}", &event), OK);
	assert_true(text_is(event.id, "b1") && text_is(event.subject, "x") && text_is(event.data, "{\"n\":1}"));
	assert_true(event.has_time && event.time == 1700000000);
	assert_int_equal(foreign_event(*state, NULL, UNDERSCORE, "{\"n\":2}", &event), OK);
	assert_true(text_is(event.id, "u1") && text_is(event.data, "{\"n\":2}"));
	assert_int_equal(
		foreign_event(*state, "application/cloudevents+json; charset=utf-8", NULL,
			      "{\"specversion\":\"1.0\",\"id\":\"s1\",\"source\":\"/s\",\"type\":\"t\",\"data\":{\"n\":3}}",
			      &event),
		OK);
	assert_true(text_is(event.id, "s1") && text_is(event.data, "{\"n\":3}"));
}

static void what_is_no_event_is_told_why(void **state)
{
	struct fixture *fixture = *state;
	struct cloud_event event;
	static const struct stranger_header OLD[] = {{"cloudEvents:specversion", "0.3"}, {"cloudEvents:id", "b1"}, {NULL}};
	static const struct stranger_header NO_ID[] = {{"cloudEvents:specversion", "1.0"}, {"cloudEvents:source", "/"}, {NULL}};
	static const struct {
		const char *type;
		const struct stranger_header *headers;
		const char *body, *sentence;
	} CASES[] = {
		{NULL, NULL, "", "no CloudEvent"},
		{"text/plain", NULL, "hello", "no CloudEvent"},
		{"application/json", OLD, "{}", "`specversion` is \"0.3\""},
		{"application/json", NO_ID, "{}", "no `id`"},
		{"application/cloudevents+json", NULL, "{\"specversion\":\"1.0\"", "JSON"},
	};

	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		assert_int_equal(foreign_event(fixture, CASES[i].type, CASES[i].headers, CASES[i].body, &event), INVALID);
		if (!strstr(fixture->peer.error.sentence, CASES[i].sentence))
			fail_msg("\"%s\" does not say \"%s\"", fixture->peer.error.sentence, CASES[i].sentence);
	}
}

/* --- the dead */
static struct delivery *dead_take(struct peer *peer)
{
	struct delivery *delivery;

	bus_subscribe(peer->bus, BUS_DEAD);
	do {
		WAIT_UNTIL(peer, bus_take(peer->bus, &delivery, 1));
	} while (delivery->shard != BUS_DEAD);
	return delivery;
}

static void what_is_rejected_is_among_the_dead(void **state)
{
	struct fixture *fixture = *state;
	struct peer *peer = &fixture->peer;
	struct delivery *deliveries[3];
	uint32_t taken = 0;

	peer_publish_all(peer, 0, 3);
	peer_subscribe_all(peer);
	while (taken < 3)
		WAIT_UNTIL(peer, (taken += bus_take(peer->bus, deliveries + taken, 3 - taken)) >= 1);
	bus_reject(peer->bus, deliveries[1]);
	bus_acknowledge(peer->bus, deliveries[2]);
	struct delivery *dead = dead_take(peer);
	assert_int_equal(peer_number(peer, dead, NULL), 1);
	assert_true(text_is(dead->death, "rejected"));
	assert_true(text_starts(dead->death_queue, TEXT("stellwerk.shard.")));
	bus_acknowledge(peer->bus, dead);
}

static void what_comes_back_too_often_is_dead(void **state)
{
	struct fixture *fixture = *state;
	struct peer *peer = &fixture->peer;
	struct delivery *delivery;
	uint32_t returns = 0;

	peer_publish_all(peer, 0, 1);
	bus_subscribe(peer->bus, BUS_DEAD);
	peer_subscribe_all(peer);
	for (;;) {
		WAIT_UNTIL(peer, bus_take(peer->bus, &delivery, 1));
		if (delivery->shard == BUS_DEAD)
			break;
		assert_int_equal(delivery->before, returns);
		assert_in_range(++returns, 1, BUS_ATTEMPTS + 1);
		bus_return(peer->bus);
	}
	assert_int_equal(returns, BUS_ATTEMPTS + 1);
	assert_int_equal(peer_number(peer, delivery, NULL), 0);
	assert_true(text_is(delivery->death, "delivery_limit"));
	bus_acknowledge(peer->bus, delivery);
}

static void what_is_too_long_dies_unread(void **state)
{
	struct fixture *fixture = *state;
	struct peer *peer = &fixture->peer;
	uint32_t length = BUS_BODY_MOST + 1;
	char *body = calloc(1, length);

	assert_non_null(body);
	stranger_publish(fixture->stranger, "application/cloudevents+json", NULL, (struct text){body, length});
	free(body);
	peer_publish_all(peer, 5, 1);
	peer_subscribe_all(peer);
	bus_acknowledge(peer->bus, peer_take(peer, 5, 1));
	for (int64_t until = loop_now() + WAIT_MOST; !stranger_count(fixture->stranger, "stellwerk.dead");) {
		assert_true(loop_now() < until);
		assert_int_equal(loop_turn(peer->loop, 20, &peer->error), OK);
	}
}

/* --- publishing */
static void what_no_queue_takes_is_not_called_kept(void **state)
{
	struct fixture *fixture = *state;
	struct peer *peer = &fixture->peer;
	struct cloud_event event = peer_event(peer, 0, 0);

	stranger_bind(fixture->stranger, false);
	assert_int_equal(peer_publish(peer, &event, 1), OK);
	WAIT_UNTIL(peer, peer->confirmed + peer->failed);
	stranger_bind(fixture->stranger, true);
	assert_int_equal(peer->failed, 1);
	assert_non_null(strstr(peer->failed_why.sentence, "a queue is missing"));
}

static void a_broker_that_runs_full_is_left_alone(void **state)
{
	struct fixture *fixture = *state;
	struct peer *peer = &fixture->peer;
	struct cloud_event event = peer_event(peer, 0, 0);

	broker_command("ctl", "set_vm_memory_high_watermark 0");
	assert_int_equal(peer_publish(peer, &event, 1), OK); /* the broker says so to those who publish */
	WAIT_UNTIL(peer, peer->failed);
	assert_non_null(strstr(peer->failed_why.sentence, "low on memory"));
	assert_int_equal(peer_publish(peer, &event, 1), RETRY);
	assert_int_equal(bus_health(peer->bus, &peer->error), RETRY);
	assert_non_null(strstr(peer->error.sentence, "low on memory"));
	broker_command("ctl", "set_vm_memory_high_watermark absolute 512MB");
	WAIT_UNTIL(peer, bus_health(peer->bus, &peer->error) == OK);
	peer_publish_all(peer, 1, 1);
	assert_int_equal(peer->closed, 0);
}

static void a_broker_that_does_not_read_holds_nobody_up(void **state)
{
	enum { COUNT = 200, LENGTH = 100000 };
	struct fixture *fixture = *state;
	struct peer *peer = &fixture->peer;
	struct cloud_event *events = arena_array(&peer->arena, struct cloud_event, COUNT);
	char *data = arena_array(&peer->arena, char, LENGTH);

	memset(data, '1', LENGTH);
	for (uint32_t i = 0; i < COUNT; i++) {
		events[i] = peer_event(peer, 0, i);
		events[i].data = (struct text){data, LENGTH};
	}
	broker_command("ctl", "set_vm_memory_high_watermark 0");
	int64_t start = loop_now();
	assert_int_equal(peer_publish(peer, events, COUNT), RETRY);
	assert_in_range(loop_now() - start, 0, BUS_WRITE_MOST * 2);
	assert_non_null(strstr(peer->error.sentence, "short of memory or disk"));
	broker_command("ctl", "set_vm_memory_high_watermark absolute 512MB");
	WAIT_UNTIL(peer, peer->opened == 2);
	peer_publish_all(peer, 0, 1);
}

/* --- the broker's machine hangs, a person tidies up */
static void a_broker_that_hangs_is_given_up(void **state)
{
	char url[512];
	struct peer peer;

	(void)state;
	snprintf(url, sizeof url, "%s/?heartbeat=1", broker_setting("STELLWERK_TEST_BROKER"));
	peer_open(&peer, url, NULL);
	WAIT_UNTIL(&peer, peer.opened);
	broker_signal(SIGSTOP);
	WAIT_UNTIL(&peer, peer.closed);
	broker_signal(SIGCONT);
	assert_non_null(strstr(peer.closed_why.sentence, "heartbeat"));
	WAIT_UNTIL(&peer, peer.opened == 2);
	peer_close(&peer);
}

static void a_queue_that_is_deleted_is_made_anew(void **state)
{
	struct fixture *fixture = *state;
	struct peer *peer = &fixture->peer;

	peer_subscribe_all(peer);
	peer_publish_all(peer, 0, 1);
	bus_acknowledge(peer->bus, peer_take(peer, 0, 1));
	stranger_delete(fixture->stranger, "stellwerk.shard.1");
	WAIT_UNTIL(peer, peer->closed == 1 && peer->opened == 2);
	assert_non_null(strstr(peer->closed_why.sentence, "a queue was deleted"));
	peer_publish_all(peer, 1, 1);
	bus_acknowledge(peer->bus, peer_take(peer, 1, 1));
}

static void a_queue_that_is_not_as_it_must_be_is_named(void **state)
{
	struct fixture *fixture = *state;
	struct peer second;

	stranger_delete(fixture->stranger, "stellwerk.shard.3");
	stranger_declare(fixture->stranger, "stellwerk.shard.3");
	peer_open(&second, broker_setting("STELLWERK_TEST_BROKER"), NULL);
	WAIT_UNTIL(&second, second.closed);
	stranger_delete(fixture->stranger, "stellwerk.shard.3");
	assert_int_equal(second.closed_why.status, INVALID);
	assert_non_null(strstr(second.closed_why.sentence, "stellwerk.shard.3"));
	WAIT_UNTIL(&second, second.opened); /* put right meanwhile */
	peer_close(&second);
}

static void a_power_cut_of_the_broker_loses_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct peer *peer = &fixture->peer;

	peer_publish_all(peer, 0, 100);
	peer_subscribe_all(peer);
	(void)peer_take(peer, 0, 30);
	stranger_close(fixture->stranger);
	broker_command("kill", "");
	WAIT_UNTIL(peer, peer->closed);
	assert_int_equal(bus_health(peer->bus, &peer->error), RETRY);
	broker_command("restart", "");
	WAIT_UNTIL(peer, peer->opened == 2);
	fixture->stranger = stranger_open();
	bus_acknowledge(peer->bus, peer_take(peer, 0, 100));
	peer_publish_all(peer, 100, 1);
	bus_acknowledge(peer->bus, peer_take(peer, 100, 1));
}

/* --- connecting */
static void expect_closed(const char *url, enum status status, const char *sentence)
{
	struct peer peer;

	peer_open(&peer, url, NULL);
	WAIT_UNTIL(&peer, peer.closed == 2); /* it goes on trying */
	assert_int_equal(peer.closed_why.status, status);
	if (!strstr(peer.closed_why.sentence, sentence))
		fail_msg("\"%s\" does not say \"%s\"", peer.closed_why.sentence, sentence);
	assert_null(strstr(peer.closed_why.sentence, "s3cret"));
	assert_int_equal(peer.opened, 0);
	peer_close(&peer);
}

static const char *broker_url(const char *setting, const char *user, const char *options)
{
	static char url[1024];
	const char *here = broker_setting(setting), *at = strchr(here, '@');

	snprintf(url, sizeof url, "%.*s//%s%s%s", (int)(strchr(here, '/') - here), here, user, at, options);
	return url;
}

static void who_is_not_let_in_is_told_why(void **state)
{
	(void)state;
	expect_closed("amqp://guest:s3cret@localhost:9/", RETRY, "can not be reached");
	expect_closed(broker_url("STELLWERK_TEST_BROKER", "guest:s3cret", ""), DENIED, "ACCESS_REFUSED");
	expect_closed(broker_url("STELLWERK_TEST_BROKER", "guest:guest", "/nowhere"), DENIED, "nowhere");
}

static void wrong_addresses_are_refused(void **state)
{
	static const struct {
		const char *url, *sentence;
	} CASES[] = {
		{"", "amqp://"},
		{"http://localhost/", "amqp://"},
		{"amqp://localhost:99999/", "amqp://"},
		{"amqp://localhost/?colour=red", "`colour`"},
		{"amqp://localhost/?heartbeat=0", "heartbeat"},
		{"amqps://localhost/?keyfile=/k", "certfile and keyfile"},
	};
	struct loop *loop;
	struct bus *bus;
	struct error error;

	(void)state;
	assert_int_equal(loop_open(&loop, &error), OK);
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		struct bus_options options = {.loop = loop, .url = CASES[i].url, .name = "a test", .shards = 1, .prefetch = 1};
		assert_int_equal(bus_open(&options, &bus, &error), INVALID);
		if (!strstr(error.sentence, CASES[i].sentence))
			fail_msg("\"%s\" does not say \"%s\"", error.sentence, CASES[i].sentence);
	}
	loop_close(loop);
}

static void over_tls_both_sides_are_known(void **state)
{
	char options[512];
	struct peer peer;
	const char *folder = broker_setting("STELLWERK_TEST_BROKER_FOLDER");

	(void)state;
	snprintf(options, sizeof options, "/?cacertfile=%s/tls/ca.pem&certfile=%s/tls/client.pem&keyfile=%s/tls/client.key",
		 folder, folder, folder);
	peer_open(&peer, broker_url("STELLWERK_TEST_BROKER_TLS", "guest:guest", options), NULL);
	WAIT_UNTIL(&peer, peer.opened);
	peer_subscribe_all(&peer);
	peer_publish_all(&peer, 0, 150);
	bus_acknowledge(peer.bus, peer_take(&peer, 0, 150));
	peer_close(&peer);
	/* signed by nobody whom this machine trusts */
	expect_closed(broker_url("STELLWERK_TEST_BROKER_TLS", "guest:guest", ""), DENIED, "verif");
	expect_closed(broker_url("STELLWERK_TEST_BROKER_TLS", "guest:guest", "/?cacertfile=/nowhere.pem"), INVALID,
		      "/nowhere.pem");
}

/* Others use this broker after us, and may cut its power: it writes down which queues there are when it ends in peace. */
static int settle(void **state)
{
	(void)state;
	broker_command("restart", "");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_addresses_are_refused),
		cmocka_unit_test(who_is_not_let_in_is_told_why),
		cmocka_unit_test(over_tls_both_sides_are_known),
		cmocka_unit_test_setup_teardown(both_content_modes_are_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_event_is_told_why, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_rejected_is_among_the_dead, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_comes_back_too_often_is_dead, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_too_long_dies_unread, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_no_queue_takes_is_not_called_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_broker_that_runs_full_is_left_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_broker_that_does_not_read_holds_nobody_up, set_up, tear_down),
		/* before queues are deleted: when its power is cut soon after, the broker itself forgets that they were made
		   anew */
		cmocka_unit_test_setup_teardown(a_power_cut_of_the_broker_loses_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_queue_that_is_deleted_is_made_anew, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_queue_that_is_not_as_it_must_be_is_named, set_up, tear_down),
		cmocka_unit_test(a_broker_that_hangs_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, settle);
}
