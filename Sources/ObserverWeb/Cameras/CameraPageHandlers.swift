package import HTTPTypes
import HTTPRouting
import ObserverCore
import ObserverStore

/// The pages that show cameras and change nothing.
package enum CameraPageHandlers {
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
            day: query["day"].flatMap { Day($0, in: request.zone) } ?? Day(of: latest, in: request.zone),
            hour: query["hour"].flatMap { Int($0) }.flatMap { (0..<26).contains($0) ? $0 : nil },
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
}
