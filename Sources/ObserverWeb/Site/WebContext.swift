package import Logging
package import ObserverConfiguration
package import ObserverCore
package import ObserverMessages
package import ObserverStore
package import Postgres

/// The dependencies of the handlers of one thread.
///
/// All of it but the connection is shared by the threads and stays as it is while the process runs.
package struct WebContext {
    package let configuration: WebConfiguration
    package let logger: Logger
    package let pages: PageRenderer
    package let document: APIDocument
    package let authenticator: Authenticator
    package let health: HealthBoard
    /// Notifies the camera's recorder, or all of them, of a change.
    ///
    /// Returns at once. A notification can be lost: recorders read the database every few seconds.
    package let announce: @Sendable (CameraListing) -> Void
    /// Asks the camera's recorder, or all of them, for something.
    ///
    /// Returns at once. The wish can be lost.
    package let wish: @Sendable (CameraWish.Kind, CameraListing) -> Void
    /// Notifies the uploader of a spool that failed uploads are to be tried anew.
    ///
    /// Returns at once. It can be lost: uploaders look every few seconds.
    package let askForRetry: @Sendable (SpoolID) -> Void
    /// Those who may wait for a new picture of a camera.
    package let snapshotWaits: SnapshotWaits
    /// The lists of cameras that were made a moment ago, of all threads.
    package let cameraPages: AnswerMemory<CamerasAPI.PageKey, CamerasAPI.Page>
    /// The values of a new camera where a request gives none.
    let defaults: CameraSettings
    /// Signs the addresses of recordings, by the clock of their store.
    let stores: StoreClients
    /// All that exports share.
    package let exports: ExportPool
    /// The addresses of their servers, for nginx.
    let addresses: StoreAddresses
    /// The thread's own connection.
    package let database: PostgresConnection

    package init(
        configuration: WebConfiguration,
        logger: Logger,
        pages: PageRenderer,
        document: APIDocument,
        authenticator: Authenticator,
        health: HealthBoard,
        stores: StoreClients,
        addresses: StoreAddresses? = nil,
        exports: ExportPool? = nil,
        database: PostgresConnection,
        snapshotWaits: SnapshotWaits,
        cameraPages: AnswerMemory<CamerasAPI.PageKey, CamerasAPI.Page>,
        askForRetry: @escaping @Sendable (SpoolID) -> Void = { _ in },
        wish: @escaping @Sendable (CameraWish.Kind, CameraListing) -> Void,
        announce: @escaping @Sendable (CameraListing) -> Void
    ) {
        self.configuration = configuration
        self.logger = logger
        self.pages = pages
        self.document = document
        self.authenticator = authenticator
        self.health = health
        self.database = database
        self.snapshotWaits = snapshotWaits
        self.cameraPages = cameraPages
        self.askForRetry = askForRetry
        self.wish = wish
        self.announce = announce
        var defaults = CameraSettings()
        defaults.segmentSeconds = configuration.segmentSeconds
        self.defaults = defaults
        self.stores = stores
        let away: @Sendable () -> DestinationSet = { health.away }
        self.exports =
            exports
            ?? ExportPool(configuration, source: SegmentSource(configuration, stores: stores, away: away))
        self.addresses = addresses ?? StoreAddresses(configuration.destinations)
    }
}
