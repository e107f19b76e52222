#pragma once
// The door to system calls that Swift's Glibc module leaves out. It includes no header: types of the system come from that module.

/// Receives up to `slots` datagrams in one call that does not wait (recvmmsg(2)).
///
/// Datagram `i` comes to lie at `room + i * slot_bytes`, its sender in the `sockaddr_storage` `senders[i]`, its length in `lengths[i]`; a datagram that
/// was cut has the length 0. Returns the number of datagrams, or -1 with errno set.
int observer_receive_datagrams(int file, void *room, int slots, int slot_bytes, void *senders, int *lengths);

/// Creates an epoll set (epoll_create1(2)); returns -1 with errno set where that fails.
int observer_poll_create(void);

/// Creates a descriptor that a write of eight bytes makes readable (eventfd(2)); returns -1 with errno set where that fails.
int observer_bell_create(void);

/// Waits for a descriptor from now on, in place of what was waited for with it (epoll_ctl(2)); returns -1 with errno set where that fails.
int observer_poll_set(int poll, int file, int readable, int writable, unsigned long long token);

/// Waits for a descriptor no longer.
void observer_poll_remove(int poll, int file);

/// Writes the tokens of up to 64 ready descriptors (epoll_wait(2)); returns their number, or -1 with errno set.
int observer_poll_wait(int poll, unsigned long long *tokens, int count, int milliseconds);

/// The number of processors that this process may use (sched_getaffinity(2)); 0 where it is not known.
int observer_processors(void);
