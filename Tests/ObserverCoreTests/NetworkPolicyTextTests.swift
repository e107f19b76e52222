import Testing

@testable import ObserverCore

@Suite struct NetworkPolicyTextTests {
    @Test(arguments: ["default", "10.0.0.0/8", "default,127.0.0.1/32:8554,[fd00::/8]:554,fd00::1", "::/0"])
    func `a policy arrives as it was written, own servers included`(text: String) throws {
        let policy = try NetworkPolicy(parsing: text)
        #expect(NetworkPolicy(text: policy.text) == policy)
        let servers = ["10.1.2.3", "fd00::7"].compactMap { IPAddress($0) }.map {
            NetworkPolicy.Endpoint(address: $0, port: 5432)
        }
        let machine = ["192.0.2.9", "fd00::9"].compactMap { IPAddress($0) }
        let without = policy.excluding(servers, ownAddresses: machine)
        #expect(NetworkPolicy(text: without.text) == without)
        #expect(without.text.contains("!10.1.2.3:5432") && without.text.contains("!192.0.2.9"))
    }

    @Test(arguments: ["", "x", "default,", "!10.0.0.1", "10.0.0.0/99", "default,!x:1"])
    func `anything else is refused`(text: String) {
        #expect(NetworkPolicy(text: text) == nil)
    }

    @Test(arguments: ["!10.0.0.1:5432", "default,!10.0.0.1:80"])
    func `a setting names no own servers`(text: String) {
        #expect(throws: NetworkPolicyError.self) { try NetworkPolicy(parsing: text) }
    }
}
