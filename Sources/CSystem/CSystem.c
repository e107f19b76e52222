#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <unistd.h>

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

int observer_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC); }

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

int observer_spawn(const char *path, int file, int number) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t blocked, usual;
    // The parent's end of the socket, and not a signal to a whole group of processes, ends the child.
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGHUP);
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &blocked);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int error = posix_spawn_file_actions_adddup2(&actions, file, number);
    if (!error) error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", 0, 0);
    if (!error) error = posix_spawn_file_actions_adddup2(&actions, 0, 1);
    if (!error) error = posix_spawn_file_actions_addclosefrom_np(&actions, number + 1);
    char *const arguments[] = {(char *)path, NULL};
    char *const environment[] = {NULL};
    pid_t child = -1;
    if (!error) error = posix_spawn(&child, path, &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (!error) return child;
    errno = error;
    return -1;
}

int observer_process_descriptor(int process) { return (int)syscall(SYS_pidfd_open, process, 0); }

static bool limit(int resource, rlim_t most) {
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0) return false;
    if (limit.rlim_max > most) limit.rlim_max = most;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(resource, &limit) == 0;
}

bool observer_confine(uint64_t memory, uint64_t files) {
    // Swift's runtime would start a program that prints registers and memory, in which a password may be.
    const int crashes[] = {SIGQUIT, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP};
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++) signal(crashes[i], SIG_DFL);
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           limit(RLIMIT_CORE, 0) && limit(RLIMIT_DATA, memory) && limit(RLIMIT_NOFILE, files);
}

void observer_tune_memory(int arenas, int mapped) {
    mallopt(M_ARENA_MAX, arenas);
    mallopt(M_MMAP_THRESHOLD, mapped);
}

bool observer_clock_is_synchronized(void) {
    struct timex state = {0};
    int verdict = adjtimex(&state);
    return verdict >= 0 && verdict != TIME_ERROR && !(state.status & STA_UNSYNC);
}

bool observer_keep_room(int file, int64_t offset, int64_t bytes) {
    return fallocate(file, FALLOC_FL_KEEP_SIZE, offset, bytes) == 0;
}
