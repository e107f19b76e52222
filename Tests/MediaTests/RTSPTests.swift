import Testing

@testable import Media

@Suite struct RTSPTests {
    @Test func `an answer is read with its headers and body`() throws {
        let text = "RTSP/1.0 200 OK\r\nCSeq: 3\r\nContent-Length: 4\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\r\nv=0\n"
        let answer = try #require(Array(text.utf8).withUnsafeBytes { RTSPAnswer($0) })
        #expect(answer.status == 200)
        #expect(answer.header("cseq") == "3")
        #expect(answer.body == Array("v=0\n".utf8))
    }

    @Test func `a head that is no UTF-8 does not move the body`() throws {
        let head = Array("RTSP/1.0 200 OK\r\nServer: Cam".utf8) + [0xE9, 0xE8, 0xB0]
        let bytes = head + Array("\r\nContent-Length: 4\r\n\r\nv=0\n".utf8)
        let answer = try #require(bytes.withUnsafeBytes { RTSPAnswer($0) })
        #expect(answer.body == Array("v=0\n".utf8))
        #expect(answer.header("content-length") == "4")
    }

    @Test(arguments: ["HTTP/1.1 200 OK\r\n\r\n", "RTSP/1.0\r\n\r\n", "RTSP/1.0 200 OK\r\n", ""])
    func `what is no answer is refused`(text: String) {
        #expect(Array(text.utf8).withUnsafeBytes { RTSPAnswer($0) } == nil)
    }

    @Test func `Digest is computed as in RFC 2617, 3-5`() {
        var proof = RTSPAuthorization(user: "Mufasa", password: "Circle Of Life")
        let challenge = """
            Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", \
            opaque="5ccc069c403ebaf9f0171e9517f40e41"
            """
        let unasked = proof.header(method: "GET", address: "/", clientNonce: "x")
        #expect(unasked == nil)
        let isTaken = proof.take(["Basic realm=\"other\"", challenge])
        #expect(isTaken)
        let header = proof.header(method: "GET", address: "/dir/index.html", clientNonce: "0a4f113b") ?? ""
        #expect(header.contains("response=\"6629fae49393a05397450978507c4ef1\""))
        #expect(header.contains("nc=00000001"))
    }

    @Test func `Basic is used where there is nothing better`() {
        var proof = RTSPAuthorization(user: "Aladdin", password: "open sesame")
        let isBasicTaken = proof.take(["Basic realm=\"x\""])
        let header = proof.header(method: "DESCRIBE", address: "x", clientNonce: "")
        let isOtherTaken = proof.take(["Bearer x", "Digest algorithm=SHA-256, realm=\"x\", nonce=\"y\""])
        #expect(isBasicTaken && !isOtherTaken)
        #expect(header == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
    }

    static let description = """
        v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=x\r\na=control:*\r\nm=audio 0 RTP/AVP 0\r\na=control:track1\r\n\
        m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track2\r\nm=application 0 RTP/AVP 107\r\n
        """

    @Test func `the video track alone is taken from a description`() throws {
        let video = try #require(VideoDescription(Array(Self.description.utf8), base: "rtsp://a/b/"))
        #expect(video.control == "rtsp://a/b/track2")
        #expect(video.session == "rtsp://a/b/")
        #expect(
            video.text.contains("m=video") && !video.text.contains("m=audio") && !video.text.contains("application")
        )
    }

    @Test func `a description without video is refused`() {
        #expect(VideoDescription(Array("v=0\r\nm=audio 0 RTP/AVP 0\r\n".utf8), base: "rtsp://a/b") == nil)
        #expect(VideoDescription([], base: "rtsp://a/b") == nil)
    }
}
