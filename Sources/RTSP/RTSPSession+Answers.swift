/// Answers of the camera.
extension RTSPSession {
    /// Takes a message of the stream.
    mutating func take(_ bytes: UnsafeRawBufferPointer, start: Int, head: Int, body: Int, now: Int64) {
        guard messages.spend(1, now: now) else {
            fail(RTSPError(.badStream, "the camera sends too many messages"))
            return
        }
        let whole = UnsafeRawBufferPointer(rebasing: bytes[start..<(start + head + body)])
        let message = RTSPMessage(
            head: UnsafeRawBufferPointer(rebasing: whole[..<head]),
            body: UnsafeRawBufferPointer(rebasing: whole[head...])
        )
        guard let message else {
            unexpectedAnswers &+= 1
            return
        }
        switch message.start {
        case .request(let method, _): takeRequest(method, message)
        case .answer(let status, _):
            if message.protocolName != "RTSP" {
                guard answered == 0 else { return }
                fail(RTSPError(.notRTSP, "the port answers \(message.protocolName), not RTSP"))
                return
            }
            // A provisional answer (RFC 2326, 7.1.1): the final one follows.
            guard status >= 200 else { return }
            takeAnswer(message, status: status, digest: Self.digest(whole), now: now)
        }
    }

    private mutating func takeAnswer(_ message: RTSPMessage, status: Int, digest: UInt64, now: Int64) {
        guard let index = match(message, status: status, digest: digest) else {
            unexpectedAnswers &+= 1
            note(.unexpectedAnswer)
            return
        }
        let exchange = exchanges[index]
        // Answers come in the order of their requests, so what waits before this one was never answered.
        exchanges.removeFirst(index + 1)
        answered += 1
        lastAnswer = (exchange.sequence, digest)
        learn(message, status: status)
        guard status != 401 else {
            takeRefusal(message, of: exchange, now: now)
            return
        }
        authenticator.accepted(exchange.proof, information: message.header("authentication-info"))
        switch exchange.purpose {
        case .options:
            if (300..<400).contains(status) {
                redirect(message, status: status)
            } else {
                // Whatever the answer is: some cameras know DESCRIBE and not OPTIONS.
                perform(.describe, now: now)
            }
        case .describe: takeDescription(message, status: status, now: now)
        case .setUp(let track): takeSetUp(message, status: status, track: track, now: now)
        case .play: takePlay(message, status: status, now: now)
        case .keepAlive(let method): takeKeepAlive(method, status: status, now: now)
        case .tearDown: finish(.ended)
        }
    }

    /// Finds the request of an answer; nil if it answers none.
    private mutating func match(_ message: RTSPMessage, status: Int, digest: UInt64) -> Int? {
        let number = message.sequence
        if let index = exchanges.firstIndex(where: { $0.sequence == number }) { return index }
        guard let first = exchanges.first else { return nil }
        // The number is only a hint: cameras send none, a constant, or the one before (Tapo, with errors).
        note(.sequenceMismatch)
        if let lastAnswer, lastAnswer.sequence == number, lastAnswer.digest == digest { return nil }
        if (200..<300).contains(status), !first.isPlausible(message) { return nil }
        return 0
    }

    /// FNV-1a over an answer.
    private static func digest(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        bytes.reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    }

    /// Notes what any answer may tell.
    private mutating func learn(_ message: RTSPMessage, status: Int) {
        if server == nil { server = message.header("server").map { String($0.prefix(128)) } }
        guard (200..<300).contains(status) else { return }
        let methods = message.headers("public").flatMap { $0.split { $0 == "," || $0 == " " } }
        if !methods.isEmpty { publicMethods = Set(methods.prefix(64).map { $0.uppercased() }) }
        if tracks.isEmpty, sessionID == nil, let header = message.header("session").flatMap({ SessionHeader($0) }) {
            otherSessionID = header.id
        }
    }

    // MARK: Refusals

    private mutating func takeRefusal(_ message: RTSPMessage, of exchange: Exchange, now: Int64) {
        let headers = message.headers("www-authenticate")
        switch authenticator.take(headers, after: exchange.proof, attempts: exchange.attempts) {
        case .repeat:
            if phase == .streaming { note(.nonceReplaced) }
            let isStale = authenticator.challenge?.isStale == true
            let attempts = (stale: exchange.attempts.stale + (isStale ? 1 : 0), all: exchange.attempts.all + 1)
            perform(exchange.purpose, attempts: attempts, now: now)
        case .refused(let error):
            switch exchange.purpose {
            // Media still comes. Asking again and again with a wrong password would only lock the account.
            case .keepAlive: keepAlive.due = nil
            case .tearDown: finish(.ended)
            default: fail(error)
            }
        }
    }

    /// Follows the address of a 3xx or of REDIRECT, through the caller.
    mutating func redirect(_ message: RTSPMessage, status: Int) {
        guard let location = message.header("location"), !location.isEmpty else {
            fail(.refusal(status, to: .redirect))
            return
        }
        let path = location.hasPrefix("/") && !location.hasPrefix("//")
        let next = path ? configuration.url.replacing(rest: location.utf8) : RTSPURL(location)
        guard let next else {
            fail(RTSPError(.badRedirect, "the camera redirects to an address that is not RTSP", status: status))
            return
        }
        guard configuration.hops < RTSPLimits.hops else {
            fail(RTSPError(.badRedirect, "the camera redirects in circles", status: status))
            return
        }
        finish(.redirected(configuration.following(next)))
    }
}
