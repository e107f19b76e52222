import Testing

@testable import ObserverCore

@Suite struct CameraURLTests {
    @Test func `credentials are split from the URL and decoded`() throws {
        let url = try CameraURL.parse("rtsp://viewer:p%40ss%3Aword@Cam.example:8554/stream1?profile=2")
        #expect(url.text == "rtsp://cam.example:8554/stream1?profile=2")
        #expect(url.username == "viewer")
        #expect(url.password == "p@ss:word")
        #expect(url.port == 8554)
    }

    @Test(arguments: [
        ("rtsp://192.168.1.20", 554), ("rtsps://cam/x", 322), ("http://cam/video.mjpg", 80),
        ("https://[2001:db8::1]:8443/a.m3u8", 8443), ("rtmp://cam/live", 1935), ("RTSP://cam:1/", 1),
    ])
    func `the usual addresses are read`(text: String, port: Int) throws {
        #expect(try CameraURL.parse(text).port == port)
    }

    @Test(arguments: [
        "", "cam", "/etc/passwd", "file:///etc/passwd", "concat:a|b", "subfile,,start,0,end,9,,:/etc/passwd",
        "async:file:///etc/passwd", "cache:rtsp://cam/", "data:video/mp4;base64,AA", "crypto:rtsp://cam",
        "pipe:0", "unix:///run/x.sock", "gopher://cam/", "amqp://cam/", "sftp://cam/", "tee:a", "ftp://cam/",
        "rtsp://", "rtsp:///path", "rtsp://cam:0/", "rtsp://cam:65536/", "rtsp://cam:+1/", "rtsp://cam:8x/",
        "rtsp://cam:/",
        "rtsp://a@b@c/", "rtsp://user:p%zz@cam/", "rtsp://ca m/", "rtsp://cam/a b", "rtsp://cam\\@evil/",
        "rtsp://cam/\n", "rtsp://cam/\u{0}", "rtsp://cam/ä", "rtsp://[::1", "rtsp://[cam]/", "rtsp://cam..x/",
        "rtsp://1.2.3.4.5/", "rtsp://999.1.1.1/", "rtsp://0x/", "rtsp://%31/", "rtsp,rtsp://cam/", " rtsp://cam/",
    ])
    func `what no camera has is refused before anything is opened`(text: String) {
        #expect(throws: CameraURLError.self) { try CameraURL.parse(text) }
    }

    @Test(arguments: [
        ("rtsp://admin:2024/sommer@192.0.2.9/s1", "%2F"), ("rtsp://admin:som/mer@192.0.2.9/s1", "%2F"),
        ("rtsp://admin:12#34@192.0.2.9/s1", "%23"), ("rtsp://admin:ab?cd@192.0.2.9/s1", "%3F"),
        ("rtsp://admin:a@b@192.0.2.9/s1", "%40"), ("rtsp://admin:50%off@192.0.2.9/s1", "%25"),
        ("rtsp://admin:p@ss/word@192.0.2.9/s1", "%2F"), ("rtsp://us/er:pass@192.0.2.9/s1", "%2F"),
        ("http://cam/a?pwd=12#34", "%23"),
    ])
    func `a raw character where a password may be is refused with its spelling`(text: String, spelling: String) {
        do {
            let url = try CameraURL.parse(typed: text)
            Issue.record("\(url.text) is taken")
        } catch {
            #expect(error.detail.contains(spelling), "\(error.detail)")
            for part in ["sommer", "som/mer", "34", "off", "word", "ss"] where text.contains(part) && part.count > 2 {
                #expect(!error.detail.contains("\(part)@"))
            }
        }
    }

    @Test(arguments: [
        "rtsp://admin:pa:ss@192.0.2.9/s1", "rtsp://admin:p%40ss%2Fword@192.0.2.9/s1", "rtsp://cam/ch@main",
        "rtsp://192.0.2.9:554/ch@main", "rtsp://a:b@192.0.2.9/ch@main", "rtsp://[2001:db8::1]:554/ch@main",
        "rtsp://viewer@192.0.2.9/s1", "http://192.0.2.9:80/a?user=me@example.org&pwd=x",
    ])
    func `a right character is taken`(text: String) throws {
        let url = try CameraURL.parse(typed: text)
        #expect(url.host != "admin")
    }

