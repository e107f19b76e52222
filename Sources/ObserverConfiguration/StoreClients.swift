package import HTTPClient
package import ObserverCore
package import S3

/// A client for each destination, with connections of its own: their certificates differ, and one that hangs keeps no
/// connection from the others.
package struct StoreClients: Sendable {
    private let clients: [Destination: S3Client]
    /// The services that carry out the requests, to be run by whoever uses the clients.
    package let services: [HTTPClient]
    /// The destinations that are set up.
    package let destinations: DestinationSet

    /// Creates the clients; nothing is opened yet.
    ///
    /// - Parameters:
    ///   - configurations: The destinations, home first.
    ///   - parallel: The requests to each that are under way at the same time.
    ///   - limits: The limits of each request.
    ///   - pacer: The bandwidth that all of them share; nil for as fast as the line.
    ///   - name: The beginning of the names of their threads.
    ///   - notify: Called with what a store turned out to be.
    package init(
        _ configurations: [DestinationConfiguration],
        parallel: Int,
        limits: HTTPClientLimits = HTTPClientLimits(),
        pacer: (any HTTPClientPacer)? = nil,
        name: String = "s3",
        notify: @escaping @Sendable (S3Notice) -> Void = { _ in }
    ) {
        var clients: [Destination: S3Client] = [:]
        var services: [HTTPClient] = []
        for configuration in configurations {
            let isHome = configuration.destination == .home
            var client = HTTPClientConfiguration(
                name: isHome ? name : "\(name)-\(configuration.destination.word)",
                parallel: parallel,
                limits: limits,
                certificates: configuration.certificates
            )
            client.pacer = pacer
            let http = HTTPClient(client)
            services.append(http)
            clients[configuration.destination] = S3Client(configuration.s3, http: http, notify: notify)
        }
        self.init(clients, services: services)
    }

    /// Clients that somebody else runs.
    package init(_ clients: [Destination: S3Client], services: [HTTPClient] = []) {
        self.clients = clients
        self.services = services
        destinations = DestinationSet(clients.keys)
    }

    /// The client of a destination; nil where it is not set up.
    package subscript(destination: Destination) -> S3Client? { clients[destination] }

    /// The client of the first store.
    package var home: S3Client {
        guard let home = clients[.home] else { preconditionFailure("home is always set up") }
        return home
    }
}
