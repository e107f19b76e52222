/// The state of keep-alive requests.
struct KeepAlive: Sendable {
    /// The time of the next request; nil while none is wanted.
    var due: Int64?
    /// Methods that the camera refused or did not answer.
    var refused: Set<RTSPMethod> = []
    /// Indicates that a method was refused because the session is unknown.
    var isLost = false
    /// The time at which media must have come since `lostSince`.
    var lostCheck: Int64?
    var lostSince: Int64 = 0
}

extension RTSPSession {
    /// The time between keep-alive requests, in nanoseconds.
    ///
    /// Two fit into the camera's time-out, so that one may be lost or be of a method that does not count.
    public var keepAliveInterval: Int64 {
        let interval = (timeout ?? RTSPLimits.defaultTimeout) * 1_000_000_000 * 2 / 5
        return min(interval, RTSPLimits.keepAliveInterval)
    }

    /// Methods in the order in which they are tried.
    private var methods: [RTSPMethod] {
        let usual: [RTSPMethod]
        if let publicMethods {
            usual =
                publicMethods.contains(RTSPMethod.getParameter.rawValue)
                ? [.getParameter, .options, .setParameter] : [.options, .setParameter, .getParameter]
        } else {
            usual = [.options, .getParameter, .setParameter]
        }
        guard let forced = configuration.keepAliveMethod else { return usual }
        return [forced] + usual.filter { $0 != forced }
    }

    mutating func sendKeepAlive(now: Int64) {
        keepAlive.due = now + keepAliveInterval
        let isWaiting = exchanges.contains { if case .keepAlive = $0.purpose { true } else { false } }
        guard !isWaiting else { return }
        if methods.allSatisfy(keepAlive.refused.contains) { keepAlive.refused = [] }
        guard let method = methods.first(where: { !keepAlive.refused.contains($0) }) else { return }
        perform(.keepAlive(method), now: now)
    }

    mutating func takeKeepAlive(_ method: RTSPMethod, status: Int, now: Int64) {
        guard !(200..<300).contains(status) else {
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
}
