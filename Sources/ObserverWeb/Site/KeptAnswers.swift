package import System

/// The memory for answers that many ask for at once: each is made once, and kept for a moment.
///
/// It decides and does nothing: whoever asks is told to take a kept answer, to make one, or to wait for the one that another
/// is making. An answer counts as being as old as the beginning of its making, so nobody gets one that is older than
/// ``Limits/age`` was when they asked. After ``forget()`` nobody is told of what was made, or is being made, before.
package struct KeptAnswers<Key: Hashable & Sendable, Answer: Sendable>: Sendable {
    /// The bounds of the memory.
    package struct Limits: Sendable {
        /// The time for which an answer is kept.
        package var age: Duration
        /// The most answers.
        package var count: Int
        /// The most bytes of all of them together.
        package var bytes: Int

        package init(age: Duration = .milliseconds(250), count: Int = 64, bytes: Int = 16 << 20) {
            (self.age, self.count, self.bytes) = (age, count, bytes)
        }
    }

    /// The making of one answer.
    package struct Making: Hashable, Sendable {
        fileprivate let number: Int
    }

    /// The answer to a question.
    package enum Turn: Sendable {
        /// Take this.
        case kept(Answer)
        /// Make it, and report with ``finish(_:with:bytes:at:)`` whatever comes of it.
        case make(Making)
        /// Another one makes it: ask ``collect(_:)`` until it is there.
        case wait(Making)
    }

    private struct Entry: Sendable {
        let answer: Answer
        let bytes: Int
        let begunAt: MonotonicInstant
    }

    private struct Work: Sendable {
        let key: Key
        let begunAt: MonotonicInstant
        var waiting = 0
        var result: Result<Answer, any Error>?
    }

    private let limits: Limits
    private var entries: [Key: Entry] = [:]
    private var work: [Int: Work] = [:]
    /// The making that those who ask for a key now may wait for.
    private var latest: [Key: Int] = [:]
    private var lastNumber = 0

    package init(_ limits: Limits = Limits()) {
        self.limits = limits
    }

    /// The kept answers and their size, for tests.
    package var size: (answers: Int, bytes: Int) { (entries.count, entries.values.reduce(0) { $0 + $1.bytes }) }
    /// Makings that somebody is still at or waits for.
    package var workCount: Int { work.count }

    /// Asks for an answer.
    package mutating func ask(for key: Key, at now: MonotonicInstant) -> Turn {
        if let entry = entries[key], isYoung(entry.begunAt, now) { return .kept(entry.answer) }
        if let number = latest[key], let begun = work[number]?.begunAt, isYoung(begun, now) {
            work[number]?.waiting += 1
            return .wait(Making(number: number))
        }
        lastNumber += 1
        work[lastNumber] = Work(key: key, begunAt: now)
        latest[key] = lastNumber
        return .make(Making(number: lastNumber))
    }

    /// Takes what came of a making: for those who wait, and to be kept if it is still the newest.
    ///
    /// A failure is for those who wait too: they asked the same of the same database, and each trying again after the other
    /// would take as many times as long.
    package mutating func finish(
        _ making: Making,
        with result: Result<Answer, any Error>,
        bytes: Int,
        at now: MonotonicInstant
    ) {
        guard let done = work[making.number] else { return }
        if done.waiting > 0 {
            work[making.number]?.result = result
        } else {
            work[making.number] = nil
        }
        guard latest[done.key] == making.number else { return }
        latest[done.key] = nil
        guard case .success(let answer) = result, bytes <= limits.bytes, isYoung(done.begunAt, now) else { return }
        entries = entries.filter { isYoung($0.value.begunAt, now) }
        entries[done.key] = nil
        makeRoom(for: bytes)
        guard limits.count > 0 else { return }
        entries[done.key] = Entry(answer: answer, bytes: bytes, begunAt: done.begunAt)
    }

    /// The result of a making for one who waits; nil: not yet.
    package mutating func collect(_ making: Making) -> Result<Answer, any Error>? {
        guard let result = work[making.number]?.result else { return nil }
        leave(making)
        return result
    }

    /// Takes note that one who waits does so no more.
    package mutating func leave(_ making: Making) {
        work[making.number]?.waiting -= 1
        if let left = work[making.number], left.waiting <= 0, left.result != nil { work[making.number] = nil }
    }

    /// Forgets all answers: what they are made of has changed.
    package mutating func forget() {
        entries = [:]
        latest = [:]
    }

    private func isYoung(_ begun: MonotonicInstant, _ now: MonotonicInstant) -> Bool { now < begun + limits.age }

    private mutating func makeRoom(for bytes: Int) {
        var sum = size.bytes
        while !entries.isEmpty, entries.count >= limits.count || sum + bytes > limits.bytes {
            guard let oldest = entries.min(by: { $0.value.begunAt < $1.value.begunAt }) else { return }
            sum -= oldest.value.bytes
            entries[oldest.key] = nil
        }
    }
}
