import Encodings
import Crypto
import Glibc
import ObserverCore
import ObserverStore
import Postgres
import TestSupport
import Testing

/// Rows for the tests of the stores.
enum Sample {
    static let start = Timestamp(microseconds: 1_795_000_000_000_000)
    static let spoolID = SpoolID.makeRandom()

    /// The present second.
    static var now: Timestamp { Timestamp(milliseconds: Int64(time(nil)) * 1000) }

    static func camera(
        _ name: String = "Gate",
        _ change: (inout CameraSettings) -> Void = { _ in }
    ) -> CameraSettings {
        var settings = CameraSettings()
        settings.name = name
        settings.location = "Old Trafford"
        settings.url = "rtsp://cam.example/stream1"
        change(&settings)
        return settings
    }
}

extension SegmentStore {
    func markStored(_ segment: Segment, etag: String?, storedAt: Timestamp? = nil) throws(PostgresError) {
        try write([Outcome(segment, .stored, etag: etag, storedAt: storedAt)])
    }

    func markFailed(_ segment: Segment, tries: Int, error: String) throws(PostgresError) {
        try write([Outcome(segment, .failed, tries: tries, error: error)])
    }

    func markLost(_ segment: Segment, reason: String) throws(PostgresError) {
        try write([Outcome(segment, .lost, error: reason)])
    }
}

extension RecorderStore {
    /// Registers whoever has the name.
    func register(_ id: String, spool: SpoolID, version: String) throws -> Int64 {
        try #require(try register(id, spool: spool, version: version, over: try row(of: id)))
    }

    /// Raises the heartbeat; returns false for a recorder that is not current.
    func heartbeat(_ id: String, incarnation: Int64) throws(PostgresError) -> Bool {
        let round = try round(id, incarnation: incarnation, load: 0.5)
        return round.isCurrent && round.hasBeaten
    }
}

/// The stores' changes, made by an operator.
extension CameraStore {
    func create(
        _ settings: CameraSettings,
        id: CameraID? = nil,
        sealedPassword: [UInt8]? = nil
    ) throws(PostgresError) -> CameraListing {
        try create(settings, id: id, sealedPassword: sealedPassword, by: .observerctl)
    }

    func patch(
        _ id: CameraID,
        _ changes: CameraChanges,
        sealedPassword: Change<[UInt8]> = .keep,
        expecting expected: Int64? = nil
    ) throws(PostgresError) -> ChangeResult {
        try patch(id, changes, sealedPassword: sealedPassword, expecting: expected, by: .observerctl)
    }

    func setActive(_ id: CameraID, _ isActive: Bool) throws(PostgresError) -> ChangeResult {
        try setActive(id, isActive, by: .observerctl)
    }

    func delete(_ id: CameraID, expecting expected: Int64? = nil) throws(PostgresError) -> ChangeResult {
        try delete(id, expecting: expected, by: .observerctl)
    }
}

extension CameraStore.ChangeResult {
    /// The listing of a change that was made, or found to be made already.
    var listing: CameraListing? {
        if case .done(let listing, _) = self { listing } else { nil }
    }

    var isChanged: Bool? {
        if case .done(_, let isChanged) = self { isChanged } else { nil }
    }
}
