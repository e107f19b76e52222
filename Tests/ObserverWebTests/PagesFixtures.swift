import Mustache
import ObserverCore
import ObserverStore
import TestSupport
import Testing

@testable import ObserverWeb

/// Cameras and recordings for tests of pages.
enum Example {
    /// It is 2026-11-23T20:14:07Z.
    static let now = Timestamp(milliseconds: 1_795_464_847_000)

    static let viewer = Viewer(name: "ada", role: .operator, csrf: "token-of-the-session")

    /// The templates of the repository.
    static func renderer() throws -> PageRenderer {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return PageRenderer(try TemplateLibrary(directory: "/" + root + "/templates"))
    }

    static func html(_ page: some Page, for viewer: Viewer? = viewer) throws -> String {
        String(decoding: try renderer().render(page, for: viewer), as: UTF8.self)
    }

    static func camera(
        _ id: Int64 = 7,
        name: String = "Gate",
        details: String? = "Stretford End",
        isActive: Bool = true,
        tags: [String] = ["outdoor"]
    ) -> Camera {
        var settings = CameraSettings()
        settings.name = name
        settings.location = "Old Trafford"
        settings.locationDetails = details
        settings.url = "rtsp://cam.example/stream1"
        settings.username = "viewer"
        settings.isActive = isActive
        settings.tags = tags
        return Camera(
            id: CameraID(rawValue: id),
            settings: settings,
            hasPassword: true,
            version: 3,
            createdAt: now,
            updatedAt: now
        )
    }

    static func listing(
        _ camera: Camera = camera(),
        _ state: CameraState = .recording,
        cause: Cause? = nil,
        secondsAgo: Int64 = 60
    ) -> CameraListing {
        CameraListing(
            camera: camera,
            status: CameraStatus(
                stream: StreamID(camera.id, .main),
                epoch: 1,
                state: state,
                since: now.advanced(bySeconds: -secondsAgo),
                cause: cause,
                recorder: "node-a",
                lastFrameAt: now,
                video: VideoInfo(codec: "h264", width: 1920, height: 1080, fps: 25, bitrate: 4_012_345)
            ),
            backlogSeconds: 4.2,
            snapshotAt: now.advanced(bySeconds: -8)
        )
    }

    /// The table's or the wall's cameras: those of the page, of all that there are.
    static func list(
        _ listings: [CameraListing],
        glances: CameraGlances? = nil,
        filter: CameraFilter = CameraFilter(),
        viewer: Viewer = viewer,
        length: Int = CamerasPage.length
    ) -> CameraListView {
        let all = listings.map { CameraGlance(id: $0.camera.id, state: $0.status.state) }
        let found = glances ?? CameraGlances(all, filter.query(limit: length))
        let shown = Set(found.page.map(\.id))
        return CameraListView(
            cameras: listings.filter { shown.contains($0.camera.id) },
            glances: found,
            tags: ["outdoor"],
            filter: filter,
            viewer: viewer,
            now: now
        )
    }

    /// The page of storage with something in each of its parts.
    static func storage(viewer: Viewer = viewer) -> StoragePage {
        let camera = CameraID(rawValue: 7)
        let sum = RetentionSum(segments: 9, bytes: 41_300_000_000)
        let stored = StorageStore.Camera(
            id: camera,
            name: "Gate",
            isDeleted: false,
            sum: sum,
            ages: (StorageStore.ages + [0]).map { StorageStore.Age(days: $0 == 0 ? nil : $0, bytes: 1 << 30) },
            oldestAt: now,
            newestAt: now,
            days: RetentionDays(of: RetentionCamera(camera, days: 30), [])
        )
        let hold = Hold(id: 1, camera: camera, from: now, to: now, reason: "theft", actor: "user:ada", createdAt: now)
        return StoragePage(
            StoragePage.Content(
                storage: StorageStore.Storage(cameras: [stored]),
                status: RetentionStatusStore.Status(),
                holds: [hold]
            ),
            viewer: viewer,
            now: now
        )
    }

