import Crypto
import Encodings
import Glibc
import MP4
package import ObserverCore
import System

extension Spool {
    /// Commits a segment of the caller's own that could not be written or committed: all of it, or what is whole of it.
    ///
    /// Bytes that a failed sync leaves in memory may be on no disk, and may never be written to it again. So they are written
    /// again, and the files are renamed again, before they are synced.
    ///
    /// - Parameters:
    ///   - draft: The segment as it was begun.
    ///   - header: Its header at its place in time, the same in each call.
    ///   - whole: The segment as it is to be committed, with that header; nil where not all of it was written.
    /// - Returns: The outcome; nil if nothing of it is there, as when it was uploaded meanwhile.
    /// - Throws: `SpoolError`: the disk still fails, and the call may be repeated.
    package func finish(
        _ draft: SegmentDraft,
        as header: SegmentHeader,
        whole: Segment?
    ) throws(SpoolError) -> Recovered? {
        do throws(SpoolError) {
            if draft.header.id != header.id, try takeBack(draft.header.id) { try move(draft, to: header) }
            guard try takeBack(header.id) else {
                try discard(draft.header.id)
                try discard(header.id)
                return nil
            }
            if let whole, try commitAgain(whole) { return .segment(whole) }
            return try salvage(SegmentDraft(header, begun: draft.begun), as: header, isRewritten: true)
        } catch {
            guard error.kind == .corrupt else { throw error }
            let result = putAside(header.id, error)
            if case .kept(_, let error) = result { throw error }
            return result
        }
    }

    /// Undoes the renames of a commit; returns false if there is no file.
    private func takeBack(_ id: SegmentID) throws(SpoolError) -> Bool {
        if try Files.exists(layout.openMedia(id)) { return true }
        guard try Files.exists(layout.media(id)) else { return false }
        try Files.remove(layout.sidecar(id))
        try Files.rename(layout.media(id), layout.openMedia(id))
        return true
    }

    /// Returns false if the file does not hold the segment.
    private func commitAgain(_ segment: Segment) throws(SpoolError) -> Bool {
        let path = layout.media(segment.id)
        // First, because it costs nothing where the disk still fails.
        try Files.rename(layout.openMedia(segment.id), path)
        guard try hashes(of: path, initBytes: 0, isRewritten: true).whole == segment.media.sha256 else {
            try Files.rename(path, layout.openMedia(segment.id))
            return false
        }
        try Files.writeDurably(SpoolJSON.encode(segment), to: layout.sidecar(segment.id))
        try settleAlone(segment.id)
        return true
    }

    /// Commits what is whole of an open file.
    ///
    /// - Parameters:
    ///   - draft: The segment as it was begun.
    ///   - header: Its header at its place in time.
    ///   - isRewritten: Writes the bytes again; without it those are trusted that a process left that was killed.
    /// - Returns: The outcome; nil if there is no file.
    /// - Throws: `SpoolError`.
    func salvage(
        _ draft: SegmentDraft,
        as header: SegmentHeader,
        isRewritten: Bool = false
    ) throws(SpoolError) -> Recovered? {
        let id = draft.header.id
        if try !Files.exists(layout.openMedia(id)) {
            // Between the rename of the media and the one of the sidecar, or just after both.
            guard try Files.exists(layout.media(id)) else {
                try discard(id)
                return nil
            }
            if let segment = try segment(id) {
                try settleAlone(id)
                return .segment(segment)
            }
            try Files.rename(layout.media(id), layout.openMedia(id))
        }
        try move(draft, to: header)
        let path = layout.openMedia(header.id)
        guard let found = try wholeFragments(path) else {
            try discard(header.id)
            return .nothing(header)
        }
        guard truncate(path, off_t(found.completeBytes)) == 0 else { throw SpoolError(call: "truncate", path) }
        let hashes = try hashes(of: path, initBytes: Int(found.initBytes), isRewritten: isRewritten)
        var media = SegmentMedia(
            codecs: found.codecs,
            width: found.width,
            height: found.height,
            hasAudio: found.hasAudio
        )
        media.bytes = found.completeBytes
        media.sha256 = hashes.whole
        media.initBytes = found.initBytes
        media.initSHA256 = hashes.initial
        media.start90k = found.mediaStart90k
        media.duration90k = found.mediaDuration90k
        media.frames = found.frames
        var end = SegmentEnd(.recovered, durationMilliseconds: media.durationMilliseconds, flags: [.recovered])
        let shift = header.startedAt.milliseconds - draft.header.startedAt.milliseconds
        if shift.magnitude > 1000 { end.flags.insert(.wallStep) }
        let segment = Segment(header: header, media: media, end: end)
        if let problem = segment.problem { throw SpoolError(.corrupt, path, reason: problem) }
        try commit(segment)
        return .segment(segment)
    }

    /// The whole part of an open file; nil if no fragment is whole.
    func wholeFragments(_ path: String) throws(SpoolError) -> FragmentedMP4.Summary? {
        do throws(SystemError) {
            let file = try File(opening: path)
            let size = try file.status().byteCount
            let found = try FragmentedMP4.inspect(size: size) { offset, count throws(SystemError) in
                var bytes = [UInt8](repeating: 0, count: count)
                let filled = try bytes.withUnsafeMutableBufferPointer { buffer throws(SystemError) in
                    try file.read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
                }
                return filled == count ? bytes : Array(bytes.prefix(filled))
            }
            guard case .success(let summary) = found, summary.fragments > 0 else { return nil }
            return summary
        } catch {
            // A disk that cannot be read now says nothing about what is on it.
            throw SpoolError(error, path)
        }
    }

    /// Syncs a file and returns the SHA-256 of all of it, and of its first bytes.
    private func hashes(
        of path: String,
        initBytes: Int,
        isRewritten: Bool
    ) throws(SpoolError) -> (whole: String, initial: String) {
        do throws(SystemError) {
            let file = try File(opening: path, flags: isRewritten ? O_RDWR : O_RDONLY)
            var whole = SHA256Hasher()
            var initial = SHA256Hasher()
            var offset = 0
            let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
            defer { chunk.deallocate() }
            while case let count = try file.read(into: chunk, at: Int64(offset)), count > 0 {
                let bytes = UnsafeRawBufferPointer(rebasing: chunk[..<count])
                if isRewritten { try file.write(bytes, at: Int64(offset)) }
                whole.update(bytes)
                let head = min(max(initBytes - offset, 0), count)
                if head > 0 { initial.update(UnsafeRawBufferPointer(rebasing: bytes[..<head])) }
                offset += count
            }
            try file.synchronize()
            return (whole.finalize().hex, initial.finalize().hex)
        } catch {
            throw SpoolError(error, path)
        }
    }
}
