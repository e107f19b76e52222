package import Crypto
import Encodings
package import ObserverCore

/// The leave to get something of a camera from its recorder, which `observer-web` gives to nginx after it has checked who asks.
///
/// It is good for one place of one camera and for two minutes at most, and is written into no log.
package struct LiveTicket: Hashable, Sendable {
    /// The key with which tickets are signed; `observer-web` and the recorders derive it from `OBSERVER_KEY`.
    package struct Key: Sendable {
        fileprivate let bytes: [UInt8]

        /// Derives the key.
        package init(_ key: SealingKey) {
            bytes = key.derived(for: "live tickets")
        }
    }

    /// The reasons to refuse a ticket.
    package enum Refusal: String, Hashable, Sendable {
        /// It is none, or was signed by somebody else, or for another place.
        case forged
        /// Its time is over, or has not come: the clocks of the machines may differ.
        case expired
    }

    /// The longest time for which a ticket is good, in seconds.
    package static let longest: Int64 = 120

    package var camera: CameraID
    /// The place below the camera: `live.mp4`, `live.m3u8`, `live/17.mp4`.
    package var place: String
    /// The end of its time, in seconds since 1970.
    package var expires: Int64

    package init(camera: CameraID, place: String, expires: Int64) {
        (self.camera, self.place, self.expires) = (camera, place, expires)
    }

    /// A ticket that is good for a minute.
    package init(camera: CameraID, place: String, at now: Timestamp) {
        self.init(camera: camera, place: place, expires: now.milliseconds / 1000 + Self.longest / 2)
    }

    /// The query that carries the ticket: `expires=1764247300&ticket=…`.
    package func query(signedBy key: Key) -> String {
        "expires=\(expires)&ticket=\(signature(key).hex)"
    }

    /// Checks the query with which a place is asked for.
    ///
    /// - Returns: The reason to refuse it; nil for a ticket that is good.
    package static func refusal(
        of query: String,
        camera: CameraID,
        place: String,
        at now: Timestamp,
        key: Key
    ) -> Refusal? {
        let parts = query.split(separator: "&", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].hasPrefix("expires="), parts[1].hasPrefix("ticket="),
            let expires = Int64(parts[0].dropFirst("expires=".count)),
            let shown = [UInt8](hex: parts[1].dropFirst("ticket=".count))
        else { return .forged }
        let ticket = LiveTicket(camera: camera, place: place, expires: expires)
        guard constantTimeEqual(shown, ticket.signature(key)) else { return .forged }
        let seconds = now.milliseconds / 1000
        return expires >= seconds && expires <= seconds + longest ? nil : .expired
    }

    private func signature(_ key: Key) -> [UInt8] {
        HMACSHA256.authenticate(Array("\(camera.rawValue)\n\(place)\n\(expires)".utf8), key: key.bytes)
    }
}
