package import Postgres
package import System

/// The database roles of the services, each with the rights that its program needs and no others.
///
/// A file of `sql/roles` has the grants of one role: `web.sql` those of `observer_web`. Roles themselves are made by whoever
/// administers the server; a role that is not there is passed over, so that one role for all remains possible.
package struct ServiceRoles {
    private let connection: PostgresConnection

    /// The programs that have a role, by the names of their files.
    package static let names = ["web", "capture", "upload", "retention"]

    /// The number of the advisory lock that keeps two at once apart: "obsr" in ASCII.
    private static let lock: Int64 = 0x6F62_7372

    /// The largest file that is read.
    private static let fileLimit = 65_536

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// A role with the text of its grants.
    package struct Grants: Sendable {
        /// As the database knows it.
        package let role: String
        package let text: String
    }

    /// Reads the grants of all roles from a folder.
    package static func load(from folder: String) throws(SystemError) -> [Grants] {
        var all: [Grants] = []
        for name in names {
            let bytes = try File.contents(of: "\(folder)/\(name).sql", limit: fileLimit, followsLinks: true)
            all.append(Grants(role: "observer_\(name)", text: String(decoding: bytes, as: UTF8.self)))
        }
        return all
    }

    /// Gives each role that exists the rights of its file, and takes all others from it.
    ///
    /// One transaction for each, so that a service which works meanwhile never lacks a right that it keeps.
    ///
    /// - Returns: The roles that have their rights now; the others do not exist.
    /// - Throws: The error that the database reports; `forbidden` where the caller does not own the tables.
    package func grant(_ all: [Grants]) throws(PostgresError) -> [String] {
        var granted: [String] = []
        for grants in all {
            let isDone = try connection.transaction { () throws(PostgresError) in
                try connection.execute("select pg_advisory_xact_lock(\(Self.lock))")
                let found = try connection.rows(
                    "select count(*) from pg_roles where rolname = \(grants.role)",
                    as: (Int).self
                )
                guard found.first == 1 else { return false }
                let text = Self.revocation(of: grants.role) + grants.text
                try connection.executeScript(unsafe: text, within: .seconds(10))
                return true
            }
            if isDone { granted.append(grants.role) }
        }
        return granted
    }

    /// The text that takes all rights in the schema from a role; those of its columns go with those of the tables.
    private static func revocation(of role: String) -> String {
        """
        revoke all on all tables in schema public from \(role);
        revoke all on all sequences in schema public from \(role);
        revoke all on all functions in schema public from \(role);

        """
    }
}
