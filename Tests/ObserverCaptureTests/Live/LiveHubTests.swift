import Crypto
import FastCGIWire
import Media
import ObserverCore
import ObserverMessages
import System
import Testing

@testable import ObserverCapture

@Suite struct LiveHubTests {
    private typealias F = LiveFixtures
    private static let time = Timestamp(milliseconds: 1_764_247_300_000)

    private var hub = LiveHub()

    private static func request(_ place: LiveRequest.Place, isHead: Bool = false) -> LiveRequest {
        LiveRequest(camera: F.camera, place: place, isHead: isHead)
    }

    private mutating func ask(
        _ token: LiveToken,
        _ place: LiveRequest.Place,
        at milliseconds: Int = 0
    ) -> [LiveHub.Action] {
        hub.ask(token, Self.request(place), at: F.at(milliseconds), time: Self.time)
    }

    /// All that a viewer is sent by now.
    private mutating func drain(_ token: LiveToken, at milliseconds: Int = 0) -> (text: String, isDone: Bool) {
        guard let (pieces, offset) = hub.output(of: token, most: .max) else { return ("", true) }
        let framed = Array(pieces.flatMap(\.framed).dropFirst(offset))
        return (F.content(framed), hub.sent(token, framed.count, at: F.at(milliseconds)))
    }

    private static let head = """
        Status: 200 OK\r\nContent-Type: video/mp4; codecs="avc1.64001f"\r\nCache-Control: no-store\r\n\r\n
        """

    @Test mutating func `the first viewer of a camera has it watched, and the last one ends that`() {
        #expect(ask(1, .stream) == [.watch(F.camera, .init(frames: true)), .join(F.camera, 1)])
        #expect(ask(2, .stream) == [.join(F.camera, 2)])
        #expect(hub.closed(1) == [])
        #expect(hub.closed(2) == [.watch(F.camera, .init())])
        #expect(hub.isIdle)
    }

    @Test mutating func `viewers share each frame, and one that joins gets the group first`() throws {
        _ = ask(1, .stream)
        let join = F.join(group: 5..<9, present: "now;")
        #expect(hub.joined(1, join, at: F.at(0)) == [.read(1, try #require(join.group))])
        #expect(hub.read(1, Array("old;".utf8), at: F.at(0)) == [.send(1)])
        #expect(drain(1).text == Self.head + "[head]old;now;")
        let part = F.part("1;", .dependent, at: 40)
        #expect(hub.take(part, of: F.camera, at: F.at(40)) == [.send(1)])
        #expect(hub.output(of: 1, most: 1)?.pieces.first === part.bytes)
        #expect(drain(1).text == "1;")
    }

    @Test mutating func `what cannot go on ends in order for those who have begun`() {
        for (token, present) in [(LiveToken(1), true), (2, false)] {
            _ = ask(token, .stream)
            if present { _ = hub.joined(token, F.join(present: "now;"), at: F.at(0)) }
        }
        _ = drain(1)
        #expect(hub.ended(F.camera, .parameters, at: F.at(0)) == [.send(1)])
        #expect(drain(1) == ("", true))
        // The other one gets what follows.
        _ = hub.joined(2, F.join(present: "new;"), at: F.at(0))
        #expect(drain(2).text.hasSuffix("[head]new;"))
    }

    @Test mutating func `a camera that is not recorded here, or sends nothing, is a problem in words`() {
        _ = ask(1, .stream)
        #expect(hub.refused(1, at: F.at(0)).contains(.watch(F.camera, .init())))
        let (text, isDone) = drain(1)
        #expect(text.hasPrefix("Status: 503 Service Unavailable\r\n") && text.contains("Retry-After: 2") && isDone)
        #expect(text.contains("application/problem+json") && text.contains("\"status\":503"))
        _ = ask(2, .stream)
        #expect(hub.check(at: F.at(4000)).contains(.send(2)))
        #expect(drain(2).text.hasPrefix("Status: 503"))
        _ = ask(3, .stream)
        _ = hub.absent(F.camera, at: F.at(0))
        #expect(drain(3).text.hasPrefix("Status: 503"))
    }

    @Test mutating func `a viewer that takes nothing is closed, and the others go on`() {
        for token: LiveToken in 1...2 {
            _ = ask(token, .stream)
            _ = hub.joined(token, F.join(present: "now;"), at: F.at(0))
        }
        var closed = false
        for second in 1...12 {
            _ = hub.take(F.part("x;", .idr, at: second * 1000), of: F.camera, at: F.at(second * 1000))
            _ = drain(2, at: second * 1000)
            closed = closed || hub.check(at: F.at(second * 1000)).contains(.close(1))
        }
        #expect(closed)
        _ = hub.closed(1)
        #expect(hub.watching == 1)
    }

    @Test mutating func `audio that stops ends what was announced with audio`() {
        for (token, hasAudio) in [(LiveToken(1), true), (2, false)] {
            _ = ask(token, .stream)
            _ = hub.joined(token, F.join(present: "now;", hasAudio: hasAudio), at: F.at(0))
            _ = drain(token)
        }
        #expect(hub.ended(F.camera, .audio, at: F.at(0)) == [.send(1)])
        #expect(hub.watching == 1)
    }

    @Test mutating func `audio that comes later ends what was begun without`() {
        for (token, hasAudio) in [(LiveToken(1), true), (2, false)] {
            _ = ask(token, .stream)
            _ = hub.joined(token, F.join(present: "now;", hasAudio: hasAudio), at: F.at(0))
            _ = drain(token)
        }
        #expect(hub.ended(F.camera, .sound, at: F.at(0)) == [.send(2)])
        #expect(hub.watching == 1)
    }

