/// From the description to the first packets.
extension RTSPSession {
    /// Statuses after which another spelling of an address may be understood.
    private static let addressStatuses: Set<Int> = [400, 404, 451, 454, 455, 459, 460, 500]

    mutating func takeDescription(_ message: RTSPMessage, status: Int, now: Int64) {
        if (300..<400).contains(status) {
            redirect(message, status: status)
            return
        }
        guard (200..<300).contains(status) else {
            fail(.refusal(status, to: .describe))
            return
        }
        let description = SessionDescription(message.body)
        guard let video = description.video else {
            let detail = description.media.isEmpty ? "the camera describes no stream" : "the camera describes no video"
            fail(RTSPError(.noVideo, detail))
            return
        }
        self.description = description
        urls = ControlURLs(
            request: configuration.url,
            bases: [message.header("content-base"), message.header("content-location")],
            aggregate: description.control
        )
        wanted = [video] + (description.audio(configuration.audioEncodings).map { [$0] } ?? [])
        presentation = urls?.presentation.first ?? presentation
        events.append(.described(description))
        beginSetUp(now: now)
    }

    private mutating func beginSetUp(now: Int64) {
        if transport == .udp {
            phase = .needsPorts
            events.append(.needsPorts(wanted.count))
        } else {
            setUpTrack(0, now: now)
        }
    }

    /// Asks for a track, or for the media when there is no further one.
    mutating func setUpTrack(_ index: Int, now: Int64) {
        guard let description, let urls, index < wanted.count else {
            play(now: now)
            return
        }
        phase = .settingUp
        candidates = urls.track(description.media[wanted[index]].control)
        candidate = 0
        firstRefusal = nil
        perform(.setUp(index), now: now)
    }

    mutating func takeSetUp(_ message: RTSPMessage, status: Int, track: Int, now: Int64) {
        if (300..<400).contains(status) {
            redirect(message, status: status)
        } else if (200..<300).contains(status) {
            acceptTrack(message, track: track, now: now)
        } else if status == 461 {
            refuseTransport(track: track, now: now)
        } else if status == 454, sessionID == nil, let other = otherSessionID {
            sessionID = other
            perform(.setUp(track), now: now)
        } else if Self.addressStatuses.contains(status), candidate + 1 < candidates.count {
            if firstRefusal == nil { firstRefusal = .refusal(status, to: .setUp) }
            candidate += 1
            perform(.setUp(track), now: now)
        } else if track > 0 {
            skipAudio(now: now)
        } else {
            fail(firstRefusal ?? .refusal(status, to: .setUp))
        }
    }

    /// Goes on without audio, which never stops video.
    mutating func skipAudio(now: Int64) {
        note(.audioRefused)
        play(now: now)
    }

    private mutating func refuseTransport(track: Int, now: Int64) {
        if track > 0 {
            skipAudio(now: now)
        } else if configuration.transport == .automatic, transport == .tcp {
            note(.transportReplaced)
            transport = .udp
            sessionID = nil
            reader.removeTracks()
            beginSetUp(now: now)
        } else {
            let name = transport == .tcp ? "TCP" : transport == .udp ? "UDP" : "multicast"
            fail(RTSPError(.transportRefused, "the camera does not send over \(name)", status: 461))
        }
    }

    private mutating func acceptTrack(_ message: RTSPMessage, track: Int, now: Int64) {
        guard let media = description?.media[wanted[track]], let format = media.format else { return }
        let transport = TransportHeader(message.header("transport") ?? "")
        guard let path = path(transport, media: media, track: track) else {
            refuseTransport(track: track, now: now)
            return
        }
        if candidate > 0 {
            note(.controlReplaced)
            let isRequested = RTSPURL(candidates[candidate])?.authority == configuration.url.authority
            urls?.prefersRequestedHost = isRequested && RTSPURL(candidates[0])?.authority != configuration.url.authority
        }
        takeSession(message)
        tracks.append(
            RTSPTrack(
                media: media,
                format: format,
                path: path,
                synchronisationSource: transport.synchronisationSource
            )
        )
        var channels: Channels?
        if case .interleaved(let rtp, let rtcp) = path { channels = Channels(rtp: rtp, rtcp: rtcp) }
        reader.addTrack(payloadTypes: PayloadTypeSet(media.formats.map(\.payloadType)), channels: channels)
        setUpTrack(track + 1, now: now)
    }

