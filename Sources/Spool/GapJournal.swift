import Encodings
import Glibc
package import ObserverCore
import System

/// Keeps the gaps of a recorder's streams until they are in the database, across a kill and a full disk.
///
/// An append-only file in the spool: one line for each change and one, now and then, for what the database has. It is
/// written anew when most of it is done with, when a write has failed, and at the first write of a process. A disk that
/// refuses it loses nothing as long as the process lives. Changes are sent in order, those that may have arrived once
/// more: that must be harmless.
package final class GapJournal: Sendable {
    /// A change and its place.
    package struct Entry: Hashable, Sendable {
        package let number: Int
        package let change: GapChange
    }

    private struct State {
        var entries: [Entry] = []
        var next = 1
        /// Everything up to this number is in the file, or is done with.
        var written = 0
        var acknowledged = 0
        var acknowledgedInFile = 0
        var fileBytes = 0
        var mustRewrite = true
        /// True while the disk refuses the file.
        var hasFailed = false
    }

    /// The number of changes that are kept at most.
    private let limit: Int
    private static let rewriteBytes = 1 << 20
    private static let readLimit = 256 << 20

    private let path: String
    private let folder: String
    private let state = Lock(State())

    /// Names the journal of a recorder; ``load()`` reads it.
    ///
    /// - Parameters:
    ///   - spool: The spool.
    ///   - recorder: The recorder.
    ///   - limit: The number of changes to keep at most; the oldest are dropped beyond it.
    package init(in spool: Spool, recorder: String, limit: Int = 100_000) {
        self.limit = limit
        folder = spool.layout.journal
        path = "\(folder)/\(PercentEncoding.encode(recorder)).log"
    }

    /// Reads what an earlier process left; its lock must be held, and nothing may have been taken yet.
    ///
    /// - Returns: The number of lines that could not be read, without one that was cut off at the end.
    /// - Throws: `SpoolError` where the disk fails; then the journal is empty.
    @discardableResult
    package func load() throws(SpoolError) -> Int {
        guard try Files.exists(path) else { return 0 }
        let bytes = try Files.read(path, limit: Self.readLimit)
        var state = State()
        var spoilt = 0
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        for (index, bytes) in lines.enumerated() {
            guard let line = JournalLine(bytes) else {
                if index < lines.count - 1 { spoilt += 1 }
                continue
            }
            if let change = line.change {
                state.entries.append(Entry(number: line.number, change: change))
            } else {
                state.acknowledged = max(state.acknowledged, line.number)
            }
            state.next = max(state.next, line.number + 1)
        }
        let done = state.acknowledged
        state.entries.removeAll { $0.number <= done }
        state.written = state.next - 1
        self.state.withLock { $0 = state }
        return spoilt
    }

    /// Takes changes; they are durable after the next ``flush()``.
    ///
    /// - Returns: The number of changes that were dropped, because there are too many.
    @discardableResult
    package func append(_ changes: [GapChange]) -> Int {
        state.withLock { state in
            for change in changes {
                state.entries.append(Entry(number: state.next, change: change))
                state.next += 1
            }
            let excess = state.entries.count - limit
            if excess > 0 { state.entries.removeFirst(excess) }
            return max(excess, 0)
        }
    }

    /// Writes what was taken to the disk, and waits until it is there.
    ///
    /// To be called by one thread.
    ///
    /// - Throws: `SpoolError`: the changes are kept in memory, and the next call tries again.
    package func flush() throws(SpoolError) {
        let (entries, acknowledged, hasNews, last, isAnew) = state.withLock { state in
            let isAnew = state.mustRewrite || state.fileBytes > Self.rewriteBytes && state.entries.count < 1000
            let entries = isAnew ? state.entries : state.entries.filter { $0.number > state.written }
            let hasNews = state.acknowledged > state.acknowledgedInFile
            return (entries, state.acknowledged, hasNews, state.next - 1, isAnew)
        }
        guard isAnew || !entries.isEmpty || hasNews else { return }
        var bytes: [UInt8] = []
        if acknowledged > 0 { bytes += JournalLine.encode(number: acknowledged, nil) }
        for entry in entries { bytes += JournalLine.encode(number: entry.number, entry.change) }
        do throws(SpoolError) {
            if isAnew {
                try Files.writeDurably(bytes, to: path)
                try Files.syncDirectory(folder)
            } else {
                try append(bytes)
            }
        } catch {
            // The end of the file may be cut off.
            state.withLock { ($0.mustRewrite, $0.hasFailed) = (true, true) }
            throw error
        }
        state.withLock { state in
            (state.mustRewrite, state.hasFailed) = (false, false)
            state.written = last
            state.acknowledgedInFile = acknowledged
            state.fileBytes = isAnew ? bytes.count : state.fileBytes + bytes.count
        }
    }

    private func append(_ bytes: [UInt8]) throws(SpoolError) {
        do throws(SystemError) {
            let file = try File(opening: path, flags: O_WRONLY | O_APPEND)
            try bytes.withUnsafeBufferPointer { buffer throws(SystemError) in
                try file.write(UnsafeRawBufferPointer(buffer))
            }
            try file.synchronize()
        } catch {
            throw SpoolError(error, path)
        }
    }

    /// The oldest changes that are on the disk and not acknowledged, in order; all of them while the disk fails.
    package func pending(limit: Int = 500) -> [Entry] {
        state.withLock { state in
            let durable = state.entries.prefix { state.hasFailed || $0.number <= state.written }
            return Array(durable.prefix(limit))
        }
    }

    /// True if everything is acknowledged.
    package var isEmpty: Bool { state.withLock { $0.entries.isEmpty } }

    /// True if something was taken that is not on the disk.
    package var hasUnwritten: Bool { state.withLock { $0.written < $0.next - 1 } }

    /// Forgets changes that are in the database.
    package func acknowledge(through number: Int) {
        state.withLock { state in
            state.acknowledged = max(state.acknowledged, number)
            state.entries.removeFirst(state.entries.prefix { $0.number <= number }.count)
        }
    }

    /// Applies what is not in the database yet to the newest gaps of a stream that are.
    package func gaps(of stream: StreamID, over rows: [Gap]) -> [Gap] {
        var gaps = rows
        for change in state.withLock({ $0.entries.map(\.change) }) where change.stream == stream {
            gaps.apply(change)
        }
        return gaps
    }
}
