import System
import Testing

@testable import ObserverCapture

@Suite struct RegistrationTests {
    private static func at(_ seconds: Double) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: Int64((1000 + seconds) * 1e9))
    }

    private func registration(former: Int64? = nil) -> Registration {
        Registration(spoolID: "here", former: former, times: Lease.Times())
    }

    private func row(_ spoolID: String, incarnation: Int64 = 4, beat: Int64 = 9) -> Registration.Row {
        Registration.Row(spoolID: spoolID, incarnation: incarnation, heartbeat: beat)
    }

    @Test func `a name that nobody has, or that was left in order, is free`() {
        var free = registration()
        #expect(free.decide(nil, at: Self.at(0)) == .register(over: nil))
        var left = row("elsewhere")
        left.hasStopped = true
        #expect(free.decide(left, at: Self.at(0)) == .register(over: left))
    }

    @Test func `a recorder that was killed may begin again at once, fenced or not`() {
        var killed = registration(former: 4)
        #expect(killed.decide(row("here"), at: Self.at(0)) == .register(over: row("here")))
        var fenced = row("here", incarnation: 5)
        fenced.isFenced = true
        #expect(killed.decide(fenced, at: Self.at(0)) == .register(over: fenced))
    }

    @Test(arguments: ["elsewhere", "here"])
    func `a name that lives elsewhere, if only on a copy of the disk, is refused`(spoolID: String) {
        var second = registration(former: 3)
        #expect(second.decide(row(spoolID), at: Self.at(0)) == .wait)
        #expect(second.decide(row(spoolID), at: Self.at(1)) == .wait)
        #expect(second.decide(row(spoolID, beat: 10), at: Self.at(2)) == .refuse)
    }

    @Test func `a name whose owner is gone is taken after a while`() {
        var second = registration()
        #expect(second.decide(row("elsewhere"), at: Self.at(0)) == .wait)
        #expect(second.decide(row("elsewhere"), at: Self.at(4.9)) == .wait)
        #expect(second.decide(row("elsewhere"), at: Self.at(5)) == .register(over: row("elsewhere")))
    }

    @Test func `a name that another takes meanwhile is watched anew`() {
        var second = registration()
        #expect(second.decide(row("elsewhere"), at: Self.at(0)) == .wait)
        #expect(second.decide(row("third", incarnation: 5, beat: 0), at: Self.at(5)) == .wait)
        #expect(second.decide(row("third", incarnation: 5, beat: 1), at: Self.at(6)) == .refuse)
    }
}