    /// The way that an answer to SETUP grants; nil if it is another one than can be used.
    private func path(_ header: TransportHeader, media: MediaDescription, track: Int) -> RTSPTrack.Path? {
        let first = UInt8(truncatingIfNeeded: track * 2)
        let asked = Channels(rtp: first, rtcp: first + 1)
        switch transport {
        case .tcp, .automatic:
            // Ports instead of channels: granted is UDP, whatever was asked for.
            if !header.isTCP, header.interleaved == nil, header.serverPorts != nil || header.isMulticast { return nil }
            let channels = header.interleaved ?? asked
            return .interleaved(rtp: channels.rtp, rtcp: channels.rtcp)
        case .udp:
            if let channels = header.interleaved { return .interleaved(rtp: channels.rtp, rtcp: channels.rtcp) }
            guard !header.isTCP, !header.isMulticast else { return nil }
            let client = UDPPorts(rtp: ports[track], rtcp: ports[track] + 1)
            return .unicast(client: client, server: header.serverPorts, source: header.source)
        case .multicast:
            guard !header.isTCP, let group = header.destination ?? media.address else { return nil }
            let described = UInt16(exactly: media.port).flatMap { $0 > 0 && $0 < .max ? $0 : nil }
            guard let ports = header.ports ?? header.clientPorts ?? described.map({ UDPPorts(rtp: $0, rtcp: $0 + 1) })
            else { return nil }
            return .multicast(group: group, ports: ports, timeToLive: header.timeToLive, source: header.source)
        }
    }

    private mutating func takeSession(_ message: RTSPMessage) {
        guard let header = message.header("session").flatMap({ SessionHeader($0) }) else {
            if sessionID == nil { sessionID = otherSessionID }
            return
        }
        if let seconds = header.timeout { timeout = min(timeout ?? seconds, seconds) }
        if sessionID == nil {
            sessionID = header.id
        } else if sessionID != header.id {
            // The first one stands, as with libavformat; the other is for a camera that refuses it.
            note(.sessionChanged)
            otherSessionID = header.id
        }
    }

    // MARK: PLAY

    private mutating func play(now: Int64) {
        phase = .starting
        candidates = urls?.presentation ?? [presentation]
        // For cameras that play tracks alone (459).
        if let video = description?.video, let track = urls?.track(description?.media[video].control).first,
            !candidates.contains(track)
        {
            candidates.append(track)
        }
        candidate = 0
        firstRefusal = nil
        reader.isDelivering = true
        events.append(.setUp(tracks))
        perform(.play, now: now)
    }

    mutating func takePlay(_ message: RTSPMessage, status: Int, now: Int64) {
        if (200..<300).contains(status) {
            presentation = candidates[candidate]
            if let seconds = message.header("session").flatMap({ SessionHeader($0) })?.timeout {
                timeout = min(timeout ?? seconds, seconds)
            }
            startStreaming(information(message), now: now)
        } else if phase == .streaming {
            // A late refusal, while media comes: what comes is what counts.
            return
        } else if (300..<400).contains(status) {
            redirect(message, status: status)
        } else if status == 457, sendsRange {
            sendsRange = false
            perform(.play, now: now)
        } else if status == 454, let other = otherSessionID, other != sessionID {
            sessionID = other
            otherSessionID = nil
            perform(.play, now: now)
        } else if Self.addressStatuses.contains(status), candidate + 1 < candidates.count {
            if firstRefusal == nil { firstRefusal = .refusal(status, to: .play) }
            candidate += 1
            perform(.play, now: now)
        } else {
            fail(firstRefusal ?? .refusal(status, to: .play))
        }
    }

    /// Enters the streaming phase, once.
    mutating func startStreaming(_ information: [RTPInfo?], now: Int64) {
        guard phase == .starting else { return }
        phase = .streaming
        keepAlive.due = now + keepAliveInterval
        keepAlive.began = now
        events.append(.playing(information.isEmpty ? tracks.map { _ in nil } : information))
    }

    /// Pairs the entries of `RTP-Info` with tracks: by address, else by their order.
    private func information(_ message: RTSPMessage) -> [RTPInfo?] {
        let entries = message.header("rtp-info").map { RTPInfo.list($0) } ?? []
        return tracks.indices.map { index in
            let control = tracks[index].media.control ?? ""
            let named = entries.first { entry in
                guard let url = entry.url, !control.isEmpty else { return false }
                return url == control || url.hasSuffix("/" + control) || url.hasSuffix(control)
            }
            return named ?? (entries.count == tracks.count ? entries[index] : nil)
        }
    }
}
