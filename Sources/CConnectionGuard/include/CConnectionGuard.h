#pragma once
// Replaces libc's connect(2) and sendto(2), and GnuTLS's handshake, in the executable that links this target, so that a thread
// can have a say in every connection, datagram and certificate, whichever library makes it.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Decides whether an address, 4 or 16 bytes in network order, may be connected to, or be sent a datagram.
typedef bool (*observer_connection_check)(void *_Nullable context, const uint8_t *_Nonnull address, size_t size,
                                          int port, bool is_connection);

/// Until `observer_connections_release`, connections and datagrams of the calling thread that `check` does not allow fail
/// with EACCES.
void observer_connections_guard(observer_connection_check _Nonnull check, void *_Nullable context);
void observer_connections_release(void);

/// Decides whether the certificate (DER) of the other side of a TLS connection is good enough; `is_trusted` if an authority
/// of the system vouches for it and it bears the name of the host.
typedef bool (*observer_certificate_check)(void *_Nullable context, const uint8_t *_Nonnull certificate, size_t size,
                                           bool is_trusted);

/// Until `observer_connections_release`, TLS handshakes of the calling thread fail where `check` does not allow them; it gets
/// the context of `observer_connections_guard`.
void observer_certificates_guard(observer_certificate_check _Nonnull check);
/// True if the TLS of this process comes through here.
bool observer_certificates_are_checked(void);
/// True if the linker let these definitions come before libc's for all libraries.
bool observer_connections_are_checked(void);
