#define _GNU_SOURCE
#include "CConnectionGuard.h"
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Thread_local struct {
    observer_connection_check check;
    observer_certificate_check certificate_check;
    void *context;
    // The name that the certificate must bear: the one that is asked for, or the address of the last connection.
    char host[256];
} call;

void observer_connections_guard(observer_connection_check check, void *context) {
    call.check = check;
    call.context = context;
}

void observer_certificates_guard(observer_certificate_check check) { call.certificate_check = check; }

void observer_connections_release(void) {
    call.check = NULL;
    call.certificate_check = NULL;
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

static void note_host(const struct sockaddr *address, socklen_t size) {
    if (!call.certificate_check || !address || size < sizeof(struct sockaddr_in)) return;
    const void *bytes = address->sa_family == AF_INET
                            ? (const void *)&((const struct sockaddr_in *)address)->sin_addr
                            : (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr;
    if (address->sa_family == AF_INET6 && size < sizeof(struct sockaddr_in6)) return;
    if (!inet_ntop(address->sa_family, bytes, call.host, sizeof call.host)) call.host[0] = 0;
}

__attribute__((visibility("default"))) int connect(int file, const struct sockaddr *address, socklen_t size) {
    if (!may_reach(address, size, true)) {
        errno = EACCES;
        return -1;
    }
    note_host(address, size);
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

// The same for TLS, which Debian's libavformat has from GnuTLS. Its headers are not needed for five calls; where it is not
// loaded, nobody calls these.

typedef struct {
    unsigned char *data;
    unsigned int size;
} datum;

enum { CERTIFICATE_ERROR = -43, NAME_DNS = 1 };

__attribute__((visibility("default"))) int gnutls_server_name_set(void *session, int type, const void *name,
                                                                  size_t size) {
    int (*real)(void *, int, const void *, size_t) =
        (int (*)(void *, int, const void *, size_t))dlsym(RTLD_NEXT, "gnutls_server_name_set");
    if (!real) return CERTIFICATE_ERROR;
    if (call.certificate_check && type == NAME_DNS)
        snprintf(call.host, sizeof call.host, "%.*s", (int)(size < 255 ? size : 255), (const char *)name);
    return real(session, type, name, size);
}

__attribute__((visibility("default"))) int gnutls_certificate_allocate_credentials(void **credentials) {
    int (*real)(void **) = (int (*)(void **))dlsym(RTLD_NEXT, "gnutls_certificate_allocate_credentials");
    int (*trust)(void *) = (int (*)(void *))dlsym(RTLD_DEFAULT, "gnutls_certificate_set_x509_system_trust");
    if (!real) return CERTIFICATE_ERROR;
    int result = real(credentials);
    if (result == 0 && call.certificate_check && trust) trust(*credentials);
    return result;
}

// True if an authority of the system vouches for the certificate and it bears the name of the host.
static bool is_trusted(void *session) {
    int (*verify)(void *, const char *, unsigned int *) =
        (int (*)(void *, const char *, unsigned int *))dlsym(RTLD_DEFAULT, "gnutls_certificate_verify_peers3");
    unsigned int status = 1;
    return verify && call.host[0] && verify(session, call.host, &status) == 0 && status == 0;
}

__attribute__((visibility("default"))) int gnutls_handshake(void *session) {
    int (*real)(void *) = (int (*)(void *))dlsym(RTLD_NEXT, "gnutls_handshake");
    const datum *(*peers)(void *, unsigned int *) =
        (const datum *(*)(void *, unsigned int *))dlsym(RTLD_DEFAULT, "gnutls_certificate_get_peers");
    if (!real) return CERTIFICATE_ERROR;
    int result = real(session);
    if (result != 0 || !call.certificate_check) return result;
    unsigned int count = 0;
    const datum *certificates = peers ? peers(session, &count) : NULL;
    if (!certificates || !count) return CERTIFICATE_ERROR;
    bool may = call.certificate_check(call.context, certificates->data, certificates->size, is_trusted(session));
    return may ? 0 : CERTIFICATE_ERROR;
}

bool observer_certificates_are_checked(void) {
    return dlsym(RTLD_DEFAULT, "gnutls_handshake") == (void *)gnutls_handshake &&
           dlsym(RTLD_NEXT, "gnutls_handshake") != NULL;
}
