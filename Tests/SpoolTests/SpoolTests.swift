import TemporaryFolders
import Encodings
import System
import Crypto
import Glibc
import MP4
import ObserverCore
import TestSupport
import Testing

@testable import Spool

@Suite struct SpoolTests {
    private let folder = TemporaryFolder()

    private var fixture: String {
        "\(#filePath.prefix(#filePath.count - "SpoolTests/SpoolTests.swift".count))Fixtures/fragmented.mp4"
    }

    private func draft(_ spool: Spool) -> SegmentHeader {
        Segment.sample(origin: SegmentOrigin(recorder: "node-a", spoolID: spool.id)).header
    }

    private func committed(_ spool: Spool, _ bytes: [UInt8]) throws -> Segment {
        var segment = Segment.sample(origin: SegmentOrigin(recorder: "node-a", spoolID: spool.id))
        let open = try spool.begin(segment.header)
        try bytes.withUnsafeBytes { try open.append($0) }
        try open.syncBytes()
        segment.media.sha256 = open.finish()
        segment.media.bytes = Int64(bytes.count)
        segment.media.initBytes = 1
        #expect(segment.media.sha256 == SHA256.hex(bytes))
        try spool.commit(segment)
        return segment
    }

    @Test func `a committed segment is read back as it was`() throws {
        let spool = try Spool(at: folder.path)
        let segment = try committed(spool, Array("some video".utf8))
        #expect(try spool.readyIDs() == [segment.id])
        #expect(try spool.segment(segment.id) == segment)
        #expect(try spool.mediaStatus(segment.id)?.bytes == 10)
        #expect(try Files.names(in: folder.path + "/open").isEmpty)
    }

    @Test func `bytes of a segment are read while it is written and when it is committed, and not after`() throws {
        let spool = try Spool(at: folder.path)
        var segment = Segment.sample(origin: SegmentOrigin(recorder: "node-a", spoolID: spool.id))
        let id = segment.id
        #expect(try spool.bytes(of: id, in: 0..<1) == nil)
        let open = try spool.begin(segment.header)
        try Array("some video".utf8).withUnsafeBytes { try open.append($0) }
        #expect(try spool.bytes(of: id, in: 5..<10) == Array("video".utf8))
        #expect(try spool.bytes(of: id, in: 5..<11) == nil)
        segment.media.sha256 = open.finish()
        segment.media.bytes = 10
        segment.media.initBytes = 1
        try spool.commit(segment)
        #expect(try spool.bytes(of: id, in: 5..<10) == Array("video".utf8))
        try spool.removeReady(id)
        #expect(try spool.bytes(of: id, in: 5..<10) == nil)
    }

    @Test func `the spool's identifier stays the same, whoever opens the spool`() throws {
        let first = try Spool(at: folder.path).id
        #expect(try Spool(at: folder.path).id == first)
    }

    @Test func `of several that make the spool at once, all get the same one`() throws {
        for _ in 0..<20 {
            let folder = TemporaryFolder()
            let outcomes = Lock<[Result<SpoolID, any Error>]>([])
            let threads = (0..<4).map { number in
                DedicatedThread.start(name: "opener \(number)") {
                    let outcome = Result { try Spool(at: folder.path + "/spool").id }
                    outcomes.withLock { $0.append(outcome) }
                }
            }
            for thread in threads { thread.join() }
            let ids = try outcomes.withLock { try $0.map { try $0.get() } }
            #expect(ids.count == 4 && Set(ids).count == 1)
        }
    }

    @Test func `a spool whose making was cut off is made whole`() throws {
        try Files.makeDirectory(folder.path)
        try Files.writeDurably([], to: folder.path + "/VERSION.part")
        let id = try Spool(at: folder.path).id
        unlink(folder.path + "/SPOOL_ID")
        rmdir(folder.path + "/stored")
        let spool = try Spool(at: folder.path)
        #expect(spool.id != id)
        #expect(try spool.receipts(from: .beginning).isLast)
    }

    @Test func `a folder that holds something else is not taken for a spool`() throws {
        try Files.makeDirectory(folder.path)
        try Files.writeDurably([1], to: folder.path + "/photo.jpg")
        let error = try #require(throws: SpoolError.self) { try Spool(at: folder.path) }
        #expect(error.kind == .notASpool)
    }

