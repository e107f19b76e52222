import Crypto
import Glibc
import LibraryMedia
import Lifecycle
import Logging
import MP4
import Media
import ObserverCore
import RTSP
import System
import Testing

@testable import ObserverCapture

/// Real streams through source and cutter, without a database or a broker.
@Suite(.enabled(if: CameraSimulator.isPossible), .timeLimit(.minutes(3)))
struct CaptureStreamTests {
    /// The packets of one connection, and the segments made of them.
    final class Take {
        struct Piece {
            var bytes: [UInt8]
            var initBytes: Int
            var reason: RunSegmenter.EndReason?
            var flags: Set<RunSegmenter.Flag> = []
        }

        var pieces: [Piece] = []
        var videoPackets = 0
        /// Those since the first key frame: what came before it has no segment to be in.
        var audioPackets = 0
        var streams: StreamDescription?
        var error: MediaError?

        var summaries: [FragmentedMP4.Summary] { pieces.compactMap { try? FragmentedMP4.inspect(bytes: $0.bytes) } }
    }

    let simulator: CameraSimulator

    init() throws {
        simulator = try CameraSimulator.shared.get()
    }

    /// Records until so many frames came or the stream ended; `onPacket` is told the number of each frame.
    func record(
        _ address: String,
        audio: Bool = false,
        transport: LibraryStream.Transport = .auto,
        frames: Int = .max,
        onPacket: (Int) -> Void = { _ in }
    ) -> Take {
        let take = Take()
        var stream = LibraryStream(address: address)
        stream.wantsAudio = audio
        stream.transport = transport
        var source = LibAVSource(stream, interrupt: MediaInterrupt()) { (_, _) in }
        defer { source.close() }
        do throws(MediaError) {
            let streams = try source.open()
            take.streams = streams
            let cutter = RunSegmenter(streams, seconds: 2) { Self.collect($0, take) }
            do throws(MediaError) {
                while take.videoPackets < frames {
                    let packet = try source.next()
                    try cutter.take(packet, arrival: Self.nanoseconds(CLOCK_MONOTONIC), wallClock: Self.wall())
                    guard packet.track == .video else {
                        if take.videoPackets > 0 { take.audioPackets += 1 }
                        continue
                    }
                    take.videoPackets += 1
                    onPacket(take.videoPackets)
                }
            } catch {
                take.error = error
            }
            cutter.end(.stopped)
        } catch {
            take.error = error
        }
        return take
    }

    static func collect(_ output: RunSegmenter.Output, _ take: Take) {
        switch output {
        case .began(let begin):
            let bytes = begin.initSection.withUnsafeBytes { Array($0) }
            take.pieces.append(Take.Piece(bytes: bytes, initBytes: bytes.count))
        case .fragment(let part):
            part.fragment.bytes.withUnsafeBytes { take.pieces[take.pieces.count - 1].bytes += $0 }
        case .ended(let end):
            take.pieces[take.pieces.count - 1].reason = end.reason
            take.pieces[take.pieces.count - 1].flags = end.flags
        }
    }

    static func nanoseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    static func wall() -> Int64 { nanoseconds(CLOCK_REALTIME) / 1000 }

    /// Every frame and every packet of audio is in exactly one file, the media time has no hole, and each file stands
    /// alone.
    func expectWhole(_ take: Take, atLeast cuts: Int, frames: Int) throws {
        let summaries = take.summaries
        try #require(summaries.count == take.pieces.count && summaries.count > cuts)
        #expect(summaries.map(\.frames).reduce(0, +) == frames)
        for (before, after) in zip(summaries, summaries.dropFirst()) {
            #expect(after.mediaStart90k == before.mediaStart90k + before.mediaDuration90k)
        }
        let first = take.pieces[0]
        var audioPackets = 0
        for (index, piece) in take.pieces.enumerated() {
            #expect(piece.bytes.prefix(piece.initBytes) == first.bytes.prefix(first.initBytes))
            let path = "\(simulator.folder)/piece-\(UInt64.random(in: 0 ... .max)).mp4"
            write(piece.bytes, to: path)
            let packets = CameraSimulator.packets(path)
            #expect(packets.video == summaries[index].frames)
            audioPackets += packets.audio
            unlink(path)
        }
        #expect(audioPackets == take.audioPackets)
    }

