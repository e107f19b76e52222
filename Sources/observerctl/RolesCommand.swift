import ObserverConfiguration
import ObserverStore
import Postgres

extension Command {
    static let roles = Command(
        name: "roles",
        usage: "[--roles DIR]",
        summary: "Give the database roles of the services their rights, and take all others from them.",
        details: """
            The roles are observer_web, observer_capture, observer_upload and observer_retention; whoever administers the server
            makes them (create role observer_web login password '…'), and those that are not there are passed over. Their rights
            are in DIR, which is sql/roles of the source tree this program was built in, or /usr/share/observer/sql/roles.
            `observerctl migrate` does the same at its end. Reads OBSERVER_DATABASE_URL, which must be of the owner of the tables.
            """,
        options: ["--roles"],
        run: { arguments, configuration in
            try grantRights(configuration.connect(), from: arguments.value("--roles"))
            return .done
        }
    )

    /// Gives the roles that exist their rights, and says which do.
    static func grantRights(_ connection: PostgresConnection, from given: String? = nil) throws {
        let all = try ServiceRoles.load(from: given ?? "\(Migrations.directory(nil))/../roles")
        let granted = try ServiceRoles(connection).grant(all)
        for grants in all {
            let isThere = granted.contains(grants.role)
            Output.note(isThere ? "\(grants.role) has its rights" : "there is no role \(grants.role)")
        }
    }
}
