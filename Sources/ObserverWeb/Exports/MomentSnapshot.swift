import HTTPRouting
import HTTPTypes
import Lifecycle
import MP4
import Media
import ObserverCore
import ObserverExport
import ObserverStore

/// The picture of the frame that was shown at a moment.
struct MomentSnapshot {
    private static let patience = Duration.seconds(5)
    /// The most bytes of frames that are decoded for one picture.
    private static let groupLimit: Int64 = 128 << 20

    let request: WebRequest

    /// Answers with the picture.
    ///
    /// - Throws: `Problem` that says why there is none.
    func answer(at moment: Timestamp) throws -> HTTPResponse {
        guard moment <= request.now else { throw Self.problem(422, "must not be in the future") }
        let segment = try segment(at: moment)
        let pool = request.context.exports
        let made: [UInt8]? = try pool.stills.withSlot(within: Self.patience) {
            try self.picture(of: segment, at: moment)
        }
        guard let picture = made else {
            throw Problem(503, "Other pictures are being made. Try again in a moment.").with(.retryAfter, "2")
        }
        var response = HTTPResponse(contentType: "image/jpeg", body: picture)
        response.set(.cacheControl, "private, max-age=600")
        return response
    }

    private static func problem(_ status: Int, _ words: String) -> Problem {
        Problem(status, "The parameter at \(words).", errors: ["at": words])
    }

    /// Finds the segment that shows a moment: of several the one that began last.
    private func segment(at moment: Timestamp) throws -> ExportSegment {
        let span = TimeSpan(from: moment, to: moment.advanced(byMilliseconds: 1))
        var found: ExportSegment?
        var lost: SegmentRecord?
        let store = ExportStore(request.database)
        try store.forEach(of: request.cameraID, span) { record in
            guard record.segment.startedAt <= moment, record.segment.endedAt > moment else { return }
            if record.state == .lost {
                lost = record
            } else {
                found = ExportSegment(record.segment, state: record.state, destinations: record.destinations)
            }
        }
        if let found { return found }
        guard try store.camera(request.cameraID) != nil else { throw CameraService.notFound }
        if let lost {
            throw Problem(410, "The recording of \(moment.rfc3339) is lost: \(lost.error ?? "its bytes are gone").")
        }
        if try !store.expired(of: request.cameraID, span, limit: 1).isEmpty {
            throw Problem(410, "The recording of \(moment.rfc3339) was deleted when its time was over.")
        }
        throw Problem(404, "There is no picture of \(moment.rfc3339): \(try reason(at: span)).")
    }

    private func reason(at span: TimeSpan) throws -> String {
        let timeline = try TimelineStore(request.database).timeline(of: request.cameraID, span, now: request.now)
        return ExportPlanner.reason(timeline) ?? "nothing was recorded then"
    }

    /// The picture of the frame that is shown at a moment of a segment.
    private func picture(of segment: ExportSegment, at moment: Timestamp) throws -> [UInt8] {
        let source = request.context.exports.source
        do {
            let place = try source.find(segment)
            var pages = SegmentPages(source: source, segment: segment, place: place)
            let index = try SegmentIndex.read(size: segment.bytes) { offset, count throws(SegmentSourceError) in
                try pages.read(offset, count)
            }.get()
            let head = try source.read(0..<index.initBytes, of: segment, at: place)
            guard let entry = VideoEntry(initSection: head) else {
                throw Problem(422, "The format of the recording is not known here.")
            }
            let frames = index.frames(shownAt: segment.ticks(at: moment))
            guard frames.reduce(0, { $0 + Int64($1.count) }) <= Self.groupLimit else {
                throw Problem(422, "There are too many bytes between the key frame and this moment.")
            }
            let decoder = try StillDecoder(StillProgram.path)
            try decoder.send(.stills)
            try decoder.send(.group(VideoCodec(entry.codec), parameters: entry.parameters))
            for (number, range) in frames.enumerated() {
                let bytes = try source.read(range, of: segment, at: place)
                try decoder.send(.frame(bytes, isShown: number == frames.count - 1))
            }
            guard !frames.isEmpty else { throw Problem(422, "The segment has no frame at this moment.") }
            return try decoder.picture()
        } catch let error as SegmentSourceError {
            throw ExportPlanner.problem(error)
        } catch let error as MediaError {
            throw Problem(422, "The frame cannot be shown: \(error.detail).")
        } catch let error as MP4Error {
            throw Problem(422, "The recording cannot be read: \(error.detail).")
        }
    }
}

extension VideoCodec {
    fileprivate init(_ codec: VideoEntry.Codec) {
        switch codec {
        case .h264: self = .h264
        case .h265: self = .h265
        case .av1: self = .av1
        case .mjpeg: self = .mjpeg
        case .mpeg4: self = .mpeg4
        }
    }
}
