import HTTPTypes
import Logging
import Testing

@testable import ObserverWeb

/// The line in the log about proxies that are not trusted.
@Suite struct ProxyNoticeTests {
    @Test func `each proxy is named once, and no more of them than a log can bear`() {
        let log = MemoryLogSink()
        let notice = ProxyNotice(logger: Logger(label: "test", level: .info, sink: log))
        func come(_ address: String?) {
            let name: HTTPFieldName = "X-Untrusted-Proxy"
            notice.look(at: HTTPRequest("GET", "/", headers: address.map { [(name, $0)] } ?? []))
        }
        come(nil)
        come("")
        #expect(log.lines.isEmpty)
        for _ in 0..<3 { come("172.18.0.1") }
        #expect(log.lines.count == 1)
        #expect(log.lines.first?.fields[.clientAddress] == .string("172.18.0.1"))
        for number in 0..<100 { come("10.0.0.\(number)") }
        #expect(log.lines.count == 8)
    }
}
