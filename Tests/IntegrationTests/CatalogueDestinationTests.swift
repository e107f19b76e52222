import HTTPClient
import ObserverConfiguration
import ObserverCore
import ObserverRetention
import ObserverStore
import Postgres
import S3
import TestSupport
import Testing

/// The catalogue of recordings that lie in two stores.
@Suite(.enabled(if: TestEnvironment.has(.database) && TestEnvironment.has(.s3)), .timeLimit(.minutes(5)))
struct CatalogueDestinationTests {
    private let fixture: CatalogueFixture
    private let second: S3Client
    private let both: CatalogueBucket
    private var gate: CameraID { fixture.cameras[0] }
    private static let http = HTTPClient.running(name: "second", parallel: 8)

    init() throws {
        fixture = try CatalogueFixture()
        let store = try #require(Store.all.first)
        second = S3Client(try store.configuration(bucket: "observer-second"), http: Self.http)
        try second.prepareBucket()
        let clients = StoreClients([.home: fixture.bucket.client, .second: second])
        both = CatalogueBucket(clients, prefix: fixture.prefix)
    }

    /// Recordings with objects in some stores, and rows that say so or something else.
    private func record(
        hoursAgo hours: Int64,
        count: Int = 2,
        in places: DestinationSet,
        noted: DestinationSet? = nil,
        hasRows: Bool = true
    ) throws -> [Segment] {
        let segments = try fixture.record(gate, hoursAgo: hours, count: count, hasObjects: false, hasRows: hasRows)
        for destination in places.members {
            let client = destination == .home ? fixture.bucket.client : second
            for segment in segments { try fixture.put(segment, in: client) }
        }
        try fixture.connection.execute(
            """
            update segments set destinations = \(noted ?? places), created_at = created_at - interval '1 day',
                stored_at = stored_at - interval '1 day'
            where id = any(\(segments.map(\.id)))
            """
        )
        return segments
    }

    private func places(
        _ segments: [Segment],
        _ connection: PostgresConnection? = nil
    ) throws -> Set<DestinationSet> {
        let records = try SegmentStore(connection ?? fixture.connection).records(of: segments.map(\.id))
        #expect(records.count == segments.count && records.values.allSatisfy { $0.state == .stored })
        return Set(records.values.map(\.destinations))
    }

    @Test func `an empty database gets its rows back from both stores, with the stores of each`() throws {
        let atHome = try record(hoursAgo: 30, in: .home)
        let copied = try record(hoursAgo: 29, in: [.home, .second])
        let elsewhere = try record(hoursAgo: 28, in: .second)
        try fixture.writeManifests()
        let rows = try CatalogueFixture.rows(fixture.connection)
        // The manifests do not know of these; one hour is known to the second store alone.
        let later = try record(hoursAgo: 27, in: .second, hasRows: false)
        let doubled = try record(hoursAgo: 26, in: [.home, .second], hasRows: false)

        let empty = try TestDatabase()
        defer { withExtendedLifetime(empty) {} }
        let connection = empty.connect()
        let rebuild = CatalogueRebuild(both, connection)
        let report = try rebuild.run(by: "observerctl") { _, _ in }
        #expect(report["objects_unknown"] == 0 && report["objects_absent"] == 0)
        let after = try CatalogueFixture.rows(connection)
        #expect(Set(rows.filter { $0.hasPrefix("s") }).subtracting(after).sorted() == [])
        #expect(try places(atHome, connection) == [.home] && places(copied, connection) == [[.home, .second]])
        #expect(try places(elsewhere, connection) == [.second] && places(later, connection) == [.second])
        #expect(try places(doubled, connection) == [[.home, .second]])
        let again = try rebuild.run(by: "observerctl") { _, _ in }
        #expect(again["segments_added"] == 0 && again["segments_changed"] == 0)
    }

    @Test func `a rebuild from home alone loses nothing that lies in a store which is not set up`() throws {
        let elsewhere = try record(hoursAgo: 28, in: .second)
        try fixture.writeManifests()
        let empty = try TestDatabase()
        defer { withExtendedLifetime(empty) {} }
        let connection = empty.connect()
        _ = try CatalogueRebuild(fixture.bucket, connection).run(by: "observerctl") { _, _ in }
        #expect(try places(elsewhere, connection) == [.second])
    }

