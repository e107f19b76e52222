import Encodings
import FastCGIWire
import ObserverCore
import ObserverMessages

/// A request for something of a camera, as nginx passes it on after `observer-web` has given leave.
struct LiveRequest: Hashable, Sendable {
    /// The things that can be asked for.
    enum Place: Hashable, Sendable {
        /// `live.mp4`
        case stream
        /// `live.m3u8`
        case playlist
        /// `live/17.mp4`, `live/init-17.mp4`
        case unit(String)

        init?(_ text: String) {
            switch text {
            case "live.mp4": self = .stream
            case "live.m3u8": self = .playlist
            default:
                guard text.hasPrefix("live/"), text.hasSuffix(".mp4"), text.utf8.count <= 64 else { return nil }
                self = .unit(String(text.dropFirst(5).dropLast(4)))
            }
        }
    }

    var camera: CameraID
    var place: Place
    var isHead = false
}

/// An answer that is no stream: an error, a playlist, a unit.
struct LiveAnswer {
    var status = 200
    var contentType: String
    var body: [LiveBytes]
    var retryAfter: Int?

    /// An error in words (RFC 9457).
    static func problem(_ status: Int, _ detail: String, retryAfter: Int? = nil) -> LiveAnswer {
        var json = JSONWriter()
        json.object { json in
            json.field("type", "about:blank")
            json.field("title", titles[status] ?? "Error")
            json.field("status", status)
            json.field("detail", detail)
        }
        return LiveAnswer(
            status: status,
            contentType: "application/problem+json",
            body: [LiveBytes(json.bytes)],
            retryAfter: retryAfter
        )
    }

    private static let titles = [
        200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
        503: "Service Unavailable",
    ]

    /// The pieces of the answer, its head first.
    func pieces(isHead: Bool) -> [LiveBytes] {
        [Self.head(status, contentType, retryAfter: retryAfter)] + (isHead ? [] : body)
    }

    /// The head of an answer (RFC 3875, 6.3).
    static func head(_ status: Int, _ contentType: String, retryAfter: Int? = nil) -> LiveBytes {
        var head = "Status: \(status) \(titles[status] ?? "Error")\r\nContent-Type: \(contentType)\r\n"
        head += "Cache-Control: no-store\r\n"
        if let retryAfter { head += "Retry-After: \(retryAfter)\r\n" }
        return LiveBytes(Array((head + "\r\n").utf8))
    }

    /// The type of a stream with these codecs.
    static func type(of codecs: String) -> String { "video/mp4; codecs=\"\(codecs)\"" }
}

extension LiveRequest {
    /// Reads a request and checks its ticket.
    ///
    /// - Returns: The request, or the answer that refuses it.
    static func read(
        _ reader: FastCGIRequestReader,
        at now: Timestamp,
        key: LiveTicket.Key
    ) -> Result<LiveRequest, Refusal> {
        guard let number = reader.text("LIVE_CAMERA").flatMap({ Int64($0) }), number > 0,
            let name = reader.text("LIVE_PLACE"), let place = Place(name)
        else { return .failure(Refusal(.problem(404, "There is no such place of a camera."))) }
        let method = reader.text("REQUEST_METHOD") ?? ""
        guard method == "GET" || method == "HEAD" else {
            return .failure(Refusal(.problem(405, "Live pictures can be had with GET alone.")))
        }
        let camera = CameraID(rawValue: number)
        let query = reader.text("QUERY_STRING") ?? ""
        switch LiveTicket.refusal(of: query, camera: camera, place: name, at: now, key: key) {
        case nil: return .success(LiveRequest(camera: camera, place: place, isHead: method == "HEAD"))
        case .forged: return .failure(Refusal(.problem(403, "The request has no ticket of this system.")))
        case .expired:
            let words = "The ticket of the request is not good at this time; do the clocks of the machines agree?"
            return .failure(Refusal(.problem(403, words)))
        }
    }

    /// The answer to a request that is refused.
    struct Refusal: Error {
        let answer: LiveAnswer

        init(_ answer: LiveAnswer) {
            self.answer = answer
        }
    }
}
