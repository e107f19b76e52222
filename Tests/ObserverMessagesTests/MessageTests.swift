import AMQP
import ObserverCore
import TestSupport
import Testing

@testable import ObserverMessages

@Suite struct MessageTests {
    static let segment = Segment.sample()

    /// The body of a good message after a change of its text.
    private static func body(_ change: (String) -> String) throws -> [UInt8] {
        let good = String(decoding: try SegmentRecorded(segment: segment).message().body, as: UTF8.self)
        let changed = change(good)
        #expect(changed != good)
        return Array(changed.utf8)
    }

    @Test func `a segment survives the way through the queue`() throws {
        let recorded = SegmentRecorded(segment: Self.segment)
        let message = try recorded.message()
        #expect(message.exchange == "observer.upload")
        #expect(message.routingKey == Self.segment.header.origin.spoolID.description)
        #expect(message.messageID == Self.segment.id.description)
        #expect(message.body.count < 8192)
        #expect(try SegmentRecorded(body: message.body) == recorded)
    }

    @Test func `a retry is the next attempt with a pause`() throws {
        let message = try SegmentRecorded(segment: Self.segment).retryMessage(after: 1, pause: .seconds(5))
        #expect(message.routingKey == "\(Self.segment.header.origin.spoolID).retry.1")
        #expect(message.expiration == .seconds(5))
        #expect(try SegmentRecorded(body: message.body).attempt == 2)
    }

    @Test func `a change of a camera goes to its recorder, or to all`() throws {
        let changed = CameraChanged(cameraID: CameraID(rawValue: 7), version: 18)
        let message = changed.message(recorder: "node-a")
        #expect(String(decoding: message.body, as: UTF8.self) == #"{"v":1,"camera_id":7,"version":18}"#)
        #expect(message.routingKey == "recorder.node-a")
        #expect(changed.message(recorder: nil).routingKey == "all")
    }

    @Test(arguments: CameraWish.Kind.allCases)
    func `a wish goes the same way, and is not a change`(kind: CameraWish.Kind) throws {
        let wish = CameraWish(kind, cameraID: CameraID(rawValue: 7))
        let message = wish.message(recorder: "node-a")
        #expect(message.routingKey == "recorder.node-a")
        #expect(wish.message(recorder: nil).routingKey == "all")
        #expect(try CameraWish(body: message.body) == wish)
        let changed = CameraChanged(cameraID: CameraID(rawValue: 7), version: 18).message(recorder: nil)
        for body in [changed.body, Array(#"{"v":1,"camera_id":7,"wish":"coffee"}"#.utf8), Array(#"{"v":2}"#.utf8), []] {
            #expect(throws: MessageError.self) { try CameraWish(body: body) }
        }
    }

    @Test func `a recorder that was fenced is named to all, with the incarnation that ended`() throws {
        let fenced = RecorderFenced(recorder: "node-a", incarnation: 3)
        let message = fenced.message()
        #expect(message.exchange == Broker.captureExchange && message.routingKey == "all")
        #expect(try RecorderFenced(body: message.body) == fenced)
        let wish = CameraWish(.connect, cameraID: CameraID(rawValue: 7)).message(recorder: nil)
        for body in [
            wish.body, Array(#"{"v":1,"fenced":"node-a"}"#.utf8), Array(#"{"v":2,"fenced":"a","incarnation":1}"#.utf8),
        ] {
            #expect(throws: MessageError.self) { try RecorderFenced(body: body) }
        }
        #expect(throws: MessageError.self) { try CameraWish(body: message.body) }
    }

    @Test(arguments: [
        ("", MessageError.Kind.malformed), ("null", .malformed), ("[]", .malformed), (#"{"v":2}"#, .malformed),
        (#"{"v":3,"attempt":1,"cycle":0}"#, .unknownVersion), (#"{"v":2,"attempt":"1","cycle":0}"#, .malformed),
        (#"{"v":2,"attempt":1,"cycle":0,"segment":{}}"#, .malformed), ("\u{FF}", .malformed),
        (String(repeating: " ", count: 9000), .tooLarge),
    ])
    func `a wrong body is refused with its reason`(body: String, kind: MessageError.Kind) {
        #expect {
            try SegmentRecorded(body: Array(body.utf8))
        } throws: {
            ($0 as? MessageError)?.kind == kind
        }
    }

    @Test(arguments: ["../../etc/passwd", "a//b.mp4", "observer/7/x.mp4"])
    func `a segment with a dangerous key is refused`(key: String) throws {
        let body = try Self.body { $0.replacing(Self.segment.header.objectKey, with: key) }
        #expect { try SegmentRecorded(body: body) } throws: { ($0 as? MessageError)?.kind == .invalid }
    }

    @Test(arguments: OutOfRange.segmentFields)
    func `a segment with a number out of range is refused by its field`(field: String, value: String) throws {
        let body = try Self.body { OutOfRange.replace(field, in: $0, with: value) }
        let error = try #require(throws: MessageError.self) { try SegmentRecorded(body: body) }
        #expect(error.kind == .invalid)
        #expect(error.detail.hasPrefix("segment: \(field) is "))
    }

    @Test(arguments: [
        ("cycle", Int64.max, MessageError.Kind.invalid), ("cycle", 1001, .invalid), ("cycle", -1, .invalid),
        ("attempt", .max, .invalid), ("attempt", 4, .invalid), ("attempt", 0, .invalid), ("attempt", .min, .invalid),
        ("v", .max, .unknownVersion), ("v", .min, .unknownVersion),
    ])
    func `a number of the message itself is refused by its name`(
        field: String,
        value: Int64,
        kind: MessageError.Kind
    ) throws {
        let body = try Self.body { OutOfRange.replace(field, in: $0, with: "\(value)") }
        let error = try #require(throws: MessageError.self) { try SegmentRecorded(body: body) }
        #expect(error.kind == kind)
        #expect(error.detail.hasPrefix("\(field) is \(value), "))
    }

    @Test func `a message of the first format is refused by its version, inside and outside`() throws {
        for (old, new) in [(#","v":2}"#, #","v":1}"#), (#","v":2,"#, #","v":1,"#)] {
            let body = try Self.body { $0.replacing(old, with: new) }
            let error = try #require(throws: MessageError.self) { try SegmentRecorded(body: body) }
            #expect(error.kind == .unknownVersion)
            #expect(error.detail == "v is 1, this program reads 2")
        }
    }

    @Test func `random damage to a body never passes as another version or crashes`() throws {
        let good = try SegmentRecorded(segment: Self.segment).message().body
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            var body = good
            body[Int.random(in: 0..<body.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            if let read = try? SegmentRecorded(body: body) { #expect(read.segment.problem == nil) }
        }
    }

    @Test func `all processes declare a queue with the same arguments`() {
        let spool = Self.segment.header.origin.spoolID
        let capture = Broker.topology(recorder: "a", spool: spool)
        let upload = Broker.topology(spool: spool)
        for queue in upload.queues {
            #expect(capture.queues.contains(queue))
        }
        #expect(
            Set(upload.queues.map(\.name)) == [
                "upload.\(spool)", "upload.\(spool).retry.1", "upload.\(spool).retry.2", "upload.dead",
            ]
        )
    }
}
