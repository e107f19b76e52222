import Encodings
import Testing

@Suite struct ShownAddressTests {
    static let secretive: [(whole: String, shown: String)] = [
        ("rtsp://viewer:S3cret@cam/1", "rtsp://cam/1"),
        (
            "rtmp://192.0.2.9/bcs/channel0_main.bcs?channel=0&stream=0&user=viewer&password=S3cret",
            "rtmp://192.0.2.9/bcs/channel0_main.bcs?channel=0&stream=0&user=viewer&password=***"
        ),
        (
            "http://192.0.2.9/videostream.cgi?loginuse=viewer&loginpas=S3cret&x=1",
            "http://192.0.2.9/videostream.cgi?loginuse=viewer&loginpas=***&x=1"
        ),
        (
            "rtsp://192.0.2.9/user=viewer_password=S3cret_channel=1_stream=0.sdp?real_stream",
            "rtsp://192.0.2.9/user=viewer_password=***_channel=1_stream=0.sdp?real_stream"
        ),
        (
            "rtsp://192.0.2.9/user=viewer_password=S3_cret_channel=1_stream=0.sdp?real_stream",
            "rtsp://192.0.2.9/user=viewer_password=***_channel=1_stream=0.sdp?real_stream"
        ),
        (
            "rtsp://ip.example/user=admin&password=S3cret&channel=1",
            "rtsp://ip.example/user=admin&password=***&channel=1"
        ),
        ("http://cam/a?PassWord=S3cret", "http://cam/a?PassWord=***"),
        ("http://cam/a?p%61ssw%6Frd=S3cret&b=2", "http://cam/a?p%61ssw%6Frd=***&b=2"),
        ("http://cam/a?user%3Dadmin%26pwd%3DS3cret", "http://cam/a?user%3Dadmin%26pwd%3D***"),
        ("http://cam/a?pwd=S3cr%26et=x&b=2", "http://cam/a?pwd=***&b=2"),
        ("http://cam/a?token=S3cret==&b=2", "http://cam/a?token=***&b=2"),
        ("http://cam/a?api_key=S3cret&X-Amz-Signature=S3cret", "http://cam/a?api_key=***&X-Amz-Signature=***"),
        ("http://cam/a;auth=S3cret/b=1", "http://cam/a;auth=***/b=1"),
        ("http://cam/a?pwd=S3cret/with?signs;in&b=2", "http://cam/a?pwd=***&b=2"),
        ("http://cam/a#secret=S3cret", "http://cam/a#secret=***"),
        ("rtsp://admin:S3cret/sommer@192.0.2.9/s1", "rtsp://192.0.2.9/s1"),
        ("rtsp://admin:S3#cret@192.0.2.9/s1", "rtsp://192.0.2.9/s1"),
        ("rtsp://a:S3@cret@192.0.2.9/s1", "rtsp://192.0.2.9/s1"),
    ]

    @Test(arguments: secretive)
    func `secrets of every spelling are hidden, and what is shown stays as it is`(whole: String, shown: String) {
        let address = ShownAddress(whole)
        #expect(address.text == shown)
        #expect(!address.text.contains("S3") && !address.text.contains("cret@"))
        #expect(ShownAddress(shown).text == shown && !ShownAddress(shown).hidesSecrets)
    }

    @Test(arguments: [
        "rtsp://cam/stream1", "rtsp://192.0.2.9:554/cam/realmonitor?channel=1&subtype=0", "", "nonsense",
        "rtsp://[2001:db8::1]:554/a", "http://cam/a?password=&b=1", "rtsp://cam/user=viewer_password=_channel=1",
        "http://192.0.2.9:80/a?user=me@example.org", "rtsp://cam/ch@main",
    ])
    func `an address without a secret is shown whole`(text: String) {
        let address = ShownAddress(text)
        #expect(address.text == text && !address.hidesSecrets && address.secrets.isEmpty)
    }

    @Test func `what was shown is filled in again from the whole`() {
        let whole = ShownAddress("http://cam/a?x=1&pwd=one&token=two")
        #expect(
            ShownAddress("http://cam/a?x=2&pwd=***&token=new").filled(from: whole)
                == "http://cam/a?x=2&pwd=one&token=new"
        )
        #expect(ShownAddress("http://cam/a?key=***").filled(from: whole) == nil)
        #expect(ShownAddress("http://cam/a?pwd=***tail").filled(from: whole) == nil)
        #expect(ShownAddress("http://cam/a?pwd=***").lacksSecrets && !whole.lacksSecrets)
        for (text, shown) in Self.secretive where ShownAddress(text).hidesSecrets {
            #expect(ShownAddress(shown).filled(from: ShownAddress(text)) == ShownAddress(text).withoutUser)
        }
    }

    @Test func `messages hide addresses, pairs and the values that are given`() {
        let line =
            "Opening 'http://u:S3cret@cam/a?pwd=S3cret' for reading; GET /x?loginpas=S3cret&b=1 failed, pwd=S3cret"
        #expect(
            ShownAddress.scrub(line)
                == "Opening 'http://cam/a?pwd=***' for reading; GET /x?loginpas=***&b=1 failed, pwd=***"
        )
        #expect(ShownAddress.scrub("404 S3cret not found", secrets: ["S3cret", "a"]) == "404 *** not found")
        #expect(ShownAddress.scrub("answers with 404 Not Found") == "answers with 404 Not Found")
        #expect(
            ShownAddress.scrub("the camera wants a password: none is set") == "the camera wants a password: none is set"
        )
    }

    @Test func `the quick look passes over nothing that is hidden`() {
        for (whole, _) in Self.secretive {
            #expect(Array(whole.utf8).withUnsafeBytes { ShownAddress.mayHide($0) }, "\(whole)")
        }
        #expect(!Array("rtsp://192.0.2.9:554/stream1".utf8).withUnsafeBytes { ShownAddress.mayHide($0) })
    }
}
