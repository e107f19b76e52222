import HTTPRouting
import HTTPTypes
import System

/// Answers that all threads share; see ``KeptAnswers`` for the rules.
package final class AnswerMemory<Key: Hashable & Sendable, Answer: Sendable>: Sendable {
    /// Longer than any call to the database takes: whoever makes the answer comes back within its deadlines.
    private static var patience: Duration { .seconds(15) }

    private let kept: Monitor<KeptAnswers<Key, Answer>>

    /// Creates an empty memory.
    package init(_ limits: KeptAnswers<Key, Answer>.Limits = .init()) {
        kept = Monitor(KeptAnswers(limits))
    }

    /// The answer to a question, made by `make` where none is kept and nobody else makes it.
    ///
    /// - Parameters:
    ///   - key: All that the answer depends on, the caller's rights included.
    ///   - bytes: The size of an answer.
    ///   - make: Makes the answer on the calling thread.
    /// - Returns: The answer.
    /// - Throws: The error of `make`, whoever called it; ``Problem`` 503 where it takes too long.
    package func answer(for key: Key, bytes: (Answer) -> Int, make: () throws -> Answer) throws -> Answer {
        switch kept.withLockUnnoticed({ $0.ask(for: key, at: .now()) }) {
        case .kept(let answer):
            return answer
        case .make(let making):
            let result = Result { try make() }
            let size = (try? result.get()).map(bytes) ?? 0  // a failure has no size
            kept.withLock { $0.finish(making, with: result, bytes: size, at: .now()) }
            return try result.get()
        case .wait(let making):
            if let result = kept.take(until: .now() + Self.patience, { $0.collect(making) }) { return try result.get() }
            kept.withLockUnnoticed { $0.leave(making) }
            throw Problem(503, "The database is not available. Recording goes on. Try again in a few seconds.")
                .with(.retryAfter, "5")
        }
    }

    /// Forgets all answers, after a change of what they are made of.
    package func forget() { kept.withLockUnnoticed { $0.forget() } }
}
