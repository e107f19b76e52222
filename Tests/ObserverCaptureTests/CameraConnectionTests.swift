import Glibc
import Lifecycle
import Logging
import Media
import ObserverCore
import RTSP
import System
import Testing

@testable import ObserverCapture

@Suite(.timeLimit(.minutes(1))) struct CameraConnectionTests {
    @Test func `a stop ends an attempt to connect that nobody answers`() throws {
        // A listener whose queue is full answers no further connection (listen(2)).
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        let loopback = try #require(SocketAddress(numeric: "127.0.0.1", port: 0))
        try #require(loopback.withSocketAddress { bind(listener, $0, $1) } == 0 && listen(listener, 0) == 0)
        let address = try #require(SocketAddress.local(of: listener))
        var waiting: [Int32] = []
        defer { for file in waiting { close(file) } }
        while waiting.count < 16 {
            let socket = try StreamSocket(connectingTo: address)
            let isQueued = (try? socket.finishConnecting(until: .now() + .milliseconds(200))) != nil
            waiting.append(socket.release())
            if !isQueued { break }
        }

        let stop = StopSignal()
        let connection = CameraConnection(
            CameraConnection.Options(
                url: try #require(RTSPURL("rtsp://\(address)/live")),
                transport: .tcp,
                wantsAudio: false
            ),
            resolver: CameraResolver(policy: try NetworkPolicy(parsing: "127.0.0.1/32")),
            stop: stop,
            logger: Logger(label: "test", level: .error)
        )
        let thread = DedicatedThread.start(name: "stopper") {
            StopSignal().wait(for: .milliseconds(300))
            stop.stop()
        }
        let begun = MonotonicInstant.now()
        let error = #expect(throws: MediaError.self) {
            try connection.open { RunSegmenter($0, seconds: 10) { _ in } }
        }
        thread.join()
        #expect(error?.kind == .stopped)
        #expect(MonotonicInstant.now() - begun < .seconds(1))
    }
}
