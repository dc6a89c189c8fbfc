/* Problem documents. Must never say more than their sender may know: no file, no statement, no stack. */
#include "runtime/http/problem.h"

#include "engine/base/json.h"
#include "runtime/operate/log.h"
#include "runtime/operate/loop.h"

enum { SAID_MOST = 10 }; /* in a second */

struct text problem_text(struct arena *arena, const struct problem *problem)
{
	struct text_builder text = {.arena = arena};
	struct json_writer writer = {.text = &text};

	json_open_object(&writer);
	json_write_name(&writer, TEXT("title"));
	json_write_text(&writer, text_from(problem->title));
	json_write_name(&writer, TEXT("status"));
	json_write_int(&writer, problem->status);
	json_write_name(&writer, TEXT("detail"));
	json_write_text(&writer, problem->detail);
	json_close_object(&writer);
	builder_add_char(&text, '\n');
	return builder_text(&text);
}

void problem_say(struct problem_log *log, const struct problem *problem, struct text request, struct text trace)
{
	int64_t second = loop_now() / 1000;

	if (second != log->second) {
		if (log->unsaid)
			log_line(LOG_WARNING, "%u more requests were refused", log->unsaid);
		*log = (struct problem_log){.second = second};
	}
	if (log->said == SAID_MOST) {
		log->unsaid++;
		return;
	}
	log->said++;
	log_about(TEXT(""), trace);
	log_line(problem->status < 500 ? LOG_INFO : LOG_WARNING, "%.*s was answered with %u: %.*s", TEXT_ARGS(request),
		 problem->status, TEXT_ARGS(problem->detail));
	log_about(TEXT(""), TEXT(""));
}
