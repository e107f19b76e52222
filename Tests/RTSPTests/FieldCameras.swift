/// The way one make of camera answers, reduced to what is peculiar about it.
///
/// Facts come from public captures of such cameras; addresses, identifiers and names are made up.
struct FieldCamera: CustomStringConvertible, Sendable {
    let description: String
    /// Header lines of the answer to DESCRIBE.
    var described: [String] = []
    /// The description, line by line.
    let lines: [String]
    /// Header lines of the answer to SETUP; `#` is the range of channels that was asked for.
    var setUp = ["Session: 12345678;timeout=60", "Transport: RTP/AVP/TCP;unicast;interleaved=#"]
    /// Header lines of the answer to PLAY.
    var played = ["Session: 12345678"]
    /// The spelling of `CSeq`.
    var sequence = "CSeq"

    /// The encoding of the video, the number of its parameter sets, and the addresses of SETUP and PLAY.
    let video: String
    let sets: Int
    let control: String
    let play: String
    /// Audio that can be recorded: encoding, payload type, and the address of SETUP; nil where there is none.
    var audio: (encoding: String, type: UInt8, control: String)?
    /// The advice of PLAY about the first video packet.
    var sequenceNumber: UInt16?
}

extension FieldCamera {
    private static let aac = "mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config="
    private static let h264 = "Z2QAM6zoAoALWQ==,aO48MA=="
    private static let h265 = "sprop-vps=QAEMAf//AWAAAAM=;sprop-sps=QgEBAWAAAAMAsA==;sprop-pps=RAHAcvAbJA=="

