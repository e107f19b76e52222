import TemporaryFolders
import MP4
import ObserverCore
import TestSupport
import Testing

@testable import Spool

@Suite struct SpoolTimeTests {
    private static let base: Int64 = 1_790_000_000_000_000
    private let folder = TemporaryFolder()
    private let spool: Spool
    private let bytes: [UInt8]

    init() throws {
        spool = try Spool(at: folder.path)
        let tests = #filePath.prefix(#filePath.count - "SpoolTests/Clock/SpoolTimeTests.swift".count)
        bytes = try Files.read("\(tests)Fixtures/fragmented.mp4")
    }

    /// The moment that was so many seconds after the boot, by the clock that is right.
    private func wall(_ seconds: Int64) -> Timestamp { Timestamp(microseconds: Self.base + seconds * 1_000_000) }

    private func time(isCertain: Bool = true) -> SpoolTime {
        SpoolTime(boot: "this", timeOfDay: TimeOfDay(offset: Self.base), isCertain: isCertain)
    }

    /// Leaves a segment open that began so many seconds after a boot, when the clock said `wall`.
    @discardableResult
    private func leave(_ uptime: Int64, of boot: String = "this", at wall: Timestamp) throws -> SegmentDraft {
        let header = Segment.sample(at: wall, origin: SegmentOrigin(recorder: "node-a", spoolID: spool.id)).header
        let draft = SegmentDraft(header, begun: BootMoment(boot: boot, uptime: uptime * 1_000_000))
        let open = try spool.begin(header, begun: draft.begun)
        try bytes.withUnsafeBytes { try open.append($0) }
        return draft
    }

    private func recovered(isCertain: Bool = true) throws -> [Segment] {
        let results = try spool.recover(as: "node-a", time: time(isCertain: isCertain))
        return results.compactMap { if case .segment(let segment) = $0 { segment } else { nil } }
            .sorted { $0.startedAt < $1.startedAt }
    }

    @Test(arguments: [365 * 86_400, -9_000_000, -7200])
    func `what was begun under a wrong clock is committed at its time`(
        error: Int64
    ) throws {
        let draft = try leave(100, at: wall(100 + error))
        let segment = try #require(try recovered().first)
        #expect(segment.startedAt == wall(100) && segment.problem == nil && segment.id.isMoved(from: draft.header.id))
        #expect(segment.end.flags == [.recovered, .wallStep])
        #expect(try spool.segment(segment.id) == segment)
        let media = try Files.read(spool.media(segment.id))
        #expect(try FragmentedMP4.inspect(bytes: media).frames == segment.media.frames)
        #expect(try Files.names(in: spool.layout.open).filter { !$0.hasSuffix(".lock") }.isEmpty)
    }

    @Test func `what was begun under a clock that was right stays what it is`() throws {
        let draft = try leave(100, at: wall(100))
        let segment = try #require(try recovered().first)
        #expect(segment.header == draft.header && segment.end.flags == [.recovered])
    }

    @Test func `while the time is uncertain nothing is committed, and nothing is lost`() throws {
        let draft = try leave(100, at: wall(4000))
        guard
            case .kept(draft.header.id, let error)? = try spool.recover(as: "node-a", time: time(isCertain: false))
                .first
        else {
            Issue.record("it was not kept")
            return
        }
        #expect(error.kind == .inUse && error.isTemporary)
        let left = try spool.leftOpen(by: "node-a", time: time(isCertain: false))
        #expect(left.map(\.place) == [.at(100_000_000)])
        #expect(try recovered().map(\.startedAt) == [wall(100)])
    }

    @Test(arguments: 0..<3) func `a death in the middle of a move loses nothing and doubles nothing`(step: Int) throws {
        let draft = try leave(100, at: wall(40_000))
        let header = draft.header.moved(to: wall(100))
        let (old, new) = (draft.header.id, header.id)
        try Files.write(SpoolJSON.encode(SegmentDraft(header, begun: draft.begun)), to: spool.layout.draft(new))
        if step > 0 { try Files.rename(spool.layout.openMedia(old), spool.layout.openMedia(new)) }
        if step > 1 { try Files.remove(spool.layout.draft(old)) }
        let segments = try recovered()
        #expect(segments.map(\.header) == [header])
        #expect(try spool.readyIDs() == [new])
    }

