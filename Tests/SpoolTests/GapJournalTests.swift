import TemporaryFolders
import Encodings
import Glibc
import ObserverCore
import System
import Testing

@testable import Spool

@Suite struct GapJournalTests {
    private let folder = TemporaryFolder()
    private let stream = StreamID(CameraID(rawValue: 7), .main)
    private let start = Timestamp(milliseconds: 1_790_000_000_123)

    private var path: String { "\(folder.path)/journal/node-a.log" }

    private func journal(limit: Int = 100_000) throws -> GapJournal {
        let journal = GapJournal(in: try Spool(at: folder.path), recorder: "node-a", limit: limit)
        try journal.load()
        return journal
    }

    private func gap(_ second: Int64, isOver: Bool = false) -> GapChange {
        let gap = Gap(
            stream: stream,
            epoch: 3,
            startedAt: start.advanced(bySeconds: second),
            endedAt: isOver ? start.advanced(bySeconds: second + 1) : nil,
            cause: .stalled,
            detail: "the camera’s line\nis \"odd\""
        )
        return isOver ? .close(gap) : .open(gap)
    }

    private func records(_ journal: GapJournal) -> [GapChange] { journal.pending().map(\.change) }

    private func write(_ bytes: [UInt8]) throws {
        let file = try File(opening: path, flags: O_WRONLY | O_CREAT | O_TRUNC)
        try bytes.withUnsafeBufferPointer { buffer throws(SystemError) in
            try file.write(UnsafeRawBufferPointer(buffer))
        }
    }

    @Test func `what was flushed is there after a kill, in order, and what was acknowledged is not`() throws {
        let first = try journal()
        let all = [gap(1), gap(2), gap(1, isOver: true), .remove(stream, epoch: 3, startedAt: start)]
        first.append(all)
        try first.flush()
        let second = try journal()
        #expect(records(second) == all)
        second.acknowledge(through: second.pending()[1].number)
        second.append([gap(9)])
        try second.flush()
        let third = try journal()
        #expect(records(third) == all.suffix(2) + [gap(9)])
        let numbers = third.pending().map(\.number)
        #expect(numbers == numbers.sorted() && Set(numbers).count == 3)
    }

    @Test func `numbers rise across a kill also if everything was acknowledged`() throws {
        let first = try journal()
        first.append([gap(1)])
        try first.flush()
        first.acknowledge(through: 1)
        first.append([gap(2)])
        try first.flush()
        first.acknowledge(through: 2)
        let second = try journal()
        second.append([gap(3)])
        try second.flush()
        #expect(second.pending().last?.number == 3)
    }

    @Test func `a journal that is cut off anywhere gives what is whole`() throws {
        let spool = try Spool(at: folder.path)
        let whole = try journal()
        let all = (0..<3).map { gap($0, isOver: true) }
        whole.append(all)
        try whole.flush()
        let bytes = try Files.read(path)
        for count in 0..<bytes.count {
            try write(Array(bytes.prefix(count)))
            let cut = GapJournal(in: spool, recorder: "node-a")
            #expect(try cut.load() == 0)
            let found = records(cut)
            #expect(found == Array(all.prefix(found.count)))
            // A line is whole without the end of line that follows it.
            #expect(found.count == bytes.prefix(count + 1).count { $0 == UInt8(ascii: "\n") })
        }
    }

    @Test func `a report that follows one that was cut off is not lost`() throws {
        let first = try journal()
        first.append([gap(1), gap(2)])
        try first.flush()
        let bytes = try Files.read(path)
        try write(Array(bytes.dropLast(20)))
        let second = try journal()
        second.append([gap(3)])
        try second.flush()
        #expect(records(try journal()) == [gap(1), gap(3)])
    }

    @Test func `a spoilt line costs no other`() throws {
        let first = try journal()
        first.append([gap(1), gap(2), gap(3)])
        try first.flush()
        var bytes = try Files.read(path)
        let ends = bytes.indices.filter { bytes[$0] == UInt8(ascii: "\n") }
        bytes[ends[0] + 30] ^= 1
        try write(bytes)
        let second = GapJournal(in: try Spool(at: folder.path), recorder: "node-a")
        #expect(try second.load() == 1)
        #expect(records(second) == [gap(1), gap(3)])
    }

    @Test func `lines of nonsense are left out`() throws {
        var random = SystemRandomNumberGenerator()
        _ = try journal()
        for _ in 0..<200 {
            try write((0..<Int.random(in: 0...300, using: &random)).map { _ in UInt8.random(in: 0...255) })
            #expect(try journal().isEmpty)
        }
        let impossible = Gap(stream: stream, epoch: -1, startedAt: start, cause: .dns, detail: nil)
        try write(JournalLine.encode(number: 1, .open(impossible)))
        #expect(try journal().isEmpty)
    }

    @Test func `a disk that refuses loses nothing, and gets everything when it works again`() throws {
        let journal = try journal()
        journal.append([gap(1)])
        try journal.flush()
        // A file where the folder should be.
        rename("\(folder.path)/journal", "\(folder.path)/away")
        try File.writeDurably([], to: "\(folder.path)/journal")
        journal.append([gap(2)])
        #expect(throws: SpoolError.self) { try journal.flush() }
        #expect(journal.hasUnwritten && records(journal) == [gap(1), gap(2)])
        journal.acknowledge(through: 1)
        journal.append([gap(3)])
        #expect(throws: SpoolError.self) { try journal.flush() }
        unlink("\(folder.path)/journal")
        rename("\(folder.path)/away", "\(folder.path)/journal")
        try journal.flush()
        #expect(!journal.hasUnwritten)
        #expect(records(try self.journal()) == [gap(2), gap(3)])
    }

    @Test func `the file does not grow with what is done with`() throws {
        let journal = try journal()
        for round in 0..<200 {
            journal.append((0..<50).map { gap(Int64(round * 50 + $0)) })
            try journal.flush()
            journal.acknowledge(through: (round + 1) * 50)
        }
        let bytes = try Files.status(path)?.bytes ?? 0
        #expect(bytes < 1_200_000)
    }

    @Test func `of too many reports the newest are kept`() throws {
        let journal = try journal(limit: 10)
        #expect(journal.append((0..<10).map { gap($0) }) == 0)
        #expect(journal.append([gap(10), gap(11)]) == 2)
        #expect(records(journal).isEmpty)
        try journal.flush()
        #expect(records(journal) == (2..<12).map { gap($0) })
    }

    @Test func `what is on its way counts over what is in the database`() throws {
        let journal = try journal()
        journal.append([gap(1), gap(1, isOver: true), gap(5)])
        let gaps = journal.gaps(of: stream, over: []).gaps
        #expect(gaps.map(GapChange.gapOf) == [gap(1, isOver: true), gap(5)])
        #expect(journal.gaps(of: StreamID(CameraID(rawValue: 8), .main), over: []).gaps.isEmpty)
    }
}

extension GapChange {
    fileprivate static func gapOf(_ gap: Gap) -> GapChange {
        gap.endedAt == nil ? .open(gap) : .close(gap)
    }
}
