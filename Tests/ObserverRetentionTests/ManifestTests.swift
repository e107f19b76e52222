import ObserverCore
import ObserverRetention
import ObserverStore
import TestSupport
import Testing

@Suite struct ManifestTests {
    private let stream = StreamID(CameraID(rawValue: 7), .main)
    private let start = Timestamp(milliseconds: 1_795_464_062_123)

    private func manifest() -> Manifest {
        var segments: [SegmentRecord] = []
        for (index, state) in [SegmentState.stored, .failed, .lost, .spooled, .expiring].enumerated() {
            var segment = Segment.sample(at: start.advanced(bySeconds: Int64(index) * 10))
            segment.end.flags = [.dependent]
            segments.append(
                SegmentRecord(
                    segment: segment,
                    state: state,
                    tries: index,
                    error: index == 1 ? "Ärger\n\"zwei\"" : nil,
                    etag: "\"abc\"",
                    storedAt: state == .stored ? start.advanced(bySeconds: 30) : nil,
                    createdAt: Timestamp(microseconds: start.microseconds + 7)
                )
            )
        }
        let gap = Gap(
            stream: stream,
            epoch: 3,
            startedAt: Timestamp(microseconds: start.microseconds + 1),
            endedAt: Timestamp(microseconds: start.microseconds + 2_000_003),
            cause: .stalled,
            detail: "silence"
        )
        return Manifest(
            of: CatalogueHour(of: stream, at: start),
            segments: segments,
            gaps: [CatalogueStore.GapRecord(gap, recorder: "node-a")]
        )
    }

    @Test func `a manifest is read as it was written, to the microsecond`() throws {
        let manifest = manifest()
        #expect(try Manifest(manifest.encode(), of: manifest.hour) == manifest)
    }

    @Test func `what a newer version adds is passed over, and damage is counted`() throws {
        let manifest = manifest()
        var bytes = manifest.encode()
        bytes += Array("{\"kind\":\"motion\",\"x\":1}\n".utf8)
        #expect(try Manifest(bytes, of: manifest.hour) == manifest)
        bytes += Array("{\"kind\":\"segment\",\"segment\":7}\nrubbish\n".utf8)
        let damaged = try Manifest(bytes, of: manifest.hour)
        #expect(damaged.damagedLines == 2 && damaged.segments == manifest.segments)
    }

    @Test func `rows that no recorder can have made are left out`() throws {
        let manifest = manifest()
        let text = String(decoding: manifest.encode(), as: UTF8.self)
        for (good, bad) in [
            ("\"camera_id\":7,\"codecs\"", "\"camera_id\":-7,\"codecs\""),
            ("\"epoch\":3", "\"epoch\":99999999999999999"),
            ("\"bytes\":2500000", "\"bytes\":0"), ("\"tries\":0", "\"tries\":-1"),
        ] {
            let bytes = Array(text.replacing(good, with: bad).utf8)
            let read = try Manifest(bytes, of: manifest.hour)
            #expect(read.damagedLines > 0 && read.segments.count < manifest.segments.count, "\(bad)")
        }
    }

    @Test func `another hour, another format and other bytes are refused with words`() throws {
        let manifest = manifest()
        let other = CatalogueHour(of: stream, at: start.advanced(bySeconds: 3600))
        var error = #expect(throws: ManifestError.self) { try Manifest(manifest.encode(), of: other) }
        #expect(error?.kind == .malformed)
        let newer = String(decoding: manifest.encode(), as: UTF8.self).replacing("\"format\":1", with: "\"format\":2")
        error = #expect(throws: ManifestError.self) { try Manifest(Array(newer.utf8), of: manifest.hour) }
        #expect(error?.kind == .unknownFormat && error?.detail.contains("2") == true)
        error = #expect(throws: ManifestError.self) { try Manifest([1, 2, 3], of: manifest.hour) }
        #expect(error?.kind == .malformed)
    }
}
