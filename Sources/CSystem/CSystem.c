#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

enum { MOST = 64 };

int observer_receive_datagrams(int file, void *room, int slots, int slot_bytes, void *senders, int *lengths) {
    struct sockaddr_storage *addresses = senders;
    struct mmsghdr messages[MOST];
    struct iovec vectors[MOST];
    if (slots < 0 || slots > MOST) {
        errno = EINVAL;
        return -1;
    }
    memset(messages, 0, sizeof *messages * (size_t)slots);
    for (int slot = 0; slot < slots; slot++) {
        vectors[slot] = (struct iovec){(char *)room + (size_t)slot * (size_t)slot_bytes, (size_t)slot_bytes};
        messages[slot].msg_hdr.msg_iov = &vectors[slot];
        messages[slot].msg_hdr.msg_iovlen = 1;
        messages[slot].msg_hdr.msg_name = &addresses[slot];
        messages[slot].msg_hdr.msg_namelen = sizeof *addresses;
    }
    int count = recvmmsg(file, messages, (unsigned)slots, MSG_DONTWAIT, NULL);
    for (int slot = 0; slot < count; slot++) {
        lengths[slot] = messages[slot].msg_hdr.msg_flags & MSG_TRUNC ? 0 : (int)messages[slot].msg_len;
    }
    return count;
}

int observer_poll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int observer_bell_create(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int observer_poll_set(int poll, int file, int readable, int writable, unsigned long long token) {
    struct epoll_event event = {.events = (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u), .data.u64 = token};
    if (epoll_ctl(poll, EPOLL_CTL_MOD, file, &event) == 0) return 0;
    return errno == ENOENT ? epoll_ctl(poll, EPOLL_CTL_ADD, file, &event) : -1;
}

void observer_poll_remove(int poll, int file) { epoll_ctl(poll, EPOLL_CTL_DEL, file, NULL); }

int observer_poll_wait(int poll, unsigned long long *tokens, int count, int milliseconds) {
    struct epoll_event events[MOST];
    int ready = epoll_wait(poll, events, count < MOST ? count : MOST, milliseconds);
    for (int index = 0; index < ready; index++) tokens[index] = events[index].data.u64;
    return ready;
}

int observer_processors(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
}
