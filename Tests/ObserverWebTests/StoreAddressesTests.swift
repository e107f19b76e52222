import HTTPTypes
import ObserverConfiguration
import ObserverWeb
import System
import Testing

/// The addresses under which stores are reached, and those under which people come.
@Suite struct StoreAddressesTests {
    private func address(_ text: String) throws -> SocketAddress {
        try #require(SocketAddress(numeric: text, port: 9000))
    }

    @Test func `of several addresses the present one stays while it answers, else the first that does`() throws {
        let (a, b, c) = (try address("192.0.2.1"), try address("192.0.2.2"), try address("2001:db8::1"))
        func choose(_ found: [SocketAddress], _ present: SocketAddress?, _ up: [SocketAddress]) -> SocketAddress? {
            StoreAddresses.choose(from: found, present: present) { up.contains($0) }
        }
        #expect(choose([a, b, c], nil, [b, c]) == b)
        #expect(choose([a, b, c], c, [b, c]) == c)
        #expect(choose([a, b], c, [b, c]) == b, "an address that the name has no more is left")
        #expect(choose([a, b], b, []) == b)
        #expect(choose([], b, []) == b, "a name server that is away moves no store")
        #expect(choose([], nil, []) == nil)
    }

    @Test func `an only address is not asked, and one of the link alone comes last`() throws {
        let (link, far) = (try address("fe80::1"), try address("2001:db8::1"))
        var asked = 0
        let only = StoreAddresses.choose(from: [far], present: nil) { _ in
            asked += 1
            return false
        }
        #expect(only == far && asked == 0)
        #expect(StoreAddresses.choose(from: [link, far], present: nil) { _ in true } == far)
    }

    @Test func `people who came by the public address hear nothing of it`() throws {
        let url = try #require(PublicURL("https://home.example"))
        func difference(_ scheme: String, _ host: String, origin: String? = nil) -> String? {
            let request = HTTPRequest("POST", "/", headers: [("Host", host), ("X-Forwarded-Proto", scheme)])
            return AskedAddress(request).difference(from: url, origin: origin)
        }
        #expect(difference("https", "HOME.example:443") == nil)
        #expect(difference("http", "home.example", origin: "https://home.example") == nil)
        #expect(difference("http", "10.0.0.5:8080")?.contains("http://10.0.0.5:8080") == true)
        #expect(difference("http", "home.example")?.contains("OBSERVER_TRUSTED_PROXIES") == true)
        #expect(difference("https", "home.example:8443")?.contains("OBSERVER_TRUSTED_PROXIES") == false)
    }
}
