import Glibc
import Lifecycle
import Logging
import ObserverCore
import Postgres
import Spool
import Testing

@testable import ObserverUpload

/// A spool under /tmp and a book-keeper whose database is away.
private final class Office: Sendable {
    let folder: String
    let spool: Spool
    let log = MemoryLogSink()
    let bookkeeper: Bookkeeper
    let events = Condition<[UploadStateMachine.Event]>([])

    init() throws {
        var template = Array("/tmp/observer-books-XXXXXX".utf8CString)
        folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        spool = try Spool(at: folder)
        let events = events
        bookkeeper = Bookkeeper(
            spool: spool,
            database: try ConnectionConfiguration(url: "postgresql://127.0.0.1:1/none", applicationName: "t"),
            crashPoints: CrashPoints(),
            logger: Logger(label: "test", level: .debug, sink: log),
            report: { event in events.withLock { $0.append(event) } }
        )
    }

    deinit {
        for part in ["open", "ready", "stored", "quarantine"] {
            for name in names(part) {
                unlink("\(folder)/\(part)/\(name)")
                rmdir("\(folder)/\(part)/\(name)")
            }
            rmdir("\(folder)/\(part)")
        }
        for name in ["VERSION", "HOST"] { unlink("\(folder)/\(name)") }
        rmdir(folder)
    }

    func names(_ part: String) -> [String] {
        guard let directory = opendir("\(folder)/\(part)") else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    func receipts(_ count: Int) throws -> [SegmentID] {
        let receipts = segments(count).map {
            Receipt(segment: $0, etag: "\"e\"", storedAt: Timestamp(milliseconds: 1), tries: 1)
        }
        try spool.write(receipts)
        return receipts.map(\.segment.id)
    }

    /// Runs the book-keeper until the condition holds, then stops it.
    func work(until test: @escaping ([UploadStateMachine.Event]) -> Bool) -> Bool {
        let thread = OwnThread.start(name: "books") { [bookkeeper] in bookkeeper.run() }
        let end = Monotonic.now() + .seconds(20)
        var isDone = false
        while !isDone, Monotonic.now() < end {
            usleep(10_000)
            isDone = events.withLock { test($0) }
        }
        bookkeeper.stop()
        thread.join()
        return isDone
    }
}

@Suite struct BookkeeperTests {
    @Test func `no task of a segment is dropped, however many wait`() throws {
        let office = try Office()
        let segment = segments(1)[0]
        for _ in 0..<100_100 { office.bookkeeper.add(.hash(segment)) }
        let isDone = office.work { $0.count == 100_100 }
        #expect(isDone)
    }

    @Test func `a database that is away holds no upload up, and is told once`() throws {
        let office = try Office()
        let waiting = try office.receipts(300)
        let segment = segments(1)[0]
        for _ in 0..<50 { office.bookkeeper.post(waiting) }
        office.bookkeeper.add(.keep(segment, etag: "\"e\"", tries: 1))
        let isDone = office.work { events in
            events.contains { if case .kept(segment.id, problem: nil) = $0 { true } else { false } }
        }
        #expect(isDone)
        #expect(office.names("stored").count == 301)
        #expect(office.log.lines.count { $0.level >= .warning } == 1)
    }

    @Test func `a receipt that cannot be read is kept, one that is none is put aside`() throws {
        let office = try Office()
        let (unreadable, broken) = (segments(1)[0].id, segments(1)[0].id)
        // Reading a folder fails with EISDIR, as reading a bad disk fails with EIO.
        mkdir("\(office.folder)/stored/\(unreadable).json", 0o700)
        let file = try #require(fopen("\(office.folder)/stored/\(broken).json", "w"))
        fputs("{", file)
        fclose(file)
        office.bookkeeper.post([unreadable, broken])
        let isDone = office.work { _ in office.names("quarantine").count == 1 }
        #expect(isDone)
        #expect(office.names("stored") == ["\(unreadable).json"])
        #expect(office.names("quarantine") == ["stored-\(broken).json"])
    }

    @Test func `a file that cannot be read is not one that has changed`() throws {
        let office = try Office()
        let segment = segments(1)[0]
        mkdir("\(office.folder)/ready/\(segment.id).mp4", 0o700)
        office.bookkeeper.add(.hash(segment))
        let isDone = office.work { events in
            events.contains { if case .hashed(segment.id, .unreadable) = $0 { true } else { false } }
        }
        #expect(isDone)
    }
}
