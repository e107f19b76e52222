package import ObserverCore

extension Spool {
    /// Begins a segment: writes its draft and opens its file.
    ///
    /// - Throws: `SpoolError`: `.diskFull`, `.fileFailed`.
    package func begin(_ header: SegmentHeader) throws(SpoolError) -> OpenSegment {
        try Files.writeDurably(SpoolJSON.encode(header), to: layout.draft(header.id))
        return try OpenSegment(header, path: layout.openMedia(header.id))
    }

    /// Commits a finished segment: from now on it survives everything but the loss of its disk.
    ///
    /// The rename of the sidecar is the commit. Before it, the draft leads the next start to the file; the directory is
    /// synced last, because the renames of both files are in it.
    ///
    /// - Throws: `SpoolError`: `.directoryNotDurable` means that the process must end and start anew.
    package func commit(_ segment: Segment) throws(SpoolError) {
        try Files.rename(layout.openMedia(segment.id), layout.media(segment.id))
        try Files.writeDurably(SpoolJSON.encode(segment), to: layout.sidecar(segment.id))
        try Files.syncDirectory(layout.ready)
        try Files.remove(layout.draft(segment.id))
    }

    /// Deletes a segment that was begun and holds nothing worth keeping.
    package func discard(_ id: SegmentID) throws(SpoolError) {
        try Files.remove(layout.openMedia(id))
        try Files.remove(layout.draft(id))
    }
}
