import HTTPClient
import Logging
import ObserverConfiguration
import ObserverCore
import S3

/// The clients of all destinations: each with its own certificates and connections, all within one bandwidth.
struct DestinationStores: Sendable {
    /// The time for a request that brings bytes to be copied: an end of the process does not wait longer.
    private static let readLimit: Duration = .seconds(10)

    let all: [Destination]
    /// The clients of the stores, which run as services.
    let http: [HTTPClient]
    private let home: S3SegmentStore
    private let others: [Destination: S3SegmentStore]
    private let clients: [Destination: S3Client]
    private let readers: [Destination: S3Client]

    init(_ configuration: UploadConfiguration, logger: Logger) {
        var limits = HTTPClientLimits()
        limits.total = .seconds(30)
        let rate = configuration.rate
        let pacer = rate.isUnlimited ? nil : UploadPacer(rate, zone: configuration.zone) { .now() }
        var http: [HTTPClient] = []
        func connect(
            _ s3: S3Configuration,
            certificates: String?,
            name: String,
            parallel: Int = configuration.parallel
        ) -> S3Client {
            var client = HTTPClientConfiguration(
                name: name,
                parallel: parallel,
                limits: limits,
                certificates: certificates
            )
            client.pacer = pacer
            let connection = HTTPClient(client)
            http.append(connection)
            return S3Client(s3, http: connection, notify: { $0.log(to: logger) })
        }
        var clients: [Destination: S3Client] = [:]
        let first = connect(configuration.s3, certificates: configuration.certificates, name: "s3")
        clients[.home] = first
        for other in configuration.destinations where other.destination != .home {
            let name = "s3-\(other.destination.word)"
            clients[other.destination] = connect(other.s3, certificates: other.certificates, name: name)
        }
        var readers: [Destination: S3Client] = [:]
        limits.total = Self.readLimit
        for one in configuration.destinations where configuration.destinations.count > 1 {
            readers[one.destination] = connect(
                one.s3,
                certificates: one.certificates,
                name: "s3-copy-\(one.destination.word)",
                parallel: 1
            )
        }
        self.readers = readers
        home = S3SegmentStore(first)
        others = clients.filter { $0.key != .home }.mapValues { S3SegmentStore($0) }
        all = clients.keys.sorted()
        self.http = http
        self.clients = clients
    }

    /// All bytes that were sent.
    var sentBytes: Int64 { http.reduce(0) { $0 + $1.sentBytes } }

    /// The store of a destination; decisions name those alone that are there.
    func store(at destination: Destination) -> S3SegmentStore { others[destination] ?? home }

    /// The client for reading what is copied; nil where there is but one destination.
    func reader(of destination: Destination) -> S3Client? { readers[destination] }

    func client(of destination: Destination) -> S3Client? { clients[destination] }
}
