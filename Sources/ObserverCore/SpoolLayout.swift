/// The paths of a spool's files, made of identifiers alone.
///
/// It is apart from the spool because the web process looks into a spool on its own machine, and writes nothing there.
package struct SpoolLayout: Hashable, Sendable {
    package let root: String

    package init(root: String) {
        self.root = root
    }

    /// The directory of segments that are being written.
    package var open: String { "\(root)/open" }
    /// The directory of committed segments.
    package var ready: String { "\(root)/ready" }
    /// The directory of the receipt log.
    package var stored: String { "\(root)/stored" }
    /// The directory of files that do not belong to a spool.
    package var quarantine: String { "\(root)/quarantine" }

    /// The directory of reports on their way to the database.
    package var journal: String { "\(root)/journal" }

    /// The directory of the cameras that recorders had last, sealed.
    package var plans: String { "\(root)/plans" }

    package func openMedia(_ id: SegmentID) -> String { "\(open)/\(id).mp4.part" }
    package func draft(_ id: SegmentID) -> String { "\(open)/\(id).json" }
    /// The bytes of a committed segment.
    package func media(_ id: SegmentID) -> String { "\(ready)/\(id).mp4" }
    package func sidecar(_ id: SegmentID) -> String { "\(ready)/\(id).json" }

    /// The segment whose media or sidecar bears this name in `ready`; nil for another name.
    package static func segment(named name: String) -> SegmentID? {
        for suffix in [".json", ".mp4"] where name.hasSuffix(suffix) {
            return SegmentID(String(name.dropLast(suffix.count)))
        }
        return nil
    }

    /// The segment whose media or sidecar bears the name of these bytes in `ready`; nil for another name.
    package static func segment(named name: UnsafeRawBufferPointer) -> SegmentID? {
        guard name.count > 36, name[36...].elementsEqual(".mp4".utf8) || name[36...].elementsEqual(".json".utf8)
        else { return nil }
        return SegmentID(characters: UnsafeRawBufferPointer(rebasing: name[..<36]))
    }

    private static let receiptSuffix = ".log"

    /// A file of the receipt log, numbered from 1.
    package func receipts(_ number: Int) -> String { "\(stored)/\(number)\(Self.receiptSuffix)" }

    /// The number of a file of the receipt log; nil for another name.
    package static func receiptFile(named name: String) -> Int? {
        guard name.hasSuffix(receiptSuffix), let number = Int(name.dropLast(receiptSuffix.count)),
            (1...Int(Int32.max)).contains(number), name == "\(number)\(receiptSuffix)"
        else { return nil }
        return number
    }
}
