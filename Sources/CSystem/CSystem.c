#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <string.h>
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
