import Glibc
import ObserverCore
import System
import TemporaryFolders
import TestSupport
import Testing

@testable import Spool

@Suite struct ReceiptLogTests {
    private let folder = TemporaryFolder()

    private func receipts(_ count: Int) -> [Receipt] {
        (0..<count).map { index in
            let segment = Segment.sample(at: SegmentHeader.sampleStart.advanced(bySeconds: Int64(index) * 10))
            return Receipt(segment: segment, etag: "\"x\"", storedAt: segment.startedAt, tries: 1)
        }
    }

    private func all(_ spool: Spool, limit: Int = 7) throws -> (receipts: [Receipt], spoilt: Int) {
        var found: [Receipt] = []
        var spoilt = 0
        var place = ReceiptLog.Position.beginning
        while true {
            let page = try spool.receipts(from: place, limit: limit)
            found += page.lines.compactMap(\.receipt)
            spoilt += page.spoilt
            place = page.end
            if page.isLast { return (found, spoilt) }
        }
    }

    @Test func `receipts are read in the order in which they were written, over processes and files`() throws {
        let spool = try Spool(at: folder.path)
        let written = receipts(50)
        do {
            var log = ReceiptLog(in: spool, fileBytes: 10_000)
            for receipt in written[..<30] { try log.append([receipt], isDurable: true) }
        }
        var log = ReceiptLog(in: spool)
        try log.append(Array(written[30...]), isDurable: false)
        #expect(try all(spool).receipts == written)
        #expect(try spool.receiptFiles().count > 2)
        #expect(try spool.newestReceipts(limit: 5).suffix(5) == written.suffix(5))
        #expect(try spool.strays().isEmpty)
        // What comes later is read from there.
        let end = try spool.receipts(from: .beginning, limit: 1000).end
        let more = receipts(1)
        try log.append(more, isDurable: true)
        #expect(try spool.receipts(from: end).lines.compactMap(\.receipt) == more)
    }

    @Test func `a line that was cut off is left out, and the next process begins another file`() throws {
        let spool = try Spool(at: folder.path)
        let written = receipts(4)
        do {
            var log = ReceiptLog(in: spool)
            try log.append(Array(written[..<3]), isDurable: true)
        }
        let path = spool.layout.receipts(1)
        truncate(path, off_t(try #require(try Files.status(path)).bytes - 20))
        var log = ReceiptLog(in: spool)
        try log.append([written[3]], isDurable: true)
        let found = try all(spool)
        #expect(found.receipts == [written[0], written[1], written[3]])
        #expect(found.spoilt == 0)
    }

    @Test func `a spoilt line is counted, and the others are read`() throws {
        let spool = try Spool(at: folder.path)
        let written = receipts(3)
        do {
            var log = ReceiptLog(in: spool)
            try log.append(written, isDurable: true)
        }
        var bytes = try Files.read(spool.layout.receipts(1))
        let second = try #require(bytes.firstIndex(of: UInt8(ascii: "\n"))) + 200
        bytes[second] ^= 1
        try Files.writeDurably(bytes, to: spool.layout.receipts(1))
        let found = try all(spool)
        #expect(found.receipts == [written[0], written[2]])
        #expect(found.spoilt == 1)
    }

    @Test func `after a failure another file is begun, and nothing that was written is lost`() throws {
        let spool = try Spool(at: folder.path)
        let written = receipts(3)
        var log = ReceiptLog(in: spool)
        try log.append([written[0]], isDurable: true)
        try Files.rename(spool.layout.stored, folder.path + "/away")
        var next = ReceiptLog(in: spool)
        #expect(throws: SpoolError.self) { try next.append([written[1]], isDurable: true) }
        try Files.rename(folder.path + "/away", spool.layout.stored)
        try next.append([written[1]], isDurable: true)
        try log.append([written[2]], isDurable: true)
        #expect(Set(try all(spool).receipts) == Set(written))
    }

    @Test func `only old files whose receipts all have rows are removed`() throws {
        let spool = try Spool(at: folder.path)
        var log = ReceiptLog(in: spool, fileBytes: 2000)
        for receipt in receipts(10) { try log.append([receipt], isDurable: true) }
        let files = try spool.receiptFiles()
        #expect(files.count > 3)
        let end = try spool.receipts(from: .beginning, limit: 1000).end
        try log.removeOld(before: end)
        #expect(try spool.receiptFiles() == files)
        var times = [timespec(tv_sec: time(nil) - 49 * 3600, tv_nsec: 0), timespec()]
        times[1] = times[0]
        for number in files { utimensat(AT_FDCWD, spool.layout.receipts(number), times, 0) }
        try log.removeOld(before: ReceiptLog.Position(file: files[1], offset: 0))
        #expect(try spool.receiptFiles() == Array(files.dropFirst()))
        try log.removeOld(before: end)
        #expect(try spool.receiptFiles() == files.suffix(1))
    }

    @Test(arguments: OutOfRange.segmentFields)
    func `a receipt with a number out of range is not believed`(field: String, value: String) throws {
        let receipt = receipts(1)[0]
        let good = String(decoding: SpoolJSON.encode(receipt).dropLast(), as: UTF8.self)
        #expect(ReceiptLine(receipt.segment.id, json: Array(good.utf8)).receipt == receipt)
        let bad = OutOfRange.replace(field, in: good, with: value)
        #expect(ReceiptLine(receipt.segment.id, json: Array(bad.utf8)).receipt == nil)
    }

    @Test func `a receipt of another segment proves nothing`() {
        let (one, other) = (receipts(1)[0], receipts(1)[0])
        let json = SpoolJSON.encode(one).dropLast()
        #expect(ReceiptLine(other.segment.id, json: Array(json)).receipt == nil)
    }

    @Test func `a spool that is away or another one is known as such`() throws {
        let spool = try Spool(at: folder.path)
        try spool.check()
        try Files.rename(spool.layout.ready, folder.path + "/away")
        #expect(throws: SpoolError.self) { try spool.check() }
        try Files.rename(folder.path + "/away", spool.layout.ready)
        try spool.check()
        try Files.writeDurably(Array("\(SpoolID.makeRandom())\n".utf8), to: folder.path + "/SPOOL_ID")
        let error = try #require(throws: SpoolError.self) { try spool.check() }
        #expect(error.kind == .notASpool)
    }
}
