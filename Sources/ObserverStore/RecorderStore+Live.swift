package import Postgres

extension RecorderStore {
    /// The place where the live pictures of a recorder are served: `unix`, or an address with a port; nil where there is none.
    package func liveAddress(of id: String) throws(PostgresError) -> String? {
        try connection.rows("select live_address from recorders where id = \(id)", as: (String?).self).first ?? nil
    }
}