    @Test func `a spool of another version is refused`() throws {
        _ = try Spool(at: folder.path)
        try Files.writeDurably(Array("2\n".utf8), to: folder.path + "/VERSION")
        let error = try #require(throws: SpoolError.self) { try Spool(at: folder.path) }
        #expect(error.kind == .notASpool)
    }

    @Test func `a sidecar that was changed is corrupt`() throws {
        let spool = try Spool(at: folder.path)
        let segment = try committed(spool, [1, 2, 3])
        let sidecar = String(decoding: SpoolJSON.encode(segment), as: UTF8.self)
        let changed = sidecar.replacing(segment.header.objectKey, with: "../../etc/passwd")
        try Files.writeDurably(Array(changed.utf8), to: spool.layout.sidecar(segment.id))
        let error = try #require(throws: SpoolError.self) { try spool.segment(segment.id) }
        #expect(error.kind == .corrupt)
    }

    /// Replaces one field of a JSON file of the spool.
    private func damage(_ path: String, _ field: String, _ value: String) throws {
        let good = String(decoding: try Files.read(path), as: UTF8.self)
        let bad = OutOfRange.replace(field, in: good, with: value)
        #expect(bad != good)
        try Files.writeDurably(Array(bad.utf8), to: path)
    }

    @Test(arguments: OutOfRange.segmentFields)
    func `a sidecar with a number out of range is corrupt`(field: String, value: String) throws {
        let spool = try Spool(at: folder.path)
        let segment = try committed(spool, [1, 2, 3])
        try damage(spool.layout.sidecar(segment.id), field, value)
        let error = try #require(throws: SpoolError.self) { try spool.segment(segment.id) }
        #expect(error.kind == .corrupt && error.reason.hasPrefix("\(field) is "))
    }