    /// The timeline of a day on which the camera was wanted from its first segment or gap on.
    static func timeline(
        of segments: [SegmentRecord],
        _ gaps: [Gap] = [],
        switches: [TimelineFacts.Switch] = [],
        on day: Day = Day(of: now)
    ) -> CameraTimeline {
        let recorded = segments.filter { $0.state != .expired && $0.state != .lost }
            .map { TimeSpan(from: $0.segment.startedAt, to: $0.segment.endedAt) }
        let facts = TimelineFacts(
            span: TimeSpan(from: day.start.advanced(bySeconds: -86_400), to: now),
            createdAt: (recorded.map(\.startedAt) + gaps.map(\.startedAt)).min() ?? now,
            isActive: true,
            switches: switches,
            recorded: recorded,
            gaps: gaps
        )
        let span = TimeSpan(from: day.start, to: day.end)
        return CameraTimeline(facts, of: span, now: now.milliseconds, latest: 1000)
    }

    static func recorder(_ state: RecorderListing.State = .alive) -> RecorderListing {
        RecorderListing(
            id: "node-a",
            state: state,
            incarnation: 3,
            startedAt: now.advanced(bySeconds: -600),
            heartbeatAt: now.advanced(bySeconds: -2),
            heartbeatAgeMilliseconds: 1500,
            spoolID: .makeRandom(),
            version: "1",
            cameras: [CameraID(rawValue: 7), CameraID(rawValue: 8)],
            recording: 1,
            bitrate: 4_000_000,
            backlogMilliseconds: 12_000
        )
    }

    static func uploader(_ state: UploaderListing.State = .alive, _ store: StoreState = .refused) -> UploaderListing {
        UploaderListing(
            spoolID: .makeRandom(),
            name: "node-a",
            state: state,
            startedAt: now.advanced(bySeconds: -600),
            reportedAt: now.advanced(bySeconds: -2),
            reportAgeMilliseconds: 2000,
            report: UploaderReport(
                backlogFiles: 12,
                backlogBytes: 30_000_000,
                backlogMilliseconds: 120_000,
                oldestAt: now.advanced(bySeconds: -130),
                store: store,
                storeDetail: store == .working ? nil : "<no bucket>",
                rate: 500_000,
                freeBytes: 10_000_000_000
            ),
            fullAt: now.advanced(bySeconds: 7200)
        )
    }

    static func failedUploads(viewer: Viewer = viewer) -> FailedUploadsPage {
        let entries = [nil, now].enumerated().map { index, asked in
            FailedUploadStore.Entry(
                record: SegmentRecord(
                    segment: .sample(at: now.advanced(bySeconds: Int64(index) * 10)),
                    state: .failed,
                    tries: 3,
                    error: "refused: <AccessDenied>",
                    createdAt: now
                ),
                retryAskedAt: asked
            )
        }
        let camera = CameraID(rawValue: 7)
        return FailedUploadsPage(
            entries: entries,
            counts: [camera: 2, CameraID(rawValue: 8): 1],
            names: [camera: "Gate"],
            hasMore: true,
            viewer: viewer,
            now: now
        )
    }

    static func gap(_ start: Timestamp, _ end: Timestamp?, _ cause: Cause = .unreachable) -> Gap {
        Gap(
            stream: StreamID(CameraID(rawValue: 7), .main),
            epoch: 1,
            startedAt: start,
            endedAt: end,
            cause: cause,
            detail: nil
        )
    }

    /// A segment that began so many seconds ago.
    static func record(
        secondsAgo: Int64,
        milliseconds: Int64 = 10_000,
        state: SegmentState = .stored,
        error: String? = nil
    ) -> SegmentRecord {
        let start = now.advanced(bySeconds: -secondsAgo)
        let segment = Segment.sample(at: start, milliseconds: milliseconds)
        return SegmentRecord(segment: segment, state: state, error: error, createdAt: start)
    }
}
