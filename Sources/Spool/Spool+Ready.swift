package import ObserverCore

extension Spool {
    /// The committed segments, in no order.
    package func readyIDs() throws(SpoolError) -> [SegmentID] {
        try identifiers(in: layout.ready)
    }

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

    /// Deletes a committed segment; a receipt must be on the disk.
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
