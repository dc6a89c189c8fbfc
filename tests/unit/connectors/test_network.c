/* Which addresses are anybody's, and which are the house's own, however they are written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>

#include "connectors/network.h"

static struct arena arena;
static struct error error;

static struct sockaddr *address_of(const char *word)
{
	static struct sockaddr_storage storage;
	struct sockaddr_in *four = (struct sockaddr_in *)&storage;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&storage;

	storage = (struct sockaddr_storage){0};
	if (inet_pton(AF_INET, word, &four->sin_addr) == 1) {
		storage.ss_family = AF_INET;
	} else {
		assert_int_equal(inet_pton(AF_INET6, word, &six->sin6_addr), 1);
		storage.ss_family = AF_INET6;
	}
	return (struct sockaddr *)&storage;
}

static void test_public(void **state)
{
	static const char *const ADDRESSES[] = {
		"1.1.1.1",      "9.255.255.255",  "11.0.0.0",    "100.63.255.255",  "100.128.0.0",     "126.255.255.255",
		"128.0.0.0",    "172.15.255.255", "172.32.0.0",  "192.167.255.255", "192.169.0.0",     "223.255.255.255",
		"2606:4700::1", "2a00:1450::1",   "2001:200::1", "::ffff:1.1.1.1",  "64:ff9b::1.1.1.1"};

	(void)state;
	for (size_t i = 0; i < sizeof ADDRESSES / sizeof *ADDRESSES; i++)
		if (!address_is_public(address_of(ADDRESSES[i])))
			fail_msg("%s is public", ADDRESSES[i]);
}

static void test_not_public(void **state)
{
	static const char *const ADDRESSES[] = {"0.0.0.0",
						"0.1.2.3",
						"10.0.0.0",
						"10.255.255.255",
						"100.64.0.0",
						"100.127.255.255",
						"127.0.0.1",
						"127.255.255.255",
						"169.254.169.254",
						"172.16.0.0",
						"172.31.255.255",
						"192.0.0.1",
						"192.0.2.1",
						"192.168.0.0",
						"192.168.255.255",
						"198.18.0.1",
						"198.19.255.255",
						"198.51.100.1",
						"203.0.113.1",
						"224.0.0.1",
						"239.255.255.255",
						"240.0.0.1",
						"255.255.255.255",
						"::",
						"::1",
						"::127.0.0.1",
						"::ffff:127.0.0.1",
						"::ffff:10.1.2.3",
						"64:ff9b::10.1.2.3",
						"64:ff9b:1::1",
						"fc00::1",
						"fd12:3456::1",
						"fe80::1",
						"fec0::1",
						"ff02::1",
						"2001:db8::1",
						"2001::1",
						"2002:7f00:1::",
						"100::1",
						"4000::1",
						"3fff::1"};

	(void)state;
	for (size_t i = 0; i < sizeof ADDRESSES / sizeof *ADDRESSES; i++)
		if (address_is_public(address_of(ADDRESSES[i])))
			fail_msg("%s is not public", ADDRESSES[i]);
}

static void test_another_family_is_not_public(void **state)
{
	struct sockaddr local = {.sa_family = AF_UNIX};

	(void)state;
	assert_false(address_is_public(&local));
}

static void test_networks_that_are_named(void **state)
{
	network_list networks;

	(void)state;
	arena_init(&arena, "test", 0);
	assert_int_equal(
		networks_read(&arena, TEXT(" 10.1.0.0/16,192.168.7.5 , fd00:1::/33,,172.16.0.0/12"), &networks, &error), OK);
	assert_int_equal(networks.count, 4);
	assert_true(networks_have(&networks, address_of("10.1.255.255")));
	assert_true(networks_have(&networks, address_of("::ffff:10.1.0.1")));
	assert_false(networks_have(&networks, address_of("10.2.0.0")));
	assert_true(networks_have(&networks, address_of("192.168.7.5")));
	assert_false(networks_have(&networks, address_of("192.168.7.4")));
	assert_true(networks_have(&networks, address_of("fd00:1:7fff::1")));
	assert_false(networks_have(&networks, address_of("fd00:1:8000::1")));
	assert_true(networks_have(&networks, address_of("172.31.0.1")));
	assert_false(networks_have(&networks, address_of("172.32.0.1")));
	arena_release(&arena);
}

static void test_what_is_no_network(void **state)
{
	static const char *const WORDS[] = {"10.0.0.0/33", "10.0.0",       "x",         "10.0.0.0/", "10.0.0.0/-1",
					    "::/129",      "10.0.0.0/8/8", "localhost", "1::2::3",   "10.0.0.0/0008"};
	network_list networks;

	(void)state;
	arena_init(&arena, "test", 0);
	for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
		assert_int_equal(networks_read(&arena, text_from(WORDS[i]), &networks, &error), INVALID);
	char longer[200] = {0};
	memset(longer, '1', sizeof longer - 1);
	assert_int_equal(networks_read(&arena, text_from(longer), &networks, &error), INVALID);
	assert_int_equal(networks_read(&arena, TEXT(""), &networks, &error), OK);
	assert_int_equal(networks.count, 0);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_public), cmocka_unit_test(test_not_public),
					   cmocka_unit_test(test_another_family_is_not_public),
					   cmocka_unit_test(test_networks_that_are_named),
					   cmocka_unit_test(test_what_is_no_network)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
