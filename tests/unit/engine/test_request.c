/* What a call asks for: no value says more than its place in path, query, header or body allows; and what its answer means. */
#include "tests/unit/engine/small_host.h"

#include <stdio.h>
#include <stdlib.h>

static struct small_host host;
static char *source; /* the program points into it */

#define PACK                                                                                                                   \
	"pack test \"1.0.0\" { title \"Test\" }\n"                                                                             \
	"entity note { name text required; answer text }\n"                                                                    \
	"event go { name text; more text; n int }\n"                                                                           \
	"connector shop { base \"https://shop.example\"\n"                                                                     \
	"  action ask(name text, more text, n int) -> record(id text, count int) = %s\n"                                       \
	"}\n"                                                                                                                  \
	"rule begin { on go as g; then start work(g.name default \"\", g.more default \"-\", g.n default 0) }\n"               \
	"workflow work(name text, more text, n int) {\n"                                                                       \
	"  create note as o { name = \"x\" }\n"                                                                                \
	"  step asked = call shop.ask(name, more, n) else { set o { answer = \"failed\" }; stop }\n"                           \
	"  set o { answer = \"{asked.id} {asked.count}\" }\n"                                                                  \
	"}\n"

static void asks(const char *request, const char *event)
{
	assert_true(asprintf(&source, PACK, request) > 0);
	host_open(&host, source);
	host.is_killed = true;
	host_raise(&host, "go", event);
	assert_int_equal(host.status, OK);
}

static int close_host(void **state)
{
	(void)state;
	host_close(&host);
	free(source);
	return 0;
}

static void request_is(const char *wanted)
{
	assert_int_equal(host.calls.count, 1);
	struct text is = host.calls.items[0].request;
	if (!text_is(is, wanted))
		fail_msg("asked for %.*s", TEXT_ARGS(is));
}

/* Nothing went out, and the workflow is over with this reason. */
static void refused_with(const char *sentence)
{
	bool said = false;
	for (uint32_t i = 0; i < host.turn->trace.lines.count; i++)
		said = said || text_find(host.turn->trace.lines.items[i].text, text_from(sentence)) >= 0;
	for (uint32_t i = 0; !said && i < host.turn->trace.lines.count; i++)
		print_message("%.*s\n", TEXT_ARGS(host.turn->trace.lines.items[i].text));
	assert_true(said);
	assert_int_equal(host.calls.count, 0);
}

static void test_a_whole_request(void **state)
{
	(void)state;
	asks("POST \"/things/{name}/parts?deep={more}\" {\n"
	     "query { count = n; name = name; none = lookup(note where note.name == \"?\").answer }\n"
	     "headers { Accept = \"text/plain\"; \"X-Name\" = name }\n"
	     "send { name = name; list = [n, 2]; inner = { \"@type\" = more } }\n"
	     "}",
	     "{\"name\": \"Ä b\", \"more\": \"../x&y=1\", \"n\": 7}");
	request_is("{\"method\":\"POST\",\"path\":\"/things/%C3%84%20b/parts?deep=..%2Fx%26y%3D1&count=7&name=%C3%84%20b\","
		   "\"headers\":[\"Accept: text/plain\",\"X-Name: Ä b\"],"
		   "\"body\":{\"name\":\"Ä b\",\"list\":[7,2],\"inner\":{\"@type\":\"../x&y=1\"}}}");
}

static void test_a_path_stands_behind_the_host(void **state)
{
	(void)state;
	asks("GET \"{name}\"", "{\"name\": \"@evil.example/x\"}");
	request_is("{\"method\":\"GET\",\"path\":\"/%40evil.example%2Fx\"}");
}

static void test_texts_within_are_encoded_once(void **state)
{
	(void)state;
	asks("GET \"/{if n == 0 then \"a {name}\" else name}\"", "{\"name\": \"b c\"}");
	request_is("{\"method\":\"GET\",\"path\":\"/a%20b%20c\"}");
}

static void test_a_path_does_not_climb(void **state)
{
	static const char *const NAMES[] = {"..", ".", "../admin", "a/../../b", "a\\\\..\\\\b"};
	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
		char event[64];
		snprintf(event, sizeof event, "{\"name\": \"%s\"}", NAMES[i]);
		asks("DELETE \"/users/{name}\"", event);
		refused_with("would lead the request to another path");
		close_host(state);
	}
	asks("DELETE \"/users/{name}\"", "{\"name\": \"a..b\"}");
	request_is("{\"method\":\"DELETE\",\"path\":\"/users/a..b\"}");
}

static void test_a_path_is_not_cut_short(void **state)
{
	(void)state;
	asks("DELETE \"/users/{name}\"", "{}");
	refused_with("shop.ask: what belongs into the path of the request is not set, or empty");
	assert_int_equal(host_count(&host, "note"), 0);
}

static void test_a_header_has_one_line(void **state)
{
	(void)state;
	asks("GET \"/x\" { headers { \"X-Name\" = name } }", "{\"name\": \"a\\r\\nX-Evil: 1\"}");
	refused_with("the header X-Name would have a line break");
}

static void test_a_reply_is_read_by_its_result(void **state)
{
	(void)state;
	asks("POST \"/x\" { result { id = \"{name}-{body.data.id}\"; count = int(body.total) } }", "{\"name\": \"A\"}");
	host_reply(&host, 0, "{\"data\": {\"id\": 7}, \"total\": \"3\"}");
	assert_string_equal(host_shows(&host, "note", 0, "answer"), "A-7 3");
}

static void test_without_a_result_the_body_is_it(void **state)
{
	(void)state;
	asks("POST \"/x\"", "{\"name\": \"A\"}");
	host_reply(&host, 0, "{\"id\": \"i\", \"count\": 3, \"more\": []}");
	assert_string_equal(host_shows(&host, "note", 0, "answer"), "i 3");
}

static void test_a_reply_that_does_not_fit_fails_the_call(void **state)
{
	(void)state;
	asks("POST \"/x\" { result { id = body.id; count = body.count } }", "{\"name\": \"A\"}");
	host_reply(&host, 0, "{\"id\": \"i\", \"count\": \"many\"}");
	assert_string_equal(host_shows(&host, "note", 0, "answer"), "failed");
}

static void test_no_reply_leaves_the_result_empty(void **state)
{
	(void)state;
	asks("POST \"/x\" { result { id = body.id default \"none\"; count = 1 } }", "{\"name\": \"A\"}");
	host_reply(&host, 0, NULL);
	assert_string_equal(host_shows(&host, "note", 0, "answer"), "none 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_a_whole_request, close_host),
		cmocka_unit_test_teardown(test_a_path_stands_behind_the_host, close_host),
		cmocka_unit_test_teardown(test_texts_within_are_encoded_once, close_host),
		cmocka_unit_test_teardown(test_a_path_does_not_climb, close_host),
		cmocka_unit_test_teardown(test_a_path_is_not_cut_short, close_host),
		cmocka_unit_test_teardown(test_a_header_has_one_line, close_host),
		cmocka_unit_test_teardown(test_a_reply_is_read_by_its_result, close_host),
		cmocka_unit_test_teardown(test_without_a_result_the_body_is_it, close_host),
		cmocka_unit_test_teardown(test_a_reply_that_does_not_fit_fails_the_call, close_host),
		cmocka_unit_test_teardown(test_no_reply_leaves_the_result_empty, close_host),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
