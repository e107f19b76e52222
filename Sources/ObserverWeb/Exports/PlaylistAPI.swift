import HTTPRouting
package import HTTPTypes
package import ObserverCore
package import ObserverExport
import ObserverStore

/// The API of playlists (HLS, RFC 8216) over recorded segments.
package enum PlaylistAPI {
    /// The most segments of one playlist.
    private static let segmentLimit = 40_000

    /// A stretch of time as a playlist; without an end it grows with the recording.
    @Sendable package static func show(_ request: WebRequest) throws -> HTTPResponse {
        let fields = try request.query(["from", "to", "zone"])
        let to = try ExportTime.read(fields, "to", zone: fields["zone"])
        let isOpen = to == nil && fields["to"].map(\.isEmpty) != false
        let range = try ExportRange(
            camera: request.cameraID,
            from: try ExportTime.read(fields, "from", zone: fields["zone"]),
            to: isOpen ? request.now : to,
            now: request.now
        )
        let store = ExportStore(request.database)
        guard try store.camera(range.camera) != nil else { throw CameraService.notFound }
        let size = try store.size(of: range.camera, range.span)
        guard size.segments <= segmentLimit else {
            let words = "must be earlier: a playlist has at most \(segmentLimit) segments"
            throw Problem(422, "The parameter to \(words).", errors: ["to": words])
        }
        var segments: [ExportSegment] = []
        try store.forEach(of: range.camera, range.span) { record in
            guard record.state != .lost else { return }
            segments.append(ExportSegment(record.segment, state: record.state))
        }
        segments.sort { ($0.startedAt, $0.id) < ($1.startedAt, $1.id) }
        guard !segments.isEmpty else {
            let timeline = try TimelineStore(request.database).timeline(of: range.camera, range.span, now: request.now)
            let words = ExportPlanner.reason(timeline) ?? "nothing was recorded then"
            throw Problem(404, "Nothing is recorded from \(range.from.rfc3339) to \(range.to.rfc3339): \(words).")
        }
        let text = Playlist(segments: segments, from: range.from, isOpen: isOpen).text
        var response = HTTPResponse(contentType: "application/vnd.apple.mpegurl", body: Array(text.utf8))
        response.set(.cacheControl, "private, no-cache")
        return response
    }
}

/// A playlist of segments.
package struct Playlist {
    private let segments: [ExportSegment]
    private let from: Timestamp
    private let isOpen: Bool

    package init(segments: [ExportSegment], from: Timestamp, isOpen: Bool) {
        self.segments = segments
        self.from = from
        self.isOpen = isOpen
    }

    package var text: String {
        let longest = segments.map { ($0.duration90k + 89_999) / 90_000 }.max() ?? 1
        var lines = [
            "#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:\(max(longest, 1))",
            "#EXT-X-PLAYLIST-TYPE:\(isOpen ? "EVENT" : "VOD")", "#EXT-X-MEDIA-SEQUENCE:0",
            "#EXT-X-INDEPENDENT-SEGMENTS",
        ]
        if let first = segments.first, first.startedAt < from {
            let offset = from.milliseconds - first.startedAt.milliseconds
            lines.append("#EXT-X-START:TIME-OFFSET=\(Self.seconds(offset * 90)),PRECISE=YES")
        }
        var last: ExportSegment?
        for segment in segments {
            let address = "../../segments/\(segment.id).mp4"
            let follows = last.map { Self.follows(segment, $0) } ?? false
            if last != nil, !follows { lines.append("#EXT-X-DISCONTINUITY") }
            if !follows || last?.initSHA256 != segment.initSHA256 {
                lines.append("#EXT-X-MAP:URI=\"\(address)\",BYTERANGE=\"\(segment.initBytes)@0\"")
            }
            lines.append("#EXT-X-PROGRAM-DATE-TIME:\(segment.startedAt.rfc3339)")
            lines.append("#EXTINF:\(Self.seconds(segment.duration90k)),")
            lines.append("#EXT-X-BYTERANGE:\(segment.bytes - segment.initBytes)@\(segment.initBytes)")
            lines.append(address)
            last = segment
        }
        if !isOpen { lines.append("#EXT-X-ENDLIST") }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Returns true if the times of one go on with those of the other, and so does its format.
    private static func follows(_ segment: ExportSegment, _ last: ExportSegment) -> Bool {
        segment.run == last.run && segment.initSHA256 == last.initSHA256
            && abs(segment.start90k - last.start90k - last.duration90k) < 9000
    }

    /// Seconds with three decimals.
    private static func seconds(_ ticks: Int64) -> String {
        let milliseconds = max(ticks, 0) / 90
        let rest = String(1000 + milliseconds % 1000).dropFirst()
        return "\(milliseconds / 1000).\(rest)"
    }
}
