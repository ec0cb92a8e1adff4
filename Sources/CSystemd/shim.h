#pragma once
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-daemon.h>
// The *_with_location macros would put this header's own file and line into each journal entry.
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

// An inherited socket that listens for TCP connections or is a listening Unix-domain stream socket
// (sd_is_socket_inet(3)); SOCK_STREAM has no Swift spelling as int.
static inline int csystemd_is_stream_listener(int descriptor) {
    int is_inet = sd_is_socket_inet(descriptor, AF_UNSPEC, SOCK_STREAM, 1, 0);
    return is_inet != 0 ? is_inet : sd_is_socket(descriptor, AF_UNIX, SOCK_STREAM, 1);
}