    @Test mutating func `HEAD has the head alone`() {
        let actions = hub.ask(1, Self.request(.stream, isHead: true), at: F.at(0), time: Self.time)
        #expect(actions.contains(.join(F.camera, 1)))
        _ = hub.joined(1, F.join(present: "now;"), at: F.at(0))
        #expect(drain(1) == (Self.head, true))
    }

    @Test mutating func `more viewers than are served are turned away`() {
        for token: LiveToken in 1...300 { _ = ask(token, .stream) }
        _ = ask(301, .stream)
        #expect(drain(301).text.hasPrefix("Status: 503"))
        #expect(hub.watching == 300)
    }

    @Test mutating func `a playlist is made while somebody asks, who may have to wait for its first unit`() throws {
        let actions = ask(1, .playlist)
        guard case .join(_, let own)? = actions.last else {
            Issue.record("nobody is asked")
            return
        }
        #expect(actions.first == .watch(F.camera, .init(fragments: true)))
        #expect(ask(2, .playlist) == [])
        _ = hub.joined(own, F.join(), at: F.at(0))
        #expect(drain(1).text == "")
        for index in 0..<3 {
            let fragment = F.fragment("a;", Double(index) * 0.7, 0.7, index == 0 ? .idr : .dependent)
            let sent = hub.take(fragment, of: F.camera, at: F.at(700))
            #expect(sent == (index == 2 ? [.send(1), .send(2)] : []))
        }
        let (text, isDone) = drain(1)
        #expect(text.hasPrefix("Status: 200 OK\r\nContent-Type: application/vnd.apple.mpegurl\r\n") && isDone)
        #expect(text.contains("live/1764247300.mp4"))
        _ = ask(3, .unit("1764247300"), at: 800)
        #expect(drain(3).text.hasSuffix("\r\n\r\na;"))
        _ = ask(4, .unit("init-1764247300"), at: 800)
        #expect(drain(4).text.hasSuffix("\r\n\r\n[head]"))
        _ = ask(5, .unit("9"), at: 800)
        #expect(drain(5).text.hasPrefix("Status: 404"))
        for token: LiveToken in 1...5 { _ = hub.closed(token) }
        #expect(!hub.check(at: F.at(20_000)).contains(.watch(F.camera, .init())))
        #expect(hub.check(at: F.at(40_000)).contains(.watch(F.camera, .init())))
        #expect(hub.isIdle)
    }

    @Test mutating func `a playlist goes on with the next run, and asks the loop for its beginning`() {
        guard case .join(_, let own)? = ask(1, .playlist).last else {
            Issue.record("nobody is asked")
            return
        }
        _ = hub.joined(own, F.join(), at: F.at(0))
        for index in 0..<3 { _ = hub.take(F.fragment("a\(index);", Double(index), 1, .idr), of: F.camera, at: F.at(0)) }
        _ = drain(1)
        #expect(hub.ended(F.camera, .run, at: F.at(0)) == [.join(F.camera, own)])
        // Belongs to the next run, whose beginning has it.
        #expect(hub.take(F.fragment("early;", 0, 1, .idr), of: F.camera, at: F.at(0)) == [])
        _ = hub.joined(own, F.join(), at: F.at(0))
        for index in 0..<3 { _ = hub.take(F.fragment("b\(index);", Double(index), 1, .idr), of: F.camera, at: F.at(0)) }
        _ = ask(2, .playlist)
        #expect(drain(2).text.contains("#EXT-X-DISCONTINUITY\n"))
    }

    @Test func `a request needs a ticket for what it asks`() throws {
        func record(_ kind: UInt8, _ content: [UInt8]) -> [UInt8] {
            [1, kind, 0, 1, 0, UInt8(content.count), 0, 0] + content
        }
        func pair(_ name: String, _ value: String) -> [UInt8] {
            [UInt8(name.utf8.count), UInt8(value.utf8.count)] + Array((name + value).utf8)
        }
        let key = LiveTicket.Key(try SealingKey([UInt8](repeating: 7, count: 32)))
        func read(_ method: String, _ place: String, _ query: String) throws -> Result<LiveRequest, LiveRequest.Refusal>
        {
            var reader = FastCGIRequestReader()
            let parameters =
                pair("REQUEST_METHOD", method) + pair("LIVE_CAMERA", "7") + pair("LIVE_PLACE", place)
                + pair("QUERY_STRING", query)
            let bytes = record(1, [0, 1, 0, 0, 0, 0, 0, 0]) + record(4, parameters) + record(4, []) + record(5, [])
            try bytes.withUnsafeBytes { try reader.take($0) }
            return LiveRequest.read(reader, at: Self.time, key: key)
        }
        let query = LiveTicket(camera: F.camera, place: "live.mp4", at: Self.time).query(signedBy: key)
        let good = try read("GET", "live.mp4", query)
        guard case .success(let request) = good else {
            Issue.record("a good ticket is refused")
            return
        }
        #expect(request == Self.request(.stream))
        for (method, place, query, status) in [
            ("GET", "live.m3u8", query, 403), ("GET", "live.mp4", "", 403), ("POST", "live.mp4", query, 405),
            ("GET", "live/../x", query, 404), ("GET", "other", query, 404),
        ] {
            guard case .failure(let refusal) = try read(method, place, query) else {
                Issue.record("\(method) \(place) is let in")
                continue
            }
            #expect(refusal.answer.status == status, "\(method) \(place)")
        }
    }
}
