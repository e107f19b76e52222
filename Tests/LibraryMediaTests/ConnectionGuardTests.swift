import Glibc
import TestSupport
import Testing

import Media
@testable import LibraryMedia

/// Whatever a camera or a name says, no connection is made that was not allowed.
@Suite(.timeLimit(.minutes(1)))
struct ConnectionGuardTests {
    static let forbidden = MediaError(.refused, "not there")

    /// Tries to open an address; only the ports given may be reached.
    static func open(
        _ address: String,
        allowing ports: [Int],
        transport: LibraryStream.Transport = .auto,
        audio: Bool = false
    ) -> MediaError? {
        var stream = LibraryStream(address: address)
        stream.openLimit = .seconds(5)
        stream.transport = transport
        stream.wantsAudio = audio
        var source = LibAVSource(stream, interrupt: MediaInterrupt()) { (address, port) throws(MediaError) in
            guard address == [127, 0, 0, 1], ports.contains(port) else { throw forbidden }
        }
        defer { source.close() }
        do throws(MediaError) {
            _ = try source.open()
            return nil
        } catch {
            return error
        }
    }

    static func secret() throws -> StubServer {
        try #require(StubServer { _ in nil })
    }

    @Test(arguments: ["http://127.0.0.1", "http://localhost", "rtsp://127.0.0.1", "rtmp://127.0.0.1"])
    func `an address that is not allowed is not connected to, however it is named`(prefix: String) throws {
        let secret = try Self.secret()
        #expect(Self.open("\(prefix):\(secret.port)/x", allowing: []) == Self.forbidden)
        #expect(secret.connections == 0)
    }

    @Test func `a redirect of an HTTP server is followed only to where cameras may be`() throws {
        let secret = try Self.secret()
        let port = secret.port
        let server = try #require(
            StubServer { _ in
                "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:\(port)/latest\r\nContent-Length: 0\r\n\r\n"
            }
        )
        let address = "http://127.0.0.1:\(server.port)/stream"
        #expect(Self.open(address, allowing: [server.port]) == Self.forbidden)
        #expect(server.connections > 0 && secret.connections == 0)
        #expect(Self.open(address, allowing: [server.port, port]) != Self.forbidden)
        #expect(secret.connections > 0)
    }

    @Test func `a playlist leads only to where cameras may be`() throws {
        let secret = try Self.secret()
        let list =
            "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nhttp://127.0.0.1:\(secret.port)/a.ts\n#EXT-X-ENDLIST\n"
        let server = try #require(
            StubServer { _ in
                "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.apple.mpegurl\r\n"
                    + "Content-Length: \(list.utf8.count)\r\n\r\n\(list)"
            }
        )
        #expect(Self.open("http://127.0.0.1:\(server.port)/x.m3u8", allowing: [server.port]) == Self.forbidden)
        #expect(secret.connections == 0)
    }

    @Test(arguments: [(LibraryStream.Transport.auto, false), (.tcp, false), (.udp, false), (.auto, true)])
    func `a redirect of an RTSP camera is followed only to where cameras may be`(
        transport: LibraryStream.Transport,
        audio: Bool
    ) throws {
        let secret = try Self.secret()
        let port = secret.port
        let camera = try #require(
            StubServer { StubServer.rtsp($0, "302 Moved", ["Location: rtsp://127.0.0.1:\(port)/x"]) }
        )
        let address = "rtsp://127.0.0.1:\(camera.port)/stream"
        #expect(Self.open(address, allowing: [camera.port], transport: transport, audio: audio) == Self.forbidden)
        #expect(camera.connections > 0 && secret.connections == 0)
        let followed = Self.open(address, allowing: [camera.port, port], transport: transport, audio: audio)
        #expect(followed != Self.forbidden)
        #expect(secret.connections > 0)
    }

    @Test func `a camera that sends us on to a closed port is refused, and nothing else happens`() throws {
        // Bound, so that nobody else listens there, but not listening.
        let closed = try #require(LoopbackSocket.bound(.stream))
        defer { close(closed.descriptor) }
        let camera = try #require(
            StubServer { StubServer.rtsp($0, "302 Moved", ["Location: rtsp://127.0.0.1:\(closed.port)/x"]) }
        )
        let error = Self.open("rtsp://127.0.0.1:\(camera.port)/stream", allowing: [camera.port, closed.port])
        #expect(error?.kind == .refused)
        #expect(camera.connections == 1)
    }

    @Test(arguments: [true, false])
    func `datagrams go only to where cameras may be`(isAllowed: Bool) throws {
        let target = try #require(LoopbackSocket.bound(.datagram))
        defer { close(target.descriptor) }
        let description = """
            v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n\
            a=control:track1\r\n
            """
        let camera = try #require(
            StubServer { request in
                switch request.prefix(while: { $0 != " " }) {
                case "DESCRIBE":
                    return StubServer.rtsp(request, "200 OK", ["Content-Type: application/sdp"], body: description)
                case "SETUP":
                    let line = request.split(separator: "\r\n").first { $0.hasPrefix("Transport:") } ?? ""
                    let ports = line.split(separator: "client_port=").last ?? "0-0"
                    let transport =
                        "Transport: RTP/AVP/UDP;unicast;client_port=\(ports);source=127.0.0.1;"
                        + "server_port=\(target.port)-\(target.port + 1)"
                    return StubServer.rtsp(request, "200 OK", ["Session: 1", transport])
                default:
                    return StubServer.rtsp(request, "200 OK", ["Session: 1", "Public: OPTIONS, DESCRIBE, SETUP, PLAY"])
                }
            }
        )
        var stream = LibraryStream(address: "rtsp://127.0.0.1:\(camera.port)/x")
        stream.transport = .udp
        stream.openLimit = .seconds(2)
        let ports = isAllowed ? [camera.port, target.port, target.port + 1] : [camera.port]
        var source = LibAVSource(stream, interrupt: MediaInterrupt()) { (_, port) throws(MediaError) in
            guard ports.contains(port) else { throw Self.forbidden }
        }
        defer { source.close() }
        #expect(throws: MediaError.self) { try source.open() }
        #expect(camera.requests.contains { $0.hasPrefix("PLAY") })
        var byte: UInt8 = 0
        #expect((recv(target.descriptor, &byte, 1, Int32(MSG_DONTWAIT)) >= 0) == isAllowed)
    }

    @Test func `threads without a check connect as ever`() throws {
        let server = try Self.secret()
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(file) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = UInt16(server.port).bigEndian
        let result = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        #expect(result == 0)
    }
}
