package import Postgres

extension PostgresConnection {
    /// Runs calls as one transaction whose statements may take a minute each; give them that time with `within`.
    ///
    /// For work in the background: the server ends other statements after five seconds.
    package func patiently<R>(_ body: () throws(PostgresError) -> R) throws(PostgresError) -> R {
        try transaction { () throws(PostgresError) in
            try execute("set local statement_timeout = 60000")
            return try body()
        }
    }
}
