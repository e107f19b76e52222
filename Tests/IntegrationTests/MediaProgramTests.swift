import Crypto
import Glibc
import Lifecycle
import Logging
import MP4
import Media
import System
import TestSupport
import Testing

@testable import ObserverCapture

/// `observer-media` as the recorder uses it: real streams, deaths, and what it has to lose.
@Suite(.enabled(if: CameraSimulator.isPossible && MediaPrograms.isBuilt), .timeLimit(.minutes(3)))
struct MediaProgramTests {
    let simulator: CameraSimulator
    let programs: MediaPrograms

    init() throws {
        simulator = try CameraSimulator.shared.get()
        programs = try MediaPrograms()
    }

    private func stream(_ address: String, audio: Bool = false) -> LibraryStream {
        var stream = LibraryStream(address: address)
        stream.wantsAudio = audio
        return stream
    }

    private func expectWhole(_ take: CaptureStreamTests.Take, atLeast cuts: Int) throws {
        let summaries = take.summaries
        try #require(summaries.count == take.pieces.count && summaries.count > cuts)
        #expect(summaries.map(\.frames).reduce(0, +) == take.videoPackets)
        for (before, after) in zip(summaries, summaries.dropFirst()) {
            #expect(after.mediaStart90k == before.mediaStart90k + before.mediaDuration90k)
        }
    }

    // MARK: Streams

    @Test func `an RTSP camera loses no frame over six cuts`() throws {
        let source = try programs.source(stream(simulator.camera("child-a")))
        let take = programs.record(source, frames: 400)
        #expect(take.error == nil)
        try expectWhole(take, atLeast: 6)
        let counters = take.pieces.flatMap { CameraSimulator.counters(in: $0.bytes) }
        let first = try #require(counters.first)
        #expect(counters == Array(first..<first + take.videoPackets))
    }

    @Test func `a file comes out frame by frame with its audio over seven cuts, and ends`() throws {
        let take = programs.record(try programs.source(stream(simulator.file("clip.mp4"), audio: true)))
        #expect(take.error?.kind == .unreachable && take.videoPackets == 400)
        try expectWhole(take, atLeast: 6)
        #expect(take.summaries.allSatisfy { $0.hasAudio && $0.codecs.hasSuffix(",mp4a.40.2") })
    }

    @Test func `MJPEG over HTTP keeps the pace at which it comes`() throws {
        let address = try simulator.serve("http", "-an -c:v mjpeg -r 10 -f mpjpeg")
        var take = CaptureStreamTests.Take()
        let isOpen = CameraSimulator.eventually(20) {
            guard let source = try? programs.source(stream(address)) else { return false }
            take = programs.record(source, frames: 80)
            return take.error == nil
        }
        #expect(isOpen, "\(take.error.map { "\($0)" } ?? "")")
        try expectWhole(take, atLeast: 2)
        let length = take.summaries.map(\.mediaDuration90k).reduce(0, +)
        #expect(abs(length - Int64(take.videoPackets) * 9_000) < 70_000, "\(length) for \(take.videoPackets) frames")
    }

