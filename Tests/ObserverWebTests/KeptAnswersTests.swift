import ObserverWeb
import SeededNumbers
import System
import TestSupport
import Testing

private typealias Memory = KeptAnswers<String, Int>

private func at(_ milliseconds: Int) -> MonotonicInstant {
    MonotonicInstant(nanoseconds: Int64(milliseconds) * 1_000_000)
}

private struct Trouble: Error, Equatable {}

extension KeptAnswers.Turn {
    fileprivate var answer: Answer? { if case .kept(let answer) = self { answer } else { nil } }
    fileprivate var making: KeptAnswers.Making? { if case .make(let making) = self { making } else { nil } }
    fileprivate var awaited: KeptAnswers.Making? { if case .wait(let making) = self { making } else { nil } }
}

@Suite struct KeptAnswersTests {
    private var memory = Memory()

    /// An answer is made from `begin` to `end`.
    private mutating func make(_ answer: Int, _ key: String = "a", from begin: Int, to end: Int, bytes: Int = 1) throws
    {
        let making = try #require(memory.ask(for: key, at: at(begin)).making)
        memory.finish(making, with: .success(answer), bytes: bytes, at: at(end))
    }

    @Test mutating func `an answer is kept for a quarter of a second from the beginning of its making`() throws {
        try make(1, from: 1000, to: 1040)
        #expect(memory.ask(for: "a", at: at(1040)).answer == 1)
        #expect(memory.ask(for: "a", at: at(1249)).answer == 1)
        #expect(memory.ask(for: "a", at: at(1250)).making != nil)
    }

    @Test mutating func `twelve who ask at once have it made by one`() throws {
        let making = try #require(memory.ask(for: "a", at: at(0)).making)
        let awaited = (1...11).compactMap { memory.ask(for: "a", at: at($0)).awaited }
        #expect(awaited == Array(repeating: making, count: 11))
        #expect(memory.collect(making) == nil)
        memory.finish(making, with: .success(7), bytes: 1, at: at(20))
        for one in awaited { #expect(try memory.collect(one)?.get() == 7) }
        #expect(memory.workCount == 0)
    }

    @Test mutating func `others get another answer`() throws {
        try make(1, "viewer", from: 0, to: 1)
        try make(2, "admin", from: 0, to: 1)
        #expect(memory.ask(for: "viewer", at: at(2)).answer == 1)
        #expect(memory.ask(for: "admin", at: at(2)).answer == 2)
    }

    @Test mutating func `after a change nobody gets what was made before it`() throws {
        try make(1, from: 0, to: 1)
        memory.forget()
        try make(2, from: 2, to: 3)
        #expect(memory.ask(for: "a", at: at(4)).answer == 2)
    }

    @Test mutating func `after a change nobody waits for what was begun before it, and it is not kept`() throws {
        let early = try #require(memory.ask(for: "a", at: at(0)).making)
        let patient = try #require(memory.ask(for: "a", at: at(1)).awaited)
        memory.forget()
        let late = try #require(memory.ask(for: "a", at: at(2)).making)
        memory.finish(early, with: .success(1), bytes: 1, at: at(3))
        #expect(try memory.collect(patient)?.get() == 1, "asked before the change")
        #expect(memory.ask(for: "a", at: at(4)).awaited == late)
        memory.finish(late, with: .success(2), bytes: 1, at: at(5))
        #expect(memory.ask(for: "a", at: at(6)).answer == 2)
    }

    @Test mutating func `a database that is frozen is not answered for, and a failure reaches all who wait`() throws {
        try make(1, from: 0, to: 1)
        let making = try #require(memory.ask(for: "a", at: at(250)).making)
        let waiting = try #require(memory.ask(for: "a", at: at(260)).awaited)
        memory.finish(making, with: .failure(Trouble()), bytes: 0, at: at(3250))
        #expect(throws: Trouble.self) { try memory.collect(waiting)?.get() }
        #expect(memory.workCount == 0)
        #expect(memory.ask(for: "a", at: at(3251)).making != nil, "a failure is not kept")
    }

    @Test mutating func `nobody waits for what was begun too long ago, and it is not kept`() throws {
        let slow = try #require(memory.ask(for: "a", at: at(0)).making)
        let next = try #require(memory.ask(for: "a", at: at(250)).making)
        memory.finish(slow, with: .success(1), bytes: 1, at: at(260))
        #expect(memory.ask(for: "a", at: at(270)).awaited == next)
    }

    @Test mutating func `one who gives up leaves nothing behind`() throws {
        let making = try #require(memory.ask(for: "a", at: at(0)).making)
        let waiting = try #require(memory.ask(for: "a", at: at(1)).awaited)
        memory.leave(waiting)
        memory.finish(making, with: .success(1), bytes: 1, at: at(2))
        #expect(memory.workCount == 0)
    }

    @Test mutating func `many questions and long answers find an end`() throws {
        memory = Memory(.init(count: 3, bytes: 100))
        for number in 0..<10 { try make(number, "\(number)", from: number, to: number, bytes: 30) }
        #expect(memory.size == (3, 90))
        #expect(memory.ask(for: "9", at: at(10)).answer == 9)
        #expect(memory.ask(for: "6", at: at(10)).answer == nil)
        try make(1, "long", from: 11, to: 11, bytes: 101)
        #expect(memory.ask(for: "long", at: at(11)).answer == nil)
        try make(1, "whole", from: 12, to: 12, bytes: 100)
        #expect(memory.size == (1, 100))
    }
}

/// Callers who ask, make, wait, change what the answers are made of, and give up, in any order.
@Suite struct KeptAnswersSimulationTests {
    /// The number of seeds: 1,000, or what `OBSERVER_TEST_SEEDS` asks for.
    private static var seeds: UInt64 { TestEnvironment.variable("OBSERVER_TEST_SEEDS").flatMap { UInt64($0) } ?? 1000 }

