import Crypto
import Encodings
import Glibc
import Lifecycle
import Logging
import Media
import ObserverConfiguration
import ObserverCore
import ObserverMessages
import ObserverStore
import ObserverWeb
import Postgres
import Spool
import System
import TemporaryFolders
import TestSupport
import Testing

@testable import ObserverCapture

/// Live pictures from a recorder's server, through the real nginx and the web service.
@Suite(
    .enabled(if: TestEnvironment.has(.nginx) && TestEnvironment.has(.database)),
    .serialized,
    .timeLimit(.minutes(2))
)
struct APILiveTests {
    /// A recorder's live server, and a camera that hands out a head and one frame to whoever comes.
    private final class Recorder {
        let name: String
        private let server: LiveServer
        private let folder = TemporaryFolder()
        private let stop = StopSignal()
        private let thread: DedicatedThread
        private let channel: LiveChannel

        init(_ name: String, listening place: String, camera: Int64) throws {
            self.name = name
            let environment = [
                "OBSERVER_DATABASE_URL": "postgresql://127.0.0.1/x",
                "OBSERVER_AMQP_URL": "amqp://guest:guest@127.0.0.1:9/", "OBSERVER_KEY": WebHarness.key.base64,
                "OBSERVER_SPOOL": folder.path, "OBSERVER_RECORDER": name,
                "OBSERVER_LIVE_LISTEN": place,
            ]
            let configuration = try CaptureConfiguration(environment: environment)
            let logger = Logger(label: "test", level: .error)
            let server = try LiveServer(
                configuration,
                spool: try Spool(at: folder.path),
                clock: .ofMachine(),
                logger: logger
            )
            let channel = server.channels.channel(CameraID(rawValue: camera))
            (self.server, self.channel) = (server, channel)
            thread = DedicatedThread.start(name: "live") { [stop] in server.run(until: stop) }
            channel.attach(self) {
                for token in channel.takeCall().joins {
                    let head = RunSegmenter.Head(bytes: MediaBytes(Array("[head]".utf8)), codecs: "avc1.64001f")
                    var join = LiveJoin(head: head, hasAudio: false)
                    join.present = Array("[frame]".utf8)
                    channel.tell(.joined(token, join, nil))
                }
            }
            if case .folder(let folder)? = configuration.live {
                let path = LiveListen.socket(in: folder, recorder: name)
                try #require(poll { access(path, F_OK) == 0 })
                // nginx's workers run under another user when the tests run as root.
                chmod(path, 0o666)
            }
        }

        func end(_ reason: LiveEnd = .run) { channel.tell(.ended(channel.camera, reason)) }

        func stopServer() {
            stop.stop()
            thread.join()
            folder.remove()
        }
    }

    private let harness: NginxWebHarness
    private let camera: Int64

