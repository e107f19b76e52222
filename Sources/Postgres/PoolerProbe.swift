import System

/// The look behind a pooler: whether a session has a server of its own.
///
/// Where each transaction or statement may go to another server, settings, prepared statements and advisory locks of one session
/// are met by another, so such a pooler cannot be used. It is told by the processes that answer: a server that answers two
/// sessions, one of which is still there, is shared, and so are servers that answer one session in turn. A pooler gives out the
/// server that became free last, or one after the other: either is seen at the first look, unless other clients come in
/// between, and so there are several.
struct PoolerProbe {
    private let configuration: PostgresConfiguration
    private let deadline: MonotonicInstant

    private static let rounds = 5
    /// A second session may have to wait for a server as long as the first has the only one, which is no sharing.
    private static let patience: Duration = .milliseconds(500)

    init(_ configuration: PostgresConfiguration, until deadline: MonotonicInstant) {
        self.configuration = configuration
        self.deadline = min(deadline, MonotonicInstant.now() + .seconds(2))
    }

    /// Checks a session that a process has answered.
    ///
    /// - Throws: `pooler` if its server is not its own; what the session itself reports.
    func check(_ session: PQSession, servedBy process: Int) throws(PostgresError) {
        guard try session.serverProcess(until: deadline) == process else { throw PostgresError(.pooler) }
        guard let other = secondSession() else { return }
        for _ in 0..<Self.rounds {
            guard let answering = answer(of: other) else { break }
            let own = try session.serverProcess(until: deadline)
            guard answering != process, own == process else { throw PostgresError(.pooler) }
        }
    }

    /// A session for comparison; nil where the pooler has no room for one.
    private func secondSession() -> PQSession? {
        let limit = min(deadline, MonotonicInstant.now() + Self.patience)
        return try? PQSession.signIn(configuration, until: limit)  // without one, nothing is proven
    }

    private func answer(of session: PQSession) -> Int? {
        let limit = min(deadline, MonotonicInstant.now() + Self.patience)
        return try? session.serverProcess(until: limit)  // it waits for a server: none is shared
    }

    /// Returns true if an error is a pooler's refusal of what sessions need.
    static func isRefusal(_ error: PostgresError) -> Bool {
        error.kind == .pooler || error.serverMessage.map { $0.contains("pooling mode") } == true
    }
}
