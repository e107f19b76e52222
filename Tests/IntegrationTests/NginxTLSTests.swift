import TestSupport
import Testing

/// TLS that nginx ends itself, tried on the real nginx with the responder away.
@Suite(.enabled(if: TestEnvironment.has(.nginx)))
struct NginxTLSTests {
    @Test func `https is spoken from TLS 1.2 on, with HTTP/2, and browsers are told to stay with it`() throws {
        let nginx = try NginxHarness(hasTLS: true)
        defer { nginx.end() }
        let checked = try nginx.check()
        #expect(checked.status == 0 && !checked.output.contains("[warn]"), "\(checked.output)")
        try nginx.start()
        let answer = try nginx.request("'\(nginx.address)/'")
        #expect(answer.hasPrefix("HTTP/2 302"), "\(answer)")
        let lower = answer.lowercased()
        #expect(lower.occurrences(of: "\nstrict-transport-security: max-age=31536000\n") == 1, "\(answer)")
        #expect(try nginx.request("--http1.1 --tls-max 1.2 '\(nginx.address)/'").contains("HTTP/1.1 302 "))
        #expect(try nginx.run("curl -sk --tls-max 1.1 \(nginx.address)/; echo $?").hasSuffix("35\n"))
        // Other programs of a developer's machine speak plain HTTP.
        let local = try nginx.request("--http1.1 -H 'Host: localhost' '\(nginx.address)/'")
        #expect(local.contains("HTTP/1.1 302 ") && !local.lowercased().contains("strict-transport"), "\(local)")
    }

    @Test func `plain HTTP on the same port is led to https, and a foreign host is not`() throws {
        let nginx = try NginxHarness(hasTLS: true)
        defer { nginx.end() }
        try nginx.start()
        let plain = "http://127.0.0.1:\(nginx.port)"
        let led = try nginx.request("'\(plain)/api/v1/controller/?tag=gate'")
        #expect(led.contains("HTTP/1.1 301 "), "\(led)")
        #expect(led.contains("\nLocation: https://127.0.0.1:\(nginx.port)/api/v1/controller/?tag=gate\n"), "\(led)")
        let foreign = try nginx.request("-H 'Host: rebound.example' '\(plain)/'")
        #expect(foreign.contains("HTTP/1.1 421 ") && foreign.contains("rebound.example"), "\(foreign)")
    }

    @Test func `a renewed certificate is used without a word to nginx`() throws {
        let nginx = try NginxHarness(hasTLS: true)
        defer { nginx.end() }
        try nginx.start()
        let subject = "curl -skv --http1.1 \(nginx.address)/ 2>&1 | grep 'subject: '"
        #expect(try nginx.run(subject).contains("one.example"))
        _ = try nginx.run(NginxHarness.newPair("two.example"))
        #expect(try nginx.run(subject).contains("two.example"))
    }

    @Test(arguments: [
        ("OBSERVER_TLS_KEY=$PWD/pair.key", "OBSERVER_TLS_CERTIFICATE is not; both are needed"),
        ("OBSERVER_TLS_CERTIFICATE=$PWD/pair.pem", "OBSERVER_TLS_KEY is not; both are needed"),
        ("OBSERVER_TLS_CERTIFICATE=pair.pem OBSERVER_TLS_KEY=$PWD/pair.key", "must be a path that begins with /"),
        ("OBSERVER_TLS_CERTIFICATE=$PWD/no.pem OBSERVER_TLS_KEY=$PWD/pair.key", "there is no such file"),
        ("OBSERVER_TLS_CERTIFICATE=$PWD/temp OBSERVER_TLS_KEY=$PWD/pair.key", "cannot read it"),
        ("OBSERVER_TLS_CERTIFICATE=$PWD/pair.key OBSERVER_TLS_KEY=$PWD/pair.key", "no certificate in PEM form"),
        ("OBSERVER_TLS_CERTIFICATE=$PWD/pair.pem OBSERVER_TLS_KEY=$PWD/pair.pem", "no private key in PEM form"),
        ("OBSERVER_TLS_CERTIFICATE=$PWD/pair.pem OBSERVER_TLS_KEY=$PWD/sealed.key", "without a passphrase"),
        ("OBSERVER_TLS_CERTIFICATE=$PWD/pair.pem OBSERVER_TLS_KEY=$PWD/other.key", "is not the key of"),
    ])
    func `a pair that cannot be used is refused with words`(settings: String, words: String) throws {
        let files = """
            openssl genpkey -algorithm ed25519 -out other.key 2> /dev/null
            openssl pkey -in pair.key -aes256 -passout pass:x -out sealed.key
            """
        let make = "$(\(NginxHarness.newPair("one.example"))\n\(files))"
        do {
            _ = try NginxHarness(settings: "X=\(make)\nexport \(settings)")
            Issue.record("nothing was refused")
        } catch let error as ShellError {
            #expect(error.output.contains("render-nginx: ") && error.output.contains(words), "\(error.output)")
        }
    }
}
