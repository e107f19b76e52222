package import ObserverCore

extension Spool {
    /// Begins a segment: writes its draft and opens its file.
    ///
    /// Both become durable with the first sync of the segment, or when it is placed.
    ///
    /// - Parameters:
    ///   - header: Its header.
    ///   - begun: The moment of its first frame on the machine's own clock.
    /// - Returns: The open file.
    /// - Throws: `SpoolError`: `.diskFull`, `.tooManyOpen`, `.fileFailed`; then ``discard(_:)`` is to follow.
    package func begin(_ header: SegmentHeader, begun: BootMoment? = nil) throws(SpoolError) -> OpenSegment {
        try Files.write(SpoolJSON.encode(SegmentDraft(header, begun: begun)), to: layout.draft(header.id))
        return try OpenSegment(header, path: layout.openMedia(header.id), draft: layout.draft(header.id))
    }

    /// Commits a finished segment: from now on it survives everything but the loss of its disk.
    ///
    /// - Throws: `SpoolError`; then ``finish(_:as:)`` is to follow.
    package func commit(_ segment: Segment) throws(SpoolError) {
        try place(segment)
        try settleAlone(segment.id)
    }

    /// As ``settle(_:)``, for one segment, and with an error also where its draft is left.
    func settleAlone(_ id: SegmentID) throws(SpoolError) {
        guard try settle([id]).isEmpty else {
            throw SpoolError(.fileFailed, layout.draft(id), reason: "the draft cannot be removed")
        }
    }

    /// Gives an open segment another identifier, because its time is known now.
    ///
    /// A start that comes between the steps finds it under one of the two.
    ///
    /// - Throws: `SpoolError`.
    package func move(_ draft: SegmentDraft, to header: SegmentHeader) throws(SpoolError) {
        let old = draft.header.id
        guard header.id != old else { return }
        try Files.writeDurably(
            SpoolJSON.encode(SegmentDraft(header, begun: draft.begun)),
            to: layout.draft(header.id)
        )
        try Files.rename(layout.openMedia(old), layout.openMedia(header.id))
        try Files.syncDirectory(layout.open)
        try Files.remove(layout.draft(old))
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
    /// - Returns: Those whose drafts are left, because the disk fails; ``discard(_:)`` removes them.
    /// - Throws: `SpoolError`; then none of them is committed, and ``finish(_:as:)`` is to follow for each.
    package func settle(_ ids: [SegmentID]) throws(SpoolError) -> [SegmentID] {
        try Files.syncDirectory(layout.ready)
        return ids.filter { (try? Files.remove(layout.draft($0))) == nil }
    }

    /// Deletes what is open of a segment: of one that holds nothing worth keeping, or one that is committed.
    package func discard(_ id: SegmentID) throws(SpoolError) {
        try Files.remove(layout.openMedia(id))
        try Files.remove(layout.draft(id) + ".part")
        try Files.remove(layout.draft(id))
    }
}
