package import Crypto
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
    /// What a new camera gets when nothing is said.
    package let defaults: CameraSettings
    /// The spool, where it is on this machine.
    package let spool: String?
    /// Signs addresses of recordings.
    package let signer: S3Signer
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
        var defaults = CameraSettings()
        defaults.segmentSeconds = configuration.segmentSeconds
        self.defaults = defaults
        spool = configuration.spool
        signer = S3Signer(configuration.s3)
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
