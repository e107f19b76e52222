/// Requests to the camera and their time limits.
extension RTSPSession {
    /// Sends the request of a step.
    mutating func perform(_ purpose: Exchange.Purpose, attempts: (stale: Int, all: Int) = (0, 0), now: Int64) {
        sequence += 1
        let (url, headers) = target(of: purpose)
        let method = purpose.method
        let authorization = authenticator.authorization(method: method, url: url)
        var text =
            "\(method.rawValue) \(url) RTSP/1.0\r\nCSeq: \(sequence)\r\nUser-Agent: \(configuration.userAgent)\r\n"
        if let authorization { text += "Authorization: \(authorization.header)\r\n" }
        if let sessionID { text += "Session: \(sessionID)\r\n" }
        for header in headers { text += header + "\r\n" }
        send(text + "\r\n")
        let limit =
            switch purpose {
            case .tearDown: RTSPLimits.tearDownTimeout
            // What is not answered by then gives way to another method, while the session lives.
            case .keepAlive: min(configuration.answerTimeout, keepAliveInterval)
            case .options, .describe, .setUp, .play: configuration.answerTimeout
            }
        exchanges.append(
            Exchange(
                purpose: purpose,
                sequence: sequence,
                proof: authorization?.proof,
                attempts: attempts,
                deadline: now + limit
            )
        )
    }

    /// Adds a text to the output; a camera that does not read is let go.
    mutating func send(_ text: String) {
        guard output.count < RTSPLimits.outputBytes else {
            fail(RTSPError(.badStream, "the camera asks for more answers than it reads"))
            return
        }
        output.append(contentsOf: text.utf8)
    }

    private func target(of purpose: Exchange.Purpose) -> (url: String, headers: [String]) {
        switch purpose {
        case .options: (configuration.url.text, [])
        case .describe: (configuration.url.text, ["Accept: application/sdp"])
        case .setUp(let index): (candidates[candidate], ["Transport: \(wantedTransport(index))"])
        case .play: (candidates[candidate], sendsRange ? ["Range: npt=0.000-"] : [])
        case .keepAlive, .tearDown: (presentation, [])
        }
    }

    private func wantedTransport(_ index: Int) -> String {
        switch transport {
        case .tcp, .automatic: "RTP/AVP/TCP;unicast;interleaved=\(index * 2)-\(index * 2 + 1)"
        case .udp: "RTP/AVP;unicast;client_port=\(ports[index])-\(ports[index] + 1)"
        case .multicast: "RTP/AVP;multicast"
        }
    }

    // MARK: Time

    /// The time of the next call to `advance`; nil while nothing is waited for.
    public var deadline: Int64? {
        var result = exchanges.map(\.deadline).min() ?? .max
        if phase == .streaming { result = min(result, keepAlive.due ?? .max, keepAlive.lostCheck ?? .max) }
        return result == .max ? nil : result
    }

    /// Does what is due: ends waits for answers and sends keep-alive requests.
    public mutating func advance(to now: Int64) {
        while let index = exchanges.firstIndex(where: { $0.deadline <= now }) {
            expire(index, now: now)
        }
        guard phase == .streaming else { return }
        if let check = keepAlive.lostCheck, check <= now { checkLostSession() }
        if phase == .streaming, let due = keepAlive.due, due <= now { sendKeepAlive(now: now) }
    }

    private mutating func expire(_ index: Int, now: Int64) {
        let exchange = exchanges[index]
        switch exchange.purpose {
        case .play where lastMedia != nil:
            // The answer may still come, and is not to be taken for another one.
            exchanges[index].deadline = .max
            note(.playUnanswered)
            startStreaming([], now: now)
        case .setUp(let track) where track > 0:
            exchanges.remove(at: index)
            skipAudio(now: now)
        case .keepAlive(let method):
            exchanges.remove(at: index)
            note(.keepAliveUnanswered)
            keepAlive.refused.insert(method)
        case .tearDown: finish(.ended)
        case .options, .describe, .setUp, .play:
            if answered == 0, reader.statistics.skippedBytes > 0 {
                fail(RTSPError(.notRTSP, "the port does not speak RTSP"))
            } else {
                fail(RTSPError(.noAnswer, "the camera did not answer \(exchange.purpose.method.rawValue) in time"))
            }
        }
    }
}
