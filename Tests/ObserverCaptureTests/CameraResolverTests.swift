import System
import Lifecycle
import Media
import ObserverCore
import Testing

@testable import ObserverCapture

@Suite struct CameraResolverTests {
    private func addresses(of url: String, _ resolver: CameraResolver) throws(MediaError) -> [SocketAddress] {
        let rings = Monitor(0)
        let lookUp = resolver.addresses(of: url) { rings.withLock { $0 += 1 } }
        if lookUp.result == nil { _ = rings.wait(until: .now() + .seconds(10)) { $0 == 1 } }
        guard let result = lookUp.result else { throw MediaError(.dns, "nothing rang") }
        return try result.get()
    }

    private func cause(_ url: String, _ resolver: CameraResolver) -> MediaError.Kind? {
        do throws(MediaError) {
            _ = try addresses(of: url, resolver)
            return nil
        } catch {
            return error.kind
        }
    }

    @Test func `a name is judged by the address that it has`() throws {
        let strict = CameraResolver(policy: .standard)
        #expect(cause("rtsp://localhost:8554/cam", strict) == .refused)
        let open = CameraResolver(policy: try NetworkPolicy(parsing: "127.0.0.1/32:8554"))
        let found = try addresses(of: "rtsp://localhost:8554/cam", open)
        #expect(open.numbered("rtsp://localhost:8554/cam", found.first) == "rtsp://127.0.0.1:8554/cam")
        #expect(open.numbered("https://localhost:8554/cam", found.first) == "https://localhost:8554/cam")
        #expect(cause("rtsp://localhost:8555/cam", open) == .refused)
        #expect(throws: MediaError.self) { try open.mayConnect([127, 0, 0, 1], port: 8555) }
        #expect(throws: MediaError.self) { try open.mayConnect([127, 0, 0], port: 8554) }
    }

    @Test func `an own server that has a name is out of reach by its address`() throws {
        let resolver = CameraResolver(
            policy: try NetworkPolicy(parsing: "default,127.0.0.0/8"),
            ownServers: [.init(host: "localhost", port: 5432)]
        )
        let stop = StopSignal()
        let thread = DedicatedThread.start(name: "resolver") { resolver.run(until: stop) }
        let deadline = MonotonicInstant.now() + .seconds(5)
        while cause("rtsp://127.0.0.1:5432/", resolver) == nil, MonotonicInstant.now() < deadline {
            StopSignal().wait(for: .milliseconds(10))
        }
        stop.stop()
        thread.join()
        #expect(cause("rtsp://127.0.0.1:5432/", resolver) == .refused)
        #expect(throws: MediaError.self) { try resolver.mayConnect([127, 0, 0, 1], port: 5432) }
        #expect(cause("rtsp://127.0.0.1:8554/", resolver) == nil)
    }

    @Test func `nothing is opened before own servers were looked up`() throws {
        let resolver = CameraResolver(
            policy: try NetworkPolicy(parsing: "127.0.0.0/8"),
            ownServers: [.init(host: "localhost", port: 5432)]
        )
        let stop = StopSignal()
        let answer = Monitor<MediaError.Kind??>(nil)
        DedicatedThread.start(name: "camera") {
            let found = cause("rtsp://127.0.0.1:5432/", resolver)
            answer.withLock { $0 = .some(found) }
        }
        #expect(!answer.wait(until: .now() + .milliseconds(200)) { $0 != nil })
        let thread = DedicatedThread.start(name: "resolver") { resolver.run(until: stop) }
        #expect(answer.take(until: .now() + .seconds(4)) { $0 } == .some(.refused))
        stop.stop()
        thread.join()
    }

    @Test func `this machine is out of reach by all of its addresses, where no range allows it`() throws {
        let here: @Sendable () -> [IPAddress] = {
            [IPAddress("192.0.2.7"), IPAddress("2001:db8::7")].compactMap { $0 }
        }
        let standard = CameraResolver(policy: .standard, interfaces: here)
        for address in ["192.0.2.7", "[2001:db8::7]", "[::ffff:192.0.2.7]"] {
            #expect(cause("rtsp://\(address):8554/", standard) == .refused)
        }
        #expect(cause("rtsp://192.0.2.8:8554/", standard) == nil)
        let allowed = try NetworkPolicy(parsing: "default,192.0.2.7/32:8554")
        #expect(cause("rtsp://192.0.2.7:8554/", CameraResolver(policy: allowed, interfaces: here)) == nil)
        #expect(cause("rtsp://192.0.2.7:5432/", CameraResolver(policy: allowed, interfaces: here)) == .refused)
    }

    @Test func `the machine knows its own addresses`() {
        #expect(CameraResolver.machineAddresses().contains { $0.description == "127.0.0.1" })
    }
}
