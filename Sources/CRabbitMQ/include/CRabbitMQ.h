#pragma once
// The door to librabbitmq: its headers, and shims for what Swift cannot import (variadic functions, typed macros) or Glibc's
// module leaves out (eventfd, TCP options).
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

// Entries of the client properties below.
static inline amqp_table_entry_t observer_amqp_flag(const char *key) {
    amqp_table_entry_t entry;
    entry.key = amqp_cstring_bytes(key);
    entry.value.kind = AMQP_FIELD_KIND_BOOLEAN;
    entry.value.value.boolean = 1;
    return entry;
}

static inline amqp_table_entry_t observer_amqp_text(const char *key, const char *text) {
    amqp_table_entry_t entry;
    entry.key = amqp_cstring_bytes(key);
    entry.value.kind = AMQP_FIELD_KIND_UTF8;
    entry.value.value.bytes = amqp_cstring_bytes(text);
    return entry;
}

// amqp_login_with_properties is variadic. The capabilities make the broker send basic.cancel and connection.blocked
// (https://www.rabbitmq.com/docs/consumer-cancel, https://www.rabbitmq.com/docs/connection-blocked).
static inline amqp_rpc_reply_t observer_amqp_login(amqp_connection_state_t state, const char *vhost, int heartbeat_seconds,
                                                   const char *user, const char *password, const char *name) {
    amqp_table_entry_t flags[5];
    flags[0] = observer_amqp_flag("publisher_confirms");
    flags[1] = observer_amqp_flag("basic.nack");
    flags[2] = observer_amqp_flag("consumer_cancel_notify");
    flags[3] = observer_amqp_flag("connection.blocked");
    flags[4] = observer_amqp_flag("authentication_failure_close");
    amqp_table_entry_t entries[2];
    entries[0].key = amqp_cstring_bytes("capabilities");
    entries[0].value.kind = AMQP_FIELD_KIND_TABLE;
    entries[0].value.value.table.num_entries = 5;
    entries[0].value.value.table.entries = flags;
    entries[1] = observer_amqp_text("connection_name", name);
    amqp_table_t properties;
    properties.num_entries = 2;
    properties.entries = entries;
    return amqp_login_with_properties(state, vhost, 2047, 131072, heartbeat_seconds, &properties, AMQP_SASL_METHOD_PLAIN, user,
                                      password);
}

// The library leaves Nagle's algorithm on, with which an acknowledgement waits for the delayed ACK of the one before it.
// TCP_NODELAY is in no Swift module of Glibc.
static inline void observer_amqp_no_delay(int fd) {
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// Glibc's Swift module has no eventfd(2).
static inline int observer_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

// Waits until one of two descriptors can be read and clears the event. Returns the number that can, 0 at the limit. In C,
// because eventfd_read is in no Swift module.
static inline int observer_wait_readable(int fd, int event_fd, int milliseconds) {
    struct pollfd set[2] = {{.fd = fd, .events = POLLIN}, {.fd = event_fd, .events = POLLIN}};
    int ready = poll(set, 2, milliseconds);
    if (ready > 0 && (set[1].revents & POLLIN)) {
        eventfd_t count;
        (void)eventfd_read(event_fd, &count);
    }
    return ready;
}

static inline void observer_event_post(int event_fd) { (void)eventfd_write(event_fd, 1); }

// The method numbers are casts in macros, which Swift does not import; these have the type of amqp_method_t.id.
static const amqp_method_number_t observer_amqp_basic_ack = AMQP_BASIC_ACK_METHOD;
static const amqp_method_number_t observer_amqp_basic_nack = AMQP_BASIC_NACK_METHOD;
static const amqp_method_number_t observer_amqp_basic_return = AMQP_BASIC_RETURN_METHOD;
static const amqp_method_number_t observer_amqp_basic_deliver = AMQP_BASIC_DELIVER_METHOD;
static const amqp_method_number_t observer_amqp_basic_cancel = AMQP_BASIC_CANCEL_METHOD;
static const amqp_method_number_t observer_amqp_connection_blocked = AMQP_CONNECTION_BLOCKED_METHOD;
static const amqp_method_number_t observer_amqp_connection_unblocked = AMQP_CONNECTION_UNBLOCKED_METHOD;
static const amqp_method_number_t observer_amqp_connection_close = AMQP_CONNECTION_CLOSE_METHOD;
static const amqp_method_number_t observer_amqp_channel_close = AMQP_CHANNEL_CLOSE_METHOD;