    private func write(_ bytes: [UInt8], to path: String) {
        let file = open(path, O_CREAT | O_WRONLY, 0o600)
        _ = Glibc.write(file, bytes, bytes.count)
        close(file)
    }

    @Test func `a file over HTTP comes out frame by frame, with its audio, and ends`() throws {
        let take = record(simulator.file("clip.mp4"), audio: true)
        #expect(take.error?.kind == .unreachable)
        #expect(take.videoPackets == 400)
        try expectWhole(take, atLeast: 6, frames: 400)
        #expect(take.summaries.allSatisfy { $0.hasAudio && $0.codecs.hasSuffix(",mp4a.40.2") && $0.width == 320 })
    }

    /// Cameras and proxies name segments as they like, also without an extension.
    @Test(arguments: ["list.m3u8", "bare.m3u8"]) func `HLS comes out frame by frame`(name: String) throws {
        let take = record(simulator.file(name), audio: true)
        #expect(take.videoPackets == 400)
        try expectWhole(take, atLeast: 6, frames: 400)
        #expect(take.summaries.allSatisfy { $0.codecs.hasSuffix(",mp4a.40.2") })
    }

    @Test func `of an HLS playlist with six variants one is recorded, and only that one is fetched`() throws {
        let take = record(simulator.file("master.m3u8"), audio: true, frames: 250)
        #expect(take.videoPackets == 250, "\(take.error.map { "\($0)" } ?? "")")
        try expectWhole(take, atLeast: 2, frames: 250)
        #expect(take.summaries.allSatisfy { $0.codecs.hasSuffix(",mp4a.40.2") })
        #expect(simulator.requests(for: "v1-list1.ts") == 1)
        #expect(simulator.requests(for: "v[2-6]-list[1-3].ts") == 0)
    }

    /// Records from a server that was just started, and may not listen yet.
    private func record(served address: String, frames: Int) -> Take {
        var take = Take()
        let isOpen = CameraSimulator.eventually(20) {
            take = record(address, frames: frames)
            return take.error == nil
        }
        #expect(isOpen, "\(take.error.map { "\($0)" } ?? "")")
        return take
    }

    @Test func `RTMP comes out frame by frame`() throws {
        let take = record(served: try simulator.serve("rtmp", "-c copy -f flv"), frames: 150)
        try expectWhole(take, atLeast: 1, frames: 150)
    }

    @Test func `MJPEG over HTTP is recorded frame by frame, at the pace at which it comes`() throws {
        let take = record(served: try simulator.serve("http", "-an -c:v mjpeg -r 10 -f mpjpeg"), frames: 80)
        #expect(take.streams?.video.codec == .mjpeg)
        try expectWhole(take, atLeast: 2, frames: 80)
        #expect(take.summaries.allSatisfy { $0.codecs == "mp4v.6C" })
        let length = take.summaries.map(\.mediaDuration90k).reduce(0, +)
        #expect(abs(length - 8 * 90_000) < 70_000, "\(length) is not 8 s")
    }

    @Test func `audio that MP4 cannot carry is left out with a note, and the video is recorded`() throws {
        let take = record(simulator.file("vorbis.mkv"), audio: true, frames: 250)
        #expect(take.streams?.audio == nil)
        #expect(take.streams?.notes.count == 1)
        try expectWhole(take, atLeast: 2, frames: 250)
    }

    @Test(arguments: ["tcp-a", "tcp-b"])
    func `an RTSP camera loses no frame over six cuts`(name: String) throws {
        let take = record(simulator.camera(name), transport: .tcp, frames: 400)
        #expect(take.error == nil)
        try expectWhole(take, atLeast: 6, frames: 400)
        let counters = take.pieces.flatMap { CameraSimulator.counters(in: $0.bytes) }
        let first = try #require(counters.first)
        #expect(counters == Array(first..<first + 400))
    }

    @Test(arguments: [LibraryStream.Transport.auto, .tcp])
    func `an RTSP camera that is asked for audio loses no frame in libavformat's own client`(
        transport: LibraryStream.Transport
    ) throws {
        let take = record(
            simulator.camera("sound-\(transport.rawValue)"),
            audio: true,
            transport: transport,
            frames: 250
        )
        #expect(take.error == nil)
        try expectWhole(take, atLeast: 3, frames: 250)
        let counters = take.pieces.flatMap { CameraSimulator.counters(in: $0.bytes) }
        let first = try #require(counters.first)
        #expect(counters == Array(first..<first + 250))
    }