    @Test(arguments: [("404", MediaError.Kind.notFound), ("401", .unauthorized), ("503", .refused)])
    func `an error has its cause, and is no breakdown`(fault: String, kind: MediaError.Kind) throws {
        let name = "child\(fault)"
        simulator.fault(name, fault)
        let source = try programs.source(stream(simulator.camera(name)))
        for _ in 0..<4 { #expect(programs.record(source).error?.kind == kind) }
        #expect(source.quarantineEnd == nil)
    }

    // MARK: Ends

    @Test func `a process that is killed ends its own stream alone, and the camera is in quarantine after the third`()
        throws
    {
        let other = try programs.source(stream(simulator.camera("child-other")))
        defer { other.closeNow() }
        try other.openNow { RunSegmenter($0, seconds: 2) { _ in } }
        let source = try programs.source(stream(simulator.camera("child-killed")))
        for number in 1...3 {
            let take = programs.record(source) { (_, process) in
                if let process { kill(process.identifier, SIGSEGV) }
            }
            #expect(take.error?.kind == .badStream && take.error?.detail.contains("signal 11") == true)
            #expect((source.quarantineEnd != nil) == (number == 3))
            #expect(throws: Never.self) { try other.read() }
        }
        let refused = programs.record(source)
        #expect(refused.streams == nil && refused.error?.detail.contains("three times") == true)
        source.lift()
        #expect(programs.record(source, frames: 30).error == nil)
    }

    @Test func `a process takes leave of its camera when its stream is closed`() throws {
        let source = try programs.source(stream(simulator.camera("child-stopped")))
        try source.openNow { RunSegmenter($0, seconds: 2) { _ in } }
        let process = try #require(source.process)
        let begun = MonotonicInstant.now()
        source.closeNow()
        #expect(MonotonicInstant.now() - begun < .seconds(1.5))
        #expect(process.waitForEnd(until: .now() + .seconds(3)) == .exited(0))
    }

    @Test func `a process that does not leave is killed`() throws {
        let source = try programs.source(stream(simulator.camera("child-frozen")))
        try source.openNow { RunSegmenter($0, seconds: 2) { _ in } }
        let process = try #require(source.process)
        kill(process.identifier, SIGSTOP)
        source.close()
        #expect(process.waitForEnd(until: .now() + .seconds(4)) == .killed(signal: SIGKILL))
    }

    // MARK: What it has to lose

    @Test func `a process has no environment, no descriptor but its own, and few rights`() throws {
        // A descriptor that this process lets others inherit.
        let leak = dup(2)
        defer { close(leak) }
        setenv("OBSERVER_TEST_SECRET", "s3cret", 1)
        defer { unsetenv("OBSERVER_TEST_SECRET") }
        let source = try programs.source(stream(simulator.camera("child-bare")))
        defer { source.closeNow() }
        try source.openNow { RunSegmenter($0, seconds: 2) { _ in } }
        let folder = "/proc/\(try #require(source.process).identifier)"
        func lines(_ command: String) -> [String] {
            CameraSimulator.shell(command).output.split(separator: "\n").map(String.init)
        }
        #expect(lines("cat \(folder)/environ").isEmpty)
        #expect(lines("tr '\\0' ' ' < \(folder)/cmdline") == ["\(MediaProcesses.standardPath) "])
        let files = lines("for f in \(folder)/fd/*; do readlink $f; done")
        #expect(files.filter { $0 == "/dev/null" }.count == 2)
        // The recorder, the camera, and what standard error is.
        #expect(files.count == 5, "\(files)")
        let limits = lines("cat \(folder)/limits")
        #expect(limits.contains { $0.hasPrefix("Max data size") && $0.contains(" 536870912 ") })
        #expect(limits.contains { $0.hasPrefix("Max core file size        0 ") })
        #expect(limits.contains { $0.hasPrefix("Max open files            64 ") })
        #expect(lines("grep NoNewPrivs \(folder)/status") == ["NoNewPrivs:\t1"])
    }

    @Test func `an address where cameras may not be is refused in the process as well`() throws {
        let name = "child-moved"
        simulator.fault(name, "redirect", more: ", \"location\": \"rtsp://127.0.0.1:9/secret\"")
        let source = try programs.source(
            stream(simulator.camera(name)),
            networks: "127.0.0.1/32:\(simulator.rtspPort)"
        )
        let error = programs.record(source).error
        #expect(error?.kind == .refused && error?.detail.contains("OBSERVER_CAMERA_NETWORKS") == true)
    }

    @Test func `a program that is missing is an error, and no breakdown of the camera`() throws {
        let processes = try MediaProcesses("/nonexistent", logger: Logger(label: "test", level: .error))
        let stop = StopSignal()
        let thread = DedicatedThread.start(name: "processes") { processes.run(until: stop) }
        #expect { try processes.start() } throws: { ($0 as? MediaError)?.kind == .file }
        stop.stop()
        thread.join()
        #expect { try processes.start() } throws: { ($0 as? MediaError)?.kind == .stopped }
    }

    // MARK: Pictures

    private func keyFrame(_ size: String, _ codec: String) throws -> KeyFrame {
        let path = "\(simulator.folder)/still-\(UInt64.random(in: 0 ... .max))"
        defer { unlink(path) }
        let made = CameraSimulator.shell(
            "ffmpeg -loglevel error -f lavfi -i testsrc2=s=\(size) -frames:v 1 -pix_fmt yuv420p \(codec) \(path)"
        )
        try #require(made.isGood, "\(made.output)")
        let bytes = try File.contents(of: path, limit: 16 << 20)
        return KeyFrame(codec: codec.contains("265") ? .h265 : .h264, parameters: [], bytes: bytes)
    }

    @Test(arguments: [
        ("320x240", "-c:v libx264 -f h264"), ("3840x2160", "-c:v libx265 -x265-params log-level=none -f hevc"),
    ])
    func `a picture of a key frame is at most 640 pixels wide`(size: String, codec: String) throws {
        let stills = try StillsProcess(programs.processes)
        defer { stills.leave() }
        let frame = try keyFrame(size, codec)
        for _ in 0..<3 {
            let picture = try stills.picture(of: frame)
            #expect(picture.starts(with: [0xFF, 0xD8]) && picture.count < 200_000)
            let path = "\(simulator.folder)/picture-\(UInt64.random(in: 0 ... .max)).jpg"
            defer { unlink(path) }
            let file = open(path, O_CREAT | O_WRONLY, 0o600)
            _ = write(file, picture, picture.count)
            close(file)
            let width = CameraSimulator.shell("ffprobe -loglevel error -show_entries stream=width -of csv=p=0 \(path)")
            #expect(width.output == (size == "320x240" ? "320\n" : "640\n"))
        }
    }

    @Test func `a frame that needs more memory than there may be yields no picture, and the recorder goes on`() throws {
        let small = try keyFrame("320x240", "-c:v libx264 -f h264")
        let large = try keyFrame("3840x2160", "-c:v libx264 -f h264")
        let stills = try StillsProcess(programs.processes)
        defer { stills.leave() }
        #expect(throws: Never.self) { try stills.picture(of: small) }
        let limited = CameraSimulator.shell("prlimit --pid \(stills.identifier) --data=8000000:8000000")
        try #require(limited.isGood, "\(limited.output)")
        #expect(throws: MediaError.self) { try stills.picture(of: large) }
        let next = try stills.hasBrokenDown ? StillsProcess(programs.processes) : stills
        defer { next.leave() }
        #expect(throws: Never.self) { try next.picture(of: small) }
    }

    @Test func `a picture of more pixels than 8K has is refused`() throws {
        let stills = try StillsProcess(programs.processes)
        defer { stills.leave() }
        let frame = try keyFrame("9600x5400", "-c:v libx264 -preset ultrafast -f h264")
        #expect(throws: MediaError.self) { try stills.picture(of: frame) }
        #expect(!stills.hasBrokenDown)
    }

    @Test func `a frame that cannot be decoded yields no picture, and the next one does`() throws {
        let stills = try StillsProcess(programs.processes)
        defer { stills.leave() }
        var broken = try keyFrame("320x240", "-c:v libx264 -f h264")
        let good = broken
        broken.bytes = [UInt8](repeating: 0x55, count: 1000)
        #expect(throws: MediaError.self) { try stills.picture(of: broken) }
        #expect(!stills.hasBrokenDown)
        #expect(throws: Never.self) { try stills.picture(of: good) }
    }
}
