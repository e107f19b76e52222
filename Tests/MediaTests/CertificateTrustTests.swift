import Media
import Testing

@Suite struct CertificateTrustTests {
    @Test(arguments: ["any", "system", "pinned", "pinned:" + String(repeating: "0f", count: 32)])
    func `what is written is read again`(text: String) {
        #expect(CertificateTrust(text)?.text == text)
    }

    @Test(arguments: ["", "none", "pinned:", "pinned:0f", "pinned:" + String(repeating: "0F", count: 32), "Any"])
    func `anything else is nothing`(text: String) {
        #expect(CertificateTrust(text) == nil)
    }
}
