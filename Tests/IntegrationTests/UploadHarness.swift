import TemporaryFolders
import Encodings
import AMQP
import Crypto
import Glibc
import HTTPClient
import Logging
import ObserverConfiguration
import ObserverCore
import ObserverMessages
import ObserverStore
import ObserverUpload
import Postgres
import S3
import Spool
import TestSupport
import Testing

/// A spool, a bucket and a database of one test's own, and the uploader between them.
final class UploadHarness {
    static var isPossible: Bool {
        TestEnvironment.has(.database) && TestEnvironment.has(.amqp) && TestEnvironment.has(.s3)
    }

    let folder: String
    private let place = TemporaryFolder()
    let spool: Spool
    let database: TestDatabase
    /// One for all trials, because SeaweedFS sets volumes apart for each bucket; every harness has a prefix of its own.
    let bucket = "observer-test-upload"
    let prefix: String
    let log = MemoryLogSink()
    let http = HTTPClient.running(name: "harness", parallel: 4)
    let broker: AMQPConfiguration
    private let server: TestEnvironment.Server
    private let lock: RecorderLock
    private var running: RunningGroup?

    /// A harness on SeaweedFS (`s3`) or on `rclone`.
    init(server: TestEnvironment.Server = .s3) throws {
        self.server = server
        folder = place.path
        spool = try Spool(at: folder)
        lock = try spool.lock(recorder: "harness")
        database = try TestDatabase()
        broker = try TestBroker.required()
        prefix = "harness-\(UInt32.random(in: 0 ... .max))"
        try store.prepareBucket()
    }

    deinit {
        running?.end()
        do {
            let connection = try AMQPConnection(broker, name: "clean")
            for queue in [
                Broker.uploadQueue(spool: spool.id), Broker.retryQueue(spool: spool.id, after: 1),
                Broker.retryQueue(spool: spool.id, after: 2),
            ] { try connection.deleteQueue(queue) }
        } catch {
            // Left behind on a broker that is itself only for tests.
        }
        do {
            waitpid(try PrivateBroker.spawn("rm -f '\(folder).log'"), nil, 0)
        } catch {
            // Left behind.
        }
    }

    /// The store, or (for trials) another place for it, or a bucket that does not exist.
    func s3(endpoint: String? = nil, hasBucket: Bool = true, bucket other: String? = nil) throws -> S3Configuration {
        try S3Configuration(
            endpoint: S3Endpoint(endpoint ?? TestEnvironment.address(of: server)),
            region: "us-east-1",
            bucket: other ?? (hasBucket ? bucket : "no-such-bucket"),
            credentials: .fixed(accessKey())
        )
    }

    func accessKey() throws -> S3Credentials {
        let name = server == .s3 ? "S3" : "RCLONE"
        return S3Credentials(
            accessKeyID: try TestEnvironment.required("OBSERVER_TEST_\(name)_KEY"),
            secretAccessKey: Secret(try TestEnvironment.required("OBSERVER_TEST_\(name)_SECRET"))
        )
    }

    var store: S3Client { get throws { S3Client(try s3(), http: http) } }

    /// Another bucket of the store.
    func store(bucket: String) throws -> S3Client { S3Client(try s3(bucket: bucket), http: http) }

