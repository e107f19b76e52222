/// The state of keep-alive requests.
struct KeepAlive: Sendable {
    /// The time of the next request; nil while none is wanted.
    var due: Int64?
    /// Requests so far.
    var count = 0
    /// Methods that the camera refused or did not answer.
    var refused: Set<RTSPMethod> = []
    /// Methods that the camera answered with success.
    var accepted: Set<RTSPMethod> = []
    /// Indicates that a method was refused because the session is unknown.
    var isLost = false
    /// The time at which media must have come since `lostSince`.
    var lostCheck: Int64?
    var lostSince: Int64 = 0
    /// The beginning of the media.
    var began: Int64?
}

extension RTSPSession {
    /// The time between keep-alive requests, in nanoseconds.
    ///
    /// Two fit into the camera's time-out, so that one may be lost or be of a method that does not count.
    public var keepAliveInterval: Int64 {
        min(sessionTimeout * 2 / 5, RTSPLimits.keepAliveInterval)
    }

    /// The time after which the camera forgets a session without a sign of life, in nanoseconds.
    public var sessionTimeout: Int64 {
        (timeout ?? RTSPLimits.defaultTimeout) * 1_000_000_000
    }

    /// Methods in the order in which they are tried.
    private var methods: [RTSPMethod] {
        let usual: [RTSPMethod]
        if let publicMethods {
            usual =
                publicMethods.contains(RTSPMethod.getParameter.rawValue)
                ? [.getParameter, .options, .setParameter] : [.options, .getParameter, .setParameter]
        } else {
            usual = [.options, .getParameter, .setParameter]
        }
        let known = usual.filter { $0 != .options || !configuration.skipsOptions }
        guard let forced = configuration.keepAliveMethod else { return known }
        return [forced] + known.filter { $0 != forced }
    }

    /// The method of the next request.
    ///
    /// A camera that lists GET_PARAMETER gets OPTIONS in turn with it, because some answer both and count only one.
    /// Where it is not listed, it is no safe guess: there are cameras that close the connection after it.
    private var nextMethod: RTSPMethod? {
        let usable = methods.filter { !keepAlive.refused.contains($0) }
        let isInTurn = configuration.keepAliveMethod == nil && usable.starts(with: [.getParameter, .options])
        return isInTurn && keepAlive.count % 2 == 1 ? .options : usable.first
    }

    mutating func sendKeepAlive(now: Int64) {
        keepAlive.due = now + keepAliveInterval
        let isWaiting = exchanges.contains { if case .keepAlive = $0.purpose { true } else { false } }
        guard !isWaiting else { return }
        if nextMethod == nil { keepAlive.refused = [] }
        guard let method = nextMethod else { return }
        keepAlive.count += 1
        perform(.keepAlive(method), now: now)
    }

    mutating func takeKeepAlive(_ method: RTSPMethod, status: Int, now: Int64) {
        guard !(200..<300).contains(status) else {
            keepAlive.accepted.insert(method)
            keepAlive.isLost = false
            keepAlive.lostCheck = nil
            return
        }
        // 405 and 501 refuse the method; 454 may do so too, by servers that know the session in other requests.
        keepAlive.refused.insert(method)
        keepAlive.isLost = keepAlive.isLost || status == 454
        note(.keepAliveMethodRefused)
        if let next = methods.first(where: { !keepAlive.refused.contains($0) }) {
            perform(.keepAlive(next), now: now)
        } else if keepAlive.isLost {
            keepAlive.lostSince = now
            keepAlive.lostCheck = now + RTSPLimits.lostSessionGrace
        }
    }

    /// Ends a session that every method called unknown and that brings no media; if media comes, it lives.
    mutating func checkLostSession() {
        keepAlive.lostCheck = nil
        keepAlive.isLost = false
        if (lastMedia ?? .min) <= keepAlive.lostSince { fail(.refusal(454, to: .options)) }
    }

    /// Looks, at the end of a session, for the sign of a camera that answers a method and does not count it.
    ///
    /// The sign is that media ended about one time-out after it began.
    mutating func judgeKeepAlive(now: Int64) {
        guard let began = keepAlive.began, let lastMedia, lastMedia < now else { return }
        let lasted = lastMedia - began
        guard lasted > sessionTimeout * 4 / 5, lasted < sessionTimeout * 8 / 5 else { return }
        keepAliveSuggestion = methods.first { !keepAlive.accepted.contains($0) && !keepAlive.refused.contains($0) }
    }
}