    @Test(arguments: OutOfRange.segmentFields.filter { ["camera_id", "epoch", "sequence"].contains($0.field) })
    func `a draft with a number out of range goes to quarantine with its file`(field: String, value: String) throws {
        let spool = try Spool(at: folder.path)
        let draft = draft(spool)
        do {
            let open = try spool.begin(draft)
            try Files.read(fixture).withUnsafeBytes { try open.append($0) }
        }
        try damage(spool.layout.draft(draft.id), field, value)
        guard case .quarantined(draft.id, let error) = try #require(spool.recover(as: nil).first) else {
            Issue.record("not in quarantine")
            return
        }
        #expect(error.reason.hasPrefix("\(field) is "))
        let names = try Files.names(in: folder.path + "/quarantine").sorted()
        #expect(names == ["open-\(draft.id).json", "open-\(draft.id).mp4.part"])
        #expect(try spool.recover(as: nil).isEmpty && spool.readyIDs().isEmpty)
    }

    @Test func `a symbolic link is not followed`() throws {
        let spool = try Spool(at: folder.path)
        let draft = draft(spool)
        symlink("/etc/passwd", spool.layout.openMedia(draft.id))
        #expect(throws: SpoolError.self) { try spool.begin(draft) }
    }

    @Test func `two recorders cannot have one name`() throws {
        let spool = try Spool(at: folder.path)
        let lock = try spool.lock(recorder: "node-a")
        let error = try #require(throws: SpoolError.self) { try spool.lock(recorder: "node-a") }
        #expect(error.kind == .inUse)
        _ = try spool.lock(recorder: "node-b")
        withExtendedLifetime(lock) {}
    }

    @Test func `what a dead recorder left open is cut after its last whole fragment and committed`() throws {
        let spool = try Spool(at: folder.path)
        let bytes = try Files.read(fixture)
        let draft = draft(spool)
        do {
            let open = try spool.begin(draft)
            try bytes.dropLast(5).withUnsafeBytes { try open.append($0) }
        }
        let whole = try FragmentedMP4.inspect(bytes: Array(bytes.dropLast(5)))
        let results = try spool.recover(as: "node-b")
        guard case .segment(let segment) = try #require(results.first) else {
            Issue.record("nothing was recovered")
            return
        }
        #expect(segment.media.bytes == whole.completeBytes)
        #expect(segment.media.sha256 == SHA256.hex(bytes.prefix(Int(whole.completeBytes))))
        #expect(segment.end.reason == .recovered)
        #expect(segment.media.initSHA256 == SHA256.hex(bytes.prefix(Int(whole.initBytes))))
        #expect(try spool.segment(segment.id) == segment)
        #expect(try spool.recover(as: "node-b").isEmpty)
    }

    @Test func `a file without one whole fragment leaves its draft, which says what is missing`() throws {
        let spool = try Spool(at: folder.path)
        let draft = draft(spool)
        do {
            let open = try spool.begin(draft)
            try [1, 2, 3].withUnsafeBytes { try open.append($0) }
        }
        #expect(try spool.recover(as: "node-a") == [.nothing(draft)])
        #expect(try Files.names(in: folder.path + "/open").filter { !$0.hasSuffix(".lock") }.isEmpty)
    }

    @Test func `files of a recorder that lives are left alone`() throws {
        let spool = try Spool(at: folder.path)
        let lock = try spool.lock(recorder: "node-a")
        let open = try spool.begin(draft(spool))
        #expect(try spool.recover(as: "node-b").isEmpty)
        #expect(try Files.exists(spool.layout.openMedia(open.header.id)))
        withExtendedLifetime(lock) {}
    }

    @Test func `a death between the two renames of a commit is mended`() throws {
        let spool = try Spool(at: folder.path)
        let draft = draft(spool)
        do {
            let open = try spool.begin(draft)
            try Files.read(fixture).withUnsafeBytes { try open.append($0) }
        }
        try Files.rename(spool.layout.openMedia(draft.id), spool.media(draft.id))
        #expect(try spool.recover(as: "node-a").count == 1)
        #expect(try spool.segment(draft.id) != nil)
    }

    @Test func `a death after the renames of a commit leaves a segment that is committed`() throws {
        let spool = try Spool(at: folder.path)
        var segment = Segment.sample(origin: SegmentOrigin(recorder: "node-a", spoolID: spool.id))
        let open = try spool.begin(segment.header)
        try [1, 2, 3].withUnsafeBytes { try open.append($0) }
        segment.media.bytes = open.bytes
        segment.media.initBytes = 1
        segment.media.sha256 = open.finish()
        try spool.place(segment)
        let results = try spool.recover(as: "node-a")
        #expect(results == [.segment(segment)], "\(results)")
        #expect(try Files.names(in: folder.path + "/open").allSatisfy { $0.hasSuffix(".lock") })
        #expect(try spool.recover(as: "node-a").isEmpty)
    }

    @Test func `one look tells segments, each once and in order, from what else is there`() throws {
        let spool = try Spool(at: folder.path)
        let ids = (0..<50).map { SegmentID.make(at: Timestamp(milliseconds: 1_700_000_000_000 + Int64($0 % 7))) }
        for (index, id) in ids.enumerated() {
            if index % 3 != 0 { try Files.writeDurably([1], to: spool.media(id)) }
            if index % 3 != 1 { try Files.writeDurably([1], to: spool.layout.sidecar(id)) }
        }
        let others = ["\(ids[0])", "\(ids[0]).mp4x", "\(ids[0]).json.part", ".mp4", "x.json", "\(ids[0]).JSON"]
        for name in others { try Files.writeDurably([1], to: "\(spool.layout.ready)/\(name)") }
        let ready = try spool.readReady()
        #expect(ready.ids == ids.sorted())
        #expect(ready.otherNames.sorted() == others.sorted())
        #expect(try spool.strays(ready).count == 5)
    }

    @Test func `what nobody understands is found and put aside`() throws {
        let spool = try Spool(at: folder.path)
        let segment = try committed(spool, [1, 2, 3])
        try Files.writeDurably([1], to: folder.path + "/ready/notes.txt")
        #expect(try spool.strays() == ["ready/notes.txt"])
        try spool.quarantine("ready/notes.txt")
        #expect(try Files.names(in: folder.path + "/quarantine") == ["ready-notes.txt"])
        #expect(try spool.strays().isEmpty)
        #expect(try spool.readyIDs() == [segment.id])
    }

    @Test func `what is in quarantine is never replaced`() throws {
        let spool = try Spool(at: folder.path)
        for text in ["first", "second"] {
            try Files.writeDurably(Array(text.utf8), to: folder.path + "/stored/a.json")
            try spool.quarantine("stored/a.json")
        }
        try Files.writeDurably(Array("third".utf8), to: folder.path + "/ready/a.json")
        try spool.quarantine("ready/a.json")
        let names = try Files.names(in: folder.path + "/quarantine").sorted()
        #expect(names == ["ready-a.json", "stored-a.json", "stored-a.json.2"])
        #expect(try Files.read(folder.path + "/quarantine/stored-a.json") == Array("first".utf8))
    }

    @Test func `what a failing disk does not let be read is kept, and the rest is finished`() throws {
        let spool = try Spool(at: folder.path)
        // Reading a folder fails with EISDIR, as reading a bad disk fails with EIO.
        let media = draft(spool)
        try spool.begin(media).sync()
        try Files.remove(spool.layout.openMedia(media.id))
        try Files.makeDirectory(spool.layout.openMedia(media.id))
        let sidecar = draft(spool)
        try spool.begin(sidecar).sync()
        try Files.remove(spool.layout.draft(sidecar.id))
        try Files.makeDirectory(spool.layout.draft(sidecar.id))
        let whole = draft(spool)
        do {
            let open = try spool.begin(whole)
            try Files.read(fixture).withUnsafeBytes { try open.append($0) }
        }
        let results = try spool.recover(as: nil)
        let kept = results.compactMap {
            if case .kept(let id, let error) = $0, error.kind == .fileFailed { id } else { nil }
        }
        #expect(Set(kept) == [media.id, sidecar.id])
        #expect(results.count == 3)
        #expect(try spool.readyIDs() == [whole.id])
        #expect(try Files.exists(spool.layout.openMedia(media.id)) && Files.exists(spool.layout.draft(media.id)))
        #expect(try Files.exists(spool.layout.openMedia(sidecar.id)) && Files.exists(spool.layout.draft(sidecar.id)))
        #expect(try Files.names(in: folder.path + "/quarantine").isEmpty)
    }

    @Test func `a recorder begins while another process finishes its former life's files`() throws {
        let spool = try Spool(at: folder.path)
        try spool.begin(draft(spool)).sync()
        let recovering = try RecorderLock.take(
            Files.open(folder.path + "/open", O_RDONLY | O_DIRECTORY),
            operation: LOCK_EX,
            path: folder.path
        )
        let lock = try spool.lock(recorder: "node-a")
        guard case .kept(_, let error)? = try spool.recover(as: "node-a").first else {
            Issue.record("not kept")
            return
        }
        #expect(error.kind == .inUse)
        withExtendedLifetime((recovering, lock)) {}
    }

    @Test func `what the present life of a recorder has open is not recovered with what the former one left`() throws {
        let spool = try Spool(at: folder.path)
        let (former, present) = (draft(spool), draft(spool))
        try spool.begin(former).sync()
        let left = try spool.leftOpen(by: "node-a")
        #expect(left.map(\.header.id) == [former.id] && left.map(\.milliseconds) == [0])
        #expect(try spool.leftOpen(by: "node-b").isEmpty)
        try spool.begin(present).sync()
        #expect(try spool.recover(as: "node-a", former: [former.id]) == [.nothing(former)])
        #expect(try Files.exists(spool.layout.openMedia(present.id)))
    }

    @Test func `of two that recover, one does it`() throws {
        let spool = try Spool(at: folder.path)
        try spool.begin(draft(spool)).sync()
        let first = try RecorderLock.take(
            Files.open(folder.path + "/open", O_RDONLY | O_DIRECTORY),
            operation: LOCK_EX,
            path: folder.path
        )
        #expect(try spool.recover(as: "node-b").isEmpty)
        withExtendedLifetime(first) {}
    }

    @Test func `a full disk, too many open files and a disk that fails are told apart`() {
        #expect(SpoolError(SystemError(call: "fsync", "stored", code: ENOSPC), "stored").kind == .diskFull)
        #expect(SpoolError(SystemError(call: "open", "a", code: EMFILE), "a").kind == .tooManyOpen)
        #expect(SpoolError(SystemError(call: "open", "a", code: ENFILE), "a").kind == .tooManyOpen)
        #expect(SpoolError(SystemError(call: "read", "a", code: EIO), "a").kind == .fileFailed)
    }

    @Test func `the spool reports the room on its disk`() throws {
        let space = try Spool(at: folder.path).space()
        #expect(space.totalBytes > 0 && (0...space.totalBytes).contains(space.freeBytes))
    }
}
