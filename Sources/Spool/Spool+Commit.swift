package import ObserverCore

extension Spool {
    /// Begins a segment: writes its draft and opens its file.
    ///
    /// Both become durable with the first sync of the segment, or when it is placed.
    ///
    /// - Throws: `SpoolError`: `.diskFull`, `.fileFailed`.
    package func begin(_ header: SegmentHeader) throws(SpoolError) -> OpenSegment {
        try Files.write(SpoolJSON.encode(header), to: layout.draft(header.id))
        return try OpenSegment(header, path: layout.openMedia(header.id), draft: layout.draft(header.id))
    }

    /// Commits a finished segment: from now on it survives everything but the loss of its disk.
    ///
    /// - Throws: `SpoolError`: `.directoryNotDurable` means that the process must end and start anew.
    package func commit(_ segment: Segment) throws(SpoolError) {
        try place(segment)
        try settle([segment.id])
    }

    /// Gives a finished segment its final name and its sidecar, the first half of a commit.
    ///
    /// The rename of the sidecar is what commits. Until `settle` the draft leads the next start to the file.
    ///
    /// - Throws: `SpoolError`.
    package func place(_ segment: Segment) throws(SpoolError) {
        try Files.rename(layout.openMedia(segment.id), layout.media(segment.id))
        try Files.writeDurably(SpoolJSON.encode(segment), to: layout.sidecar(segment.id))
    }

    /// Forces the names of placed segments to the disk, the second half of a commit, for many at once.
    ///
    /// The directory is synced after both renames of each, because they are in it.
    ///
    /// - Throws: `SpoolError`: `.directoryNotDurable` means that the process must end and start anew.
    package func settle(_ ids: [SegmentID]) throws(SpoolError) {
        try Files.syncDirectory(layout.ready)
        for id in ids { try Files.remove(layout.draft(id)) }
    }

    /// Deletes a segment that was begun and holds nothing worth keeping.
    package func discard(_ id: SegmentID) throws(SpoolError) {
        try Files.remove(layout.openMedia(id))
        try Files.remove(layout.draft(id))
    }
}
