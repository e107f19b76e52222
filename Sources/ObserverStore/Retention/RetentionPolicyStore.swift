package import ObserverCore
package import Postgres

/// The retention rules that people write.
package struct RetentionPolicyStore {
    private let connection: PostgresConnection

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// All rules: of all cameras, then of tags, then of single cameras.
    package func list() throws(PostgresError) -> [RetentionPolicyRecord] {
        let statement: SQL = """
            \(unsafe: RetentionPolicyRecord.selection)
            order by case scope when 'all' then 0 when 'tag' then 1 else 2 end, tag, camera_id
            """
        return try connection.query(statement) { row throws(PostgresError) in
            try RetentionPolicyRecord(reading: &row)
        }
    }

    /// Writes the rule of a scope, in the place of the one that it had.
    ///
    /// - Returns: The rule as it is stored.
    /// - Throws: A foreign-key violation for a camera that does not exist.
    package func set(_ policy: RetentionPolicy, by actor: Actor) throws(PostgresError) -> RetentionPolicyRecord {
        let (scope, limits) = (policy.scope, policy.limits)
        let statement: SQL = """
            insert into retention_policies (scope, tag, camera_id, longest_days, shortest_days, most_bytes, actor)
            values (\(scope.word), \(scope.tag), \(scope.camera), \(limits.longestDays.map { Int32(clamping: $0) }),
                \(limits.shortestDays.map { Int32(clamping: $0) }), \(limits.mostBytes), \(actor.description.limited(to: 80)))
            on conflict on constraint retention_policies_scope_key do update set longest_days = excluded.longest_days,
                shortest_days = excluded.shortest_days, most_bytes = excluded.most_bytes, actor = excluded.actor,
                updated_at = now()
            returning id, scope, tag, camera_id, longest_days, shortest_days, most_bytes, actor, updated_at
            """
        let stored = try connection.first(statement) { row throws(PostgresError) in
            try RetentionPolicyRecord(reading: &row)
        }
        guard let stored else { throw PostgresError(.decoding) }
        return stored
    }

    /// Deletes a rule; returns false where there is none of that number.
    package func delete(_ id: Int64) throws(PostgresError) -> Bool {
        try connection.execute("delete from retention_policies where id = \(id)") == 1
    }
}