    static let all: [FieldCamera] =
        [
            FieldCamera(
                description: "base without a scheme, sets twice",
                described: ["Content-Base: 192.0.2.10:554/stream0/"],
                lines: [
                    "e=NONE", "a=control:*", "m=video 0 RTP/AVP 96", "a=rtpmap:96 H265/90000", "a=control:trackID=1",
                    "a=fmtp:96 packetization-mode=0;profile-space=0;\(h265);config=0000000140010c01ffff",
                    "a=x-dimensions: 1280, 720", "a=x-framerate: 5", "a=Media_header:MEDIAINFO=494D4B48;",
                ],
                video: "H265",
                sets: 3,
                control: "rtsp://192.0.2.10:554/stream0/trackID=1",
                play: "rtsp://192.0.2.10:554/stream0/"
            ),
            FieldCamera(
                description: "AAC under the number of G.711",
                lines: [
                    "a=control:*", "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", "a=control:trackID=1",
                    "a=fmtp:96 profile-level-id=4D401F;packetization-mode=0;sprop-parameter-sets=\(h264);config=0000000167",
                    "m=audio 0 RTP/AVP 0", "a=rtpmap:0 MPEG4-GENERIC/16000/2", "a=fmtp:0 config=1408",
                    "a=control:trackID=2",
                ],
                video: "H264",
                sets: 2,
                control: "rtsp://camera/live/trackID=1",
                play: "rtsp://camera/live",
                audio: ("MPEG4-GENERIC", 0, "rtsp://camera/live/trackID=2")
            ),
            FieldCamera(
                description: "media server with audio before video",
                described: ["Content-Base: rtsp://media.example/vod/mp4:clip.mov/", "Session: 1642;timeout=60"],
                lines: [
                    "a=sdplang:en", "a=range:npt=0- 596.48", "a=control:*", "m=audio 0 RTP/AVP 96",
                    "a=rtpmap:96 mpeg4-generic/12000/2", "a=fmtp:96 profile-level-id=1;\(aac)1490",
                    "a=control:trackID=1",
                    "m=video 0 RTP/AVP 97", "a=rtpmap:97 H264/90000", "a=cliprect:0,0,160,240",
                    "a=framesize:97 240-160",
                    "a=fmtp:97 packetization-mode=1;sprop-parameter-sets=\(h264)", "a=framerate:24.0",
                    "a=control:trackID=2",
                ],
                played: [
                    "RTP-Info: url=trackID=1;seq=1;rtptime=0,url=rtsp://media.example/vod/mp4:clip.mov/trackID=2;seq=2;rtptime=-1"
                ],
                video: "H264",
                sets: 2,
                control: "rtsp://media.example/vod/mp4:clip.mov/trackID=2",
                play: "rtsp://media.example/vod/mp4:clip.mov/",
                audio: ("MPEG4-GENERIC", 96, "rtsp://media.example/vod/mp4:clip.mov/trackID=1"),
                sequenceNumber: 2
            ),
            FieldCamera(
                description: "base with a query, metadata track",
                described: [
                    "x-Accept-Dynamic-Rate: 1",
                    "Content-Base: rtsp://192.0.2.11:554/cam/realmonitor?channel=1&proto=Onvif/",
                ],
                lines: [
                    "a=control:*", "a=packetization-supported:DH", "m=video 0 RTP/AVP 96", "a=control:trackID=0",
                    "a=framerate:15.000000", "a=rtpmap:96 H264/90000", "a=recvonly",
                    "a=fmtp:96 packetization-mode=1;profile-level-id=64001E;sprop-parameter-sets=Z2QAHqwsaoLA9puC,aO4xshsA",
                    "m=audio 0 RTP/AVP 97", "a=control:trackID=1", "a=rtpmap:97 MPEG4-GENERIC/48000",
                    "a=fmtp:97 \(aac)1188",
                    "a=recvonly", "m=application 0 RTP/AVP 107", "a=control:trackID=4",
                    "a=rtpmap:107 vnd.onvif.metadata/90000", "a=recvonly",
                ],
                setUp: [
                    "Session: 6342;timeout=60", "Transport: RTP/AVP/TCP;unicast;interleaved=#;ssrc=30A98EE7",
                    "x-Dynamic-Rate: 1",
                ],
                played: [
                    "Session: 6343",
                    "RTP-Info: url=trackID=0;seq=47121;rtptime=3475222385,url=trackID=1;seq=45186;rtptime=1",
                ],
                video: "H264",
                sets: 2,
                control: "rtsp://192.0.2.11:554/cam/realmonitor?channel=1&proto=Onvif/trackID=0",
                play: "rtsp://192.0.2.11:554/cam/realmonitor?channel=1&proto=Onvif/",
                audio: ("MPEG4-GENERIC", 97, "rtsp://192.0.2.11:554/cam/realmonitor?channel=1&proto=Onvif/trackID=1"),
                sequenceNumber: 47_121
            ),
            FieldCamera(
                description: "H.265 with its sets in another order, A-law",
                described: ["Content-Base: rtsp://driveway/cam/realmonitor?channel=1/"],
                lines: [
                    "a=control:*", "m=video 0 RTP/AVP 98", "a=control:trackID=0", "a=rtpmap:98 H265/90000",
                    "a=fmtp:98 profile-id=1;sprop-sps=QgEBAWAAAAMAsA==;sprop-pps=RAHA8saNA7NA;sprop-vps=QAEMAf//AWA=",
                    "m=audio 0 RTP/AVP 8", "a=control:trackID=1", "a=rtpmap:8 PCMA/8000", "a=recvonly",
                ],
                video: "H265",
                sets: 3,
                control: "rtsp://driveway/cam/realmonitor?channel=1/trackID=0",
                play: "rtsp://driveway/cam/realmonitor?channel=1/",
                audio: ("PCMA", 8, "rtsp://driveway/cam/realmonitor?channel=1/trackID=1")
            ),
            FieldCamera(
                description: "high port, audio without a map",
                described: ["Date: Wed, May 12 2021 18:56:25 GMT", "Content-Base: rtsp://192.0.2.12:65534/videoMain/"],
                lines: [
                    "i=videoMain", "a=type:broadcast", "a=control:*", "m=video 0 RTP/AVP 96", "c=IN IP4 0.0.0.0",
                    "b=AS:96",
                    "a=rtpmap:96 H264/90000", "a=range:npt=0-",
                    "a=fmtp:96 packetization-mode=1;sprop-parameter-sets=\(h264)", "a=control:track1",
                    "m=audio 0 RTP/AVP 0", "c=IN IP4 0.0.0.0", "b=AS:64", "a=control:track2",
                ],
                video: "H264",
                sets: 2,
                control: "rtsp://192.0.2.12:65534/videoMain/track1",
                play: "rtsp://192.0.2.12:65534/videoMain/",
                audio: ("PCMU", 0, "rtsp://192.0.2.12:65534/videoMain/track2")
            ),
            FieldCamera(
                description: "absolute controls, no control of the session",
                lines: [
                    "m=video 0 RTP/AVP 105", "a=control:rtsp://192.0.2.13/media/video1/video",
                    "a=rtpmap:105 H264/90000",
                    "a=fmtp:105 profile-level-id=4d4032; packetization-mode=1; sprop-parameter-sets=\(h264)",
                    "a=recvonly",
                    "m=application 0 RTP/AVP 107", "a=control:rtsp://192.0.2.13/media/video1/metadata",
                    "a=rtpmap:107 vnd.onvif.metadata/90000", "a=fmtp:107 DecoderTag=h3c-v3 RTCP=0", "a=recvonly",
                ],
                video: "H264",
                sets: 2,
                control: "rtsp://192.0.2.13/media/video1/video",
                play: "rtsp://camera/live"
            ),
        ] + more

