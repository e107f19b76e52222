package import ObserverCore
package import ObserverExport
import System

/// The files of exports that were asked for a moment ago, so that one that is read piece by piece is the same in each answer.
package final class ExportMemory: Sendable {
    /// The person or program that asked, and the stretch.
    package struct Key: Hashable, Sendable {
        package var owner: String
        package var range: ExportRange
        /// The zone in which its file is named.
        package var zone: String

        package init(owner: String, range: ExportRange, zone: String) {
            self.owner = owner
            self.range = range
            self.zone = zone
        }
    }

    /// The files that were given out.
    package struct Entry: Sendable {
        package var askedAt: Timestamp
        package var files: [ExportFile]
        package var incomplete: String?
        fileprivate var used: MonotonicInstant = .now()

        package init(askedAt: Timestamp, files: [ExportFile], incomplete: String?) {
            self.askedAt = askedAt
            self.files = files
            self.incomplete = incomplete
        }

        fileprivate var pieces: Int { files.reduce(0) { $0 + $1.part.pieces.count } }
    }

    /// The pieces of all files that are kept.
    private static let pieceLimit = 60_000
    private static let entryLimit = 32
    private let entries = Lock<[Key: Entry]>([:])

    package init() {}

    /// Returns the files that were given out, if they are still known.
    package func find(_ key: Key) -> Entry? {
        entries.withLock { entries in
            entries[key]?.used = .now()
            return entries[key]
        }
    }

    /// Keeps what is given out; those that were not used for the longest time go.
    package func keep(_ entry: Entry, for key: Key) {
        entries.withLock { entries in
            entries[key] = entry
            while entries.count > 1,
                entries.count > Self.entryLimit || entries.values.reduce(0, { $0 + $1.pieces }) > Self.pieceLimit,
                let oldest = entries.min(by: { $0.value.used < $1.value.used })?.key
            {
                entries[oldest] = nil
            }
        }
    }
}
