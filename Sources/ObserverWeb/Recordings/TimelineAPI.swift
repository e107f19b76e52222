import Encodings
import HTTPRouting
package import HTTPTypes
import ObserverCore
import ObserverStore

/// The API of a camera's timeline: what was wanted, and what became of it.
package enum TimelineAPI {
    /// The longest stretch of one answer, in days.
    package static let longestDays = 31
    /// The stretch without parameters, and before the end without a beginning, in hours.
    private static let usualHours: Int64 = 24
    /// The coarsest resolution, in milliseconds.
    package static let coarsest = 86_400_000
    /// The most bytes of an answer.
    package static let mostBytes = 29_000

    /// The timeline of a camera's main stream.
    @Sendable package static func show(_ request: WebRequest) throws -> HTTPResponse {
        let fields = try request.query(["from", "to", "resolution"])
        let now = request.now
        let stretch = try stretch(fields, now: now)
        let resolution = try QueryValue.integer(fields, "resolution", in: 0...coarsest) ?? 0
        let timeline = try TimelineStore(request.database).timeline(
            of: request.cameraID,
            stretch,
            now: now
        )
        guard let timeline else { throw CameraService.notFound }
        let drawn = timeline.drawn(resolution: Int64(resolution), within: mostBytes)
        var json = JSONWriter(capacity: mostBytes)
        write(drawn, sums: timeline.sums, to: &json)
        return .json(json)
    }

    /// The stretch that is asked for.
    private static func stretch(_ fields: FormFields, now: Timestamp) throws(Problem) -> TimeSpan {
        let from = try QueryValue.time(fields, "from")
        let to = try QueryValue.time(fields, "to")
        let end = to ?? now
        let start = from ?? end.advanced(bySeconds: -usualHours * 3600)
        let span = TimeSpan(from: start, to: end)
        guard !span.isEmpty else {
            guard to == nil else {
                throw Problem(422, "The parameter to must be after from.", errors: ["to": "must be after from"])
            }
            throw Problem(422, "The parameter from must be in the past.", errors: ["from": "must be in the past"])
        }
        guard span.milliseconds <= Int64(longestDays) * 86_400_000 else {
            let message = "must be at most \(longestDays) days before the end"
            throw Problem(422, "The parameter from \(message).", errors: ["from": message])
        }
        return span
    }

    private static func write(_ timeline: CameraTimeline, sums: CameraTimeline.Sums, to json: inout JSONWriter) {
        json.object { json in
            json.field("from", time: timeline.span.startedAt)
            json.field("to", time: timeline.span.endedAt)
            spans("wanted", timeline.wanted, to: &json)
            spans("covered", timeline.covered, to: &json)
            json.array("gaps") { json in
                for gap in timeline.gaps {
                    json.object { json in
                        json.field("from", time: gap.span.startedAt)
                        json.field("to", time: gap.lasts ? nil : gap.span.endedAt)
                        json.field("cause", gap.cause.rawValue)
                        json.field("detail", gap.detail)
                    }
                }
            }
            spans("unexplained", timeline.unexplained, to: &json)
            spans("waiting", timeline.waiting, to: &json)
            spans("held", timeline.held, to: &json)
            spans("lost", timeline.lost, to: &json)
            spans("expired", timeline.expired, to: &json)
            json.field("resolution", timeline.resolution)
            json.object("sums") { json in
                json.field("wanted_ms", sums.wanted)
                json.field("covered_ms", sums.covered)
                json.field("gaps_ms", sums.gaps)
                json.field("unexplained_ms", sums.unexplained)
                json.field("waiting_ms", sums.waiting)
                json.field("held_ms", sums.held)
                json.field("lost_ms", sums.lost)
            }
        }
    }

    private static func spans(_ name: StaticString, _ spans: [TimeSpan], to json: inout JSONWriter) {
        json.array(name) { json in
            for span in spans {
                json.object { json in
                    json.field("from", time: span.startedAt)
                    json.field("to", time: span.endedAt)
                }
            }
        }
    }
}
