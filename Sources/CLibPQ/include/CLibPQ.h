#pragma once
// The door to libpq: its header, and what Swift cannot import.
#include <postgresql/libpq-fe.h>

// The fields of PQresultErrorField are character macros in postgres_ext.h.
static inline const char *observer_pq_sqlstate(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_SQLSTATE);
}
static inline const char *observer_pq_constraint(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
}
static inline const char *observer_pq_message(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
}

// libpq prints notices to stderr unless it is told otherwise.
static inline void observer_pq_ignore_notice(void *context, const PGresult *result) {
    (void)context;
    (void)result;
}
static inline void observer_pq_silence(PGconn *connection) {
    PQsetNoticeReceiver(connection, observer_pq_ignore_notice, NULL);
}
