import Crypto
import SeededNumbers
import Testing

@testable import Media

/// Messages to and from `observer-media`, which a camera may have taken over.
@Suite struct LibraryMessageTests {
    static let video = VideoTrack(
        codec: .h265,
        width: 3840,
        height: 2160,
        framesPerSecond: 12.5,
        parameters: [1, 2, 3]
    )
    static let audio = AudioTrack(
        codec: .aac,
        sampleRate: 48_000,
        channels: 2,
        frameSamples: 1024,
        parameters: [0x11, 0x90]
    )
    static let streams = {
        var streams = StreamDescription(video: video, audio: audio, notes: ["one", "zwei ä"])
        streams.isPlaylist = true
        return streams
    }()

    static func requests() -> [LibraryRequest] {
        var stream = LibraryStream(address: "rtsps://cam.example/ä?b=c")
        stream.login = LibraryStream.Login(user: "us@er", password: Secret("p:/w"))
        stream.transport = .udp
        stream.wantsAudio = true
        stream.trust = .pinned(String(repeating: "0a", count: 32))
        stream.openLimit = .milliseconds(1500)
        stream.networks = "default,10.0.0.0/8"
        let audio = SampledAudio(.g726x4, sampleRate: 8000, channels: 1).map { [LibraryRequest.encode($0)] } ?? []
        return audio + [
            .read(stream), .read(LibraryStream(address: "")), .stills,
            .samples([1, 2], timestamp: -5, arrival: 9),
            .still(KeyFrame(codec: .mjpeg, parameters: [9], bytes: [UInt8](repeating: 7, count: 70))),
        ]
    }

    /// The messages without their lengths.
    static func bodies(_ bytes: [UInt8], limit: Int = 1 << 24) -> [[UInt8]]? {
        var splitter = MessageSplitter(limit: limit)
        var bodies: [[UInt8]] = []
        let isWhole = bytes.withUnsafeBytes { splitter.take($0) { bodies.append(Array($0)) } }
        return isWhole ? bodies : nil
    }

    static func packet(_ bytes: [UInt8], isVideo: Bool = true, _ body: (MediaPacket) -> Void) {
        bytes.withUnsafeBytes { bytes in
            var packet = MediaPacket(
                track: isVideo ? .video : .audio,
                decodeTime: nil,
                presentationTime: -5,
                duration: 3600,
                isKey: true,
                newParameters: [4, 5],
                bytes: bytes
            )
            if !isVideo { packet.newParameters = nil }
            body(packet)
        }
    }

    @Test(arguments: requests())
    func `a request arrives as it was sent`(request: LibraryRequest) throws {
        let bodies = try #require(Self.bodies(request.bytes))
        #expect(bodies.count == 1)
        #expect(bodies[0].withUnsafeBytes { LibraryRequest($0) } == request)
    }

    @Test func `a reply arrives as it was sent`() throws {
        var sent = LibraryReply.opened(Self.streams).bytes + LibraryReply.warning("line").bytes
        Self.packet([1, 2, 3]) { sent += LibraryReply.packet($0, arrival: 77).bytes + Array($0.bytes) }
        sent += LibraryReply.failed(MediaError(.unauthorized, "no", code: -5)).bytes
        sent += LibraryReply.still([8]).bytes + LibraryReply.noStill(MediaError(.badStream, "x")).bytes
        let bodies = try #require(Self.bodies(sent))
        try #require(bodies.count == 6)
        var seen = 0
        for body in bodies {
            body.withUnsafeBytes { bytes in
                switch LibraryReply(bytes) {
                case .opened(let streams): #expect(streams == Self.streams)
                case .warning(let line): #expect(line == "line")
                case .packet(let packet, let arrival):
                    #expect(arrival == 77 && packet.track == .video && packet.isKey && packet.duration == 3600)
                    #expect(packet.decodeTime == nil && packet.presentationTime == -5)
                    #expect(packet.newParameters == [4, 5] && Array(packet.bytes) == [1, 2, 3])
                case .failed(let error): #expect(error == MediaError(.unauthorized, "no", code: -5))
                case .still(let picture): #expect(picture == [8])
                case .noStill(let error): #expect(error.kind == .badStream)
                case nil: return
                }
                seen += 1
            }
        }
        #expect(seen == 6)
    }

