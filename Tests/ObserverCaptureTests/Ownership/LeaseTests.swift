import System
import Testing

@testable import ObserverCapture

@Suite struct LeaseTests {
    private static func at(_ seconds: Double) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: Int64((1000 + seconds) * 1e9))
    }

    private func peer(_ name: String, beat: Int64, incarnation: Int64 = 1) -> Lease.Peer {
        Lease.Peer(name: name, incarnation: incarnation, heartbeat: beat)
    }

    private func registered() -> Lease {
        var lease = Lease(name: "a")
        lease.registered(incarnation: 3, sentAt: Self.at(0))
        return lease
    }

    private func round(
        _ peers: [Lease.Peer] = [],
        cameras: Int = 0,
        held: [String: Int] = [:],
        isCurrent: Bool = true
    ) -> Lease.Round {
        Lease.Round(isCurrent: isCurrent, hasBeaten: isCurrent, peers: peers, cameras: cameras, held: held)
    }

    private func answer(_ lease: inout Lease, _ round: Lease.Round, at seconds: Double) {
        lease.answered(round, sentAt: Self.at(seconds), at: Self.at(seconds + 0.01))
    }

    // MARK: Writing

    @Test func `the right to write lasts seven seconds from when a good heartbeat was sent`() {
        var lease = registered()
        #expect(lease.verdict(at: Self.at(6.9)) == .open)
        #expect(lease.verdict(at: Self.at(7)) == .held)
        lease.answered(round(), sentAt: Self.at(2), at: Self.at(20))
        #expect(lease.verdict(at: Self.at(20)) == .held)
        answer(&lease, round(), at: 20)
        #expect(lease.verdict(at: Self.at(20.1)) == .open)
    }

    @Test func `nothing may be written before the registration and after the loss`() {
        var lease = Lease(name: "a")
        #expect(lease.verdict(at: Self.at(0)) == .held)
        lease.registered(incarnation: 3, sentAt: Self.at(0))
        answer(&lease, round(isCurrent: false), at: 1)
        #expect(lease.verdict(at: Self.at(1.1)) == .lost)
        answer(&lease, round(), at: 2)
        #expect(lease.verdict(at: Self.at(2.1)) == .lost)
    }

    @Test func `a database that is away stops nobody`() {
        var lease = registered()
        for second in 1...600 { lease.failed(sentAt: Self.at(Double(second))) }
        #expect(lease.verdict(at: Self.at(601)) == .open)
        #expect(!lease.isReachable)
        answer(&lease, round(), at: 602)
        #expect(lease.isReachable)
    }

    @Test func `a round that hangs counts as one that fails while time passes without a pause`() {
        var lease = registered()
        lease.began(at: Self.at(1))
        for half in 1...40 { lease.ticked(at: Self.at(Double(half) / 2)) }
        #expect(lease.verdict(at: Self.at(20)) == .open)
        lease.failed(sentAt: Self.at(1))
        #expect(lease.verdict(at: Self.at(20)) == .open)
    }

    @Test func `a process that was frozen inside a round holds its writers when it wakes`() {
        var lease = registered()
        lease.ticked(at: Self.at(0.5))
        lease.began(at: Self.at(1))
        for half in 0...4 { lease.ticked(at: Self.at(25 + Double(half) / 2)) }
        #expect(lease.verdict(at: Self.at(27)) == .held)
        answer(&lease, round(), at: 27)
        #expect(lease.verdict(at: Self.at(27.1)) == .open)
    }

    @Test func `a recorder that was fenced while it could not reach the database stops when the broker says so`() {
        var lease = registered()
        lease.failed(sentAt: Self.at(1))
        lease.heardOfFencing(incarnation: 2)
        #expect(lease.verdict(at: Self.at(2)) == .open)
        lease.heardOfFencing(incarnation: 3)
        #expect(lease.verdict(at: Self.at(2)) == .lost)
    }

    @Test func `a message alone takes no camera from a recorder that reaches the database`() {
        var lease = registered()
        answer(&lease, round(), at: 1)
        lease.heardOfFencing(incarnation: 3)
        #expect(lease.verdict(at: Self.at(2)) == .open)
        answer(&lease, round(), at: 3)
        lease.failed(sentAt: Self.at(4))
        #expect(lease.verdict(at: Self.at(5)) == .open)
        lease.heardOfFencing(incarnation: 3)
        #expect(lease.verdict(at: Self.at(5)) == .lost)
    }

    @Test func `after a break a failed round says nothing; the broker's silence does`() {
        var lease = registered()
        lease.failed(sentAt: Self.at(25))
        lease.failed(sentAt: Self.at(26))
        #expect(lease.verdict(at: Self.at(26)) == .held)
        lease.heardNothing(at: Self.at(24), isBrokerAway: false)
        #expect(lease.verdict(at: Self.at(26)) == .held)
        lease.heardNothing(at: Self.at(26), isBrokerAway: false)
        #expect(lease.verdict(at: Self.at(26)) == .open)
    }

    @Test func `after a break that is longer than messages wait only a broker that is away lets it go on`() {
        var lease = registered()
        lease.failed(sentAt: Self.at(70))
        lease.heardNothing(at: Self.at(71), isBrokerAway: false)
        #expect(lease.verdict(at: Self.at(71)) == .held)
        lease.heardNothing(at: Self.at(71), isBrokerAway: true)
        #expect(lease.verdict(at: Self.at(71)) == .open)
    }

    @Test func `the gate goes stale by itself`() {
        let gate = WriteGate()
        #expect(gate.verdict(at: Self.at(0)) == .held)
        var lease = registered()
        gate.set(lease)
        #expect(gate.verdict(at: Self.at(1)) == .open)
        #expect(gate.verdict(at: Self.at(8)) == .held)
        answer(&lease, round(isCurrent: false), at: 1)
        gate.set(lease)
        #expect(gate.verdict(at: Self.at(1)) == .lost)
    }

    // MARK: Fencing

    @Test func `a peer whose heartbeat stands still for ten seconds is fenced`() {
        var lease = registered()
        for second in 0...9 { answer(&lease, round([peer("b", beat: 5)]), at: Double(second)) }
        #expect(lease.toFence().isEmpty)
        for second in 10...11 { answer(&lease, round([peer("b", beat: 5)]), at: Double(second)) }
        #expect(lease.toFence() == [peer("b", beat: 5)])
        answer(&lease, round([peer("b", beat: 6)]), at: 12)
        #expect(lease.toFence().isEmpty)
    }

    @Test func `an outage of this recorder's own gives everybody the whole time again`() {
        var lease = registered()
        for second in 0...8 { answer(&lease, round([peer("b", beat: 5)]), at: Double(second)) }
        lease.failed(sentAt: Self.at(9))
        for second in 10...19 { answer(&lease, round([peer("b", beat: 5)]), at: Double(second)) }
        #expect(lease.toFence().isEmpty)
        for second in 20...21 { answer(&lease, round([peer("b", beat: 5)]), at: Double(second)) }
        #expect(lease.toFence().count == 1)
    }

    @Test func `a pause of this recorder's own gives everybody the whole time again`() {
        var lease = registered()
        answer(&lease, round([peer("b", beat: 5)]), at: 0)
        answer(&lease, round([peer("b", beat: 5)]), at: 30)
        #expect(lease.toFence().isEmpty)
    }

    @Test func `a fencing is announced until the broker has confirmed it`() {
        var lease = registered()
        var fenced = peer("b", beat: 0, incarnation: 2)
        fenced.isFenced = true
        answer(&lease, round([fenced]), at: 1)
        #expect(lease.toAnnounce() == [fenced])
        #expect(lease.toFence().isEmpty)
        lease.announced(fenced)
        answer(&lease, round([fenced]), at: 2)
        #expect(lease.toAnnounce().isEmpty)
    }

    // MARK: Sharing

    /// A lease that has watched peers which beat, and holds cameras as given.
    private func sharing(_ held: [String: Int], cameras: Int) -> Lease {
        var lease = registered()
        for second in 0...2 {
            let peers = held.keys.sorted().map { peer($0, beat: Int64(second)) }
            answer(&lease, round(peers, cameras: cameras, held: held), at: Double(second))
        }
        return lease
    }

    @Test(arguments: [
        (["a": 0], 10, Int.max), (["a": 0, "b": 0], 10, 5), (["a": 0, "b": 0, "c": 0], 10, 4),
        (["a": 5, "b": 3], 10, 0),
        (["a": 4, "b": 5], 10, 1), (["a": 2, "b": 8], 10, 0),
    ])
    func `orphans are claimed up to a fair share`(held: [String: Int], cameras: Int, expected: Int) {
        #expect(sharing(held, cameras: cameras).claimLimit(at: Self.at(2.1)) == expected)
    }

    @Test func `what nobody claims for a while is claimed by all`() {
        #expect(sharing(["a": 5, "b": 3], cameras: 10).claimLimit(at: Self.at(3.5)) == 2)
    }

    @Test func `nothing is claimed by a recorder that may not write`() {
        var lease = sharing(["a": 0], cameras: 10)
        #expect(lease.claimLimit(at: Self.at(60)) == 0)
        lease.failed(sentAt: Self.at(3))
        #expect(lease.claimLimit(at: Self.at(3.1)) == 0)
    }

    @Test(arguments: [
        (["a": 6, "b": 4], "b"), (["a": 5, "b": 4], nil), (["a": 6, "b": 6, "c": 0], "c"),
        (["a": 4, "b": 6, "c": 0], nil),
        (["b": 6, "c": 0], nil),
    ])
    func `the recorder that has most hands over to the one that has least`(held: [String: Int], target: String?) {
        let lease = sharing(held, cameras: held.values.reduce(0, +))
        #expect(lease.handOverTarget(at: Self.at(2.1)) == target)
    }

    @Test func `one camera a second is handed over`() {
        var lease = sharing(["a": 8, "b": 0], cameras: 8)
        lease.handedOver(to: "b", at: Self.at(2.1))
        #expect(lease.handOverTarget(at: Self.at(2.9)) == nil)
        #expect(lease.handOverTarget(at: Self.at(3.2)) == "b")
    }

    @Test func `a round that fails ends no hand-over, and a successor that ends as well does`() {
        var lease = registered()
        #expect(!lease.hasSuccessor)
        for second in 0...1 { answer(&lease, round([peer("b", beat: Int64(second))]), at: Double(second)) }
        #expect(lease.hasSuccessor && lease.mayHaveSuccessor)
        lease.failed(sentAt: Self.at(2))
        #expect(!lease.hasSuccessor && lease.mayHaveSuccessor)
        answer(&lease, round([peer("b", beat: 1)]), at: 3)
        #expect(!lease.hasSuccessor && lease.mayHaveSuccessor)
        var draining = peer("b", beat: 2)
        draining.isDraining = true
        answer(&lease, round([draining]), at: 4)
        #expect(!lease.mayHaveSuccessor)
    }

    @Test func `a recorder that ends in order hands over only while it lives`() {
        var lease = registered()
        var draining = peer("b", beat: 0)
        draining.isDraining = true
        answer(&lease, round([draining]), at: 0)
        #expect(!lease.isHandingOver("b"))
        draining.heartbeat = 1
        answer(&lease, round([draining]), at: 1)
        #expect(lease.isHandingOver("b"))
        #expect(!lease.hasSuccessor)
        for second in 2...6 { answer(&lease, round([draining]), at: Double(second)) }
        #expect(!lease.isHandingOver("b"))
    }
}