    /// Commits a segment of random bytes, as a recorder does.
    func record(bytes count: Int = 200_000) throws -> Segment {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let header = SegmentHeader(
            beginning: StreamID(CameraID(rawValue: 7), .main),
            at: Timestamp(milliseconds: Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000),
            epoch: 1,
            run: .makeRandom(),
            sequence: 0,
            origin: SegmentOrigin(recorder: "harness", spoolID: spool.id),
            keyPrefix: prefix
        )
        let open = try spool.begin(header)
        let block = (0..<(count + 7) / 8).map { _ in UInt64.random(in: 0 ... .max) }
        try block.withUnsafeBytes { try open.append(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        let sample = Segment.sample()
        var media = sample.media
        try open.syncBytes()
        media.sha256 = open.finish()
        media.bytes = open.bytes
        let segment = Segment(header: header, media: media, end: sample.end)
        try spool.commit(segment)
        return segment
    }

    func announce(_ recorded: [SegmentRecorded]) throws {
        let connection = try AMQPConnection(broker, name: "announce")
        try connection.declare(Broker.topology(spool: spool.id))
        let publisher = try AMQPPublisher(connection)
        for message in recorded {
            _ = try publisher.publish(message.message())
            _ = try publisher.waitForConfirms(within: .seconds(5))
        }
    }

    /// Starts the uploader in this process.
    func start(
        endpoint: String? = nil,
        hasBucket: Bool = true,
        bucket: String? = nil,
        broker: String? = nil,
        database: String? = nil,
        parallel: Int = 4,
        more: [String: String] = [:],
        sweep: Duration = .milliseconds(500),
        lease: Duration = .seconds(30)
    ) throws {
        var configuration = try configuration(
            endpoint: endpoint,
            hasBucket: hasBucket,
            bucket: bucket,
            broker: broker,
            database: database,
            parallel: parallel,
            more: more
        )
        configuration.sweepInterval = sweep
        configuration.claimLease = lease
        configuration.copyInterval = .milliseconds(500)
        let logger = Logger(label: "upload", level: .debug, sink: log)
        running = RunningGroup(try UploadService.stages(configuration, logger: logger), logger: logger)
    }

    /// The settings of an uploader of this spool, which reports often.
    func configuration(
        endpoint: String? = nil,
        hasBucket: Bool = true,
        bucket: String? = nil,
        broker: String? = nil,
        database: String? = nil,
        parallel: Int = 4,
        more: [String: String] = [:]
    ) throws -> UploadConfiguration {
        let s3 = try s3(endpoint: endpoint, hasBucket: hasBucket, bucket: bucket)
        var configuration = try UploadConfiguration(
            environment: more.merging([
                "OBSERVER_DATABASE_URL": try database ?? self.database.url(as: "upload"),
                "OBSERVER_AMQP_URL": try broker ?? TestEnvironment.address(of: .amqp),
                "OBSERVER_SPOOL": folder, "OBSERVER_UPLOAD_PARALLEL": "\(parallel)",
                "OBSERVER_S3_BUCKET": s3.bucket, "AWS_ENDPOINT_URL_S3": "\(s3.place.scheme)://\(s3.place.authority)",
                "AWS_ACCESS_KEY_ID": try accessKey().accessKeyID,
                "AWS_SECRET_ACCESS_KEY": try accessKey().secretAccessKey.expose(),
            ]) { given, _ in given }
        )
        configuration.sweepInterval = .milliseconds(500)
        configuration.retryPauses = [.milliseconds(200), .milliseconds(400)]
        configuration.reportInterval = .milliseconds(250)
        return configuration
    }

    func stop() {
        running?.end()
        running = nil
    }

    // MARK: - What came of it

    func state(_ id: SegmentID) throws -> SegmentState? {
        try SegmentStore(database.connect()).states(of: [id])[id]
    }

    /// Waits until all are stored, with nothing left in the spool but receipts.
    func areStored(_ segments: [Segment], within limit: Duration = .seconds(60)) -> Bool {
        let ids = segments.map(\.id)
        let connection = database.connect()
        return poll(for: limit, every: .milliseconds(50)) {
            let states = try SegmentStore(connection).states(of: ids)
            return try ids.allSatisfy { states[$0] == .stored } && spool.readyIDs().isEmpty
        }
    }

    /// Returns true if the bucket has exactly these segments, with their bytes.
    func hasExactly(_ segments: [Segment]) throws -> Bool {
        let store = try store
        let keys = try store.list(prefix: "\(prefix)/").keys
        guard Set(keys) == Set(segments.map(\.header.objectKey)), keys.count == segments.count else { return false }
        return try segments.allSatisfy { SHA256.hex(try store.get($0.header.objectKey)) == $0.media.sha256 }
    }

    var errors: [String] { log.lines.filter { $0.level == .error }.map { "\($0.message) \($0.fields)" } }

    /// The dead letters about a segment, taken from the queue.
    func deadLetters(_ id: String) throws -> [AMQPDelivery] {
        let connection = try AMQPConnection(broker, name: "dead")
        try connection.declare(Broker.topology())
        let consumer = try AMQPConsumer(connection, queue: Broker.deadUploadQueue, prefetch: 1000)
        var found: [AMQPDelivery] = []
        while let delivery = try consumer.next(within: .seconds(1)) {
            guard delivery.message.messageID == id else { continue }
            try consumer.acknowledge(delivery.tag)
            found.append(delivery)
        }
        // The acknowledgements have to be on their way before the connection goes.
        try consumer.cancel()
        return found
    }
}
