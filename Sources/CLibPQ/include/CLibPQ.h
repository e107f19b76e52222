#pragma once
// The door to libpq (PostgreSQL manual, chapter "libpq"): its header, and shims for what Swift cannot import.
#include <postgresql/libpq-fe.h>

// The fields of PQresultErrorField are macros of character constants (postgres_ext.h), which Swift does not import.
static inline const char *observer_pq_sqlstate(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_SQLSTATE);
}
static inline const char *observer_pq_constraint(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
}
static inline const char *observer_pq_message(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
}

// libpq prints notices to stderr unless a receiver takes them; a C function needs no context that Swift would have to keep.
static inline void observer_pq_ignore_notice(void *context, const PGresult *result) {
    (void)context;
    (void)result;
}
static inline void observer_pq_silence(PGconn *connection) {
    PQsetNoticeReceiver(connection, observer_pq_ignore_notice, NULL);
}
