import Encodings
import Crypto
import ObserverCore
import ObserverStore
import Postgres
import TestSupport

/// Rows for the tests of the stores.
enum Sample {
    static let start = Timestamp(microseconds: 1_795_000_000_000_000)
    static let spoolID = SpoolID.makeRandom()

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

    static func segment(
        of camera: CameraID,
        at start: Timestamp = Sample.start,
        id: SegmentID? = nil,
        duration: Int64 = 10_000
    ) -> Segment {
        let id = id ?? SegmentID.make(at: start)
        return Segment(
            id: id,
            cameraID: camera,
            epoch: 3,
            run: RunID.makeRandom(),
            sequence: 0,
            spoolID: spoolID,
            recorder: "node-a",
            startedAt: start,
            durationMilliseconds: duration,
            bytes: 2_500_000,
            sha256: SHA256.hex(Array("\(id)".utf8)),
            initBytes: 800,
            initSHA256: SHA256.hex([]),
            mediaStart90k: 0,
            mediaDuration90k: duration * 90,
            frames: 250,
            codecs: "avc1.64001f",
            width: 1920,
            height: 1080,
            hasAudio: false,
            endReason: .duration,
            flags: ["long_gop", "recovered"],
            objectKey: ObjectKey.make(prefix: "observer", camera: camera, start: start, epoch: 3, id: id)
        )
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
