import Testing

@testable import RTSP

/// Descriptions as cameras write them.
@Suite struct SessionDescriptionTests {
    @Test func `the first video track is found behind others`() {
        let description = read(
            """
            m=audio 0 RTP/AVP 0
            m=application 0 RTP/AVP 107
            a=rtpmap:107 vnd.onvif.metadata/90000
            m=application/TP-LINK 0 RTP/AVP smart/1/90000
            a=rtpmap:95 TP-LINK/90000
            m=video 0 RTP/AVP 96
            a=rtpmap:96 H265/90000
            a=control:v
            m=video 0 RTP/AVP 97
            a=rtpmap:97 H264/90000
            """
        )
        #expect(description.video == 4 - 1)
        #expect(description.media[3].format?.encoding == "H265")
        #expect(description.media.map(\.kind) == [.audio, .other, .other, .video, .video])
    }

    @Test(arguments: [
        "H264/90000", "h264/90000 ", "  H264/90000/1", "H264", "H264/", "H264/0", "\tH264/90000", "H264/abc",
    ])
    func `a map is read however it is written`(map: String) {
        let format = read("m=video 0 RTP/AVP 96\na=rtpmap:96 \(map)").media.first?.format
        #expect(format?.encoding == "H264")
        #expect(format?.clockRate == 90_000)
    }

    @Test func `attributes count in any order and case`() {
        let text =
            "m=video 0 RTP/AVP 96 \t\na=FMTP:96 Packetization-Mode = 1 ; PROFILE-LEVEL-ID=4d001f;;x\na=RtpMap:96 H264/90000"
        let format = read(text).media.first?.format
        #expect(format?.parameters.number("packetization-mode") == 1)
        #expect(format?.parameters["profile-level-id"] == "4d001f")
        #expect(format?.parameters["x"] == nil)
    }

    @Test(arguments: [
        ("0", "PCMU", 8_000, 1), ("8", "PCMA", 8_000, 1), ("14", "MPA", 90_000, 1), ("10", "L16", 44_100, 2),
        ("9", "G722", 8_000, 1),
    ])
    func `assigned payload types need no map`(type: String, encoding: String, rate: Int, channels: Int) {
        let format = read("m=audio 0 RTP/AVP \(type)").media.first?.format
        #expect(format?.encoding == encoding)
        #expect(format?.clockRate == rate)
        #expect(format?.channels == channels)
    }

    @Test func `a map wins over the assigned meaning`() {
        let format = read("m=audio 0 RTP/AVP 0\na=rtpmap:0 MPEG4-GENERIC/16000/2\na=fmtp:0 config=1408").media.first?
            .format
        #expect(format?.encoding == "MPEG4-GENERIC")
        #expect(format?.clockRate == 16_000)
        #expect(format?.channels == 2)
        #expect(format?.parameters.audioConfiguration == [0x14, 0x08])
    }

    @Test func `a lone format takes attributes of another number`() {
        let media = read("m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:97 packetization-mode=1").media.first
        #expect(media?.format?.parameters["packetization-mode"] == "1")
        #expect(read("m=video 0 RTP/AVP\na=rtpmap:99 H265/90000").media.first?.format?.payloadType == 99)
    }

    @Test func `protection is not taken for the media`() {
        let media = read("m=video 0 RTP/AVPF 97 96\na=rtpmap:97 rtx/90000\na=rtpmap:96 H264/90000").media.first
        #expect(media?.format?.encoding == "H264")
    }

    @Test func `parameter sets are read from all their places`() {
        let h264 = FormatParameters(
            "packetization-mode=1; sprop-parameter-sets = Z00AKpWoHgCJ+WbgICAgQAAAAAE=,aO48gAAAAAE="
        )
        #expect(h264.parameterSets.map(\.first) == [0x67, 0x68])
        #expect(h264.parameterSets[1] == [0x68, 0xEE, 0x3C, 0x80])
        let h265 = FormatParameters("sprop-pps=RAHAcvAbJA==;sprop-sps=QgEBAWAA;sprop-vps=QAEMAf//")
        #expect(h265.parameterSets.map { $0[0] >> 1 & 0x3F } == [32, 33, 34])
        let annexB = FormatParameters("config=00000001674d401f0000000168ee3c8000000106")
        #expect(annexB.parameterSets == [[0x67, 0x4D, 0x40, 0x1F], [0x68, 0xEE, 0x3C, 0x80]])
        #expect(FormatParameters("config=1408").parameterSets.isEmpty)
        let joined = FormatParameters("sprop-parameter-sets=AAAAAWdNQB8AAAABaO48gA==")
        #expect(joined.parameterSets.map(\.first) == [0x67, 0x68])
    }

