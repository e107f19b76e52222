import TemporaryFolders
import Crypto
import Glibc
import MP4
import ObserverCore
import System
import TestSupport
import Testing

@testable import Spool

/// Segments of a recorder that lives whose disk failed.
@Suite struct FinishTests {
    private let folder = TemporaryFolder()
    private let spool: Spool
    private let bytes: [UInt8]

    init() throws {
        spool = try Spool(at: folder.path)
        let tests = #filePath.prefix(#filePath.count - "SpoolTests/FinishTests.swift".count)
        bytes = try Files.read("\(tests)Fixtures/fragmented.mp4")
    }

    /// A segment of which all is written.
    private func written() throws -> Segment {
        var segment = Segment.sample(origin: SegmentOrigin(recorder: "node-a", spoolID: spool.id))
        let open = try spool.begin(segment.header)
        try bytes.withUnsafeBytes { try open.append($0) }
        segment.media.bytes = open.bytes
        segment.media.sha256 = open.finish()
        return segment
    }

    private var openFiles: [String] {
        get throws { try Files.names(in: folder.path + "/open").filter { !$0.hasSuffix(".lock") } }
    }

    private func finish(_ header: SegmentHeader, as whole: Segment?) throws(SpoolError) -> Recovered? {
        try spool.finish(SegmentDraft(header, begun: nil), as: header, whole: whole)
    }

    private func expectCommitted(_ segment: Segment) throws {
        #expect(try spool.segment(segment.id) == segment)
        #expect(try Files.read(spool.media(segment.id)) == bytes)
        #expect(try openFiles.isEmpty)
    }

    @Test func `a segment that could not be given its name is committed later as it was to be`() throws {
        let segment = try written()
        let (ready, away) = (folder.path + "/ready", folder.path + "/quarantine/away")
        try Files.rename(ready, away)
        close(open(ready, O_CREAT | O_WRONLY, 0o600))
        #expect(throws: SpoolError.self) { try spool.place(segment) }
        #expect(throws: SpoolError.self) { try finish(segment.header, as: segment) }
        try Files.remove(ready)
        try Files.rename(away, ready)
        #expect(try finish(segment.header, as: segment) == .segment(segment))
        try expectCommitted(segment)
    }

    @Test func `a segment whose names may be on no disk gets them again`() throws {
        let segment = try written()
        try spool.place(segment)
        let before = try File.status(of: spool.layout.sidecar(segment.id))
        #expect(try finish(segment.header, as: segment) == .segment(segment))
        #expect(try File.status(of: spool.layout.sidecar(segment.id)) != before)
        try expectCommitted(segment)
    }

    @Test func `a segment that was uploaded meanwhile is not looked for, and its draft goes`() throws {
        let segment = try written()
        try spool.place(segment)
        try spool.removeReady(segment.id)
        #expect(try finish(segment.header, as: segment) == nil)
        #expect(try openFiles.isEmpty && spool.readyIDs().isEmpty)
    }

    @Test func `of bytes that are not those that were written, what is whole is committed`() throws {
        let segment = try written()
        let path = spool.layout.openMedia(segment.id)
        truncate(path, off_t(bytes.count - 5))
        let whole = try FragmentedMP4.inspect(bytes: Array(bytes.dropLast(5)))
        guard case .segment(let found)? = try finish(segment.header, as: segment) else {
            Issue.record("nothing was committed")
            return
        }
        #expect(found.end.reason == .recovered && found.media.bytes == whole.completeBytes)
        #expect(found.media.sha256 == SHA256.hex(bytes.prefix(Int(whole.completeBytes))))
        #expect(try spool.segment(segment.id) == found)
    }

    @Test func `a segment that could not be written on needs no draft to be finished`() throws {
        let segment = try written()
        try Files.remove(spool.layout.draft(segment.id))
        guard case .segment(let found)? = try finish(segment.header, as: nil) else {
            Issue.record("nothing was committed")
            return
        }
        #expect(found.header == segment.header && found.media.bytes == Int64(bytes.count))
    }

    @Test func `a draft is never seen in part, and what is left of one goes after a while`() throws {
        let segment = try written()
        #expect(try openFiles.sorted() == ["\(segment.id).json", "\(segment.id).mp4.part"])
        let part = spool.layout.draft(SegmentID.make(at: segment.startedAt)) + ".part"
        try Files.writeDurably([], to: part)
        #expect(try spool.recover(as: "node-b").count == 1 && Files.exists(part))
        let old = [timespec(tv_sec: time(nil) - 700, tv_nsec: 0), timespec(tv_sec: time(nil) - 700, tv_nsec: 0)]
        utimensat(AT_FDCWD, part, old, 0)
        #expect(try spool.recover(as: "node-b").isEmpty && !Files.exists(part))
    }

    @Test func `the reserve is kept again after it was released, and counts as taken until then`() throws {
        try spool.keepReserve()
        let with = try spool.spaceBesideReserve()
        let path = folder.path + "/reserve"
        let size = try #require(try Files.status(path)?.bytes)
        #expect(size > 0 && size <= 64 << 20 && size <= with.totalBytes / 16)
        try spool.releaseReserve()
        let without = try spool.spaceBesideReserve()
        // Others write to this disk as well.
        #expect(abs(without.freeBytes - with.freeBytes) < size / 2)
        #expect(try spool.space().freeBytes - without.freeBytes > size / 2)
        try spool.keepReserve()
        #expect(try Files.status(path)?.bytes == size)
    }
}
