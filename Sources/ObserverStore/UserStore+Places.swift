import ObserverCore
package import Postgres

/// Where people have signed in from before.
extension UserStore {
    /// A person at the door, with what the limits on sign-ins need.
    package struct Candidate: Hashable, Sendable {
        /// Nil: there is nobody of that name.
        package var user: User?
        /// Which of the places that were asked about are known for the user.
        package var known: Set<String>
        /// Rises when failed sign-ins of the user are to be forgotten.
        package var clearance: Int64
        /// The highest clearance of all users.
        package var newestClearance: Int64
    }

    /// The user of that name and what is known of the places that the try comes from; one statement, whoever it is.
    package func candidate(name: String, places: [String]) throws(PostgresError) -> Candidate {
        let statement: SQL = """
            with found as (
                select id, name, role, password_hash, disabled_at is not null as is_disabled, clearance from users
                where name = \(name.lowercased().limited(to: 64))
            )
            select id, name, role, password_hash, is_disabled, coalesce(clearance, 0),
                coalesce((select max(clearance) from users), 0),
                coalesce((select array_agg(place) from sign_in_places
                    where user_id = found.id and place = any(\(places.map { $0.limited(to: 80) }))), '{}')
            from (select) one left join found on true
            """
        let candidate = try connection.first(statement) { row throws(PostgresError) in
            let (id, name, role) = (
                try row.next(Int64?.self), try row.next(String?.self), try row.next(String?.self)
            )
            let (hash, isDisabled) = (try row.next(String?.self), try row.next(Bool?.self))
            var user: User?
            if let id, let name, let role {
                guard let role = Role(rawValue: role) else { throw PostgresError(.decoding) }
                user = User(id: id, name: name, role: role, passwordHash: hash, isDisabled: isDisabled ?? true)
            }
            return Candidate(
                user: user,
                known: [],
                clearance: try row.next(),
                newestClearance: try row.next()
            ).knowing(try row.next([String].self))
        }
        guard let candidate else { throw PostgresError(.decoding) }
        return candidate
    }

    /// Remembers where a user signed in from: the newest 32 of each kind (the text before the colon) are kept.
    package func notePlaces(_ places: [String], user: Int64) throws(PostgresError) {
        try connection.execute(
            """
            insert into sign_in_places (user_id, place)
            select \(user), p from unnest(\(places.map { $0.limited(to: 80) })) p
            on conflict (user_id, place) do update set seen_at = now()
            """
        )
        try connection.execute(
            """
            delete from sign_in_places s using (
                select place, row_number() over (
                    partition by split_part(place, ':', 1) order by seen_at desc, place) as number
                from sign_in_places where user_id = \(user)
            ) n where s.user_id = \(user) and s.place = n.place and n.number > 32
            """
        )
    }
}

extension UserStore.Candidate {
    fileprivate func knowing(_ places: [String]) -> Self {
        var result = self
        result.known = Set(places)
        return result
    }
}
