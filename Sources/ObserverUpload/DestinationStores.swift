import HTTPClient
import Logging
import ObserverConfiguration
import ObserverCore
import S3

/// The stores of all destinations: one set of clients sends, and one reads what is copied, all within one bandwidth.
struct DestinationStores: Sendable {
    /// The time for a request that brings bytes to be copied: an end of the process does not wait longer.
    private static let readLimit: Duration = .seconds(10)

    private let senders: StoreClients
    private let readers: StoreClients
    private let stores: [Destination: S3SegmentStore]
    private let home: S3SegmentStore

    init(_ configuration: UploadConfiguration, logger: Logger) {
        let rate = configuration.rate
        let pacer = rate.isUnlimited ? nil : UploadPacer(rate, zone: configuration.zone) { .now() }
        let destinations = configuration.destinations
        func connect(
            _ destinations: [DestinationConfiguration],
            parallel: Int,
            limit: Duration,
            name: String
        ) -> StoreClients {
            var limits = HTTPClientLimits()
            limits.total = limit
            return StoreClients(destinations, parallel: parallel, limits: limits, pacer: pacer, name: name) {
                $0.log(to: logger)
            }
        }
        senders = connect(destinations, parallel: configuration.parallel, limit: .seconds(30), name: "s3")
        readers = connect(
            destinations.count > 1 ? destinations : [],
            parallel: 1,
            limit: Self.readLimit,
            name: "s3-copy"
        )
        home = S3SegmentStore(senders.home)
        stores = Dictionary(
            uniqueKeysWithValues: destinations.compactMap { [senders] one in
                senders[one.destination].map { (one.destination, S3SegmentStore($0)) }
            }
        )
    }

    /// The destinations that are set up, home first.
    var all: [Destination] { senders.destinations.members }

    /// The clients of the stores, which run as services.
    var http: [HTTPClient] { senders.services + readers.services }

    /// All bytes that were sent.
    var sentBytes: Int64 { http.reduce(0) { $0 + $1.sentBytes } }

    /// The store of a destination; decisions name those alone that are there.
    func store(at destination: Destination) -> S3SegmentStore { stores[destination] ?? home }

    /// The client for reading what is copied; nil where there is but one destination.
    func reader(of destination: Destination) -> S3Client? { readers[destination] }

    func client(of destination: Destination) -> S3Client? { senders[destination] }
}
