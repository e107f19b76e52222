import SeededNumbers
import Testing

@testable import RTSP

/// Properties over many inputs: how bytes are cut changes nothing, and no input stops the program.
@Suite struct PropertyTests {
    /// Everything that a camera says, with all kinds of junk, answers and requests between packets.
    private static let script = opening + streaming

    private static let opening: [UInt8] = {
        let description = ModelCamera.describe(audio: true)
        var bytes = Array("RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: OPTIONS,\r\n GET_PARAMETER\r\n\r\n\r\n".utf8)
        bytes += Array("RTSP/1.0 200 OK\nCSeq: 2\nContent-Length: \(description.utf8.count)\n\n\(description)".utf8)
        bytes += frame(0, sequence: 1)
        for channels in ["0-1", "2-3"] {
            bytes += Array(
                "RTSP/1.0 200 OK\r\nSession: a;timeout=5\r\nTransport: RTP/AVP/TCP;interleaved=\(channels)\r\n\r\n".utf8
            )
        }
        return bytes + frame(0, sequence: 2) + Array("rtsp/1.0 200\r\nCSeq: 5 \r\n\r\n".utf8)
    }()

    private static let streaming: [UInt8] = {
        var bytes = frame(0, sequence: 3)
        bytes += frame(2, type: 97, sequence: 1) + report(1) + [0, 0, 0, 0] + frame(0, sequence: 4)
        bytes += Array("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n".utf8) + frame(0, sequence: 5)
        bytes += frame(0, sequence: 6, payload: [UInt8](repeating: 6, count: 200)).prefix(90) + frame(0, sequence: 7)
        bytes += frame(6, type: 99) + [0x24, 0, 1] + frame(0, sequence: 8) + [0x24, 9, 9] + Array("RTSP".utf8)
        bytes += frame(0, sequence: 9) + Array("SET_PARAMETER x RTSP/1.0\r\nContent-Length: 3\r\n\r\n$0$".utf8)
        bytes +=
            frame(0, packet: []) + frame(0, sequence: 10) + Array("X_OTHER a RTSP/1.0\r\n".utf8)
            + frame(0, sequence: 11)
        return bytes + frame(2, type: 97, sequence: 2) + frame(0, sequence: 12) + frame(0, sequence: 13)
    }()

    @Test func `the script reaches what it is meant to`() {
        let driver = run([Self.script])
        #expect(driver.isPlaying)
        let video = driver.packets.filter {
            $0.media.track == 0 && $0.media.kind == .rtp
        }
        #expect(Set(video.map { $0.bytes[3] }).isSuperset(of: 2...13))
        #expect(driver.session.statistics.cutFrames >= 1)
        #expect(driver.session.statistics.cameraRequests == 3)
        #expect(driver.session.statistics.skippedBytes > 0)
    }

    @Test func `bytes that are cut at any place give the same result`() {
        let whole = outcome([Self.script])
        for place in 1..<Self.script.count {
            #expect(outcome([Array(Self.script[..<place]), Array(Self.script[place...])]) == whole, "cut at \(place)")
        }
        #expect(outcome(Self.script.map { [$0] }) == whole, "one at a time")
    }

