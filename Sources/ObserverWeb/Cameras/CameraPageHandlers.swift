package import HTTPTypes
import HTTPRouting
import ObserverCore
import ObserverStore

/// The pages that show cameras and change nothing.
package enum CameraPageHandlers {
    /// The table of cameras.
    @Sendable package static func list(_ request: WebRequest) throws -> HTTPResponse {
        let query = try request.http.queryFields()
        let filter = CamerasPage.Filter(
            text: text(query["q"]),
            tag: text(query["tag"]),
            state: query["state"].flatMap(CameraState.init),
            after: query["after"].flatMap { Int64($0) }.map(CameraID.init)
        )
        let store = CameraStore(request.database)
        if let after = filter.after, try !store.hasHad(after) {
            throw QueryValue.unknown("after", "must be the number of a camera")
        }
        let cameras = try store.list(
            CameraQuery(
                text: filter.text,
                tag: filter.tag,
                state: filter.state,
                limit: CamerasPage.length + 1,
                after: filter.after,
                includesRecordings: true
            )
        )
        let page = CamerasPage(
            cameras: cameras,
            overview: try OverviewStore(request.database).cameras(),
            filter: filter,
            viewer: try request.signedIn(),
            now: request.now
        )
        return try request.answer(page)
    }

    /// One camera, with its recordings of a day and perhaps one of them playing.
    @Sendable package static func show(_ request: WebRequest) throws -> HTTPResponse {
        let query = try request.http.queryFields()
        let segments = SegmentStore(request.database)
        let listing = try CameraService(request.context).get(request.cameraID)
        let id = listing.camera.id
        let moment = try QueryValue.time(query, "at")
        let record = try CameraPageMoment.record(in: query, at: moment, of: id, segments)
        let latest = moment ?? record?.segment.startedAt ?? listing.lastRecording?.startedAt ?? request.now
        let place = RecordingsView.Place(
            day: query["day"].flatMap { Day($0) } ?? Day(of: latest),
            hour: query["hour"].flatMap { Int($0) }.flatMap { (0..<24).contains($0) ? $0 : nil },
            older: query["older"].flatMap { SegmentID($0) },
            newer: query["newer"].flatMap { SegmentID($0) }
        )
        for cursor in [place.older, place.newer].compactMap({ $0 }) where try !segments.has(cursor, of: id, .main) {
            throw Problem(404, "This camera has no such recording. It may have been deleted as its time was over.")
        }
        let recordings = try RecordingsView(
            of: id,
            place: place,
            around: record?.segment,
            now: request.now,
            from: request.database
        )
        // The page is looked at again in a few seconds, and then the picture is there.
        if record == nil { FreshSnapshot(request.context).wish(for: listing) }
        let page = CameraPage(
            listing: AddressView(request).shown(listing),
            recordings: recordings,
            playing: try record.map { try playing($0, segments) },
            moment: moment,
            viewer: try request.signedIn(),
            now: request.now
        )
        return try request.answer(page)
    }

    private static func playing(_ record: SegmentRecord, _ segments: SegmentStore) throws -> CameraPage.Playing {
        func neighbour(isNewestFirst: Bool) throws -> SegmentID? {
            let query = SegmentStore.Query(
                camera: record.segment.header.cameraID,
                after: record.segment.id,
                limit: 1,
                isNewestFirst: isNewestFirst
            )
            return try segments.list(query).first?.segment.id
        }
        return CameraPage.Playing(
            record: record,
            previous: try neighbour(isNewestFirst: true),
            next: try neighbour(isNewestFirst: false)
        )
    }

    /// A search word; nil when there is none.
    private static func text(_ value: String?) -> String? {
        value.map { String($0.filter { $0 != "\0" }.drop { $0 == " " }.prefix(100)) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
