import Glibc
package import ObserverCore

extension Spool {
    /// The names in `ready`, read once.
    package struct ReadyFolder: Sendable {
        /// The segments of which there is a file, in order; one that is just being committed, or whose sidecar has gone, is
        /// among them.
        package var ids: [SegmentID] = []
        /// The names that are not those of segments.
        package var otherNames: [String] = []
    }

    /// Reads the names in `ready`.
    ///
    /// There may be a million of them, so each becomes 16 bytes at once.
    package func readReady() throws(SpoolError) -> ReadyFolder {
        var folder = ReadyFolder()
        try Files.forEachName(in: layout.ready) { name in
            if let id = SpoolLayout.segment(named: name) {
                folder.ids.append(id)
            } else {
                folder.otherNames.append(String(decoding: name, as: UTF8.self))
            }
        }
        folder.ids.sort()
        folder.ids.removeRepeated()
        return folder
    }

    /// The segments of which there is a file in `ready`, in order.
    package func readyIDs() throws(SpoolError) -> [SegmentID] { try readReady().ids }

    /// The sidecar of a committed segment; nil if there is none.
    ///
    /// - Throws: `SpoolError`: `.corrupt` where the file does not hold the segment of its name.
    package func segment(_ id: SegmentID) throws(SpoolError) -> Segment? {
        let path = layout.sidecar(id)
        guard try Files.exists(path) else { return nil }
        let segment = try SpoolJSON.decode(Segment.self, at: path)
        if let problem = segment.problem { throw SpoolError(.corrupt, path, reason: problem) }
        guard segment.id == id else { throw SpoolError(.corrupt, path, reason: "it is the sidecar of \(segment.id)") }
        return segment
    }

    /// Size in bytes and age in seconds of a committed segment's file; nil if it is not there.
    package func mediaStatus(_ id: SegmentID) throws(SpoolError) -> (bytes: Int64, ageSeconds: Int)? {
        try Files.status(layout.media(id))
    }

    /// Checks that the folder still is this spool, as one from which a file is missing must be before that says anything.
    ///
    /// - Throws: `SpoolError`: the disk is not there, or another one, or does not answer.
    package func check() throws(SpoolError) {
        guard try Spool.spoolID(in: root, mayCreate: false) == id else {
            throw SpoolError(.notASpool, root, reason: "it is another spool now")
        }
        guard try Files.isDirectory(layout.ready) else {
            throw SpoolError(.notASpool, layout.ready, reason: "it is not there")
        }
    }

    /// False while the disk lets nothing be deleted: it is mounted read-only, or the folder is another's.
    package var mayDelete: Bool { access(layout.ready, W_OK | X_OK) == 0 }

    /// Writes the sidecar of a committed segment anew.
    package func restoreSidecar(_ segment: Segment) throws(SpoolError) {
        try Files.writeDurably(SpoolJSON.encode(segment), to: layout.sidecar(segment.id))
        try Files.syncDirectory(layout.ready)
    }

    /// Returns true if the recorder has not finished the commit of a segment.
    package func isCommitting(_ id: SegmentID) throws(SpoolError) -> Bool {
        try Files.exists(layout.draft(id))
    }

    /// Deletes a committed segment; its row or a receipt on the disk must say that it is stored.
    package func removeReady(_ id: SegmentID) throws(SpoolError) {
        try Files.remove(layout.media(id))
        try Files.remove(layout.sidecar(id))
    }

    /// The identifiers of the JSON files in a directory, in no order.
    func identifiers(in directory: String) throws(SpoolError) -> [SegmentID] {
        try Files.names(in: directory).compactMap { name in
            name.hasSuffix(".json") ? SegmentID(String(name.dropLast(5))) : nil
        }
    }
}

extension [SegmentID] {
    /// Keeps the first of neighbours that are the same.
    fileprivate mutating func removeRepeated() {
        var kept = 0
        for id in self where kept == 0 || self[kept - 1] != id {
            self[kept] = id
            kept += 1
        }
        removeLast(count - kept)
    }
}