    @Test func `a colon in a password is one`() throws {
        #expect(try CameraURL.parse(typed: "rtsp://admin:pa:ss@192.0.2.9/s1").password == "pa:ss")
    }

    @Test(arguments: [
        "rtsp://127.0.0.1/", "rtsp://127.1/", "rtsp://2130706433/", "rtsp://0x7f000001/", "rtsp://0177.0.0.1/",
        "rtsp://0/", "rtsp://[::1]/", "rtsp://[::ffff:127.0.0.1]/", "rtsp://[::ffff:7f00:1]/",
        "rtsp://[64:ff9b::7f00:1]/",
        "http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/", "http://100.100.100.200/",
        "rtsp://localhost/", "rtsp://LOCALHOST/", "rtsp://a.localhost/", "rtsp://0.0.0.0/", "rtsp://[fe80::1]/",
        "rtsp://[::]/", "rtsp://localhost./", "http://168.63.129.16/", "http://192.0.0.192/",
        "http://[fd20:ce::254]/",
    ])
    func `addresses that are not a camera's are refused, however they are spelled`(text: String) throws {
        let url = try CameraURL.parse(text)
        #expect(throws: CameraURLError.self) { try url.check(.standard) }
    }

    @Test(arguments: [
        "rtsp://192.168.1.20/", "rtsp://10.0.0.1/", "rtsp://[fd12::1]/", "http://8.8.8.8/", "rtsp://cam.local/",
    ])
    func `private and public addresses are allowed`(text: String) throws {
        try CameraURL.parse(text).check(.standard)
    }
}

@Suite struct NetworkPolicyTests {
    private func address(_ text: String) throws -> IPAddress {
        try #require(IPAddress(text))
    }

    @Test func `a range with a port allows that port alone`() throws {
        let policy = try NetworkPolicy(parsing: "default, 127.0.0.1/32:8554")
        #expect(policy.allows(try address("127.0.0.1"), port: 8554))
        #expect(!policy.allows(try address("127.0.0.1"), port: 5432))
        #expect(!policy.allows(try address("127.0.0.2"), port: 8554))
        #expect(policy.allows(try address("192.168.1.1"), port: 554))
    }

    @Test func `without default only the ranges count`() throws {
        let policy = try NetworkPolicy(parsing: "10.1.0.0/16,[fd00::/8]:554")
        #expect(policy.allows(try address("10.1.255.1"), port: 1))
        #expect(!policy.allows(try address("10.2.0.1"), port: 1))
        #expect(policy.allows(try address("fd00::1"), port: 554))
        #expect(!policy.allows(try address("fd00::1"), port: 555))
    }

    @Test func `Observer's own servers are never allowed`() throws {
        let own = NetworkPolicy.Endpoint(address: try address("127.0.0.1"), port: 5432)
        let policy = try NetworkPolicy(parsing: "default,127.0.0.0/8").excluding([own])
        #expect(!policy.allows(try address("127.0.0.1"), port: 5432))
        #expect(policy.allows(try address("127.0.0.1"), port: 5433))
        let store = NetworkPolicy.Endpoint(address: try address("10.0.0.6"), port: 8333)
        let byDefault = NetworkPolicy.standard.excluding([store])
        #expect(
            !byDefault.allows(try address("10.0.0.6"), port: 8888),
            "a store has more ports than the one that is known"
        )
        #expect(byDefault.allows(try address("10.0.0.7"), port: 8333))
    }

    @Test(arguments: ["", "any", "10.0.0.0/33", "10.0.0.0/8:0", "10.0.0.0/8:x", "default,,nonsense"])
    func `a list that cannot be read is refused`(text: String) {
        #expect(throws: NetworkPolicyError.self) { try NetworkPolicy(parsing: text) }
    }
}
