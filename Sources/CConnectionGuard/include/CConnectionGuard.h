#pragma once
// Replaces libc's connect(2) and sendto(2) in the executable that links this target, so that a thread can have a say in
// every connection and datagram, whichever library makes it.
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
/// True if the linker let these definitions come before libc's for all libraries.
bool observer_connections_are_checked(void);
