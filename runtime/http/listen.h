/* A socket that listens, from an address as people write it. */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include <stdint.h>

#include "engine/base/error.h"

/* "127.0.0.1:8480", "[::1]:8480", ":8480" for all; port 0 takes one that is free. Made before a process forks, its children
 * share it. INVALID: it is no address of this machine. CONFLICT: somebody listens there already. */
enum status server_listen(const char *address, int *socket_out, struct error *error) MUST_CHECK;
uint16_t socket_port(int socket); /* which one it got, when the address said 0 */

#endif
