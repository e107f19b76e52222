package import ObserverCore
package import Postgres

/// Taking access back.
extension UserStore {
    /// A user as a list shows one.
    package struct ListedUser: Hashable, Sendable {
        package var name: String
        package var role: Role
        package var createdAt: Timestamp
        /// Nil: may sign in.
        package var disabledAt: Timestamp?
        /// How many browsers are signed in.
        package var sessions: Int
    }

    /// The outcome of a change of a user.
    package enum UserChange: Hashable, Sendable {
        case done
        /// It was so already.
        case unchanged
        case notFound
        /// Nobody would be left who may change users.
        case lastAdministrator
    }

    /// All users, by name.
    package func users() throws(PostgresError) -> [ListedUser] {
        let statement: SQL = """
            select u.name, u.role, u.created_at, u.disabled_at, (
                select count(*) from sessions s where s.user_id = u.id
                    and s.seen_at > now() - \(unsafe: Self.limits.idle) and s.created_at > now() - \(unsafe: Self.limits.whole))
            from users u order by u.name
            """
        return try connection.query(statement) { row throws(PostgresError) in
            ListedUser(
                name: try row.next(),
                role: try row.next(),
                createdAt: try row.next(),
                disabledAt: try row.next(),
                sessions: try row.next()
            )
        }
    }

    /// Gives a user another role, which counts from the next request on.
    package func setRole(name: String, _ role: Role) throws(PostgresError) -> UserChange {
        try change(name, role: role, isDisabled: nil)
    }

    /// Disables a user, or lets one in again; whoever is disabled is signed out everywhere and forgotten at all places.
    package func setDisabled(name: String, _ isDisabled: Bool) throws(PostgresError) -> UserChange {
        try change(name, role: nil, isDisabled: isDisabled)
    }

    /// The rows of all administrators are locked, so that two who disable each other at once wait for one another.
    private func change(_ name: String, role: Role?, isDisabled: Bool?) throws(PostgresError) -> UserChange {
        let endsAdministration = isDisabled == true || role.map { $0 != .admin } ?? false
        let statement: SQL = """
            with administrators as (
                select id from users
                where role = 'admin' and disabled_at is null and password_hash is not null order by id for update
            ), target as (
                select id, coalesce(\(role), role) as role, coalesce(\(isDisabled), disabled_at is not null) as is_disabled
                from users where name = \(name.lowercased().limited(to: 64)) for update
            ), refused as (
                select from target
                where \(endsAdministration) and id in (select id from administrators)
                    and (select count(*) from administrators) = 1
            ), changed as (
                update users u set role = t.role,
                    disabled_at = case when t.is_disabled then coalesce(u.disabled_at, now()) end
                from target t
                where u.id = t.id and not exists (select from refused)
                    and (u.role, u.disabled_at is not null) is distinct from (t.role, t.is_disabled)
                returning u.id, u.disabled_at
            ), ended as (
                delete from sessions where user_id in (select id from changed where disabled_at is not null)
            ), forgotten as (
                delete from sign_in_places where user_id in (select id from changed where disabled_at is not null)
            )
            select (select count(*) from target), (select count(*) from refused), (select count(*) from changed)
            """
        let counts = try connection.rows(statement, as: (Int, Int, Int).self).first ?? (0, 0, 0)
        if counts.0 == 0 { return .notFound }
        if counts.1 > 0 { return .lastAdministrator }
        return counts.2 > 0 ? .done : .unchanged
    }

    /// A token as a list shows one; the token itself is nowhere.
    package struct ListedToken: Hashable, Sendable {
        package var name: String
        package var role: Role
        /// Its first characters, to recognise it by.
        package var prefix: String
        package var createdAt: Timestamp
        package var lastUsedAt: Timestamp?
        package var expiresAt: Timestamp?
        package var revokedAt: Timestamp?
    }

    /// All tokens, also those that are over, by name.
    package func tokens() throws(PostgresError) -> [ListedToken] {
        let statement: SQL = """
            select name, role, prefix, created_at, last_used_at, expires_at, revoked_at from api_tokens order by name
            """
        return try connection.query(statement) { row throws(PostgresError) in
            ListedToken(
                name: try row.next(),
                role: try row.next(),
                prefix: try row.next(),
                createdAt: try row.next(),
                lastUsedAt: try row.next(),
                expiresAt: try row.next(),
                revokedAt: try row.next()
            )
        }
    }
}
