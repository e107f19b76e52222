import Crypto
import HTTPClient
package import ObserverConfiguration
package import ObserverCore
package import S3
import System

/// The buckets as far as they are about the catalogue: objects of segments by day, manifests, the head.
///
/// Objects of segments are looked for in every store that is set up; what is written about the catalogue lies in the first.
package struct CatalogueBucket: Sendable {
    /// The client of the first store.
    package let client: S3Client
    package let path: CataloguePath
    private let stores: StoreClients
    /// The requests for the details of objects that are under way at the same time.
    private static let parallelHeads = 32

    package init(_ stores: StoreClients, prefix: String) {
        self.stores = stores
        client = stores.home
        path = CataloguePath(prefix: prefix)
    }

    /// A bucket that is the only one.
    package init(_ client: S3Client, prefix: String) {
        self.init(StoreClients([.home: client]), prefix: prefix)
    }

    /// The stores that are set up.
    package var destinations: DestinationSet { stores.destinations }

    /// The client of a store that is set up.
    package func client(of destination: Destination) throws(S3Error) -> S3Client {
        guard let client = stores[destination] else {
            throw S3Error(.malformed, "\(destination.phrase) is not set up")
        }
        return client
    }

    /// The clients of all stores, home first.
    private var clients: [S3Client] { stores.destinations.members.compactMap { stores[$0] } }

    // MARK: Objects about the catalogue

    /// Reads an object; nil where there is none.
    package func read(_ key: String) throws(S3Error) -> [UInt8]? {
        do {
            return try client.get(key)
        } catch {
            guard error.kind == .notFound, error.code != "NoSuchBucket" else { throw error }
            return nil
        }
    }

    /// Writes an object in place of the one that is there.
    package func write(_ bytes: [UInt8], to key: String, type: String = Manifest.contentType) throws(S3Error) {
        try client.put(S3Upload(key: key, body: .bytes(bytes), sha256: SHA256.hex(bytes), contentType: type))
    }

    package func delete(_ key: String) throws(S3Error) {
        try client.delete(key)
    }

    private struct HeadObject: Codable {
        var format: Int
        var catalogue: UniqueID
        var number: Int64
    }

    /// Reads how far the catalogue is; nil where nothing was ever written.
    ///
    /// - Throws: ``S3Error``, of kind `malformed` where it cannot be read.
    package func head() throws(S3Error) -> CatalogueHead? {
        guard let bytes = try read(path.head) else { return nil }
        guard let object = NDJSON.decode(HeadObject.self, bytes[...]), object.format == Manifest.format,
            SegmentLimits.epoch.contains(object.number)
        else { throw S3Error(.malformed, "the object \(path.head) cannot be read") }
        return CatalogueHead(catalogue: object.catalogue, number: object.number)
    }

    /// Writes how far the catalogue is.
    package func write(_ head: CatalogueHead) throws(S3Error) {
        let object = HeadObject(format: Manifest.format, catalogue: head.catalogue, number: head.number)
        try write(NDJSON.encode(object), to: path.head, type: "application/json")
    }

    // MARK: Looking around

    /// The streams of which there are recordings or manifests, in order.
    package func streams() throws(S3Error) -> [StreamID] {
        var streams: Set<StreamID> = []
        for client in clients {
            for root in [path.prefix + "/", path.root] {
                for folder in try client.folders(in: root) {
                    guard let number = Int64(folder.dropFirst(root.count).dropLast()),
                        SegmentLimits.cameraID.contains(number)
                    else { continue }
                    for kind in StreamKind.allCases {
                        if try client.folders(in: "\(folder)\(kind.rawValue)/").isEmpty { continue }
                        streams.insert(StreamID(CameraID(rawValue: number), kind))
                    }
                }
            }
        }
        return streams.sorted()
    }

    /// The cameras about which there is an object, in order.
    package func cameras() throws(S3Error) -> [CameraID] {
        try client.folders(in: path.root).compactMap { folder in
            path.camera(at: folder + "camera.ndjson")
        }.sorted()
    }

    /// The days of a stream of which there are recordings or manifests, newest first.
    package func days(of stream: StreamID) throws(S3Error) -> [CatalogueDay] {
        var days: Set<CatalogueDay> = []
        for client in clients {
            for root in [path.prefix + "/", path.root] {
                for year in try client.folders(in: "\(root)\(stream)/") {
                    for month in try client.folders(in: year) {
                        days.formUnion(
                            try client.folders(in: month).compactMap {
                                CatalogueDay(path: $0.dropFirst(root.count).dropLast())
                            }
                        )
                    }
                }
            }
        }
        return days.sorted(by: >)
    }

    /// The objects of a segment, one in each store that has one.
    package struct Object: Hashable, Sendable {
        package var key: String
        package var segment: SegmentKey
        /// When it was put there last; nil where a store does not tell.
        package var modifiedAt: Timestamp?
        /// The length of the object in each store.
        package var lengths: [Destination: Int64]

        package init(
            key: String,
            segment: SegmentKey,
            lengths: [Destination: Int64],
            modifiedAt: Timestamp? = nil
        ) {
            (self.key, self.segment, self.lengths, self.modifiedAt) = (key, segment, lengths, modifiedAt)
        }

        /// The stores that have one.
        package var destinations: DestinationSet { DestinationSet(lengths.keys) }

        /// The stores whose object has a length.
        package func destinations(of bytes: Int64) -> DestinationSet {
            DestinationSet(lengths.filter { $1 == bytes }.keys)
        }

        fileprivate mutating func add(_ length: Int64, in destination: Destination, modifiedAt modified: Timestamp?) {
            lengths[destination] = length
            modifiedAt = modifiedAt.flatMap { mine in modified.map { max(mine, $0) } }
        }
    }

    /// The recordings of a day.
    package struct Day: Hashable, Sendable {
        package var objects: [SegmentID: Object] = [:]
        /// Keys that no recorder has made.
        package var strangers: [String] = []
        package var manifests: Set<CatalogueHour> = []
    }

    /// Lists a day.
    package func list(_ day: CatalogueDay) throws(S3Error) -> Day {
        var result = Day()
        for destination in destinations.members {
            try forEachKey(path.recordings(day), in: try client(of: destination)) { key, bytes, modified in
                guard let segment = SegmentKey(key, prefix: path.prefix) else {
                    result.strangers.append(key)
                    return
                }
                if result.objects[segment.id]?.key == key {
                    result.objects[segment.id]?.add(bytes, in: destination, modifiedAt: modified)
                } else {
                    let lengths = [destination: bytes]
                    result.objects[segment.id] = Object(
                        key: key,
                        segment: segment,
                        lengths: lengths,
                        modifiedAt: modified
                    )
                }
            }
        }
        try forEachKey(path.manifests(day), in: client) { key, _, _ in
            if let hour = path.hour(at: key) { result.manifests.insert(hour) }
        }
        return result
    }

    /// The hours whose manifests, and the cameras whose objects, were written at or after a moment; all where the store does not
    /// tell the times.
    package func written(since start: Timestamp) throws(S3Error) -> (hours: Set<CatalogueHour>, cameras: Set<CameraID>)
    {
        var hours: Set<CatalogueHour> = []
        var cameras: Set<CameraID> = []
        try forEachKey(path.root, in: client) { key, _, modified in
            if let modified, modified < start { return }
            if let hour = path.hour(at: key) { hours.insert(hour) }
            if let camera = path.camera(at: key) { cameras.insert(camera) }
        }
        return (hours, cameras)
    }

    private func forEachKey(
        _ prefix: String,
        in client: S3Client,
        _ body: (String, Int64, Timestamp?) -> Void
    ) throws(S3Error) {
        var continuation: String?
        repeat {
            let page = try client.list(prefix: prefix, continuation: continuation)
            for (index, key) in page.keys.enumerated() {
                let modified = page.modified.isEmpty ? nil : Timestamp(rfc3339: page.modified[index])
                body(key, page.sizes[index], modified)
            }
            continuation = page.continuation
        } while continuation != nil
    }

    // MARK: Details

    /// Asks for the facts about objects, some at a time, and hands each outcome over.
    ///
    /// - Parameters:
    ///   - objects: The objects.
    ///   - destination: The store that is asked; nil: for each the first that has it.
    ///   - body: Called with each outcome.
    /// - Throws: `S3Error` where a store is not set up, and what `body` throws.
    package func heads(
        of objects: [Object],
        in destination: Destination? = nil,
        _ body: (Object, Result<S3ObjectInfo, S3Error>) throws -> Void
    ) throws {
        for start in stride(from: 0, to: objects.count, by: Self.parallelHeads) {
            let batch = Array(objects[start..<min(start + Self.parallelHeads, objects.count)])
            let clients = try batch.map { object in
                try client(of: destination ?? object.destinations.members.first ?? .home)
            }
            let outcomes = Monitor<[Int: Result<S3ObjectInfo, S3Error>]>([:])
            for (index, object) in batch.enumerated() {
                clients[index].head(object.key) { result in outcomes.withLock { $0[index] = result } }
            }
            outcomes.wait { $0.count == batch.count }
            for (index, result) in outcomes.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
                try body(batch[index], result)
            }
        }
    }
}
