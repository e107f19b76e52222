import Testing

@testable import RTSP

/// UDP, multicast, and the choice between transports.
@Suite struct TransportTests {
    @Test func `ports for UDP are asked for once the tracks are known`() {
        var camera = ModelCamera()
        camera.description = ModelCamera.describe(audio: true)
        let driver = SessionDriver.playing(&camera) {
            $0.transport = .udp
            $0.audioEncodings = ["MPEG4-GENERIC"]
        }
        #expect(driver.neededPorts == 2)
        #expect(driver.session.phase == .needsPorts)
        #expect(driver.session.deadline == nil)
        driver.usePorts([40_000, 40_010])
        driver.talk(to: &camera)
        #expect(driver.isPlaying)
        #expect(camera.requests[2]["transport"] == "RTP/AVP;unicast;client_port=40000-40001")
        #expect(camera.requests[3]["transport"] == "RTP/AVP;unicast;client_port=40010-40011")
        #expect(
            driver.session.tracks[1].path
                == .unicast(
                    client: UDPPorts(rtp: 40_010, rtcp: 40_011),
                    server: UDPPorts(rtp: 6_970, rtcp: 6_971),
                    source: "198.51.100.7"
                )
        )
    }

    @Test func `without ports there is no UDP`() {
        var camera = ModelCamera()
        let driver = SessionDriver.playing(&camera) { $0.transport = .udp }
        driver.usePorts([])
        #expect(driver.error?.kind == .transportRefused)
    }

    @Test func `media over UDP keeps a session that is called unknown`() {
        var camera = ModelCamera()
        let driver = SessionDriver.playing(&camera) { $0.transport = .udp }
        driver.usePorts([40_000])
        driver.talk(to: &camera)
        camera.answer = { camera, request in camera.reply(request, status: 454) }
        for second in 1...40 as ClosedRange<Int64> {
            driver.advance(to: second * 1_000_000_000)
            driver.talk(to: &camera)
            driver.session.noteMedia(now: driver.now)
        }
        #expect(driver.session.phase == .streaming)
    }

    @Test(arguments: [
        "RTP/AVP;unicast;mode=PLAY;source=127.0.0.1;client_port=1-2;server_port=40004-40005;ssrc=0", nil,
    ])
    func `a camera that refuses TCP gets UDP where that is allowed`(granted: String?) {
        var camera = ModelCamera()
        camera.answer = { camera, request in
            guard request["transport"]?.contains("TCP") == true else { return nil }
            guard let granted else { return camera.reply(request, status: 461) }
            return camera.reply(request, headers: ["Transport: \(granted)", "Session: 1"])
        }
        let driver = SessionDriver.playing(&camera) { $0.transport = .automatic }
        #expect(driver.neededPorts == 1)
        #expect(driver.notes == [.transportReplaced])
        driver.usePorts([50_000])
        driver.talk(to: &camera)
        #expect(driver.isPlaying)
        #expect(driver.session.tracks.count == 1)

        let strict = SessionDriver.playing(&camera)
        #expect(strict.error == RTSPError(.transportRefused, "the camera does not send over TCP", status: 461))
    }

    @Test func `a camera that refuses UDP is told apart`() {
        var camera = ModelCamera()
        camera.statuses = ["SETUP": 461]
        let driver = SessionDriver.playing(&camera) { $0.transport = .udp }
        driver.usePorts([50_000])
        driver.talk(to: &camera)
        #expect(driver.error?.detail == "the camera does not send over UDP")
    }

    @Test func `a group comes from the answer, or from the description`() {
        var camera = ModelCamera()
        camera.description = ModelCamera.describe() + "c=IN IP4 239.1.2.3/16\r\n"
        camera.description.replace("m=video 0", with: "m=video 5004")
        var granted = "RTP/AVP;multicast;destination=239.9.9.9;port=6000-6001;ttl=32;source=10.0.0.9"
        for expected in [
            RTSPTrack.Path.multicast(
                group: "239.9.9.9",
                ports: UDPPorts(rtp: 6_000, rtcp: 6_001),
                timeToLive: 32,
                source: "10.0.0.9"
            ),
            .multicast(group: "239.1.2.3", ports: UDPPorts(rtp: 5_004, rtcp: 5_005), timeToLive: nil, source: nil),
        ] {
            camera.answer = { [granted] camera, request in
                if request.method == "PLAY" { return camera.reply(request) }
                guard request.method == "SETUP" else { return nil }
                return camera.reply(request, headers: ["Transport: \(granted)", "Session: 1"])
            }
            let driver = SessionDriver.playing(&camera) { $0.transport = .multicast }
            #expect(driver.session.tracks.map(\.path) == [expected])
            granted = "RTP/AVP;multicast"
        }
        #expect(camera.requests.contains { $0["transport"] == "RTP/AVP;multicast" })
    }

    // MARK: Headers

    @Test func `a Transport header is read with blanks and in any order`() {
        let header = TransportHeader(
            " RTP/AVP/UDP ; ssrc = 22345685;unicast;Client_Port=54060-54061; server_port=49152"
        )
        #expect(!header.isTCP)
        #expect(header.synchronisationSource == 0x2234_5685)
        #expect(header.clientPorts == UDPPorts(rtp: 54_060, rtcp: 54_061))
        #expect(header.serverPorts == UDPPorts(rtp: 49_152, rtcp: 49_153))
        #expect(
            TransportHeader("RTP/AVP/TCP;ssrc= d6d6627;interleaved=0-1;mode=\"play\"").synchronisationSource
                == 0xD6D6627
        )
        #expect(
            TransportHeader("RTP/AVP;server_port=70000-1;port=0-0;ttl=999;source=0.0.0.0;ssrc=xyz")
                == TransportHeader("RTP/AVP")
        )
    }

    @Test(
        arguments: [
            ("url=rtsp://c/track1;seq=5;rtptime=6", 5, 6), ("url=track1;seq=1;rtptime=-1", 1, nil),
            ("url=rtsp://c/a,b/track1;seq=70000;rtptime=4294967296", nil, nil), ("seq=3", 3, nil), ("url", nil, nil),
            ("url=track1;seq=0;rtptime=0;", 0, 0), ("url=track1 ; rtptime = 9 ;ssrc=dcc4a0d8", nil, 9), ("", nil, nil),
            ("url=track9;seq=4;rtptime=4,url=rtsp://c/live/track1;seq=2;rtptime=3", 2, 3),
        ] as [(String, UInt16?, UInt32?)]
    )
    func `what PLAY says about the first packet is advice`(text: String, sequence: UInt16?, time: UInt32?) {
        var camera = ModelCamera()
        camera.answer = { camera, request in
            request.method == "PLAY" ? camera.reply(request, headers: ["RTP-Info: \(text)"]) : nil
        }
        let driver = SessionDriver.playing(&camera)
        #expect(driver.information?.count == 1)
        #expect(driver.information?[0]?.sequence == sequence)
        #expect(driver.information?[0]?.time == time)
    }
}
