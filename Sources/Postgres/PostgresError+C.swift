import CLibPQ

extension PostgresError {
    /// Creates the error that an answer is; nil for a success.
    init?(result: OpaquePointer) {
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
            return nil
        case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
            self.init(.misuse, "copy is not supported")
        default:
            let state = observer_pq_sqlstate(result).map { String(cString: $0) }
            self.init(
                state.map(Kind.init(sqlState:)) ?? .connectionLost,
                sqlState: state,
                constraint: observer_pq_constraint(result).map { String(cString: $0) },
                serverMessage: observer_pq_message(result).map { String(cString: $0) }
            )
        }
    }

    /// Creates the error of a refused connection from its text: libpq 15 keeps no SQLSTATE of it.
    init(refusal message: String?) {
        let message = message ?? ""
        let kind: Kind =
            if message.contains("authentication failed") || message.contains("no password supplied")
                || message.contains("pg_hba.conf") || message.contains("role \"") || message.contains("no such user")
            {
                .authentication
            } else if message.contains("database \"") && message.contains("does not exist")
                || message.contains("no such database")
            {
                .unknownDatabase
            } else if message.contains("unsupported startup parameter") {
                .pooler
            } else if message.contains("certificate") || message.contains("does not support SSL") {
                .encryption
            } else {
                .unavailable
            }
        self.init(kind, serverMessage: message)
    }
}

extension PostgresError.Kind {
    /// The kind of a code of the PostgreSQL manual, appendix A.
    init(sqlState: String) {
        self =
            switch sqlState {
            case "23505": .uniqueViolation
            case "23503": .foreignKeyViolation
            case "42501": .forbidden
            case "42P01", "42703", "3F000": .schema
            case "40001", "40P01", "55P03", "57014", "25P03": .interrupted
            case "57P01", "57P02", "57P03", "25006", "55000": .overloaded
            case "3D000": .unknownDatabase
            default:
                switch sqlState.prefix(2) {
                case "08": .connectionLost
                case "22", "23": .invalidValue
                case "28": .authentication
                case "53": .overloaded
                default: .server
                }
            }
    }
}
