import Testing

@testable import RTSP

/// Cameras that were captured in the field; every one of them plays, with and without audio.
@Suite struct FieldCameraTests {
    private static let audio = ["MPEG4-GENERIC", "OPUS", "MPA", "PCMA", "PCMU"]

    @Test func `all nineteen makes are here`() {
        #expect(FieldCamera.all.count == 19)
        #expect(Set(FieldCamera.all.map(\.description)).count == 19)
    }

    @Test(arguments: FieldCamera.all, [true, false]) func `a make of the field plays`(
        camera: FieldCamera,
        hasAudio: Bool
    ) {
        let driver = SessionDriver { $0.audioEncodings = hasAudio ? Self.audio : [] }
        driver.begin()
        let urls = talk(driver, camera)
        #expect(driver.isPlaying)
        #expect(driver.error == nil)
        #expect(driver.session.tracks.first?.format.encoding == camera.video)
        #expect(driver.session.tracks.first?.format.clockRate == 90_000)
        #expect(driver.session.tracks.first?.format.parameters.parameterSets.count == camera.sets)
        #expect(driver.information?.first??.sequence == camera.sequenceNumber)
        let expected = [camera.control] + (hasAudio ? camera.audio.map { [$0.control] } ?? [] : []) + [camera.play]
        #expect(urls == ["rtsp://camera/live", "rtsp://camera/live"] + expected)
        guard hasAudio, let audio = camera.audio else {
            #expect(driver.session.tracks.count == 1)
            return
        }
        #expect(driver.session.tracks.last?.format.encoding == audio.encoding)
        #expect(driver.session.tracks.last?.format.payloadType == audio.type)
    }

    @Test(arguments: FieldCamera.all) func `packets of a make of the field reach their tracks`(camera: FieldCamera) {
        let driver = SessionDriver { $0.audioEncodings = Self.audio }
        driver.begin()
        _ = talk(driver, camera)
        let types = driver.session.tracks.map(\.format.payloadType)
        for sequence in 0..<10 as Range<UInt16> {
            for (track, type) in types.enumerated() {
                driver.receive(frame(UInt8(track * 2), type: type, sequence: sequence))
            }
        }
        #expect(driver.packets.map(\.media.track) == (0..<10).flatMap { _ in types.indices })
    }

    @Test func `a camera that names no session is played without one`() {
        guard let camera = FieldCamera.all.first(where: { $0.setUp.count == 1 }) else { return }
        let driver = SessionDriver()
        driver.begin()
        _ = talk(driver, camera)
        #expect(driver.session.sessionID == "l0TtlUFSR")
    }

    /// Answers as the camera does; returns the addresses that it was asked for.
    private func talk(_ driver: SessionDriver, _ camera: FieldCamera) -> [String] {
        var urls: [String] = []
        while true {
            let words = driver.takeSent().split(separator: "\r\n")
            guard let line = words.first?.split(separator: " "), line.count == 3 else { return urls }
            urls.append(String(line[1]))
            let number = words.first { $0.hasPrefix("CSeq: ") }?.dropFirst(6) ?? ""
            let channels = words.first { $0.hasPrefix("Transport: ") }?.split(separator: "=").last ?? ""
            var lines = ["RTSP/1.0 200 OK", "\(camera.sequence): \(number)"]
            var body = ""
            switch line[0] {
            case "DESCRIBE":
                body =
                    (["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=x", "t=0 0"] + camera.lines).joined(separator: "\r\n")
                    + "\r\n"
                lines += camera.described + ["Content-Length: \(body.utf8.count)"]
            case "SETUP": lines += camera.setUp.map { $0.replacing("#", with: channels) }
            case "PLAY": lines += camera.played
            default: lines.append("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER")
            }
            driver.receive(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
        }
    }
}
