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
}
