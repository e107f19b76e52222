package import Crypto
package import FastCGI
package import HTTPRouting
package import Logging
package import Mustache
package import ObserverConfiguration
package import ObserverCore
package import ObserverMessages
package import Postgres
package import S3

/// What all threads of the web process share; none of it changes while it runs.
package struct WebSite: Sendable {
    package let logger: Logger
    package let templates: TemplateLibrary
    /// Which addresses cameras may have.
    package let networks: NetworkPolicy
    package let sealingKey: SealingKey
    /// The length of segments that a new camera gets when nothing is said, in seconds.
    package let segmentSeconds: Int
    /// The spool, where it is on this machine.
    package let spool: String?
    /// Signs addresses of recordings.
    package let signer: Signer
    package let gatekeeper: Authenticator
    package let health: HealthBoard
    /// Tells recorders that a camera has changed: to one, or to all.
    ///
    /// Returns at once; a lost message is made up for by
    /// the recorders' own look at the database.
    package let announce: @Sendable (CameraChanged, _ recorder: String?) -> Void

    package init(
        configuration: WebConfiguration,
        templates: TemplateLibrary,
        health: HealthBoard,
        logger: Logger,
        announce: @escaping @Sendable (CameraChanged, _ recorder: String?) -> Void
    ) {
        self.logger = logger
        self.templates = templates
        networks = configuration.networks
        sealingKey = configuration.sealingKey
        segmentSeconds = configuration.segmentSeconds
        spool = configuration.spool
        signer = Signer(configuration.s3)
        gatekeeper = Authenticator(publicURL: configuration.publicURL)
        self.health = health
        self.announce = announce
    }
}

/// What one thread works with.
package final class WebContext {
    package let site: WebSite
    /// The thread's own connection.
    package let database: PostgresConnection

    package init(site: WebSite, database: PostgresConnection) {
        self.site = site
        self.database = database
    }
}

/// A request on its way to a handler: who asks for what.
package struct WebRequest {
    package let http: Request
    package let parameters: PathParameters
    /// Who asks; nil on routes that are open to everybody.
    package let identity: Identity?
    package let context: WebContext

    package init(http: Request, parameters: PathParameters, identity: Identity?, context: WebContext) {
        self.http = http
        self.parameters = parameters
        self.identity = identity
        self.context = context
    }

    package var site: WebSite { context.site }
    package var database: PostgresConnection { context.database }

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
