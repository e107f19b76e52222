public import Errors

/// A failure of a call to PostgreSQL.
public struct PostgresError: DescribedError, Equatable {
    /// The closed list of causes; raw values are stable, for logs, metrics and tests.
    public enum Kind: String, Sendable, CaseIterable {
        /// The connection settings cannot be used.
        case configuration
        /// The server cannot be reached, or a connection failed a moment ago and it is too early to try again.
        case unavailable
        /// The server refused the user or the password.
        case authentication
        /// The server has no database of that name.
        case unknownDatabase
        /// TLS with the server could not be agreed upon, or its certificate is not good enough.
        case encryption
        /// A pooler stands in between that gives each transaction or statement to any server, or refuses what a session needs.
        case pooler
        /// The connection ended during a call; the statement may or may not have taken effect.
        case connectionLost
        /// The call did not end within its deadline and the connection was dropped; the statement may or may not have
        /// taken effect.
        case deadline
        /// The server gave up a statement: its own time limit, a lock it could not get, a deadlock, a serialisation failure.
        case interrupted
        /// The server has no connections, memory or disk left, is starting or stopping, or is read-only.
        case overloaded
        /// A unique constraint refused the row.
        case uniqueViolation
        /// A foreign key refused the row.
        case foreignKeyViolation
        /// A check or not-null constraint, or a length or range of a type, refused a value.
        case invalidValue
        /// The role lacks the right.
        case forbidden
        /// The database lacks a table or column that the statement names: migrations are missing.
        case schema
        /// Any other error that the server reports.
        case server
        /// A column was not of the type it was read as.
        case decoding
        /// The call makes no sense in the state of the connection, such as a transaction inside a transaction.
        case misuse
    }

    /// The cause.
    public let kind: Kind
    /// The five characters of the SQL standard's code, if the server gave one (PostgreSQL manual, appendix A).
    public let sqlState: String?
    /// The name of the constraint that refused the row, if one did.
    public let constraint: String?
    /// The words of the server or of libpq, which may hold values of the row: for a debugger, not for a log.
    public let serverMessage: String?
    private let text: String?

    /// Creates an error.
    ///
    /// - Parameters:
    ///   - kind: The cause.
    ///   - detail: The facts, safe to log; nil for a sentence that goes with the kind.
    ///   - sqlState: The server's code.
    ///   - constraint: The name of the constraint that refused the row.
    ///   - serverMessage: The words of the server or of libpq.
    public init(
        _ kind: Kind,
        _ detail: String? = nil,
        sqlState: String? = nil,
        constraint: String? = nil,
        serverMessage: String? = nil
    ) {
        self.kind = kind
        text = detail
        self.sqlState = sqlState
        self.constraint = constraint
        self.serverMessage = serverMessage
    }

    /// The facts with the server's codes, safe to log: no statement, no value, no address.
    public var detail: String {
        let codes = [sqlState.map { "SQLSTATE \($0)" }, constraint.map { "constraint \($0)" }].compactMap(\.self)
        return (text ?? kind.sentence) + (codes.isEmpty ? "" : " (\(codes.joined(separator: ", ")))")
    }

    /// True if the same call can succeed later with nothing changed.
    public var isTemporary: Bool {
        switch kind {
        case .unavailable, .connectionLost, .deadline, .interrupted, .overloaded: true
        case .configuration, .authentication, .unknownDatabase, .encryption, .pooler: false
        case .uniqueViolation, .foreignKeyViolation: false
        case .invalidValue, .forbidden, .schema, .server, .decoding, .misuse: false
        }
    }

    /// Advice for an operator.
    public var hint: String? {
        switch kind {
        case .configuration: "check the database URL: postgresql://user:password@host:port/database"
        case .unavailable: "check that PostgreSQL runs and that host and port of the database URL are right"
        case .authentication: "check user and password of the database URL and the server's pg_hba.conf"
        case .unknownDatabase: "create the database, or correct its name in the database URL"
        case .encryption:
            "another host needs TLS with a certificate that the system trusts: set sslrootcert in the database URL, or sslmode"
        case .pooler:
            "set the pooler to session mode (PgBouncer: pool_mode = session), or name the database's own address and port"
        case .schema: "run the migrations: observerctl migrate"
        case .forbidden: "grant the database user rights on the tables"
        case .overloaded: "check the server's free connections, memory and disk space, and that it is not a standby"
        case .connectionLost, .deadline, .interrupted, .uniqueViolation, .foreignKeyViolation: nil
        case .invalidValue, .server, .decoding, .misuse: nil
        }
    }
}

extension PostgresError: CustomDebugStringConvertible {
    /// One line for logs.
    public var description: String { "postgres \(kind.rawValue): \(detail)" }

    /// The description with the server's words, which may hold values of a row.
    public var debugDescription: String {
        guard let serverMessage else { return description }
        return "\(description): \(serverMessage)"
    }
}

extension PostgresError.Kind {
    fileprivate var sentence: String {
        switch self {
        case .configuration: "the connection settings cannot be used"
        case .unavailable: "the server cannot be reached"
        case .authentication: "the server refused the user"
        case .unknownDatabase: "the database does not exist"
        case .encryption: "TLS with the server was not possible, or its certificate is not trusted"
        case .pooler: "a pooler in transaction or statement mode, or one that refuses settings, is before the database"
        case .connectionLost: "the connection was lost"
        case .deadline: "no answer in time"
        case .interrupted: "the server gave the statement up"
        case .overloaded: "the server is not able to do this now"
        case .uniqueViolation: "a row with this value exists already"
        case .foreignKeyViolation: "a row that this one refers to is missing"
        case .invalidValue: "a value was refused"
        case .forbidden: "the database user lacks the right"
        case .schema: "a table or column is missing"
        case .server: "the server reported an error"
        case .decoding: "a column has an unexpected type"
        case .misuse: "the connection is in the wrong state for this call"
        }
    }
}
