import Testing

@testable import RTSP

/// Packets on the connection of the dialogue, and what cameras put between them.
@Suite struct InterleavingTests {
    /// Some packets with sizes of their own, so that each can be recognised.
    private static let stream: [[UInt8]] = (1...6).map { number in
        frame(0, sequence: UInt16(number), payload: [UInt8](repeating: UInt8(number), count: 40 + number * 7))
    }

    @Test func `packets of the camera's own channels are handed out as they are`() {
        let driver = playing()
        driver.receive(Self.stream.joined() + report(1))
        #expect(
            driver.packets.map(\.bytes) == Self.stream.map { Array($0.dropFirst(4)) } + [Array(report(1).dropFirst(4))]
        )
        #expect(driver.packets.last?.media == RTSPMedia(track: 0, kind: .rtcp))
        #expect(driver.session.statistics.packets == 7)
    }

    @Test func `a packet that is not whole yet waits`() {
        let driver = playing()
        driver.receive(Array(Self.stream[0].dropLast()))
        #expect(driver.packets.isEmpty)
        #expect(driver.unconsumed == Self.stream[0].count - 1)
        driver.receive(Array(Self.stream[0].suffix(1)))
        #expect(driver.packets.count == 1)
    }

    @Test(
        arguments: [
            [0, 0, 0, 0], [0x0D, 0x0A], [0x0D, 0x0A, 0x0D, 0x0A], [0x24], [0x24, 0], [0x24, 0x24, 0x24], [0xFF],
            Array("junk $ R RTSP PLAY OPTIONS".utf8), [0x24, 9, 0, 100, 1, 2, 3, 4], [0x24, 0, 0xFF, 0xFF],
            [0x24, 0, 5], Array("RTSP/1.0".utf8), Array("R".utf8),
        ] as [[UInt8]]
    )
    func `junk between packets costs no packet`(junk: [UInt8]) {
        let driver = playing()
        driver.receive(Array(Self.stream[..<3].joined()) + junk)
        driver.receive(Array(Self.stream[3...].joined()))
        // Junk that looks like a header may swallow what follows until it is found out.
        driver.receive(Array((0..<1_500).map { frame(0, sequence: UInt16($0 + 100)) }.joined()))
        let whole = driver.packets.map(\.bytes)
        for packet in Self.stream { #expect(whole.contains(Array(packet.dropFirst(4)))) }
        #expect(whole.count >= 1_506)
        #expect(driver.error == nil)
    }

    @Test func `the packet behind junk is marked`() {
        let driver = playing()
        driver.receive(Self.stream[0] + [0, 0, 0, 0] + Self.stream[1] + Self.stream[2])
        #expect(driver.packets.map(\.media.damage) == [.none, .skippedBytes, .none])
        #expect(driver.session.statistics.skippedBytes == 4)
        #expect(driver.session.statistics.resynchronisations == 1)
        #expect(driver.session.statistics.cutFrames == 0)
    }

    @Test func `a packet that is far longer than those before it is believed by its content`() {
        var driver = playing()
        let long = frame(0, sequence: 9, payload: [UInt8](repeating: 9, count: 60_000))
        driver.receive(Self.stream[0] + long + Self.stream[1])
        #expect(driver.packets.map(\.bytes.count) == [Self.stream[0].count - 4, 60_012, Self.stream[1].count - 4])
        // The same header with another content is junk, and nothing waits for what it announces.
        driver = playing()
        driver.receive(Self.stream[1] + [0x24, 0, 0xFF, 0xFF, 0x80, 0x11, 0, 0] + Self.stream[2] + Self.stream[3])
        #expect(driver.packets.count == 3)
    }

    @Test func `a cut packet costs itself alone`() {
        for kept in [5, 12, 20, 40] {
            let driver = playing()
            driver.receive(Self.stream[0])
            driver.receive(Array(Self.stream[5].prefix(kept)) + Self.stream[1] + Self.stream[2] + Self.stream[3])
            driver.receive(Self.stream[4])
            let whole = driver.packets.map(\.bytes)
            for packet in Self.stream[..<5] { #expect(whole.contains(Array(packet.dropFirst(4)))) }
            #expect(driver.session.statistics.cutFrames == 1)
            #expect(driver.session.statistics.skippedBytes == 0)
            #expect(driver.error == nil)
        }
    }

    @Test func `an answer in the middle of a packet is read`() {
        let driver = playing()
        let packet = Self.stream[5]
        driver.advance(to: 24_000_000_000)
        driver.receive(Self.stream[0] + packet.prefix(30) + Array("RTSP/1.0 501 No\r\nCSeq: 5\r\n\r\n".utf8))
        driver.receive(Array(packet.dropFirst(30)) + Self.stream[1] + Self.stream[2])
        #expect(driver.notes == [.keepAliveMethodRefused])
        #expect(driver.packets.suffix(2).map(\.bytes) == Self.stream[1...2].map { Array($0.dropFirst(4)) })
    }

    @Test func `an answer that was cut ends at the next packet`() {
        let driver = playing()
        driver.receive(Array("RTSP/1.0 200 OK\r\nCSeq: 9\r\n".utf8) + Self.stream[0] + Self.stream[1])
        #expect(driver.packets.count == 2)
    }

    @Test func `blank lines behind a message mean nothing`() {
        let driver = playing(behindPlay: "\r\n\n\r\n")
        driver.receive(Self.stream[0])
        #expect(driver.packets.map(\.media.damage) == [.none])
        #expect(driver.session.statistics.resynchronisations == 0)
    }

    // MARK: Channels

    @Test func `the channels of the answer count, not those that were asked for`() {
        let driver = playing(transport: "RTP/AVP/TCP;unicast;interleaved=4-5")
        driver.receive(frame(4) + report(5) + frame(0))
        #expect(driver.packets.map(\.media.kind) == [.rtp, .rtcp])
    }

    @Test(arguments: [
        "RTP/AVP/TCP;interleaved=4", "RTP/AVP/TCP; unicast ; Interleaved = 4-5 ;ssrc= d6d6627",
        "rtp/avp/tcp;interleaved=4-4",
        "RTP/AVP;unicast;interleaved=4-5,RTP/AVP;unicast;client_port=1-2",
    ])
    func `channels are read however they are written`(transport: String) {
        let driver = playing(transport: transport)
        driver.receive(frame(4) + report(5))
        #expect(driver.packets.map(\.media.kind) == [.rtp, .rtcp])
        #expect(driver.session.tracks.first?.path == .interleaved(rtp: 4, rtcp: 5))
    }

    @Test(arguments: [
        "", "RTP/AVP/TCP;unicast", "RTP/AVP/TCP;unicast;interleaved=x", "RTP/AVP/TCP;interleaved=300-301",
    ])
    func `without channels in the answer those of the request hold`(transport: String) {
        let driver = playing(transport: transport)
        driver.receive(frame(0) + report(1))
        #expect(driver.packets.map(\.media.kind) == [.rtp, .rtcp])
    }

    @Test func `a channel that was not promised is known by its payload type`() {
        let driver = playing()
        driver.receive(frame(6) + frame(6) + report(7) + frame(8, type: 97))
        #expect(
            driver.packets.map(\.media) == [
                RTSPMedia(track: 0, kind: .rtp), RTSPMedia(track: 0, kind: .rtp), RTSPMedia(track: 0, kind: .rtcp),
            ]
        )
        #expect(driver.notes == [.channelAdopted])
    }

    @Test func `a second stream on another channel is not taken for the first`() {
        let driver = playing()
        driver.receive(frame(0) + frame(6) + frame(0))
        #expect(driver.packets.count == 2)
        #expect(driver.session.statistics.rejectedFrames == 1)
    }

    @Test func `channels that are swapped, or shared, are told apart by payload types`() {
        for (video, audio) in [(UInt8(2), UInt8(0)), (0, 0)] {
            var camera = ModelCamera()
            camera.description = ModelCamera.describe(audio: true)
            camera.answer = { camera, request in
                guard video == 0 else { return nil }
                if request.method == "PLAY" { return camera.reply(request) }
                guard request.method == "SETUP" else { return nil }
                return camera.reply(request, headers: ["Transport: RTP/AVP/TCP;interleaved=0-1", "Session: 1"])
            }
            let driver = SessionDriver.playing(&camera) { $0.audioEncodings = ["MPEG4-GENERIC"] }
            for _ in 0..<3 { driver.receive(frame(video) + frame(audio, type: 97)) }
            #expect(driver.packets.map(\.media.track) == [0, 1, 0, 1, 0, 1])
        }
    }

    @Test func `a payload type that nobody announced is believed on the track's channel`() {
        let driver = playing()
        driver.receive(frame(0, type: 98) + frame(0, type: 98 | 0x80))
        #expect(driver.packets.count == 2)
    }

    @Test func `packets of a foreign type beside the announced one are left out`() {
        let driver = playing()
        driver.receive(frame(0) + frame(0, type: 50) + frame(0) + frame(0, type: 50) + frame(0))
        #expect(driver.packets.map { $0.bytes[1] } == [96, 96, 96])
    }

    @Test func `a cut packet that is sent again is marked as what it is`() {
        let driver = playing()
        driver.receive(Self.stream[0] + Self.stream[1].prefix(30) + Self.stream[1] + Self.stream[2] + Self.stream[3])
        #expect(driver.packets.map(\.media.damage) == [.none, .none, .cutPacket, .none, .none])
        #expect(driver.packets[2].bytes == Array(Self.stream[1].dropFirst(4)))
    }

    @Test func `reports on the channel of media are reports`() {
        let driver = playing()
        driver.receive(frame(0) + report(0) + frame(1))
        #expect(driver.packets.map(\.media.kind) == [.rtp, .rtcp, .rtp])
    }

    @Test func `empty frames and other versions are passed over`() {
        let driver = playing()
        driver.receive(frame(0, packet: []) + frame(0, packet: [1, 2]) + frame(0))
        #expect(driver.packets.count == 1)
        #expect(driver.session.statistics.rejectedFrames == 2)
        #expect(driver.session.statistics.resynchronisations == 0)
        driver.receive(frame(0, packet: [0x40] + [UInt8](repeating: 0, count: 20)) + frame(0))
        #expect(driver.packets.count == 2)
        #expect(driver.session.statistics.skippedBytes == 25)
    }

    // MARK: Budgets

    @Test func `a stream that is something else ends with a cause`() {
        let driver = playing()
        var turns = 0
        while driver.error == nil, turns < 1_000 {
            driver.receive([UInt8](repeating: 0x55, count: 4_096))
            turns += 1
        }
        #expect(driver.error == RTSPError(.badStream, "the camera sends bytes that are neither RTP nor RTSP"))
        #expect(turns * 4_096 <= Int(RTSPLimits.skippedBytes.burst) + 8_192)
        #expect(driver.unconsumed == 0)
    }

    @Test func `a little junk for ever ends nothing`() {
        let driver = playing()
        for second in 0..<600 {
            driver.now = Int64(second) * 1_000_000_000
            driver.receive(Array(Self.stream.joined()) + [UInt8](repeating: 0, count: 1_000))
        }
        #expect(driver.error == nil)
        #expect(driver.packets.count == 3_600)
    }

    @Test func `a flood of frames of no track ends with a cause`() {
        let driver = SessionDriver()
        driver.begin()
        driver.receive([UInt8]([[0x24, 5, 0, 0]].joined()))
        for _ in 0..<100 { driver.receive([UInt8](repeatElement([0x24, 5, 0, 0], count: 1_000).joined())) }
        #expect(driver.error?.detail == "the camera sends too many packets that belong to no track")
    }

    @Test func `packets that are nested in each other end with a cause`() {
        let driver = playing()
        driver.receive(frame(0, payload: [UInt8](repeating: 9, count: 4_000)))
        // Each header swallows the next ones, and none ends where another begins.
        var bytes = [UInt8](repeatElement(frame(0).prefix(16) + [0, 0, 0, 0], count: 100_000).joined())
        for index in stride(from: 2, to: bytes.count - 2, by: 20) { bytes[index] = 0x0E }
        for start in stride(from: 0, to: bytes.count, by: 65_536) where driver.error == nil {
            driver.receive(Array(bytes[start..<min(start + 65_536, bytes.count)]))
        }
        #expect(driver.error?.kind == .badStream)
        #expect(driver.packets.count < 2_000)
    }

    @Test func `budgets come back with time`() {
        var budget = RateBudget(RateLimit(burst: 10, perSecond: 16))
        let all = budget.spend(10, now: 0)
        // However often it is asked, sixteen come back in a second.
        let tenths = (1...10 as ClosedRange<Int64>).map { budget.spend(1, now: $0 * 100_000_000) }
        let rest = budget.spend(6, now: 1_000_000_000)
        let more = budget.spend(1, now: 1_000_000_000)
        #expect(all && rest && !more)
        #expect(tenths.allSatisfy { $0 })
    }

    @Test func `a flood of messages ends with a cause`() {
        let driver = playing()
        for _ in 0..<1_000 { driver.receive("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n") }
        #expect(driver.error?.detail == "the camera sends too many messages")
        #expect(driver.takeSent().utf8.count < 32_768)
    }

    @Test func `an announced body beyond the limit ends with a cause`() {
        let driver = SessionDriver()
        driver.begin()
        driver.receive("RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 2147483647\r\n\r\n")
        #expect(driver.error?.detail == "the camera announced a longer message than is allowed")
    }

    @Test func `what stays with the caller is bounded`() {
        let driver = playing()
        let head = Array("RTSP/1.0 200 OK\r\nContent-Length: 65536\r\n".utf8) + [UInt8](repeating: 0x61, count: 16_000)
        driver.receive(frame(0, payload: [UInt8](repeating: 1, count: 65_000)))
        #expect(driver.unconsumed <= RTSPLimits.unconsumedBytes)
        driver.receive(head + Array("\r\n\r\n".utf8) + [UInt8](repeating: 0x62, count: 65_535))
        #expect(driver.unconsumed <= RTSPLimits.unconsumedBytes)
        driver.receive([UInt8](repeating: 0x61, count: 20_000))
        #expect(driver.unconsumed <= RTSPLimits.unconsumedBytes)
    }

    /// A session with one H.264 track that plays.
    private func playing(transport: String? = nil, behindPlay: String = "") -> SessionDriver {
        var camera = ModelCamera()
        camera.answer = { camera, request in
            if request.method == "PLAY" { return camera.reply(request) + behindPlay }
            guard let transport, request.method == "SETUP" else { return nil }
            return camera.reply(request, headers: ["Transport: \(transport)", "Session: 1"])
        }
        return SessionDriver.playing(&camera)
    }
}