    @Test func `a change of the frame size begins a new file`() throws {
        let name = "resized"
        let take = record(simulator.camera(name), frames: 200) { count in
            if count == 75 { simulator.fault(name, "resize", more: ", \"clip\": \"small\"") }
        }
        let summaries = take.summaries
        #expect(summaries.first?.width == 320)
        #expect(summaries.last?.width == 160)
        #expect(take.pieces.contains { $0.reason == .cut(.parameters) })
        #expect(summaries.map(\.frames).reduce(0, +) == 200)
    }

    @Test func `a jump of the camera's clock leaves the recording's time whole`() throws {
        let name = "jumps"
        let take = record(simulator.camera(name), frames: 200) { count in
            if count == 60 { simulator.fault(name, "jump", more: ", \"seconds\": 3600") }
        }
        try expectWhole(take, atLeast: 2, frames: 200)
        #expect(take.pieces.contains { $0.flags.contains(.clockJoined) })
        let length = take.summaries.map(\.mediaDuration90k).reduce(0, +)
        #expect(abs(length - 8 * 90_000) < 45_000)
    }

    @Test(arguments: [("404", MediaError.Kind.notFound), ("401", .unauthorized), ("503", .refused), ("453", .refused)])
    func `an error has its cause`(fault: String, kind: MediaError.Kind) {
        let name = "answers\(fault)"
        simulator.fault(name, fault)
        #expect(record(simulator.camera(name)).error?.kind == kind)
    }

    @Test func `a password is given when it is asked for`() {
        var stream = LibraryStream(address: simulator.camera("locked-x"))
        stream.login = LibraryStream.Login(user: "viewer", password: Secret("wrong"))
        var source = LibAVSource(stream, interrupt: MediaInterrupt()) { (_, _) in }
        #expect { try source.open() } throws: { ($0 as? MediaError)?.kind == .unauthorized }
        stream.login = LibraryStream.Login(user: "viewer", password: Secret("test-password"))
        source = LibAVSource(stream, interrupt: MediaInterrupt()) { (_, _) in }
        let opened = try? source.open()
        #expect(opened?.video.width == 320)
        source.close()
    }

    @Test func `a redirect is followed only to where cameras may be`() throws {
        simulator.fault("moved", "redirect", more: ", \"location\": \"rtsp://127.0.0.1:9/secret\"")
        let policy = try NetworkPolicy(parsing: "127.0.0.1/32:\(simulator.rtspPort)")
        let connection = CameraConnection(
            CameraConnection.Options(
                url: try #require(RTSPURL(simulator.camera("moved"))),
                transport: .automatic,
                wantsAudio: false
            ),
            resolver: CameraResolver(policy: policy),
            processes: try MediaProcesses(logger: Logger(label: "test", level: .error)),
            clock: .ofMachine(),
            loop: try CameraLoop(name: "test", slots: OpeningSlots(), logger: Logger(label: "test", level: .error)),
            logger: Logger(label: "test", level: .error)
        )
        connection.open { RunSegmenter($0, seconds: 10) { _ in } }
        let error = #expect(throws: MediaError.self) {
            let deadline = MonotonicInstant.now() + .seconds(10)
            while connection.phase == .opening, !deadline.hasPassed { try connection.turn(at: .now()) }
        }
        #expect(error?.kind == .refused && error?.detail.contains("OBSERVER_CAMERA_NETWORKS") == true)
    }

    @Test func `a silent camera is given up at the deadline, and a stop at once`() {
        simulator.fault("mute", "silent")
        var stream = LibraryStream(address: simulator.camera("mute"))
        stream.openLimit = .seconds(1)
        var source = LibAVSource(stream, interrupt: MediaInterrupt()) { (_, _) in }
        let clock = ContinuousClock()
        let limited = clock.measure {
            #expect { try source.open() } throws: { ($0 as? MediaError)?.kind == .unreachable }
        }
        #expect(limited < .seconds(5))
        let interrupt = MediaInterrupt()
        interrupt.stop()
        source = LibAVSource(stream, interrupt: interrupt) { (_, _) in }
        #expect { try source.open() } throws: { ($0 as? MediaError)?.kind == .stopped }
    }
}
