import Crypto
import Encodings
import Media
import Testing

@testable import LibraryMedia

@Suite struct InputSchemeTests {
    @Test func `user and password are added encoded, and taken away again`() {
        var stream = LibraryStream(address: "rtsp://cam.example:554/a?b=c@d")
        stream.login = LibraryStream.Login(user: "us@er", password: Secret("p:/w ä"))
        let full = InputScheme.rtsp.authorized(stream)
        #expect(full == "rtsp://us%40er:p%3A%2Fw%20%C3%A4@cam.example:554/a?b=c@d")
        #expect(ShownAddress(full).text == stream.address)
        #expect(InputScheme.authority(full) == "cam.example:554")
    }

    @Test(arguments: [
        "file:///etc/passwd", "concat:a|b", "subfile,,start,0:x", "data:video/mp4;base64,", "/etc/passwd", "",
    ])
    func `other schemes allow nothing`(address: String) {
        #expect(InputScheme(address: address) == .other)
        var source = LibAVSource(LibraryStream(address: address), interrupt: MediaInterrupt()) { (_, _) in }
        #expect(throws: MediaError.self) { try source.open() }
    }
}
