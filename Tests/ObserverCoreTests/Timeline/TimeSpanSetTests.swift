import SeededNumbers
import Testing

@testable import ObserverCore

@Suite struct TimeSpanSetTests {
    private func set(_ spans: [ClosedRange<Int64>]) -> TimeSpanSet {
        TimeSpanSet(spans.map { TimeSpan(from: $0.lowerBound, to: $0.upperBound) })
    }

    @Test func `stretches that overlap or touch are one, and empty ones are none`() {
        #expect(set([20...30, 0...5, 5...10, 8...12, 40...40]) == set([0...12, 20...30]))
        #expect(TimeSpanSet([TimeSpan(from: 9, to: 3)]).isEmpty)
        #expect(TimeSpan(from: 9, to: 3).milliseconds == 0)
        #expect(TimeSpan(from: .min, to: .max).milliseconds == .max)
    }

    @Test func `holes up to a length are filled`() {
        #expect(set([0...10, 12...20, 23...30]).joined(across: 2) == set([0...20, 23...30]))
        #expect(set([]).joined(across: 2).isEmpty)
    }

    /// Sets of numbers below 64, so that a word of bits is the same set.
    @Test(arguments: 0..<1000) func `the operations are those of sets`(seed: UInt64) {
        var numbers = SeededGenerator(seed: seed)
        func some() -> (TimeSpanSet, UInt64) {
            var bits: UInt64 = 0
            let spans = (0..<Int.random(in: 0...5, using: &numbers)).map { _ in
                let start = Int64.random(in: 0...60, using: &numbers)
                return TimeSpan(from: start, to: min(64, start + Int64.random(in: 0...20, using: &numbers)))
            }
            for span in spans { for bit in span.start..<span.end { bits |= 1 << UInt64(bit) } }
            return (TimeSpanSet(spans), bits)
        }
        func bits(_ set: TimeSpanSet) -> UInt64 {
            set.spans.reduce(0) { sum, span in (span.start..<span.end).reduce(sum) { $0 | 1 << UInt64($1) } }
        }
        let ((left, leftBits), (right, rightBits)) = (some(), some())
        #expect(bits(left) == leftBits)
        #expect(bits(left.union(right)) == leftBits | rightBits)
        #expect(bits(left.intersection(right)) == leftBits & rightBits)
        #expect(bits(left.subtracting(right)) == leftBits & ~rightBits)
        for result in [left, left.union(right), left.intersection(right), left.subtracting(right)] {
            #expect(result.spans.allSatisfy { !$0.isEmpty })
            #expect(zip(result.spans, result.spans.dropFirst()).allSatisfy { $0.end < $1.start })
            #expect(result.milliseconds == Int64(bits(result).nonzeroBitCount))
        }
    }
}
