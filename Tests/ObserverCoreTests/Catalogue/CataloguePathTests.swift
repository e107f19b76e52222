import ObserverCore
import TestSupport
import Testing

@Suite struct CataloguePathTests {
    private let stream = StreamID(CameraID(rawValue: 7), .main)
    private let path = CataloguePath(prefix: "site/observer")

    @Test func `an object key tells of its segment, and of no other`() throws {
        let segment = Segment.sample(prefix: "site/observer")
        let key = try #require(SegmentKey(segment.header.objectKey, prefix: "site/observer"))
        #expect(key.id == segment.id && key.stream == segment.header.stream && key.epoch == segment.header.epoch)
        #expect(key.hour == CatalogueHour(of: segment.header.stream, segment.id))
        for wrong in [
            "observer", "site", "site/observer/7", "site/observer/",
        ] { #expect(SegmentKey(segment.header.objectKey, prefix: wrong) == nil) }
        for damage in [("/main/", "/third/"), (".mp4", ".mp5"), ("/7/", "/07/"), ("-3-", "-03-"), ("/2026/", "/2025/")]
        {
            let damaged = segment.header.objectKey.replacing(damage.0, with: damage.1)
            #expect(SegmentKey(damaged, prefix: "site/observer") == nil, "\(damaged)")
        }
    }

    @Test func `keys of manifests, days and cameras are read back`() throws {
        let time = try #require(Timestamp(rfc3339: "2026-03-09T05:59:59.999Z"))
        let hour = CatalogueHour(of: stream, at: time)
        #expect(path.manifest(hour) == "site/observer/catalogue/7/main/2026/03/09/05.ndjson")
        #expect(path.hour(at: path.manifest(hour)) == hour)
        let day = CatalogueDay(stream, at: time)
        #expect(day.path == "7/main/2026/03/09" && CatalogueDay(path: day.path) == day)
        #expect(day.start <= hour.hour && hour.end <= day.end)
        #expect(path.recordings(day) == "site/observer/7/main/2026/03/09/")
        #expect(path.camera(at: path.camera(CameraID(rawValue: 7))) == CameraID(rawValue: 7))
        for wrong in ["site/observer/catalogue/7/main/2026/03/09/24.ndjson", "site/observer/catalogue/head.json", "x"] {
            #expect(path.hour(at: wrong) == nil && path.camera(at: wrong) == nil)
        }
        for wrong in ["7/main/2026/02/30", "7/main/2026/3/09", "7/main/2026/03", "x/main/2026/03/09", ""] {
            #expect(CatalogueDay(path: wrong) == nil, "\(wrong)")
        }
    }

    @Test func `an hour is written when it is over, and a late change gathers others`() throws {
        let now = try #require(Timestamp(rfc3339: "2026-03-09T06:10:00Z"))
        let due = ManifestDue(at: now)
        func at(_ text: String) throws -> Timestamp { try #require(Timestamp(rfc3339: "2026-03-09T\(text)Z")) }
        #expect(due.includes(hour: try at("05:00:00"), changedAt: try at("05:00:10")))
        #expect(!due.includes(hour: try at("06:00:00"), changedAt: try at("05:59:50")))
        #expect(!due.includes(hour: try at("01:00:00"), changedAt: try at("06:05:00")))
        #expect(due.includes(hour: try at("01:00:00"), changedAt: try at("05:59:00")))
        #expect(due.includes(hour: now.advanced(bySeconds: 1_000_000), changedAt: try at("03:00:00")))
    }

    @Test func `a database is behind when its bucket has a higher number, and foreign with another identity`() {
        let head = CatalogueHead(catalogue: .makeRandom(), number: 5)
        #expect(head.standing(to: nil) == .current)
        #expect(head.standing(to: head) == .current)
        #expect(head.standing(to: CatalogueHead(catalogue: head.catalogue, number: 4)) == .current)
        #expect(head.standing(to: CatalogueHead(catalogue: head.catalogue, number: 6)) == .behind)
        #expect(head.standing(to: CatalogueHead(catalogue: .makeRandom(), number: 1)) == .foreign)
    }
}
