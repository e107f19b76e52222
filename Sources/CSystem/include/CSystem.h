#pragma once
// The door to system calls that Swift's Glibc module leaves out. It includes no header of the system: its types come from that module.
#include <stdbool.h>
#include <stdint.h>

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

/// Accepts a connection that waits, which does not block and no child process inherits (accept4(2)); returns -1 with errno set.
int observer_accept(int listener);

/// Keeps room on the disk for bytes behind a file's end, which does not move (fallocate(2)). Returns false where the disk has none, or cannot.
bool observer_keep_room(int file, int64_t offset, int64_t bytes);

/// The number of processors that this process may use (sched_getaffinity(2)); 0 where it is not known.
int observer_processors(void);

/// Starts a program (posix_spawn(3)) with nothing but `file` as its descriptor `number` and standard error: no environment, no arguments, `/dev/null` as
/// input and output, signals that ask for an end blocked. Returns its process ID, or -1 with errno set.
int observer_spawn(const char *path, int file, int number);

/// A descriptor that becomes readable when a child process has ended (pidfd_open(2)); -1 with errno set.
int observer_process_descriptor(int process);

/// Gives the calling process less for good: at most `memory` bytes of data (RLIMIT_DATA) and `files` descriptors, no core files, no
/// backtrace of a crash, no new privileges; it is
/// killed when the thread that started it ends. Returns false where one of it fails.
bool observer_confine(uint64_t memory, uint64_t files);

/// Sets the number of malloc's arenas, and the size in bytes from which on blocks are mapped one by one (mallopt(3)).
void observer_tune_memory(int arenas, int mapped);

/// Returns true if the kernel says that a time server steers its clock (adjtimex(2)); false also where it does not tell.
bool observer_clock_is_synchronized(void);
