import Logging
import System
import ObserverCore
import Spool
import TestSupport
import Testing

@testable import ObserverUpload

/// Transfers over a line that is to be used in part.
@Suite(.enabled(if: UploadHarness.isPossible), .serialized, .timeLimit(.minutes(5)))
struct UploadPaceTests {
    @Test func `uploads together keep to the bandwidth that is set, and use it`() throws {
        let harness = try UploadHarness()
        let segments = try (0..<12).map { _ in try harness.record(bytes: 500_000) }
        let start = MonotonicInstant.now()
        // A rule for every day: which of its times it is now does not matter.
        try harness.start(more: [
            "OBSERVER_UPLOAD_RATE": "Mon-Sun 00:00-12:00 8 Mbit/s; else 8 Mbit/s",
            "OBSERVER_TIME_ZONE": "Europe/Berlin",
        ])
        #expect(harness.areStored(segments, within: .seconds(60)))
        let seconds = (MonotonicInstant.now() - start) / .seconds(1)
        // 6 MB at 1 MB/s, of which a quarter of a second's worth may be sent at once.
        #expect(seconds > 5.5 && seconds < 20, "\(seconds) s")
        #expect(try harness.hasExactly(segments))
        #expect(harness.errors.isEmpty)
    }

    @Test func `on a very slow line nothing is taken for a stall`() throws {
        let harness = try UploadHarness()
        let segments = try (0..<6).map { _ in try harness.record(bytes: 150_000) }
        // Slower for each of them than what was once ended.
        try harness.start(parallel: 8, more: ["OBSERVER_UPLOAD_RATE": "512 kbit/s"])
        #expect(harness.areStored(segments, within: .seconds(60)))
        #expect(try harness.hasExactly(segments))
        #expect(!harness.log.lines.contains { $0.message == "S3 unavailable; uploads wait" })
        #expect(harness.errors.isEmpty)
    }
}
