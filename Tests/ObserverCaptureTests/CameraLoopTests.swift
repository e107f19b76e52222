import Glibc
import Lifecycle
import Logging
import Media
import ObserverConfiguration
import ObserverCore
import System
import Testing

@testable import ObserverCapture

@Suite(.timeLimit(.minutes(1))) struct CameraLoopTests {
    private let bench: CaptureBench
    private let loop: CameraLoop
    private let slots = OpeningSlots()
    private let stop = StopSignal()
    private let thread: DedicatedThread

    init() throws {
        bench = try CaptureBench(cameras: try NetworkPolicy(parsing: "127.0.0.1/32"))
        let loop = try CameraLoop(name: "loop", slots: slots, logger: bench.logger)
        self.loop = loop
        thread = DedicatedThread.start(name: "loop") { [stop] in loop.run(until: stop) }
    }

    /// A port of this machine at which nobody takes connections: its queue is full and answers no more (listen(2)).
    private static func deafPort() throws -> (address: SocketAddress, files: [Int32]) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let loopback = try #require(SocketAddress(numeric: "127.0.0.1", port: 0))
        try #require(loopback.withSocketAddress { bind(listener, $0, $1) } == 0 && listen(listener, 0) == 0)
        let address = try #require(SocketAddress.local(of: listener))
        var files = [listener]
        while files.count < 17 {
            let socket = try StreamSocket(connectingTo: address)
            let isQueued = (try? socket.finishConnecting(until: .now() + .seconds(1))) != nil
            files.append(socket.release())
            if !isQueued { break }
        }
        return (address, files)
    }

    private func recorder(
        _ url: String,
        number: Int64 = 7,
        after predecessor: CameraRecorder? = nil
    ) -> CameraRecorder {
        let camera = CaptureBench.camera(url, number: number)
        let known = KnownCoverage(wantedSince: .now())
        let plan = RecorderPlan(camera: camera, epoch: 1, known: predecessor == nil ? known : nil)
        return CameraRecorder(
            plan,
            after: predecessor,
            writeQueue: predecessor?.writeQueue ?? bench.writeQueue(camera.id),
            loop: loop,
            context: bench.context
        )
    }

    private func end() {
        stop.stop()
        #expect(thread.join(until: .now() + .seconds(5)))
    }

    @Test func `a stop ends an attempt to connect that nobody answers`() throws {
        defer { end() }
        let (address, files) = try Self.deafPort()
        defer { for file in files { close(file) } }
        let recorder = recorder("rtsp://\(address)/live")
        #expect(!recorder.waitForEnd(until: .now() + .milliseconds(300)))
        let begun = MonotonicInstant.now()
        recorder.end(.off)
        #expect(recorder.waitForEnd(until: .now() + .seconds(5)))
        #expect(MonotonicInstant.now() - begun < .seconds(1))
    }

    @Test func `a camera that nobody answers for gets its cause, and keeps no other waiting`() throws {
        defer { end() }
        let (address, files) = try Self.deafPort()
        defer { for file in files { close(file) } }
        let deaf = recorder("rtsp://\(address)/live")
        let refused = recorder("rtsp://127.0.0.1:1/live", number: 8)
        #expect(bench.causes.wait(until: .now() + .seconds(3)) { $0[refused.plan.camera.id] == .refused })
        #expect(
            bench.causes.wait(until: .now() + .seconds(15)) { $0[deaf.plan.camera.id] == .unreachable },
            "\(bench.causes.withLock { $0 })"
        )
        for recorder in [deaf, refused] {
            recorder.end(.off)
            #expect(recorder.waitForEnd(until: .now() + .seconds(1)))
        }
    }

    @Test func `a camera that waits for its turn to connect is paused as well`() throws {
        defer { end() }
        // Somebody holds the only slot for an hour.
        let hour = MonotonicInstant.now() + .seconds(3600)
        while slots.acquire(for: CameraID(rawValue: Int64.random(in: 1000...1_000_000)), at: hour) {}
        let waiting = recorder("rtsp://127.0.0.1:1/live")
        #expect(!waiting.waitForEnd(until: .now() + .milliseconds(300)))
        #expect(bench.causes.withLock { $0[waiting.plan.camera.id] } != .diskFull)
        waiting.setPaused(true)
        #expect(bench.causes.wait(until: .now() + .seconds(3)) { $0[waiting.plan.camera.id] == .diskFull })
        waiting.end(.off)
        #expect(waiting.waitForEnd(until: .now() + .seconds(1)))
    }

    @Test func `a recorder begins when the one before it has ended`() throws {
        defer { end() }
        let first = recorder("rtsp://127.0.0.1:1/live")
        #expect(bench.gaps.wait(until: .now() + .seconds(3)) { !$0.isEmpty })
        let second = recorder("rtsp://127.0.0.1:1/other", after: first)
        #expect(!second.waitForEnd(until: .now() + .milliseconds(300)))
        first.end(.replaced)
        #expect(first.waitForEnd(until: .now() + .seconds(1)))
        second.end(.off)
        #expect(second.waitForEnd(until: .now() + .seconds(1)))
    }
}
