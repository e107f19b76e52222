import ObserverConfiguration
package import HTTPTypes
package import HTTPRouting
package import ObserverCore
package import Postgres
import System

/// A request on its way to a handler, with whom it comes from.
package struct WebRequest {
    package let http: HTTPRequest
    package internal(set) var parameters = PathParameters()
    /// The user or token that asks; nil on routes that are open to everybody.
    package internal(set) var identity: Identity?
    package let context: WebContext

    package init(http: HTTPRequest, context: WebContext) {
        self.http = http
        self.context = context
    }

    package var database: PostgresConnection { context.database }

    /// The present, as pages show it.
    var now: Timestamp { .now() }

    /// The camera in the path, `{id:int}`.
    package var cameraID: CameraID { CameraID(rawValue: parameters.int("id")) }

    /// The query, in which only these fields may be.
    package func query(_ names: Set<String>) throws(Problem) -> FormFields {
        let fields = try http.queryFields()
        let unknown = fields.names.filter { !names.contains($0) }
        guard unknown.isEmpty else {
            let errors = unknown.map { ($0, "is not a parameter of this address") }
            throw Problem(422, "The address has a parameter that is not known.", errors: Dictionary(errors) { $1 })
        }
        return fields
    }
}