    @Test(arguments: 0..<50) func `bytes that are cut in many places give the same result`(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var bytes = Self.script
        // Damage of its own as well: the property holds for any bytes.
        for _ in 0..<(seed % 10) {
            bytes[Int.random(in: 300..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
        }
        var pieces: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(.random(in: 1...40, using: &random))
            pieces.append(Array(piece))
            rest = rest.dropFirst(piece.count)
        }
        #expect(outcome(pieces) == outcome([bytes]))
    }

    @Test(arguments: 0..<4) func `damaged streams neither stop nor hang`(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed) &+ 1_000)
        for _ in 0..<(24 * Self.effort) {
            var playing = session()
            _ = Self.opening.withUnsafeBytes { playing.receive($0, now: 0) { _, _ in } }
            let phase = playing.phase
            #expect(phase == .streaming)
            guard survives(&playing, damaged(Self.streaming, &random)) else {
                Issue.record("more was consumed than came, with seed \(seed)")
                return
            }
        }
    }

    @Test(arguments: 0..<4) func `damaged dialogues neither stop nor hang`(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed) &+ 2_000)
        for _ in 0..<Self.effort {
            var fresh = session()
            guard survives(&fresh, damaged(Self.script, &random)) else {
                Issue.record("more was consumed than came, with seed \(seed)")
                return
            }
        }
    }

    @Test(arguments: 0..<4) func `damaged headers and descriptions neither stop nor hang`(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed) &+ 3_000)
        let texts =
            FieldCamera.all.flatMap { [$0.lines.joined(separator: "\n")] + $0.setUp + $0.played + $0.described }
            + ["Digest realm=\"a\", nonce=\"b\", algorithm=MD5, stale=true, Basic realm=c", "rtsp://a:b@c:1/d?e#f"]
        for _ in 0..<(4 * Self.effort) {
            let text = texts[Int.random(in: 0..<texts.count, using: &random)]
            let bytes = damaged(Array(text.utf8), &random)
            let value = String(decoding: bytes, as: UTF8.self)
            let description = SessionDescription(bytes)
            for media in description.media { _ = media.format?.parameters.parameterSets }
            _ = (Challenge.list([value]), TransportHeader(value), SessionHeader(value), RTPInfo.list(value))
            guard let url = RTSPURL("rtsp://camera/live") else { return }
            let urls = ControlURLs(request: RTSPURL(value) ?? url, bases: [value, nil], aggregate: description.control)
            let candidates = urls.track(description.media.first?.control ?? value)
            #expect(!candidates.isEmpty)
        }
    }

    #if DEBUG
    /// Inputs of the slowest kind for each seed; 10⁵ in all without optimisation would take a minute.
    private static let effort = 60
    #else
    private static let effort = 1_000
    #endif

    // MARK: Helpers

    private func session() -> RTSPSession {
        var session = RTSPSession(SessionDriver.configuration { $0.audioEncodings = ["MPEG4-GENERIC"] })
        session.begin(now: 0)
        return session
    }

    /// Feeds bytes, then time, then the end; returns false if more was consumed than came.
    private func survives(_ session: inout RTSPSession, _ bytes: [UInt8]) -> Bool {
        let consumed = bytes.withUnsafeBytes { session.receive($0, now: 0) { _, _ in } }
        session.advance(to: 100_000_000_000)
        session.disconnect(now: 100_000_000_000)
        return (0...bytes.count).contains(consumed)
    }

    private static let alphabet = Array("$RTSP/1.0 \r\n:;=,-\"m=va=0Digest".utf8) + [0, 0x80, 0xFF, 0x24, 0x24]

    private func damaged(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...6, using: &random) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes[index] = .random(in: 0...255, using: &random)
            case 1: bytes[index] = Self.alphabet[Int.random(in: 0..<Self.alphabet.count, using: &random)]
            case 2: bytes.removeSubrange(index..<min(bytes.count, index + Int.random(in: 1...9, using: &random)))
            default: bytes.insert(contentsOf: bytes.suffix(9), at: index)
            }
        }
        return bytes
    }

    private func run(_ pieces: [[UInt8]]) -> SessionDriver {
        let driver = SessionDriver { $0.audioEncodings = ["MPEG4-GENERIC"] }
        driver.begin()
        for piece in pieces { driver.receive(piece) }
        return driver
    }

    /// Everything that comes out, but the bytes that wait for more.
    private struct Outcome: Equatable {
        let media: [RTSPMedia]
        let packets: [[UInt8]]
        let sent: String
        let notes: [RTSPNote]
        let error: RTSPError?
        let tracks: [RTSPTrack]
        let information: [RTPInfo?]?
        let statistics: RTSPStatistics
        let unconsumed: Int
    }

    private func outcome(_ pieces: [[UInt8]]) -> Outcome {
        let driver = run(pieces)
        return Outcome(
            media: driver.packets.map(\.media),
            packets: driver.packets.map(\.bytes),
            sent: driver.takeSent(),
            notes: driver.notes,
            error: driver.error,
            tracks: driver.session.tracks,
            information: driver.information,
            statistics: driver.session.statistics,
            unconsumed: driver.unconsumed
        )
    }
}
