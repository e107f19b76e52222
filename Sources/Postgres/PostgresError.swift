/// What went wrong between this process and PostgreSQL.
public struct PostgresError: Error, Sendable, Equatable {
    /// The closed list of causes; its raw value is short and stable, for logs, metrics and tests.
    public enum Kind: String, Sendable, CaseIterable {
        /// The connection settings cannot be used.
        case configuration
        /// The server cannot be reached, or a connection failed a moment ago and it is too early to try again.
        case unavailable
        /// The server refused the user or the password.
        case authentication
        /// The server has no database of that name.
        case unknownDatabase
        /// The connection ended during a call; whether the statement took effect is not known.
        case connectionLost
        /// The call did not end within its deadline and the connection was dropped; whether it took effect is not known.
        case deadline
        /// The server gave up a statement: its own time limit, a lock it could not get, a dead-lock, a serialisation failure.
        case interrupted
        /// The server has no connections, memory or disk left, is starting or stopping, or is read-only.
        case overloaded
        /// A unique constraint refused the row.
        case uniqueViolation
        /// A foreign key refused the row.
        case foreignKeyViolation
        /// A check or not-null constraint, or a length or range of a type, refused a value.
        case invalidValue
        /// The role may not do this.
        case forbidden
        /// The database lacks a table or column that the statement names: migrations are missing.
        case schema
        /// Any other error the server reports.
        case server
        /// A column was not of the type it was read as.
        case decoding
        /// The call makes no sense in the state of the connection, for example a transaction inside a transaction.
        case misuse
    }

    /// The cause.
    public let kind: Kind
    /// The five characters of the SQL standard's code, where the server gave one (PostgreSQL manual, appendix A).
    public let sqlState: String?
    /// The name of the constraint that refused the row, where it was one.
    public let constraint: String?
    /// What the server or libpq said, which may hold values of the row: for a debugger, not for a log.
    public let serverMessage: String?

    /// Makes an error.
    public init(
        _ kind: Kind,
        sqlState: String? = nil,
        constraint: String? = nil,
        serverMessage: String? = nil
    ) {
        self.kind = kind
        self.sqlState = sqlState
        self.constraint = constraint
        self.serverMessage = serverMessage
    }

    /// Whether the same call may succeed later without anybody mending something.
    public var isTemporary: Bool {
        switch kind {
        case .unavailable, .connectionLost, .deadline, .interrupted, .overloaded: true
        case .configuration, .authentication, .unknownDatabase, .uniqueViolation, .foreignKeyViolation: false
        case .invalidValue, .forbidden, .schema, .server, .decoding, .misuse: false
        }
    }

    /// What an operator can do about it; nil where waiting is all.
    public var hint: String? {
        switch kind {
        case .configuration: "check the database URL: postgresql://user:password@host:port/database"
        case .unavailable: "check that PostgreSQL runs and that host and port of the database URL are right"
        case .authentication: "check user and password of the database URL and the server's pg_hba.conf"
        case .unknownDatabase: "create the database, or correct its name in the database URL"
        case .schema: "run the migrations: observerctl migrate"
        case .forbidden: "grant the database user rights on the tables"
        case .overloaded: "check the server's free connections, memory and disk space, and that it is not a standby"
        case .connectionLost, .deadline, .interrupted, .uniqueViolation, .foreignKeyViolation: nil
        case .invalidValue, .server, .decoding, .misuse: nil
        }
    }
}

extension PostgresError: CustomStringConvertible, CustomDebugStringConvertible {
    /// Safe to log: cause and codes, no statement, no value, no address.
    public var description: String {
        var text = "PostgreSQL: \(kind.sentence)"
        let codes = [sqlState.map { "SQLSTATE \($0)" }, constraint.map { "constraint \($0)" }].compactMap(\.self)
        if !codes.isEmpty { text += " (\(codes.joined(separator: ", ")))" }
        return text
    }

    /// The description with what the server said; may hold values of a row.
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

    /// The kind of a code of appendix A of the PostgreSQL manual.
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