    private static let more: [FieldCamera] =
        [
            FieldCamera(
                description: "start codes at the end of sets, two names for one number",
                described: ["Content-Base: rtsp://192.0.2.14:5050/H264?channel=1&subtype=0"],
                lines: [
                    "a=control:*", "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", "a=control:video",
                    "a=fmtp:96 packetization-mode=1;profile-level-id=5046314;sprop-parameter-sets=Z00AKpWoHgCJAAAAAQ==,aO48gAAAAAE=",
                    "m=audio 0 RTP/AVP 8", "a=control:audio", "a=rtpmap:8 PCMU/8000/1", "a=ptime:20", "a=fmtp:8 vad=no",
                ],
                setUp: [
                    "Session: 9a90de54; timeout=60",
                    "Transport: RTP/AVP/TCP;unicast;destination=192.0.2.1;source=192.0.2.14;interleaved=#",
                ],
                played: [
                    "Session: 9a90de54; timeout=120",
                    "RTP-Info: url=rtsp://192.0.2.14:5050/H264/video;seq=271;rtptime=1",
                ],
                video: "H264",
                sets: 2,
                control: "rtsp://192.0.2.14:5050/H264?channel=1&subtype=0/video",
                play: "rtsp://192.0.2.14:5050/H264?channel=1&subtype=0",
                audio: ("PCMU", 8, "rtsp://192.0.2.14:5050/H264?channel=1&subtype=0/audio"),
                sequenceNumber: 271
            ),
            FieldCamera(
                description: "the second stream of the same make",
                described: ["Content-Base: rtsp://192.0.2.14:5049/H264?channel=1&subtype=1"],
                lines: [
                    "a=control:*", "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", "a=control:video",
                    "a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z00AHpWoLQ9puAAAAAE=,aO48gAAAAAE=",
                ],
                video: "H264",
                sets: 2,
                control: "rtsp://192.0.2.14:5049/H264?channel=1&subtype=1/video",
                play: "rtsp://192.0.2.14:5049/H264?channel=1&subtype=1"
            ),
            FieldCamera(
                description: "recorder with a base that only it knows, another session for each track",
                described: ["Content-Base: rtsp://127.0.0.1:554/camera", "x-Accept-Retransmit: our-retransmit"],
                lines: [
                    "a=control:*", "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000 ", "a=framerate:0S",
                    "a=fmtp:96 profile-level-id=420029; packetization-mode=1; sprop-parameter-sets=\(h264)",
                    "a=framerate:25",
                    "a=control:trackID=3", "m=audio 0 RTP/AVP 8", "a=control:trackID=4",
                ],
                setUp: [
                    "Session: 2319#;timeout=60",
                    "Transport: RTP/AVP/TCP;unicast;mode=PLAY;source=127.0.0.1;interleaved=#;ssrc=0",
                ],
                sequence: "Cseq",
                video: "H264",
                sets: 2,
                control: "rtsp://127.0.0.1:554/camera/trackID=3",
                play: "rtsp://127.0.0.1:554/camera",
                audio: ("PCMA", 8, "rtsp://127.0.0.1:554/camera/trackID=4")
            ),
            FieldCamera(
                description: "absolute controls with queries, blanks before values",
                described: ["Content-Base: rtsp://192.0.2.15:554/Streaming/Channels/101/"],
                lines: [
                    "b=AS:5050",
                    "a=control:rtsp://192.0.2.15:554/Streaming/Channels/101/?transportmode=unicast&profile=P1",
                    "m=video 0 RTP/AVP 96", "a=recvonly", "a=x-dimensions:1920,1080",
                    "a=control:rtsp://192.0.2.15:554/Streaming/Channels/101/trackID=1?transportmode=unicast&profile=P1",
                    "a=rtpmap:96 H264/90000", "a=fmtp:96 packetization-mode=1; sprop-parameter-sets=\(h264)",
                    "m=application 0 RTP/AVP 107", "a=recvonly", "a=rtpmap:107 vnd.onvif.metadata/90000",
                ],
                setUp: [
                    "Session:        708345999;timeout=60",
                    "Transport: RTP/AVP/TCP;unicast;interleaved=#;ssrc= cacc3d1;mode=\"play\"",
                ],
                played: [
                    "Session:        708345999",
                    "RTP-Info: url=rtsp://192.0.2.15:554/Streaming/Channels/101/trackID=1?transportmode=unicast&profile=P1;seq=24104;rtptime=1",
                ],
                video: "H264",
                sets: 2,
                control: "rtsp://192.0.2.15:554/Streaming/Channels/101/trackID=1?transportmode=unicast&profile=P1",
                play: "rtsp://192.0.2.15:554/Streaming/Channels/101/?transportmode=unicast&profile=P1",
                sequenceNumber: 24_104
            ),
            FieldCamera(
                description: "sets with another reference indication",
                lines: [
                    "a=control:*", "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000 ", "a=framerate:0S",
                    "a=framerate:25",
                    "a=fmtp:96 profile-level-id=4d0020; sprop-parameter-sets=J00AII1qBQB5oQAAAwAB,KO48gA==",
                    "a=control:trackID=1",
                ],
                video: "H264",
                sets: 2,
                control: "rtsp://camera/live/trackID=1",
                play: "rtsp://camera/live"
            ),
            FieldCamera(
                description: "no origin, a profile in base64",
                lines: [
                    "a=control:*", "c=IN IP4 0.0.0.0", "m=video 0 RTP/AVP 96", "b=AS:500", "a=rtpmap:96 H264/90000",
                    "a=fmtp:96 profile-level-id=TeAo;packetization-mode=1;sprop-parameter-sets=J03gKI1oBQBboQ==,KO4BNJI=",
                    "a=control:track1",
                ],
                video: "H264",
                sets: 2,
                control: "rtsp://camera/live/track1",
                play: "rtsp://camera/live"
            ),
            FieldCamera(
                description: "no content type, an early session, sets before the profile",
                described: ["Session: l0TtlUFSR"],
                lines: [
                    "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000",
                    "a=fmtp:96 packetization-mode=1; sprop-parameter-sets=\(h264); profile-level-id=64000D",
                    "a=control:streamid=0", "m=audio 0 RTP/AVP 97", "b=AS:128", "a=rtpmap:97 MPEG4-GENERIC/48000/2",
                    "a=fmtp:97 \(aac)119056E500", "a=control:streamid=1",
                ],
                setUp: ["Transport: RTP/AVP/TCP;ssrc=22345684;interleaved=#"],
                played: ["Session: 1234567890", "RTP-Info: url=rtsp://192.0.2.16:554/0/streamid=0;seq=0;rtptime=0;"],
                video: "H264",
                sets: 2,
                control: "rtsp://camera/live/streamid=0",
                play: "rtsp://camera/live",
                audio: ("MPEG4-GENERIC", 97, "rtsp://camera/live/streamid=1"),
                sequenceNumber: 0
            ),
        ] + others

