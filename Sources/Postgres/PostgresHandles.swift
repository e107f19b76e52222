import CLibPQ

/// The answer to one statement, freed when it goes out of scope.
struct PQResult: ~Copyable {
    private let raw: OpaquePointer  // PGresult

    init(takingOwnershipOf raw: OpaquePointer) {
        self.raw = raw
    }

    deinit { PQclear(raw) }

    var status: ExecStatusType { PQresultStatus(raw) }
    var rowCount: Int32 { PQntuples(raw) }
    var columnCount: Int32 { PQnfields(raw) }

    /// Rows that an insert, update or delete touched, or a select returned.
    var affectedRows: Int {
        guard let text = PQcmdTuples(raw) else { return 0 }
        return Int(String(cString: text)) ?? 0
    }

    /// What the server did, as a word: `COMMIT` or `ROLLBACK`, for example.
    var commandTag: String {
        PQcmdStatus(raw).map { String(cString: $0) } ?? ""
    }

    /// One row; it must not outlive this handle, which the caller ensures by lending it to a closure.
    func row(_ index: Int32) -> PostgresRow {
        PostgresRow(result: raw, index: index, columnCount: columnCount)
    }

    /// The error this answer is; nil for a success.
    var error: PostgresError? {
        switch status {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
            return nil
        case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
            return PostgresError(.misuse)
        default:
            let state = observer_pq_sqlstate(raw).map { String(cString: $0) }
            return PostgresError(
                state.map(PostgresError.Kind.init(sqlState:)) ?? .connectionLost,
                sqlState: state,
                constraint: observer_pq_constraint(raw).map { String(cString: $0) },
                serverMessage: observer_pq_message(raw).map { String(cString: $0) }
            )
        }
    }
}
