import Crypto
import HTTPClient
import Lifecycle
import Logging
import ObserverConfiguration
import ObserverCore
import ObserverRetention
import ObserverStore
import Postgres
import S3
import System
import TestSupport
import Testing

/// Recordings with objects, and the running worker.
protocol RetentionTrial {}

extension RetentionTrial {
    /// Records, and puts an object for each segment.
    @discardableResult
    func record(
        _ fixture: RetentionFixture,
        hoursAgo hours: Int64,
        count: Int,
        in store: Store
    ) throws -> [Segment] {
        try record(fixture, hoursAgo: hours, count: count, by: try store.client())
    }

    @discardableResult
    func record(
        _ fixture: RetentionFixture,
        hoursAgo hours: Int64,
        count: Int,
        by client: S3Client
    ) throws -> [Segment] {
        let segments = try fixture.record(hoursAgo: hours, count: count)
        for segment in segments {
            let upload = S3Upload(
                key: segment.header.objectKey,
                body: .bytes([1]),
                sha256: SHA256.hex([1]),
                contentType: "video/mp4"
            )
            try client.put(upload)
        }
        return segments
    }

    func objects(_ segments: [Segment], in client: S3Client) throws -> Int {
        let prefix = "observer/\(segments[0].header.cameraID)/"
        let keys = Set(segments.map(\.header.objectKey))
        var count = 0
        var continuation: String?
        repeat {
            let page = try client.list(prefix: prefix, continuation: continuation)
            count += page.keys.count { keys.contains($0) }
            continuation = page.continuation
        } while continuation != nil
        return count
    }

    /// Runs the worker until a condition holds.
    func run(
        _ fixture: RetentionFixture,
        _ bucket: any RetentionBucket,
        _ others: [Destination: any RetentionBucket] = [:],
        configuration: PostgresConfiguration? = nil,
        versions: S3VersionPolicy = .delete,
        until isDone: () throws -> Bool
    ) throws {
        let worker = RetentionWorker(
            database: configuration ?? fixture.database.configuration,
            buckets: others.merging([.home: bucket]) { first, _ in first },
            versions: versions,
            logger: Logger(label: "retention", level: .error)
        )
        let stop = StopSignal()
        let thread = DedicatedThread.start(name: "retention") { worker.run(until: stop) }
        defer {
            stop.stop()
            thread.join()
        }
        let isReached = poll(for: .seconds(30), until: isDone)
        #expect(isReached)
    }
}

/// Deletes, and loses the first answers; or keeps versions, and may forbid to list them.
final class FaultyBucket: RetentionBucket {
    private let real: S3RetentionBucket
    private let failures: Monitor<Int>
    private let versions: S3Versioning
    private let mayListVersions: Bool

    init(_ real: S3RetentionBucket, failures: Int, versions: S3Versioning = .off, mayListVersions: Bool = true) {
        self.real = real
        self.failures = Monitor(failures)
        self.versions = versions
        self.mayListVersions = mayListVersions
    }

    func delete(_ keys: [String], isOfAllVersions: Bool) throws(S3Error) -> S3Deletion {
        let deletion = try real.delete(keys, isOfAllVersions: isOfAllVersions)
        let isLost = failures.withLock { left in
            left -= 1
            return left >= 0
        }
        if isLost { throw S3Error(.throttled, "the store asks for fewer requests") }
        return deletion
    }

    func versioning() throws(S3Error) -> S3Versioning { versions }

    func tryListOfVersions() throws(S3Error) {
        if !mayListVersions { throw S3Error(.refused, "the access key lacks the right", status: 403) }
    }

    func hasObjectLock() throws(S3Error) -> Bool { false }

    func locks(of versions: [S3Version]) -> [S3Version: S3ObjectLock] { [:] }

    func setLegalHold(_ isOn: Bool, on keys: [String]) throws(S3Error) -> S3LegalHolds { S3LegalHolds() }

    func existing(_ keys: [String]) throws(S3Error) -> Set<String> { try real.existing(keys) }
}
