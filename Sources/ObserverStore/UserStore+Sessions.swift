package import ObserverCore
package import Postgres

/// Browsers that are signed in.
extension UserStore {
    /// A signed-in browser with its user.
    package struct Session: Hashable, Sendable {
        package var userID: Int64
        package var userName: String
        package var role: Role
        /// The name of the time zone of this user's choice; nil: that of the browser.
        package var zone: String?
        package var csrf: String
        package var createdAt: Timestamp
    }

    /// How long a session lives without being used, and at most.
    static let limits = (idle: "interval '30 minutes'", whole: "interval '12 hours'")

    /// Starts a session.
    ///
    /// - Parameters:
    ///   - hash: SHA-256 of the cookie.
    ///   - user: Who signed in.
    ///   - csrf: The secret of its forms.
    ///   - address: Where from.
    ///   - agent: What the browser calls itself.
    /// - Throws: The error that the database reports.
    package func createSession(
        hash: [UInt8],
        user: Int64,
        csrf: String,
        address: String,
        agent: String
    ) throws(PostgresError) {
        let statement: SQL = """
            insert into sessions (hash, user_id, csrf, address, agent)
            values (\(hash), \(user), \(csrf), \(address.limited(to: 64)), \(agent.limited(to: 256)))
            """
        try connection.execute(statement)
    }

    /// The session of that hash, if it is still good and its user not disabled.
    ///
    /// - Parameters:
    ///   - hash: SHA-256 of the cookie.
    ///   - isUse: True if somebody uses it, which is noted at most once a minute; false for what a page asks by itself, so
    ///     that a session ends after its time although a page stands open.
    /// - Returns: The session with its user.
    /// - Throws: The error that the database reports.
    package func findSession(hash: [UInt8], isUse: Bool = true) throws(PostgresError) -> Session? {
        let statement: SQL = """
            with found as (
                select s.hash, s.user_id, u.name, u.role, u.zone, s.csrf, s.created_at, s.seen_at
                from sessions s join users u on u.id = s.user_id
                where s.hash = \(hash) and u.disabled_at is null
                    and s.seen_at > now() - \(unsafe: Self.limits.idle)
                    and s.created_at > now() - \(unsafe: Self.limits.whole)
            ), touched as (
                update sessions s set seen_at = now() from found f
                where \(isUse) and s.hash = f.hash and f.seen_at < now() - interval '1 minute'
            )
            select user_id, name, role, zone, csrf, created_at from found
            """
        return try connection.first(statement) { row throws(PostgresError) in
            Session(
                userID: try row.next(),
                userName: try row.next(),
                role: try row.next(),
                zone: try row.next(),
                csrf: try row.next(),
                createdAt: try row.next()
            )
        }
    }

    /// Ends a session; does nothing when there is none.
    package func deleteSession(hash: [UInt8]) throws(PostgresError) {
        try connection.execute("delete from sessions where hash = \(hash)")
    }

    /// Deletes sessions that are over, and places from which nobody has signed in for half a year; for a timer.
    package func prune() throws(PostgresError) {
        try connection.execute(
            """
            delete from sessions where seen_at <= now() - \(unsafe: Self.limits.idle)
                or created_at <= now() - \(unsafe: Self.limits.whole)
            """
        )
        try connection.execute("delete from sign_in_places where seen_at <= now() - interval '180 days'")
        try connection.execute("delete from login_attempts where at < now() - interval '1 hour'")
    }
}
