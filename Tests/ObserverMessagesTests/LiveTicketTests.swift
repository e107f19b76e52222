import Crypto
import ObserverCore
import Testing

@testable import ObserverMessages

@Suite struct LiveTicketTests {
    private static let now = Timestamp(milliseconds: 1_764_247_300_000)
    private let key: LiveTicket.Key
    private let query: String

    init() throws {
        key = LiveTicket.Key(try SealingKey([UInt8](repeating: 7, count: 32)))
        query = LiveTicket(camera: CameraID(rawValue: 7), place: "live.mp4", at: Self.now).query(signedBy: key)
    }

    private func refusal(
        _ query: String,
        camera: Int64 = 7,
        place: String = "live.mp4",
        after seconds: Int64 = 0,
        key other: LiveTicket.Key? = nil
    ) -> LiveTicket.Refusal? {
        LiveTicket.refusal(
            of: query,
            camera: CameraID(rawValue: camera),
            place: place,
            at: Timestamp(milliseconds: Self.now.milliseconds + seconds * 1000),
            key: other ?? key
        )
    }

    @Test func `a ticket is good for its camera and its place, for a minute`() {
        #expect(refusal(query) == nil)
        #expect(refusal(query, after: 60) == nil)
        #expect(refusal(query, after: 61) == .expired)
        #expect(refusal(query, camera: 8) == .forged)
        #expect(refusal(query, place: "live.m3u8") == .forged)
    }

    @Test func `a ticket for longer than two minutes is refused, whoever signed it`() {
        let seconds = Self.now.milliseconds / 1000
        for (more, expected) in [(120, nil), (121, LiveTicket.Refusal.expired), (86_400, .expired)] {
            let ticket = LiveTicket(camera: CameraID(rawValue: 7), place: "live.mp4", expires: seconds + Int64(more))
            #expect(refusal(ticket.query(signedBy: key)) == expected)
        }
    }

    @Test func `what was changed, or signed with another key, is forged`() throws {
        let other = LiveTicket.Key(try SealingKey([UInt8](repeating: 8, count: 32)))
        #expect(refusal(query, key: other) == .forged)
        let changed = [
            "", "expires=1764247360", query + "&x=1", query + "0", String(query.dropLast()), String(query.dropLast(2)),
            query.replacing("expires=1", with: "expires=2"), query.replacing("ticket=", with: "ticket=zz"),
            "ticket=&expires=", "expires=99999999999999999999&ticket=00", query.uppercased(),
        ]
        for query in changed { #expect(refusal(query) == .forged, "\(query)") }
    }
}