    @Test(arguments: ["", ",", "!!!,aO48gA==", "=", "aA==", "A"]) func `broken parameter sets are left out`(
        text: String
    ) {
        let sets = FormatParameters("sprop-parameter-sets=\(text)").parameterSets
        #expect(sets.count <= 1)
        #expect(sets.allSatisfy { $0.count >= 2 })
    }

    @Test(
        arguments: [
            ("config=1408", [0x14, 0x08]), (" Config = 119056E500 ;", [0x11, 0x90, 0x56, 0xE5, 0]), ("config=140", nil),
            ("config=14081", [0x14, 0x08]), ("config=", nil), ("config=xy", nil), ("", nil),
        ] as [(String, [UInt8]?)]
    )
    func `the configuration of AAC is read`(text: String, bytes: [UInt8]?) {
        #expect(FormatParameters(text).audioConfiguration == bytes)
    }

    @Test func `sizes and rates are read, placeholders are not`() {
        let one = read(
            "m=video 0 RTP/AVP 96\na=framerate:0S\na=x-dimensions: 1280, 720\na=framerate:25.5\na=framerate:0"
        ).media[0]
        #expect(one.frameRate == 25.5)
        #expect(one.dimensions?.width == 1_280)
        #expect(one.dimensions?.height == 720)
        let two = read("m=video 0 RTP/AVP 96\na=x-framerate: 12\na=framesize:97 240-160\na=x-dimensions:0,99999999")
            .media[0]
        #expect(two.frameRate == 12)
        #expect(two.dimensions?.width == 240)
    }

    @Test func `audio is chosen by the order that is wanted`() {
        let text = """
            a=recvonly
            m=audio 0 RTP/AVP 96
            a=rtpmap:96 opus/48000/2
            m=audio 0 RTP/AVP 96
            a=rtpmap:96 mpeg4-generic/48000/1
            a=fmtp:96 config=1188; SizeLength=13; IndexLength=3; IndexDeltaLength=3;
            m=video 0 RTP/AVP 97
            a=rtpmap:97 H264/90000
            """
        #expect(read(text).audio(["MPEG4-GENERIC", "OPUS"]) == 1)
        #expect(read(text).audio(["opus"]) == 0)
        #expect(read(text).audio(["PCMU"]) == nil)
        #expect(read(text).audio([]) == nil)
        #expect(read(text).media[1].format?.parameters.number("sizelength") == 13)
    }

    @Test func `a back channel is no audio of the camera`() {
        let back = "m=audio 0 RTP/AVP 0\na=sendonly\n"
        let video = "m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
        #expect(read(video + back).audio(["PCMU"]) == nil)
        #expect(read(video + back + "m=audio 0 RTP/AVP 0\na=recvonly").audio(["PCMU"]) == 2)
        // Directions from the camera's side.
        #expect(read(video + "a=sendonly\n" + back).audio(["PCMU"]) == 1)
        #expect(read("a=sendonly\n" + video + "m=audio 0 RTP/AVP 0").audio(["PCMU"]) == 1)
        #expect(read("a=inactive\n" + video).video == 0)
    }

    @Test func `lines without an end, a beginning or a sense are passed over`() {
        let text =
            "v=0\r\n\r\no=VSTC 1 2 IN IP4 x\rzzz\n=\na=\na\nm=\nm=video\nm=video x RTP/AVP 96 200 -1\na=rtpmap:96 H264/90000\0a=control:t"
        let description = read(text)
        #expect(description.media.count == 3)
        #expect(description.video == 2)
        #expect(description.media[2].control == "t")
        #expect(read("").media.isEmpty)
        #expect(read("v=0").video == nil)
    }

    @Test func `tracks and formats have a limit`() {
        let types = (0..<128).map { "\($0)" }.joined(separator: " ")
        let description = read(String(repeating: "m=audio 0 RTP/AVP \(types)\n", count: 100))
        #expect(description.media.count == RTSPLimits.mediaDescriptions)
        #expect(description.media.allSatisfy { $0.formats.count <= RTSPLimits.formats })
    }

    private func read(_ text: String) -> SessionDescription {
        SessionDescription(Array(text.utf8))
    }
}
