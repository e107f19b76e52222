import ObserverCore
import Testing

@Suite struct RetentionSafetyTests {
    private func isApproved(_ due: Int64, of total: Int64, usual: Int64?) -> Bool {
        RetentionSafety(total: total, usual: usual).objection(to: due) == nil
    }

    @Test func `a tenth of a camera passes, more does not`() {
        #expect(isApproved(100, of: 1000, usual: nil))
        #expect(!isApproved(101, of: 1000, usual: nil))
    }

    @Test func `three usual days pass, more do not, however small the share`() {
        #expect(isApproved(300, of: 1_000_000, usual: 100))
        #expect(!isApproved(301, of: 1_000_000, usual: 100))
    }

    @Test func `a usual day passes, whatever share of the camera it is`() {
        #expect(isApproved(100, of: 200, usual: 100))
        #expect(!isApproved(150, of: 200, usual: 100))
    }

    @Test func `numbers at the ends of their type are decided`() {
        #expect(isApproved(.max, of: .max, usual: .max))
        #expect(!isApproved(.max, of: .max, usual: nil))
        #expect(isApproved(.min, of: 0, usual: 1))
    }
}
