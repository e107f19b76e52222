package import ObserverCore
package import Postgres

/// People and programs that may come in.
///
/// Only hashes are kept; callers hash with Crypto.
package struct UserStore {
    let connection: PostgresConnection

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    // MARK: Users

    /// Somebody who may sign in.
    package struct User: Hashable, Sendable {
        package var id: Int64
        package var name: String
        package var role: Role
        /// scrypt with its parameters; nil: cannot sign in with a password.
        package var passwordHash: String?
        package var isDisabled: Bool
    }

    /// Creates a user; the name is stored in lower case.
    ///
    /// - Returns: False when there is one of that name, which stays as it is.
    package func create(name: String, role: Role, passwordHash: String?) throws(PostgresError) -> Bool {
        let statement: SQL = """
            insert into users (name, role, password_hash) values (\(name.lowercased()), \(role), \(passwordHash))
            on conflict (name) do nothing
            """
        return try connection.execute(statement) == 1
    }

    /// The user of that name.
    package func find(name: String) throws(PostgresError) -> User? {
        let statement: SQL = """
            select id, name, role, password_hash, disabled_at is not null from users
            where name = \(name.lowercased().limited(to: 64))
            """
        return try connection.first(statement) { row throws(PostgresError) in
            User(
                id: try row.next(),
                name: try row.next(),
                role: try row.next(),
                passwordHash: try row.next(),
                isDisabled: try row.next()
            )
        }
    }

    /// Sets a password, signs the user out everywhere and has failed sign-ins forgotten.
    ///
    /// - Returns: False when there is no such user.
    package func setPassword(name: String, hash: String) throws(PostgresError) -> Bool {
        let statement: SQL = """
            with changed as (
                update users set password_hash = \(hash),
                    clearance = greatest(clearance + 1, (extract(epoch from clock_timestamp()) * 1000000)::bigint)
                where name = \(name.lowercased()) returning id
            ), gone as (
                delete from sessions where user_id in (select id from changed)
            )
            select count(*) from changed
            """
        return try connection.rows(statement, as: (Int).self).first == 1
    }

    /// Replaces a hash by one of the same password with present-day parameters; sessions stay.
    package func rehash(user: Int64, from old: String, to new: String) throws(PostgresError) {
        try connection.execute(
            "update users set password_hash = \(new) where id = \(user) and password_hash = \(old)"
        )
    }

    /// Sets the time zone in which a user sees times; nil: that of the browser.
    ///
    /// - Returns: False when there is no such user.
    package func setZone(name: String, _ zone: String?) throws(PostgresError) -> Bool {
        let statement: SQL = "update users set zone = \(zone?.limited(to: 64)) where name = \(name.lowercased())"
        return try connection.execute(statement) == 1
    }

    // MARK: Tokens

    /// A program that may use the API.
    package struct Token: Hashable, Sendable {
        package var id: Int64
        package var name: String
        package var role: Role
        /// How long it is good for; nil: until it is revoked.
        package var remainingMilliseconds: Int64?
    }

    /// How long a web server may believe what it found of a token, in milliseconds.
    ///
    /// It saves a query on every request of a program. Whoever revokes a token waits as long before saying that it is done.
    package static let tokenMemoryMilliseconds: Int64 = 2000

    /// Creates a token.
    ///
    /// - Parameters:
    ///   - name: Unique among all tokens, also revoked ones.
    ///   - role: What it may do.
    ///   - prefix: The first characters, 4 to 16, to recognise it by.
    ///   - hash: SHA-256 of the token.
    ///   - expiresAt: When it ends; nil: never.
    /// - Returns: False when there is one of that name.
    /// - Throws: The error that the database reports.
    package func createToken(
        name: String,
        role: Role,
        prefix: String,
        hash: [UInt8],
        expiresAt: Timestamp? = nil
    ) throws(PostgresError) -> Bool {
        let statement: SQL = """
            insert into api_tokens (name, role, prefix, hash, expires_at)
            values (\(name), \(role), \(prefix), \(hash), \(expiresAt)) on conflict (name) do nothing
            """
        return try connection.execute(statement) == 1
    }

    /// The token of that hash, if it is valid now.
    ///
    /// Notes the use, at most once a minute.
    package func findToken(hash: [UInt8]) throws(PostgresError) -> Token? {
        let statement: SQL = """
            with found as (
                select id, name, role, last_used_at,
                    ceil(extract(epoch from least(expires_at, now() + interval '1 day') - now()) * 1000)::bigint as remaining
                from api_tokens where hash = \(hash) and revoked_at is null and coalesce(expires_at, 'infinity') > now()
            ), used as (
                update api_tokens t set last_used_at = now() from found f
                where t.id = f.id and coalesce(f.last_used_at, '-infinity') < now() - interval '1 minute'
            )
            select id, name, role, case when remaining < 86400000 then remaining end from found
            """
        return try connection.first(statement) { row throws(PostgresError) in
            Token(
                id: try row.next(),
                name: try row.next(),
                role: try row.next(),
                remainingMilliseconds: try row.next()
            )
        }
    }

    /// Ends a token.
    ///
    /// - Returns: False when there is no valid one of that name.
    package func revokeToken(name: String) throws(PostgresError) -> Bool {
        let statement: SQL = """
            update api_tokens set revoked_at = now() where name = \(name) and revoked_at is null
            """
        return try connection.execute(statement) == 1
    }
}
