/* What the roles of `stellwerk serve` share: made by the supervisor before it forks, so that each child has it. */
#ifndef SERVICE_SERVICE_H
#define SERVICE_SERVICE_H

#include "runtime/operate/loop.h"
#include "runtime/operate/signals.h"
#include "runtime/operate/wall.h"
#include "runtime/service/serve.h"
#include "runtime/service/turns.h"

/* The processes of the service, each single-threaded. */
enum role {
#define ROLE(NAME, name, doc) ROLE_##NAME,
#include "runtime/service/roles.def"
#undef ROLE
	ROLE_COUNT
};
const char *role_name(enum role role);

struct service {
	struct settings settings;
	const struct program *program; /* compiled before the processes were made; may be NULL */
	const struct loader *loader;
	int bells[ROLE_COUNT]; /* eventfds: "there is something for you" */
	int doorbell;          /* see doorbell_open */
	int socket;            /* listens for HTTP, also while the api is started again */
};

/* --- bells: rung after a commit. Ringing twice is ringing once; nothing is lost when nobody listens, for every role looks into
 * the store when it starts. */
enum status bells_open(struct service *service, struct error *error) MUST_CHECK;
void bells_close(struct service *service);
void bell_ring(const struct service *service, enum role role);
/* A pipe in the data folder by which other programs ring all of them (service_ring). */
enum status doorbell_open(const struct settings *settings, int *pipe_out, struct error *error) MUST_CHECK;

/* --- one process of a role */
struct member {
	const struct service *service;
	enum role role;
	struct loop *loop;
	struct signals signals;
	struct store *store;
	struct programs *programs;
	struct turns *turns;
	struct alarm *alarm; /* rings `work` */
	struct watch *bell;
	struct watch *hearing; /* calls through the store; NULL: none are heard */
	uint32_t hearing_life;
	const struct role_duty *duty; /* its work looks for what there is to do, does a part, and says when to come again */
	uint32_t failures;            /* in a row, of the store */
	void *own;                    /* the role's */
};

/* Opens store, engine and loop, runs `work` at the start, at each bell and at each alarm until it is asked to end, and closes.
 * The exit code of the process. */
int member_run(const struct service *service, enum role role);
void member_come_again(struct member *member, int64_t milliseconds); /* from now; the earlier of two */
/* The world failed: says so, and comes again later each time. OK: forgets former failures. */
void member_weather(struct member *member, enum status status, const struct error *error);

/* What each role does; `start` prepares `own`. `rung` is called before the first work, and before the work that a bell asks
 * for; both may be NULL. */
struct role_duty {
	enum status (*start)(struct member *member, struct error *error);
	void (*rung)(struct member *member);
	void (*work)(struct member *member);
	void (*end)(struct member *member);
};
extern const struct role_duty WORKER_DUTY, CLOCK_DUTY, COURIER_DUTY, API_DUTY;

/* --- supervisor.c: runs all roles until asked to end; the exit code. */
int supervise(struct service *service);

#endif
