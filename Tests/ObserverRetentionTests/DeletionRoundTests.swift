import ObserverCore
import ObserverRetention
import ObserverStore
import S3
import Testing

/// The deletion of a batch from several stores.
@Suite struct DeletionRoundTests {
    private static let plain = RetentionBucketState(versions: .none)
    private let home = ExpiringSegment(id: .makeRandom(), objectKey: "h")
    private let second = ExpiringSegment(id: .makeRandom(), objectKey: "s", destinations: .second)
    private let both = ExpiringSegment(id: .makeRandom(), objectKey: "b", destinations: [.home, .second])
    private let third = ExpiringSegment(id: .makeRandom(), objectKey: "t", destinations: [.home, .third])
    private let terms = StoreTerms([
        .home: .usable(plain), .second: .usable(RetentionBucketState(versions: .deleted)),
    ])

    private func refusal(_ keys: String..., word: String = "AccessDenied") -> Result<S3Deletion, S3Error> {
        var deletion = S3Deletion()
        for key in keys { deletion.refused[key] = word }
        return .success(deletion)
    }

    @Test func `each store is asked for what it holds, by its own terms`() {
        let round = DeletionRound([home, second, both], terms)
        let requests = round.requests
        #expect(requests.map(\.destination) == [.home, .second])
        #expect(requests.map(\.keys) == [["h", "b"], ["s", "b"]])
        #expect(requests.map(\.isOfAllVersions) == [false, true])
    }

    @Test func `a segment is gone when every store that holds it has confirmed it`() {
        var round = DeletionRound([home, second, both], terms)
        #expect(round.gone.isEmpty)
        round.take(.success(S3Deletion()), from: .home)
        #expect(round.gone == [home])
        round.take(refusal("b"), from: .second)
        #expect(round.gone == [home, second] && round.reasons == [both.id: "AccessDenied"])
        #expect(round.event(locked: [], of: 3) == .deleted(count: 3))
    }

    @Test func `a store that does not answer keeps what it holds, and the others go on`() {
        var round = DeletionRound([home, second, both], terms)
        round.take(.success(S3Deletion()), from: .home)
        round.take(.failure(S3Error(.network, "no answer")), from: .second)
        #expect(round.gone == [home])
        #expect(round.reasons[both.id] == "the second store: no answer" && round.reasons[home.id] == nil)
        #expect(round.event(locked: [], of: 4) == .hindered(count: 4, [.second: "the second store: no answer"]))
    }

    @Test func `with one store, or when all are away, everything waits`() {
        var round = DeletionRound([home], StoreTerms([.home: .usable(Self.plain)]))
        round.take(.failure(S3Error(.network, "no answer")), from: .home)
        #expect(round.event(locked: [], of: 1) == .notDeleted(isThrottled: false, problem: "the store: no answer"))
        var all = DeletionRound([both], terms)
        for store in [Destination.home, .second] { all.take(.failure(S3Error(.throttled, "slowly")), from: store) }
        #expect(all.event(locked: [], of: 1) == .notDeleted(isThrottled: true, problem: "the store: slowly"))
    }

    @Test func `a refusal of everything is trouble, but not of what is locked`() {
        var round = DeletionRound([home, both], StoreTerms([.home: .usable(Self.plain)]))
        round.take(refusal("h", "b"), from: .home)
        #expect(
            round.event(locked: [], of: 2)
                == .notDeleted(isThrottled: false, problem: "the store does not delete: AccessDenied")
        )
        #expect(round.event(locked: [home.id], of: 2) == .deleted(count: 2))
    }

    @Test func `what lies in a store that is not set up is never gone`() {
        var round = DeletionRound([third], terms)
        round.take(.success(S3Deletion()), from: .home)
        #expect(round.gone.isEmpty && round.event(locked: [], of: 1) == .deleted(count: 1))
        #expect(round.reasons[third.id] == "it lies in the third store as well, which is not set up")
    }

    // MARK: Holds

    private func step(_ segments: [ExpiringSegment], isOn: Bool = true) -> LegalHoldStore.Step {
        LegalHoldStore.Step(hold: 1, isOn: isOn, segments: segments, isLast: true)
    }

    @Test func `a hold is passed on to each store that locks, and counts when all of them have it`() {
        let locking = RetentionBucketState(versions: .deleted, hasObjectLock: true)
        let terms = StoreTerms([.home: .usable(locking), .second: .usable(locking)])
        var round = ProtectionRound(step([home, both]), terms)
        #expect(round.requests.map(\.keys) == [["h", "b"], ["b"]])
        round.take(.success(S3LegalHolds()), from: .home)
        round.take(.failure(S3Error(.network, "no answer")), from: .second)
        #expect(round.outcome == .init(done: [home.id], refused: 1, error: "the second store: no answer"))
    }

    @Test func `a hold on what lies in stores without locks is neither done nor refused, and its end is`() {
        let locking = RetentionBucketState(versions: .deleted, hasObjectLock: true)
        let terms = StoreTerms([.home: .usable(locking), .second: .usable(Self.plain)])
        #expect(ProtectionRound(step([second]), terms).outcome == .init(done: []))
        #expect(ProtectionRound(step([second], isOn: false), terms).outcome == .init(done: [second.id]))
        var alone = ProtectionRound(step([home]), terms)
        alone.take(.failure(S3Error(.network, "no answer")), from: .home)
        #expect(alone.outcome == nil, "to be repeated")
    }
}
