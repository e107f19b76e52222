package import HTTPTypes
import Glibc
package import HTTPRouting
package import ObserverCore
package import Postgres

/// A request on its way to a handler: who asks for what.
package struct WebRequest {
    package let http: HTTPRequest
    package let parameters: PathParameters
    /// Who asks; nil on routes that are open to everybody.
    package let identity: Identity?
    package let context: WebContext

    package init(http: HTTPRequest, parameters: PathParameters, identity: Identity?, context: WebContext) {
        self.http = http
        self.parameters = parameters
        self.identity = identity
        self.context = context
    }

    package var site: WebSite { context.site }
    package var database: PostgresConnection { context.database }

    /// The present, as pages show it.
    var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

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
