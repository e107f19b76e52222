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
