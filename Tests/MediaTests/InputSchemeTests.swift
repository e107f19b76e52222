import Testing

@testable import Media

@Suite struct InputSchemeTests {
    @Test func `user and password are added encoded, and taken away again`() {
        var options = LibAVSource.Options(address: "rtsp://cam.example:554/a?b=c@d")
        options.credentials = ("us@er", "p:/w ä")
        let full = InputScheme.rtsp.authorized(options.address, options)
        #expect(full == "rtsp://us%40er:p%3A%2Fw%20%C3%A4@cam.example:554/a?b=c@d")
        #expect(InputScheme.withoutUser(full) == options.address)
        #expect(InputScheme.authority(full) == "cam.example:554")
    }

    @Test(arguments: [
        "file:///etc/passwd", "concat:a|b", "subfile,,start,0:x", "data:video/mp4;base64,", "/etc/passwd", "",
    ])
    func `other schemes allow nothing`(address: String) {
        #expect(InputScheme(address: address) == .other)
        var source = LibAVSource(LibAVSource.Options(address: address), interrupt: MediaInterrupt())
        #expect(throws: MediaError.self) { try source.open() }
    }

    @Test func `a refused address is not opened`() {
        var options = LibAVSource.Options(address: "rtsp://127.0.0.1:9/x")
        options.admit = { _ throws(MediaError) in throw MediaError(.refused, "not here") }
        var source = LibAVSource(options, interrupt: MediaInterrupt())
        #expect { try source.open() } throws: { ($0 as? MediaError) == MediaError(.refused, "not here") }
    }
}
