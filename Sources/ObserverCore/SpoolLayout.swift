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
    /// The directory of receipts.
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
    package func receipt(_ id: SegmentID) -> String { "\(stored)/\(id).json" }
}
