import Testing

@testable import ObserverConfiguration

/// The address that people use.
@Suite struct PublicURLTests {
    @Test(arguments: [
        ("https://Home.Example/", "https://home.example"), ("https://home.example:443", "https://home.example"),
        ("HTTP://home.example:80/", "http://home.example"), ("http://home.example:443", "http://home.example:443"),
        ("https://[2001:DB8:0:0::1]:8443/", "https://[2001:db8::1]:8443"), ("http://[::1]", "http://[::1]"),
        ("http://192.0.2.1:8080", "http://192.0.2.1:8080"), ("http://nvr", "http://nvr"),
    ])
    func `an address is known by its origin, as browsers write it`(text: String, origin: String) throws {
        let url = try #require(PublicURL(text))
        #expect(url.origin == origin)
        #expect(PublicURL(url.origin) == url)
    }

    @Test(arguments: [
        "", "home.example", "http://", "http:///", "https://home.example/nvr", "https://home.example//", "http://a:0",
        "http://a:65536", "http://a:", "http://a:+1", "http://u@a", "http://u:p@a", "http://a?b", "http://a#b",
        "http://[::1", "http://[a]", "http://[1.2.3.4]", "http://::1", "http://-a", "http://a.", "http://ä",
        "http://a b", "http://a;b", "ws://a",
    ])
    func `everything else is no address`(text: String) {
        #expect(PublicURL(text) == nil)
    }

    @Test func `a path is refused with the reason`() throws {
        var reader = SettingsReader(["OBSERVER_PUBLIC_URL": "https://home.example/nvr"])
        #expect(reader.publicURL() == nil)
        let problem = try #require(reader.problems.first)
        #expect(problem.detail.contains("https://home.example/nvr") && problem.detail.contains("it has a path"))
        for text in ["https://home.example/", "https://home.example", "x/y", "https:///nvr"] {
            #expect(!PublicURL.hasPath(text), "\(text)")
        }
    }
}
