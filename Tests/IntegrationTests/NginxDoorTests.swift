import Encodings
import Glibc
import ObserverConfiguration
import TestSupport
import Testing

/// Trust in proxies, limits, and the answers that nginx gives itself.
@Suite(.enabled(if: TestEnvironment.has(.nginx)))
struct NginxDoorTests {
    // MARK: Errors

    private static let problems: [(request: String, status: Int)] = [
        ("'HERE/nowhere'", 404), ("'HERE/api/v1'", 404), ("HERE/api/v1/cameras/", 503),
        ("HERE/api/v1/controller/healthcheck", 503),
        ("-X POST -d x HERE/api/v1/controller/camera/3/update_state", 503),
        ("-H Expect: -d @<(head -c 70000 /dev/zero | tr '\\0' a) HERE/api/v1/controller/camera/3/update_state/", 413),
        ("-H 'Host: rebound.example' HERE/api/v1/cameras/", 421), ("-H 'Host: <b>\"\\x.example' HERE/", 421),
        ("-X TRACE HERE/api/v1/cameras/", 405), ("-H 'Transfer-Encoding: wrapped' -d x HERE/api/v1/cameras/", 501),
        ("-H X:$(head -c 9000 /dev/zero | tr '\\0' a) HERE/api/v1/cameras/", 431),
        ("HERE/$(head -c 9000 /dev/zero | tr '\\0' a)", 414),
    ]

    @Test(arguments: problems)
    func `a program gets a problem document from nginx itself`(request: String, status: Int) throws {
        let nginx = try NginxHarness()
        defer { nginx.end() }
        try nginx.start()
        try expectProblem(try nginx.request(request.replacing("HERE", with: nginx.address)), status)
    }