    @Test func `manifests say where something lies, and say nothing more of what is at home alone`() throws {
        let atHome = try record(hoursAgo: 30, count: 1, in: .home)
        let elsewhere = try record(hoursAgo: 29, count: 1, in: .second)
        try fixture.writeManifests()
        for (segments, isTold) in [(atHome, false), (elsewhere, true)] {
            let hour = CatalogueHour(of: segments[0].header.stream, segments[0].id)
            let bytes = try #require(try both.read(both.path.manifest(hour)))
            #expect(String(decoding: bytes, as: UTF8.self).contains("\"destinations\":2") == isTold)
            #expect(String(decoding: bytes, as: UTF8.self).contains("destinations") == isTold)
            let manifest = try Manifest(bytes, of: hour)
            #expect(manifest.segments.map(\.destinations) == [isTold ? .second : .home])
        }
    }

    // MARK: Reconciling

    private func findings() throws -> [CatalogueComparison.Finding] {
        let comparison = CatalogueComparison(both, fixture.connection, settling: -3600)
        var walk = CatalogueWalk(both, fixture.connection)
        var findings: [CatalogueComparison.Finding] = []
        while let day = try walk.next(after: nil) { findings += try comparison.compare(day) }
        return findings
    }

    private func mend(_ verdict: CatalogueVerdict) throws -> CatalogueRunStore.Report {
        var report = CatalogueRunStore.Report()
        let comparison = CatalogueComparison(both, fixture.connection, settling: -3600)
        var walk = CatalogueWalk(both, fixture.connection)
        while let day = try walk.next(after: nil) {
            let findings = try comparison.compare(day).filter { $0.verdict == verdict }
            try CatalogueMender(both, fixture.connection).mend(findings, of: day, as: verdict, &report)
        }
        return report
    }

    @Test func `each store is compared with the rows, and mending follows what lies there`() throws {
        let sound = try record(hoursAgo: 30, in: .home) + record(hoursAgo: 29, in: [.home, .second])
        let elsewhere = try record(hoursAgo: 28, in: .second)
        let thinned = try record(hoursAgo: 27, in: .second, noted: [.home, .second])
        let wrong = try record(hoursAgo: 26, in: .second, noted: .home)
        let unnoted = try record(hoursAgo: 25, in: [.home, .second], noted: .second)
        let far = try record(hoursAgo: 24, in: [], noted: .third)
        let missing = try record(hoursAgo: 23, in: [], noted: [.home, .second])
        let orphans = try record(hoursAgo: 22, in: .second, hasRows: false)
        func ids(_ segments: [Segment]) -> Set<SegmentID> { Set(segments.map(\.id)) }
        let found = Dictionary(grouping: try findings(), by: \.verdict).mapValues { Set($0.map(\.id)) }
        #expect(found[.sound] == ids(sound + elsewhere) && found[.incomplete] == ids(thinned + wrong))
        #expect(found[.unnoted] == ids(unnoted) && found[.unreachable] == ids(far) && found[.missing] == ids(missing))
        #expect(found[.orphan] == ids(orphans))

        #expect(try mend(.unnoted)["segments_changed"] > 0)
        #expect(try places(unnoted) == [[.home, .second]])
        _ = try mend(.orphan)
        #expect(try places(orphans) == [.second])
        #expect(try mend(.incomplete)["segments_placed"] > 0)
        #expect(try places(thinned) == [.second])
        _ = try mend(.missing)
        let states = try SegmentStore(fixture.connection).states(of: (missing + far).map(\.id))
        #expect(missing.allSatisfy { states[$0.id] == .lost } && far.allSatisfy { states[$0.id] == .stored })
        #expect(try places(wrong) == [.second])
        #expect(try findings().filter(\.verdict.isFinding).map(\.verdict) == [.unreachable, .unreachable])
        #expect(try SumsCheck.differences(fixture.connection) == [])
    }

    @Test func `an object that is left in one store after the end of its time is deleted there`() throws {
        let gone = try fixture.record(gate, hoursAgo: 50, count: 2, .expired, hasObjects: false)
        for segment in gone { try fixture.put(segment, in: second) }
        #expect(try findings().count { $0.verdict == .undeleted } == 2)
        #expect(try mend(.undeleted)["objects_deleted"] == 2)
        #expect(try findings().isEmpty)
    }
}