    init() throws {
        harness = try NginxWebHarness()
        camera = try harness.web.addCamera("Gate", #", "is_active": true"#)
    }

    private func assign(to recorder: String, live: String?) throws {
        let recorders = RecorderStore(harness.web.context.database)
        let spool = SpoolID.makeRandom()
        let incarnation = try recorders.register(recorder, spool: spool, version: "1", over: nil, live: live)
        _ = try recorders.claimOrphans(for: recorder, incarnation: try #require(incarnation))
    }

    private func watch(
        _ place: String = "live.mp4",
        _ arguments: String = "-m 3",
        as role: Role? = .viewer
    ) throws -> String {
        try harness.curl("/cameras/\(camera)/\(place)", arguments, as: role)
    }

    @Test func `a viewer gets pictures from the recorder of the camera, by its socket and by its address`() throws {
        let port = try FreePort.next()
        for (live, place) in [("unix", harness.nginx.folder + "/run"), ("127.0.0.1:\(port)", "127.0.0.1:\(port)")] {
            let recorder = try Recorder("node-\(live.prefix(4))", listening: place, camera: camera)
            defer { recorder.stopServer() }
            try harness.web.context.database.execute("delete from assignments")
            try assign(to: recorder.name, live: live)
            // Ends by curl's time, since the stream does not.
            let answer = try watch("live.mp4", "-N -m 1")
            #expect(answer.contains("HTTP/1.1 200 "), "\(answer)")
            #expect(answer.contains("\nContent-Type: video/mp4; codecs=\"avc1.64001f\"\n"))
            #expect(answer.contains("\nCache-Control: no-store\n") && answer.hasSuffix("[head][frame]"))
            let head = try watch("live.mp4", "-I -m 3")
            #expect(head.contains("HTTP/1.1 200 ") && !head.contains("[head]"))
        }
        harness.end()
    }

    @Test func `without a right there is nothing, and the recorder's own place cannot be asked for`() throws {
        let recorder = try Recorder("node-a", listening: harness.nginx.folder + "/run", camera: camera)
        defer { recorder.stopServer() }
        try assign(to: recorder.name, live: "unix")
        #expect(try watch(as: nil).contains("HTTP/1.1 401 "))
        #expect(try watch("live/1.mp4", as: nil).contains("HTTP/1.1 401 "))
        #expect(try watch("live/init-1.mp4").contains("HTTP/1.1 404 "))
        #expect(try watch("live/..%2fx.mp4").contains("HTTP/1.1 404 "))
        #expect(try watch("live.mp4?x=1").contains("HTTP/1.1 422 "))
        let inside = try harness.nginx.request("\(harness.nginx.address)/internal/live/unix/node-a/\(camera)/live.mp4")
        #expect(inside.contains("HTTP/1.1 404 "))
        harness.end()
    }

    @Test func `whoever reaches the recorder's socket needs a ticket that is good`() throws {
        let recorder = try Recorder("node-a", listening: harness.nginx.folder + "/run", camera: camera)
        defer { recorder.stopServer() }
        let path = LiveListen.socket(in: harness.nginx.folder + "/run", recorder: recorder.name)
        let key = LiveTicket.Key(try SealingKey(WebHarness.key))
        let other = LiveTicket.Key(try SealingKey([UInt8](repeating: 9, count: 32)))
        let id = CameraID(rawValue: camera)
        let good = LiveTicket(camera: id, place: "live.mp4", at: .now())
        let old = LiveTicket(camera: id, place: "live.mp4", expires: Timestamp.now().milliseconds / 1000 - 1)
        #expect(try Self.ask(path, camera, good.query(signedBy: key)).hasPrefix("Status: 200 "))
        for query in [old.query(signedBy: key), good.query(signedBy: other), "", "expires=1&ticket="] {
            let answer = try Self.ask(path, camera, query)
            #expect(answer.hasPrefix("Status: 403 ") && answer.contains("application/problem+json"), "\(answer)")
        }
        harness.end()
    }

    @Test func `a camera that cannot be watched is a problem in words, at once`() throws {
        let unassigned = try watch()
        #expect(unassigned.contains("HTTP/1.1 503 ") && unassigned.contains("\nRetry-After: 2\n"), "\(unassigned)")
        try assign(to: "node-a", live: nil)
        #expect(try watch().contains("OBSERVER_LIVE_LISTEN"))
        try harness.web.context.database.execute("delete from assignments")
        try assign(to: "node-b", live: "unix")
        let away = try watch()
        #expect(away.contains("HTTP/1.1 503 ") && away.contains("cannot be reached for live pictures"), "\(away)")
        #expect(away.contains("application/problem+json") && away.contains("Retry-After"))
        let missing = try harness.curl("/cameras/999/live.mp4", "-m 3", as: .viewer)
        #expect(missing.contains("HTTP/1.1 404 "))
        #expect(try harness.curl("/cameras/\(camera)/off", "-X POST").contains("HTTP/1.1 20"))
        let off = try watch("live.m3u8")
        #expect(off.contains("HTTP/1.1 409 ") && off.contains("switched off"), "\(off)")
        harness.end()
    }

    /// Sends a request to a recorder's socket as nginx does; returns the beginning of the answer.
    private static func ask(_ path: String, _ camera: Int64, _ query: String) throws -> String {
        let address = try #require(SocketAddress(unixPath: path))
        let socket = try StreamSocket.connect(to: address, until: .now() + .seconds(2))
        func record(_ kind: UInt8, _ content: [UInt8]) -> [UInt8] {
            [1, kind, 0, 1, 0, UInt8(content.count), 0, 0] + content
        }
        func pair(_ name: String, _ value: String) -> [UInt8] {
            [UInt8(name.utf8.count), UInt8(value.utf8.count)] + Array((name + value).utf8)
        }
        let parameters =
            pair("REQUEST_METHOD", "GET") + pair("LIVE_CAMERA", "\(camera)") + pair("LIVE_PLACE", "live.mp4")
            + pair("QUERY_STRING", query)
        let request = record(1, [0, 1, 0, 0, 0, 0, 0, 0]) + record(4, parameters) + record(4, []) + record(5, [])
        try #require(send(socket.descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count)
        var poller = pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
        try #require(Glibc.poll(&poller, 1, 3000) == 1)
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = recv(socket.descriptor, &bytes, bytes.count, 0)
        return String(decoding: bytes[8..<max(count, 8)], as: UTF8.self)
    }
}