    private func expectProblem(_ answer: String, _ status: Int) throws {
        #expect(answer.contains("HTTP/1.1 \(status) "), "\(answer)")
        #expect(answer.contains("\nContent-Type: application/problem+json\n"), "\(answer)")
        let body = answer.split(separator: "\n\n", maxSplits: 1).last.map(String.init) ?? ""
        let json = try JSONParser.parse(Array(body.utf8))
        guard case .object(let members) = json else { throw ShellError(output: answer) }
        #expect(members["status"] == .int(Int64(status)), "\(answer)")
        for header in NginxHarness.headers { #expect(answer.occurrences(of: "\n\(header)") == 1, "\(header)") }
    }

    @Test(arguments: [
        ("GARBAGE", 400), ("GET / HTTP/1.1", 400), ("GET / HTTP/9.1\\r\\nHost: localhost", 505),
        ("GET / HTTP/1.1\\r\\nHost: localhost\\r\\nHost: other", 400),
        ("GET /api/v1/cameras/ HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: x", 400),
    ])
    func `a request that cannot be read gets a problem document`(request: String, status: Int) throws {
        let nginx = try NginxHarness()
        defer { nginx.end() }
        try nginx.start()
        try expectProblem(try nginx.run("printf '\(request)\\r\\n\\r\\n' | request"), status)
    }

    @Test func `a person gets a page, and the page of a foreign host names it`() throws {
        let nginx = try NginxHarness()
        defer { nginx.end() }
        try nginx.start()
        let browser = "-H 'Accept: text/html,application/xhtml+xml,*/*;q=0.8'"
        let page = try nginx.request("\(browser) '\(nginx.address)/nowhere'")
        #expect(page.contains("HTTP/1.1 404 ") && page.contains("<h1>Not Found</h1>"), "\(page)")
        #expect(page.contains("\nContent-Type: text/html; charset=utf-8\n") && page.contains("style-src 'self'"))
        let foreign = try nginx.request("\(browser) -H 'Host: NVR.example:8443' '\(nginx.address)/x'")
        #expect(foreign.contains("The host name nvr.example is not known here."), "\(foreign)")
        #expect(foreign.contains("OBSERVER_PUBLIC_URL=http://nvr.example:8443"), "\(foreign)")
        let hostile = try nginx.request("\(browser) -H 'Host: <script>x</script>.example' '\(nginx.address)/x'")
        #expect(hostile.contains("HTTP/1.1 4") && !hostile.contains("<script>"), "\(hostile)")
        let api = try nginx.request("\(browser) '\(nginx.address)/api/v1/cameras/'")
        #expect(api.contains("application/problem+json"), "\(api)")
        let program = try nginx.request("-H 'Accept: application/json' '\(nginx.address)/api/v1/controller/'")
        #expect(program.contains("application/problem+json"), "\(program)")
    }

    @Test func `a static file knows two methods and says so`() throws {
        let nginx = try NginxHarness()
        defer { nginx.end() }
        try nginx.start()
        for method in ["POST", "DELETE", "PUT"] {
            let answer = try nginx.request("-X \(method) '\(nginx.address)/api/v1/controller/static/observer.css'")
            #expect(answer.contains("HTTP/1.1 405 ") && answer.contains("\nAllow: GET, HEAD\n"), "\(answer)")
        }
    }

    // MARK: Proxies

    @Test(arguments: [
        "10.0.0.300", "1.2.3", "0.0.0.0/0", "::/0", "10.0.0.0/33", "fd00::/129", "proxy.example", "*", "10.0.0.1;",
        "1:2:3", "2001:db8::1::2", "10.0.0.0/",
    ])
    func `a proxy that cannot be read, and everybody, is refused with words`(value: String) throws {
        do {
            _ = try NginxHarness(settings: "OBSERVER_TRUSTED_PROXIES='192.0.2.1, \(value)'")
            Issue.record("nothing was refused")
        } catch let error as ShellError {
            #expect(error.output.contains("OBSERVER_TRUSTED_PROXIES has '\(value)'"), "\(error.output)")
        }
    }

    @Test func `proxies may be written in all the usual ways, and twice`() throws {
        let list = "private, 192.0.2.7,2001:db8::1 fd00::/8,127.0.0.0/8,192.0.2.7,::1"
        let nginx = try NginxHarness(settings: "OBSERVER_TRUSTED_PROXIES='\(list)'")
        defer { nginx.end() }
        let checked = try nginx.check()
        #expect(checked.status == 0 && !checked.output.contains("[warn]"), "\(checked.output)")
    }

    @Test func `who a request is for is believed of trusted proxies alone`() throws {
        let elsewhere = "-H 'X-Forwarded-For: 203.0.113.9, 192.0.2.7'"
        for (proxies, seen) in [("", "192.0.2.7"), ("192.0.2.0/24", "203.0.113.9")] {
            let nginx = try NginxHarness(settings: "OBSERVER_TRUSTED_PROXIES=\(proxies)")
            defer { nginx.end() }
            try nginx.start()
            _ = try nginx.request("\(elsewhere) '\(nginx.address)/'")
            #expect(try nginx.log(with: "\(seen) [").contains("\(seen) ["))
        }
        let nginx = try NginxHarness(trustsLoopback: false)
        defer { nginx.end() }
        try nginx.start()
        // A name that is not known would be refused if it were listened to.
        let answer = try nginx.request("\(elsewhere) -H 'X-Forwarded-Host: rebound.example' '\(nginx.address)/'")
        #expect(answer.contains("HTTP/1.1 302 "), "\(answer)")
        let log = try nginx.log(with: "127.0.0.1 [")
        #expect(log.contains("127.0.0.1 [") && !log.contains("203.0.113.9"), "\(log)")
    }

    @Test func `a proxy that tells a host which is not ours is refused like the host itself`() throws {
        let nginx = try NginxHarness(host: "nvr.example")
        defer { nginx.end() }
        try nginx.start()
        for (host, status) in [
            ("nvr.example", 302), ("NVR.example:8443", 302), ("[::1]:80", 302), ("rebound.example", 421), ("a b", 421),
            ("nvr.example.rebound.example", 421), ("rebound.example, nvr.example", 421),
        ] {
            let answer = try nginx.request("-H 'X-Forwarded-Host: \(host)' '\(nginx.address)/'")
            #expect(answer.contains("HTTP/1.1 \(status) "), "\(host): \(answer)")
        }
    }

    @Test(arguments: [
        "https://Home.Example/", "http://home.example:80", "https://home.example:443/", "https://[2001:DB8::1]:8443",
        "http://[::1]/", "HTTP://192.0.2.1:8080", "http://nvr", "https://home.example/nvr", "https://home.example//",
        "home.example", "ftp://home.example", "http://", "http://user@home.example", "https://home.example?x",
        "http://home.example:0", "http://home.example:70000", "http://home.example:", "http://-home.example",
        "http://home example", "http://home.example.", "http://[::1", "https://home.example#x",
    ])
    func `the public address is read by one rule in the scripts and in the program`(url: String) throws {
        let repository = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        let result = try NginxHarness.shell("\(repository)/scripts/render-nginx host '\(url)'")
        let host = PublicURL(url)?.host
        #expect((result.status == 0) == (host != nil), "\(url): \(result.output)")
        if let host, !host.hasPrefix("[") { #expect(result.output == "\(host)\n") }
        if host == nil { #expect(result.output.contains("OBSERVER_PUBLIC_URL is '\(url)'"), "\(result.output)") }
    }

    // MARK: Limits

    /// Sends requests at once, each with headers of its own; the number of answers with each status.
    private func ask(_ count: Int, _ nginx: NginxHarness, _ header: (Int) -> String) throws -> [String: Int] {
        let requests = (0..<count).map { number in
            """
            url = \(nginx.address)/api/v1/controller/static/no.css
            output = /dev/null
            write-out = "%{http_code}\\n"
            header = "\(header(number))"
            """
        }
        // Too long for a command line.
        let file = try #require(fopen("\(nginx.folder)/asks", "w"))
        fputs(requests.joined(separator: "\nnext\n"), file)
        fclose(file)
        let curl = "curl -s --parallel --parallel-max 40 -K asks 2> /dev/null"
        var found: [String: Int] = [:]
        for line in try nginx.run("\(curl) | sort | uniq -c | awk '{print $2 \"=\" $1}'").split(separator: "\n") {
            let parts = line.split(separator: "=")
            if parts.count == 2, let count = Int(parts[1]) { found[String(parts[0])] = count }
        }
        return found
    }

    private func cookie(_ number: Int) -> String {
        let secret = String(repeating: "a", count: 40) + String(number + 100)
        return "Cookie: theme=dark; observer_session_8080=\(secret)"
    }

    @Test func `an office behind one address is not one person`() throws {
        let nginx = try NginxHarness(trustsLoopback: false)
        defer { nginx.end() }
        try nginx.start()
        // 14 pages of 100 cameras, opened at the same moment.
        let answers = try ask(14 * 101, nginx) { cookie($0 % 14) }
        #expect(answers == ["404": 14 * 101], "\(answers)")
    }

    @Test func `a stranger has a limit, and a made-up session is no way around one`() throws {
        let nginx = try NginxHarness(trustsLoopback: false)
        defer { nginx.end() }
        // However slow the machine is: next to nothing is given back while the test runs.
        _ = try nginx.run("sed -i 's,rate=[0-9]*r/s,rate=1r/m,; s/burst=2000/burst=400/' nginx.conf")
        try nginx.start()
        let stranger = try ask(260, nginx) { _ in "X-Nothing: 1" }
        #expect(stranger["404", default: 0] >= 201 && stranger["429", default: 0] >= 55, "\(stranger)")
        // Of no shape that a session has, so no session.
        let nonsense = try ask(20, nginx) { "Cookie: observer_session=\($0)" }
        #expect(nonsense["429", default: 0] >= 18, "\(nonsense)")
        // The address has 400 requests, of which the stranger had 201.
        let forged = try ask(150, nginx) { cookie($0) }
        #expect(forged == ["404": 150], "\(forged)")
        let more = try ask(150, nginx) { "Authorization: Bearer obs_\(String(repeating: "b", count: 40))\($0 + 1000)" }
        #expect(more["429", default: 0] >= 90, "\(more)")
    }
}
