/// A request that waits for its answer.
struct Exchange: Sendable {
    /// The step that a request belongs to.
    enum Purpose: Hashable, Sendable {
        case options
        case describe
        /// The index counts the tracks that are set up, not those of the description.
        case setUp(Int)
        case play
        case keepAlive(RTSPMethod)
        case tearDown

        var method: RTSPMethod {
            switch self {
            case .options: .options
            case .describe: .describe
            case .setUp: .setUp
            case .play: .play
            case .keepAlive(let method): method
            case .tearDown: .tearDown
            }
        }
    }

    let purpose: Purpose
    let sequence: Int
    let proof: Authenticator.Proof?
    /// Repetitions with other credentials: because of a stale nonce, and altogether.
    let attempts: (stale: Int, all: Int)
    /// The end of the camera's time to answer.
    var deadline: Int64

    /// Returns true if a success can be the answer to this request, where its number does not tell.
    ///
    /// An answer that came twice, or too late, would otherwise be taken for the one to the next request.
    func isPlausible(_ answer: RTSPMessage) -> Bool {
        switch purpose {
        case .describe: !answer.body.isEmpty
        case .setUp: answer.header("transport") != nil || answer.header("session") != nil && answer.body.isEmpty
        case .play, .keepAlive, .tearDown: answer.header("transport") == nil
        case .options: true
        }
    }
}