    @Test func `messages are found however their bytes are cut`() throws {
        for seed in 0..<UInt64(200) { try cut(seed) }
    }

    private func cut(_ seed: UInt64) throws {
        var numbers = SeededGenerator(seed: seed)
        let sent = (0..<20).map { _ in
            [UInt8](
                repeating: UInt8.random(in: 0...255, using: &numbers),
                count: Int.random(in: 1...300, using: &numbers)
            )
        }
        var bytes: [UInt8] = []
        for body in sent { bytes += [0, 0, UInt8(body.count >> 8), UInt8(body.count & 0xFF)] + body }
        var splitter = MessageSplitter(limit: 300)
        var found: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(Int.random(in: 1...(seed.isMultiple(of: 2) ? 7 : 900), using: &numbers)))
            rest = rest.dropFirst(piece.count)
            #expect(piece.withUnsafeBytes { splitter.take($0) { found.append(Array($0)) } })
        }
        #expect(found == sent)
    }

    @Test func `a length beyond the limit, or none, is no message`() {
        #expect(Self.bodies([0, 0, 0, 11] + [UInt8](repeating: 0, count: 11), limit: 10) == nil)
        #expect(Self.bodies([0xFF, 0xFF, 0xFF, 0xFF], limit: 10) == nil)
        #expect(Self.bodies([0, 0, 0, 0], limit: 10) == nil)
        #expect(Self.bodies([0, 0, 0, 10], limit: 10) == [])
    }

    @Test func `damaged replies are refused or within their bounds`() {
        for seed in 0..<UInt64(2000) { damage(seed) }
    }

    private func damage(_ seed: UInt64) {
        var numbers = SeededGenerator(seed: seed)
        var bodies = Self.bodies(LibraryReply.opened(Self.streams).bytes) ?? []
        Self.packet([1, 2, 3]) {
            bodies += Self.bodies(LibraryReply.packet($0, arrival: 77).bytes + Array($0.bytes)) ?? []
        }
        bodies += Self.bodies(LibraryReply.failed(MediaError(.badStream, "what")).bytes) ?? []
        for var body in bodies {
            for _ in 0..<Int.random(in: 1...4, using: &numbers) {
                let place = Int.random(in: 0..<body.count, using: &numbers)
                switch Int.random(in: 0..<4, using: &numbers) {
                case 0: body[place] = UInt8.random(in: 0...255, using: &numbers)
                case 1: body[place] = [0, 0x7F, 0x80, 0xFF].randomElement(using: &numbers) ?? 0
                case 2: body.remove(at: place)
                default: body.insert(UInt8.random(in: 0...255, using: &numbers), at: place)
                }
                if body.isEmpty { body = [1] }
            }
            body.withUnsafeBytes { bytes in
                switch LibraryReply(bytes) {
                case .opened(let streams):
                    #expect(1...65_535 ~= streams.video.width && 1...65_535 ~= streams.video.height)
                    #expect(0...240 ~= streams.video.framesPerSecond && streams.audio?.isRecordable != false)
                case .packet(let packet, _):
                    #expect(
                        [packet.decodeTime, packet.presentationTime, packet.duration].allSatisfy {
                            $0.map { MediaPacket.bounded($0) != nil } ?? true
                        }
                    )
                    #expect(!packet.bytes.isEmpty && packet.duration >= 0)
                default: return
                }
            }
        }
    }

    @Test func `a text is one line of visible characters`() throws {
        let body = try #require(Self.bodies(LibraryReply.warning("a\nb\u{1B}[31m\u{0}c").bytes)?.first)
        guard case .warning(let line) = body.withUnsafeBytes({ LibraryReply($0) }) else {
            Issue.record("no warning")
            return
        }
        #expect(line == "a\u{FFFD}b\u{FFFD}[31m\u{FFFD}c")
    }
}