    private static let others: [FieldCamera] =
        [true, false].map { isToolFirst in
            FieldCamera(
                description: isToolFirst
                    ? "no time-out, parameters with a tail" : "the same with its lines in another order",
                described: ["Content-Base: rtsp://192.0.2.17/h264Preview_01_main/"],
                lines: (isToolFirst ? ["a=tool:x", "a=control:*"] : ["a=control:*", "a=tool:x"]) + [
                    "m=video 0 RTP/AVP 96", "b=AS:500", "a=rtpmap:96 H264/90000", "a=range:npt=0-",
                    "a=fmtp:96 packetization-mode=1;sprop-parameter-sets=\(h264)", "a=control:trackID=1",
                    "m=audio 0 RTP/AVP 97", "a=rtpmap:97 MPEG4-GENERIC/16000",
                    "a=fmtp:97 streamtype=5;\(aac)1408; profile=1;", "a=control:trackID=2",
                ],
                setUp: ["Session: F8F8E425", "Transport: RTP/AVP/TCP;unicast;destination=192.0.2.1;interleaved=#"],
                played: [
                    "Session: F8F8E425",
                    "RTP-Info: url=trackID=1;seq=16852;rtptime=1;ssrc=dcc4a0d8,url=trackID=2;seq=3;rtptime=4",
                ],
                video: "H264",
                sets: 2,
                control: "rtsp://192.0.2.17/h264Preview_01_main/trackID=1",
                play: "rtsp://192.0.2.17/h264Preview_01_main/",
                audio: ("MPEG4-GENERIC", 97, "rtsp://192.0.2.17/h264Preview_01_main/trackID=2"),
                sequenceNumber: 16_852
            )
        } + [
            FieldCamera(
                description: "a track of its own kind with letters for a number",
                lines: [
                    "o=- 14665860 31787219 1 IN IP4 192.0.2.18", "m=video 0 RTP/AVP 96", "b=AS:4096",
                    "a=control:track1",
                    "a=rtpmap:96 H265/90000", "a=fmtp:96 profile-space=0;interop-constraints=000000000000;\(h265)",
                    "m=audio 0 RTP/AVP 8", "a=rtpmap:8 PCMA/8000", "a=control:track2",
                    "m=application/TP-LINK 0 RTP/AVP smart/1/90000", "a=rtpmap:95 TP-LINK/90000", "a=control:track3",
                ],
                video: "H265",
                sets: 3,
                control: "rtsp://camera/live/track1",
                play: "rtsp://camera/live",
                audio: ("PCMA", 8, "rtsp://camera/live/track2")
            ),
            FieldCamera(
                description: "two audio tracks of one number before the video, parameters that are empty",
                lines: [
                    "a=recvonly", "a=control:*", "m=audio 0 RTP/AVP 96", "a=rtpmap:96 mpeg4-generic/48000/1",
                    "a=control:trackID=0",
                    "a=fmtp:96 streamtype=5; mode=AAC-hbr; config=1188; SizeLength=13; IndexLength=3; IndexDeltaLength=3;",
                    "m=audio 0 RTP/AVP 96", "a=rtpmap:96 opus/48000/2", "a=control:trackID=1", "a=fmtp:96",
                    "m=video 0 RTP/AVP 97", "a=recvonly", "a=control:trackID=2", "a=rtpmap:97 H264/90000",
                    "a=fmtp:97 profile-level-id=4d402a; packetization-mode=1; sprop-parameter-sets=\(h264)",
                ],
                video: "H264",
                sets: 2,
                control: "rtsp://camera/live/trackID=2",
                play: "rtsp://camera/live",
                audio: ("MPEG4-GENERIC", 96, "rtsp://camera/live/trackID=0")
            ),
            FieldCamera(
                description: "no control of the session, a tab behind the number, a line that is empty",
                lines: [
                    "e=NONE", "m=video 0 RTP/AVP 96", "b=AS:1536", "a=control:track0", "a=rtpmap:96 H264/90000",
                    "a=fmtp:96 packetization-mode=1;sprop-parameter-sets=\(h264)", "m=audio 0 RTP/AVP 8\t ", "b=AS:64",
                    "a=control:track1", "a=rtpmap:8 PCMA/8000/1", "",
                ],
                sequence: "Cseq",
                video: "H264",
                sets: 2,
                control: "rtsp://camera/live/track0",
                play: "rtsp://camera/live",
                audio: ("PCMA", 8, "rtsp://camera/live/track1")
            ),
        ]
}
