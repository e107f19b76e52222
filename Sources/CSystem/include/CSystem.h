#pragma once
// The door to system calls that Swift's Glibc module leaves out. It includes no header: types of the system come from that module.

/// Receives up to `slots` datagrams in one call that does not wait (recvmmsg(2)).
///
/// Datagram `i` comes to lie at `room + i * slot_bytes`, its sender in the `sockaddr_storage` `senders[i]`, its length in `lengths[i]`; a datagram that
/// was cut has the length 0. Returns the number of datagrams, or -1 with errno set.
int observer_receive_datagrams(int file, void *room, int slots, int slot_bytes, void *senders, int *lengths);