    @Test func `whoever asks gets what is true of a quarter of a second before, and of all changes before`() throws {
        for seed in 0..<Self.seeds {
            var world = World(seed)
            for _ in 0..<300 { try world.step() }
            if let wrong = world.wrong {
                Issue.record("seed \(seed): \(wrong)")
                return
            }
        }
    }

    private struct World {
        /// A caller at work: what the data was when the query began, or when the wait did.
        struct Caller {
            let making: Memory.Making
            let askedAt: Int
            let version: Int
            let changes: Int
        }

        var numbers: SeededGenerator
        var memory = Memory(.init(count: 2, bytes: 40))
        var now = 0
        /// The present of what answers are made of: it rises with every millisecond.
        var changes = 0
        /// When each change was made.
        var changedAt = [0]
        var makers: [(caller: Caller, key: String)] = []
        var waiters: [Caller] = []
        var wrong: String?

        init(_ seed: UInt64) { numbers = SeededGenerator(seed: seed) }

        mutating func step() throws {
            now += Int.random(in: 0...60, using: &numbers)
            switch Int.random(in: 0..<10, using: &numbers) {
            case 0..<5: ask(["a", "b", "c"].randomElement(using: &numbers) ?? "a")
            case 5..<8: finish()
            case 8:
                changes += 1
                changedAt.append(now)
                memory.forget()
            default: leave()
            }
            collect()
            if memory.size.answers > 2 || memory.size.bytes > 40 { wrong = "too much is kept: \(memory.size)" }
            if makers.isEmpty, waiters.isEmpty, memory.workCount > 0 { wrong = "work is left behind" }
        }

        private mutating func ask(_ key: String) {
            // An answer is the moment of its data.
            switch memory.ask(for: key, at: at(now)) {
            case .kept(let answer): check(answer, askedAt: now, changes: changes)
            case .make(let making):
                for (caller, other) in makers where other == key && caller.changes == changes {
                    if now - caller.askedAt < 250 { wrong = "two make the same" }
                }
                makers.append((Caller(making: making, askedAt: now, version: now, changes: changes), key))
            case .wait(let making):
                waiters.append(Caller(making: making, askedAt: now, version: now, changes: changes))
            }
        }

        private mutating func finish() {
            guard let index = makers.indices.randomElement(using: &numbers) else { return }
            let maker = makers.remove(at: index).caller
            let isGood = Int.random(in: 0..<4, using: &numbers) > 0
            let result: Result<Int, any Error> = isGood ? .success(maker.version) : .failure(Trouble())
            memory.finish(maker.making, with: result, bytes: Int.random(in: 0...50, using: &numbers), at: at(now))
        }

        private mutating func collect() {
            for (index, waiter) in waiters.enumerated().reversed() {
                guard let result = memory.collect(waiter.making) else { continue }
                waiters.remove(at: index)
                guard case .success(let answer) = result else { continue }
                check(answer, askedAt: waiter.askedAt, changes: waiter.changes)
            }
        }

        private mutating func leave() {
            guard let index = waiters.indices.randomElement(using: &numbers) else { return }
            memory.leave(waiters.remove(at: index).making)
        }

        private mutating func check(_ answer: Int, askedAt asked: Int, changes: Int) {
            if asked - answer >= 250 { wrong = "an answer of \(answer) at \(asked)" }
            if answer < changedAt[changes] { wrong = "an answer of \(answer) after a change at \(changedAt[changes])" }
        }
    }
}
