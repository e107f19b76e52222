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

    /// Writes the rule of a scope, in the place of the one that it had, and asks for a plan.
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
        return try connection.transaction { () throws(PostgresError) in
            let old: SQL = """
                \(unsafe: RetentionPolicyRecord.selection)
                where (scope, tag, camera_id) is not distinct from (\(scope.word), \(scope.tag)::text, \(scope.camera)::bigint)
                for update
                """
            let before = try first(old)
            guard let stored = try first(statement) else { throw PostgresError(.decoding) }
            if before?.policy != policy {
                try RetentionHistoryStore(connection).note(scope, old: before?.policy.limits, new: limits, by: actor)
            }
            try RetentionStatusStore(connection).askForPlan()
            return stored
        }
    }

    /// Deletes a rule, and asks for a plan; returns false where there is none of that number.
    package func delete(_ id: Int64, by actor: Actor) throws(PostgresError) -> Bool {
        try connection.transaction { () throws(PostgresError) in
            let statement: SQL = """
                delete from retention_policies where id = \(id)
                returning id, scope, tag, camera_id, longest_days, shortest_days, most_bytes, actor, updated_at
                """
            guard let gone = try first(statement)?.policy else { return false }
            try RetentionHistoryStore(connection).note(gone.scope, old: gone.limits, new: nil, by: actor)
            try RetentionStatusStore(connection).askForPlan()
            return true
        }
    }

    private func first(_ statement: SQL) throws(PostgresError) -> RetentionPolicyRecord? {
        try connection.first(statement) { row throws(PostgresError) in try RetentionPolicyRecord(reading: &row) }
    }
}
