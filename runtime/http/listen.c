/* Addresses to listening sockets. Must never wait: the names of a machine's own addresses are numbers or in /etc/hosts. */
#include "runtime/http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LISTEN_QUEUE = 511, HOST_MOST = 256 };

static bool address_split(const char *address, char *host, const char **port_out);
static int socket_bind(const struct addrinfo *found);

enum status server_listen(const char *address, int *socket_out, struct error *error)
{
	struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found = NULL;
	const char *port;
	char host[HOST_MOST];

	*socket_out = -1;
	if (!address_split(address, host, &port))
		return error_set(error, INVALID, "\"%s\" is no address to listen on; write it as 127.0.0.1:8480", address);
	int code = getaddrinfo(*host ? host : NULL, port, &wanted, &found);
	if (code)
		return error_set(error, INVALID, "\"%s\" is no address to listen on: %s", address, gai_strerror(code));
	*socket_out = socket_bind(found);
	int reason = errno;
	freeaddrinfo(found);
	if (*socket_out >= 0)
		return OK;
	if (reason == EADDRINUSE)
		return error_set(error, CONFLICT,
				 "can not listen on %s: another program does so already; stop it or choose another port",
				 address);
	return error_set(error, INVALID, "can not listen on %s: %s", address, strerror(reason));
}

uint16_t socket_port(int socket)
{
	struct sockaddr_storage address = {0};
	socklen_t size = sizeof address;

	if (getsockname(socket, (struct sockaddr *)&address, &size))
		return 0;
	return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
						   : ((struct sockaddr_in *)&address)->sin_port);
}

static bool address_split(const char *address, char *host, const char **port_out)
{
	const char *colon = strrchr(address, ':');

	if (!colon || !colon[1] || colon - address >= HOST_MOST)
		return false;
	size_t length = (size_t)(colon - address);
	if (length && address[0] == '[' && address[length - 1] == ']') {
		address++;
		length -= 2;
	}
	memcpy(host, address, length);
	host[length] = 0;
	*port_out = colon + 1;
	return true;
}

static int socket_bind(const struct addrinfo *found)
{
	int yes = 1;
	int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (!bind(fd, found->ai_addr, found->ai_addrlen) && !listen(fd, LISTEN_QUEUE))
		return fd;
	int reason = errno;
	close(fd);
	errno = reason;
	return -1;
}
