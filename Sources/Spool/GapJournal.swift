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
        /// The provisional time of day under which it was decided, until its time is settled.
        var clock: JournalClock?
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
                state.entries.append(Entry(number: line.number, change: change, clock: line.clock))
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
    /// - Parameters:
    ///   - changes: The changes.
    ///   - clock: The time of day under which they were decided, if that is provisional: they wait for ``settle(_:)``.
    /// - Returns: The number of changes that were dropped, because there are too many.
    @discardableResult
    package func append(_ changes: [GapChange], clock: JournalClock? = nil) -> Int {
        state.withLock { state in
            for change in changes {
                state.entries.append(Entry(number: state.next, change: change, clock: clock))
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
        for entry in entries { bytes += JournalLine.encode(number: entry.number, entry.change, clock: entry.clock) }
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

    /// Moves the changes that were decided under a provisional time of day to their time, once that is known.
    package func settle(_ time: SpoolTime) {
        guard time.isCertain else { return }
        state.withLock { state in
            guard state.entries.contains(where: { $0.clock != nil }) else { return }
            state.entries = state.entries.compactMap { $0.settled(time) }
            state.mustRewrite = true
        }
    }

    /// The oldest changes that are on the disk and not acknowledged, in order; all of them while the disk fails.
    ///
    /// Those whose time is not settled hold up what follows.
    package func pending(limit: Int = 500) -> [Entry] {
        state.withLock { state in
            let durable = state.entries.prefix { entry in
                (state.hasFailed || entry.number <= state.written) && entry.clock == nil
            }
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

    /// Applies what is not in the database yet to the newest gaps of a stream that are, at the times that are known now.
    ///
    /// - Returns: The gaps, and the starts of those that this boot's own clock has measured.
    package func gaps(
        of stream: StreamID,
        over rows: [Gap],
        time: SpoolTime? = nil
    ) -> (gaps: [Gap], measured: Set<Timestamp>) {
        var (gaps, measured) = (rows, Set<Timestamp>())
        for entry in state.withLock({ $0.entries }) where entry.change.stream == stream {
            guard let time, let clock = entry.clock else {
                gaps.apply(entry.change)
                continue
            }
            guard let change = clock.settle(entry.change, time) else { continue }
            gaps.apply(change)
            if clock.boot == time.boot, let start = change.startedAt, time.timeOfDay.uptime(start) >= 0 {
                measured.insert(start)
            }
        }
        return (gaps, measured)
    }
}

extension GapJournal.Entry {
    /// The entry at the times that are known now; nil for one that belongs nowhere.
    fileprivate func settled(_ time: SpoolTime) -> GapJournal.Entry? {
        guard let clock else { return self }
        return clock.settle(change, time).map { GapJournal.Entry(number: number, change: $0) }
    }
}

extension GapChange {
    /// The start of the gap that is left; nil for one that is removed.
    fileprivate var startedAt: Timestamp? {
        switch self {
        case .open(let gap), .close(let gap): gap.startedAt
        case .remove: nil
        }
    }
}
