import ObserverCore
import ObserverStore
import SeededNumbers
import System
import Testing

@testable import ObserverUpload

/// The claim on a spool, with a clock turned by hand.
@Suite struct SpoolClaimTests {
    private static func holder(beats: Int64 = 1, _ instance: UniqueID = .makeRandom()) -> SpoolClaim.Holder {
        .init(instance: instance, name: "other", beats: beats, startedAt: Timestamp(milliseconds: 0))
    }

    private struct Trial {
        var claim = SpoolClaim()
        var now = MonotonicInstant(nanoseconds: 1_000_000_000_000)

        init(isKnownFolder: Bool = true) {
            #expect(claim.handle(.lockTaken(isKnownFolder: isKnownFolder), now: now).isEmpty)
        }

        mutating func handle(_ event: SpoolClaim.Event, after seconds: Int64 = 5) -> [SpoolClaim.Action] {
            now = now + .seconds(seconds)
            return claim.handle(event, now: now)
        }
    }

    @Test func `uploads begin once when the database grants the spool`() {
        var trial = Trial()
        #expect(trial.handle(.granted) == [.begin])
        #expect(trial.handle(.granted).isEmpty)
        #expect(trial.claim.state == .claimed)
    }

    @Test func `a claim outlasts the absence of the database`() {
        var trial = Trial()
        _ = trial.handle(.granted)
        for _ in 0..<1000 { #expect(trial.handle(.databaseAway).isEmpty) }
        #expect(trial.claim.state == .claimed)
        #expect(trial.handle(.granted).isEmpty)
    }

    @Test func `without the database a start in the known folder begins at once, one in another after a lease`() {
        var known = Trial()
        #expect(known.handle(.databaseAway) == [.begin, .report(.withoutDatabase)])
        var copied = Trial(isKnownFolder: false)
        for _ in 1...5 { #expect(copied.handle(.databaseAway).isEmpty) }
        #expect(copied.handle(.databaseAway) == [.begin, .report(.withoutDatabase)])
    }

    @Test func `without the database a start behind a silent one begins after a lease, behind a living one never`() {
        var behindSilent = Trial()
        _ = behindSilent.handle(.held(Self.holder()))
        for _ in 1...4 { #expect(behindSilent.handle(.databaseAway).isEmpty) }
        #expect(behindSilent.handle(.databaseAway) == [.begin, .report(.withoutDatabase)])
        var behindLiving = Trial()
        let other = UniqueID.makeRandom()
        for beats in 1...2 as ClosedRange<Int64> { _ = behindLiving.handle(.held(Self.holder(beats: beats, other))) }
        for _ in 1...1000 { #expect(behindLiving.handle(.databaseAway).isEmpty) }
    }

    @Test func `of two the one without the row uploads nothing while the other reports, and says so once`() {
        var trial = Trial()
        let other = UniqueID.makeRandom()
        #expect(trial.handle(.held(Self.holder(beats: 1, other))) == [.report(.waiting(Self.holder(beats: 1, other)))])
        let second = Self.holder(beats: 2, other)
        #expect(trial.handle(.held(second)) == [.report(.refused(second))])
        for beat in 3...100 {
            #expect(trial.handle(.held(Self.holder(beats: Int64(beat), other))).isEmpty)
            #expect(trial.claim.former == nil)
        }
        #expect(trial.handle(.databaseAway).isEmpty)
    }

    @Test func `reports that stand still for a lease make the other one's claim over`() {
        var trial = Trial()
        let other = Self.holder()
        _ = trial.handle(.held(other))
        for _ in 1...5 {
            #expect(trial.handle(.held(other)).isEmpty)
            #expect(trial.claim.former == nil)
        }
        #expect(trial.handle(.held(other)).isEmpty)
        #expect(trial.claim.former == other)
        #expect(trial.handle(.granted) == [.begin, .report(.succeeded(other))])
        #expect(trial.claim.former == nil)
    }

    @Test func `while nobody can report, standing still says nothing`() {
        var trial = Trial()
        let instance = UniqueID.makeRandom()
        let other = Self.holder(beats: 2, instance)
        _ = trial.handle(.held(Self.holder(beats: 1, instance)))
        _ = trial.handle(.held(other))
        for _ in 1...20 { #expect(trial.handle(.databaseAway).isEmpty) }
        for _ in 1...5 {
            _ = trial.handle(.held(other))
            #expect(trial.claim.former == nil)
        }
        _ = trial.handle(.held(other))
        #expect(trial.claim.former == other)
    }

    @Test func `whoever is taken over ends its uploads, and gets the spool back when the other is gone`() {
        var trial = Trial()
        _ = trial.handle(.granted)
        let other = Self.holder()
        #expect(trial.handle(.held(other)) == [.end, .report(.refused(other))])
        for _ in 1...6 { _ = trial.handle(.held(other)) }
        #expect(trial.claim.former == other)
        #expect(trial.handle(.granted) == [.begin, .report(.succeeded(other))])
    }

    // MARK: - Two uploaders, one row

    @Test func `two uploaders never both hold a granted claim while the database answers`() {
        for seed in 0..<200 as Range<UInt64> { compete(seed) }
    }

    private func compete(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var row: (instance: Int, beats: Int64)?
        let ids = [UniqueID.makeRandom(), UniqueID.makeRandom()]
        var claims = [SpoolClaim(), SpoolClaim()]
        var isUp = [true, true]
        var now = MonotonicInstant(nanoseconds: 1_000_000_000_000)
        for index in 0...1 { _ = claims[index].handle(.lockTaken(isKnownFolder: true), now: now) }
        for _ in 0..<300 {
            now = now + .seconds(Int64(generator.next() % 4) + 1)
            for index in 0...1 where generator.next() % 3 > 0 {
                if generator.next() % 40 == 0 { isUp[index].toggle() }
                guard isUp[index] else { continue }
                let former = claims[index].former
                let isMine =
                    row.map { row in
                        row.instance == index || former?.instance == ids[row.instance] && former?.beats == row.beats
                    } ?? true
                if isMine { row = (index, (row?.beats ?? 0) + 1) }
                guard let holder = row else { continue }
                let event: SpoolClaim.Event =
                    isMine ? .granted : .held(Self.holder(beats: holder.beats, ids[holder.instance]))
                let actions = claims[index].handle(event, now: now)
                #expect((claims[index].state == .claimed) == isMine)
                // Whoever lives and was granted last is the only one that a living other one can see.
                if !isMine { #expect(!actions.contains(.begin)) }
            }
        }
    }
}