    @Test func `a segment that could not be committed after its move is found by the identifier it was begun with`()
        throws
    {
        let draft = try leave(100, at: wall(40_000))
        let header = draft.header.moved(to: wall(100))
        try spool.move(draft, to: header)
        guard case .segment(let segment)? = try spool.finish(draft, as: header, whole: nil) else {
            Issue.record("it was not found")
            return
        }
        #expect(segment.header == header)
        guard case .segment(segment)? = try spool.finish(draft, as: header, whole: nil) else {
            Issue.record("what is committed was not found")
            return
        }
    }

    @Test(arguments: [wall2027, Timestamp(milliseconds: 1_000_000_000_000)])
    func `what an earlier boot recorded at an impossible time ends where this boot begins`(start: Timestamp) throws {
        try leave(500, of: "earlier", at: start)
        try leave(520, of: "earlier", at: start.advanced(bySeconds: 20))
        let segments = try recovered()
        let last = try #require(segments.last)
        #expect((-200...0).contains(last.endedAt.milliseconds - wall(0).milliseconds))
        #expect(last.startedAt.milliseconds - segments[0].startedAt.milliseconds == 20_000)
        #expect(segments.allSatisfy { $0.problem == nil && $0.end.flags.contains(.wallStep) })
    }

    private static let wall2027 = Timestamp(milliseconds: base / 1000 + 365 * 86_400_000)

    @Test func `what an earlier boot recorded at a possible time stays there`() throws {
        let draft = try leave(500, of: "earlier", at: wall(-3000))
        #expect(try recovered().map(\.header) == [draft.header])
    }

    @Test func `the time that was proven is read back, and a draft without a moment of the boot keeps its time`() throws
    {
        #expect(try spool.keptClock() == nil)
        let kept = KeptClock(boot: "this", offset: Self.base)
        try spool.keep(kept)
        #expect(try spool.keptClock() == kept)
        let header = Segment.sample(at: wall(9000), origin: SegmentOrigin(recorder: "node-a", spoolID: spool.id)).header
        let open = try spool.begin(header)
        try bytes.withUnsafeBytes { try open.append($0) }
        #expect(try recovered().map(\.header) == [header])
    }

    // MARK: Journal

    private func gap(_ from: Int64, _ to: Int64?) -> GapChange {
        let gap = Gap(
            stream: StreamID(CameraID(rawValue: 7), .main),
            epoch: 3,
            startedAt: wall(from),
            endedAt: to.map(wall),
            cause: .stalled,
            detail: nil
        )
        return to == nil ? .open(gap) : .close(gap)
    }

    @Test(arguments: [false, true]) func `gaps under a provisional time wait, and are sent at their time`(
        isReloaded: Bool
    ) throws {
        var journal = GapJournal(in: spool, recorder: "node-a")
        let clock = JournalClock(boot: "this", offset: Self.base + 50_000_000_000)
        // From before the boot, from since then, and one that lasts.
        journal.append([gap(-70, 50_010), gap(50_020, 50_030), gap(50_040, nil)], clock: clock)
        journal.append([gap(60, nil)])
        try journal.flush()
        if isReloaded {
            journal = GapJournal(in: spool, recorder: "node-a")
            #expect(try journal.load() == 0)
        }
        let found = journal.gaps(of: StreamID(CameraID(rawValue: 7), .main), over: [], time: time(isCertain: false))
        #expect(found.gaps.map(\.startedAt).contains(wall(20)) && found.measured.contains(wall(40)))
        journal.settle(time(isCertain: false))
        #expect(journal.pending().isEmpty && !journal.isEmpty)
        journal.settle(time())
        let sent = [gap(-70, 10), gap(20, 30), gap(40, nil), gap(60, nil)]
        #expect(journal.pending().map(\.change) == sent)
        try journal.flush()
        let next = GapJournal(in: spool, recorder: "node-a")
        try next.load()
        #expect(next.pending().map(\.change) == sent)
    }

    @Test func `gaps of an earlier boot keep a possible time, and are dropped at an impossible one`() throws {
        let journal = GapJournal(in: spool, recorder: "node-a")
        journal.append(
            [gap(-300, -200), gap(9000, 9100), gap(9200, nil)],
            clock: JournalClock(boot: "earlier", offset: 1)
        )
        try journal.flush()
        journal.settle(time())
        #expect(journal.pending().map(\.change) == [gap(-300, -200)])
    }
}
