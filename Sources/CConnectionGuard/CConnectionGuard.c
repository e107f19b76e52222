#define _GNU_SOURCE
#include "CConnectionGuard.h"
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Thread_local struct {
    observer_connection_check check;
    void *context;
} call;

void observer_connections_guard(observer_connection_check check, void *context) {
    call.check = check;
    call.context = context;
}

void observer_connections_release(void) {
    call.check = NULL;
    call.context = NULL;
}

// Only internet addresses are asked about.
static bool may_reach(const struct sockaddr *address, socklen_t size, bool is_connection) {
    if (!call.check || !address || size < sizeof address->sa_family) return true;
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *four = (const struct sockaddr_in *)address;
        return size >= sizeof *four && call.check(call.context, (const uint8_t *)&four->sin_addr,
                                                  sizeof four->sin_addr, ntohs(four->sin_port), is_connection);
    }
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
        return size >= sizeof *six && call.check(call.context, (const uint8_t *)&six->sin6_addr,
                                                 sizeof six->sin6_addr, ntohs(six->sin6_port), is_connection);
    }
    return true;
}

// The dynamic linker finds the executable's own definitions before libc's, so that every connection and every datagram
// of libavformat, wherever a redirect, a playlist or a name has led it, comes through here. So do those of all other
// libraries; on their threads no check is set.

__attribute__((visibility("default"))) int connect(int file, const struct sockaddr *address, socklen_t size) {
    if (!may_reach(address, size, true)) {
        errno = EACCES;
        return -1;
    }
    return (int)syscall(SYS_connect, file, address, size);
}

__attribute__((visibility("default"))) ssize_t sendto(int file, const void *bytes, size_t count, int flags,
                                                      const struct sockaddr *address, socklen_t size) {
    if (!may_reach(address, size, false)) {
        errno = EACCES;
        return -1;
    }
    return syscall(SYS_sendto, file, bytes, count, flags, address, size);
}

bool observer_connections_are_checked(void) {
    return dlsym(RTLD_DEFAULT, "connect") == (void *)connect && dlsym(RTLD_DEFAULT, "sendto") == (void *)sendto;
}
