import ObserverCore
import Testing

@Suite struct CatalogueVerdictTests {
    /// Row, file, object, verdict.
    private static let table: [(SegmentState?, CatalogueVerdict.File, Bool, CatalogueVerdict?)] = [
        (.spooled, .there, false, .waiting), (.spooled, .unknown, false, .waiting), (.failed, .there, false, .waiting),
        (.spooled, .there, true, .unnoted), (.failed, .unknown, true, .unnoted), (.lost, .absent, true, .unnoted),
        (.spooled, .absent, false, .gone), (.failed, .absent, false, .gone),
        (.lost, .absent, false, .sound), (.lost, .unknown, false, .sound), (.lost, .there, false, .waiting),
        (.stored, .there, false, .restorable), (.stored, .absent, false, .missing),
        (.stored, .unknown, false, .missing),
        (.stored, .there, true, .leftover), (.stored, .absent, true, .sound), (.stored, .unknown, true, .sound),
        (nil, .absent, true, .orphan), (nil, .unknown, true, .orphan), (nil, .there, true, .orphan),
        (nil, .there, false, .unentered), (nil, .absent, false, nil),
        (.expired, .absent, true, .undeleted), (.expired, .unknown, false, nil),
        (.expiring, .unknown, true, .sound), (.expiring, .unknown, false, .sound),
    ]

    @Test(arguments: table.indices)
    func `what is known of a segment makes one verdict`(index: Int) {
        let (state, file, hasObject, verdict) = Self.table[index]
        #expect(CatalogueVerdict(state: state, file: file, hasObject: hasObject) == verdict)
    }

    @Test func `an object of another length is never taken for the segment`() {
        for state in SegmentState.allCases where state != .expiring && state != .expired {
            for file in [CatalogueVerdict.File.there, .absent, .unknown] {
                #expect(CatalogueVerdict(state: state, file: file, hasObject: true, isWhole: false) == .different)
            }
        }
    }

    // MARK: Several stores

    private func verdict(
        _ state: SegmentState = .stored,
        noted: DestinationSet,
        found: DestinationSet,
        seen: DestinationSet = [.home, .second],
        file: CatalogueVerdict.File = .unknown
    ) -> CatalogueVerdict? {
        CatalogueVerdict(
            state: state,
            file: file,
            hasObject: !found.isEmpty,
            places: .init(noted: noted, found: found, seen: seen)
        )
    }

    @Test func `a row that names other stores than have the object is found`() {
        #expect(verdict(noted: .second, found: .second) == .sound)
        #expect(verdict(noted: [.home, .second], found: .second) == .incomplete)
        #expect(verdict(noted: .home, found: .second) == .incomplete)
        #expect(verdict(noted: .second, found: [.home, .second]) == .unnoted)
        #expect(verdict(noted: [.home, .second], found: []) == .missing)
        #expect(verdict(noted: [.home, .second], found: [], file: .there) == .restorable)
        for state in SegmentState.allCases where state != .stored {
            #expect(verdict(state, noted: .home, found: .second) != .incomplete)
        }
    }

    @Test func `what may lie in a store that is not set up is never missing`() {
        #expect(verdict(noted: [.home, .third], found: []) == .unreachable)
        #expect(verdict(noted: .third, found: []) == .unreachable)
        #expect(verdict(noted: [.home, .third], found: .home) == .sound)
        #expect(!CatalogueVerdict.unreachable.isMendable && !CatalogueVerdict.unreachable.isDestructive)
    }

    @Test func `nothing that counts as stored is taken away as long as its object is there`() {
        for state in SegmentState.allCases where state != .expired {
            for file in [CatalogueVerdict.File.there, .absent, .unknown] {
                let verdict = CatalogueVerdict(state: state, file: file, hasObject: true)
                #expect(verdict?.isDestructive != true, "\(state) \(file)")
            }
        }
    }
}
