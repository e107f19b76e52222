import Crypto
import Encodings
import Glibc
import MP4
package import ObserverCore
import System

extension Spool {
    /// Finishes what dead recorders left open: cuts each file after its last whole fragment and commits it.
    ///
    /// Files of recorders that live are left alone, and so are files that a failing disk does not give. The process may die
    /// anywhere in it, and it may be called again.
    ///
    /// - Parameters:
    ///   - recorder: The caller's own name, whose lock it holds; nil where the caller records nothing.
    ///   - former: The caller's own files that are of a former life; nil for all, where it records nothing yet.
    /// - Returns: The outcome for each file. The caller's own are `kept` as `inUse` while another process is at them.
    /// - Throws: `SpoolError` where nothing can be done at all; calling again goes on from there.
    package func recover(as recorder: String?, former: Set<SegmentID>? = nil) throws(SpoolError) -> [Recovered] {
        var results: [Recovered] = []
        // Two recoveries of the same file would disturb each other. Nothing else locks this directory.
        let folder = layout.open
        let single = try RecorderLock.take(
            Files.open(folder, O_RDONLY | O_DIRECTORY),
            operation: LOCK_EX,
            path: folder
        )
        // Files that were there before their recorder was found dead are not those of its next life.
        var dead: [String: Bool] = [:]
        for name in try Files.names(in: folder).sorted() where name.hasSuffix(".json") {
            guard let id = SegmentID(String(name.dropLast(5))) else { continue }
            do throws(SpoolError) {
                guard let draft = try draft(id) else { continue }
                let owner = draft.origin.recorder
                if owner == recorder {
                    guard former?.contains(id) ?? true else { continue }
                    guard single != nil else {
                        let reason = "another process finishes what was left open"
                        throw SpoolError(.inUse, layout.draft(id), reason: reason)
                    }
                } else {
                    guard single != nil else { continue }
                    if dead[owner] == nil { dead[owner] = try tryLock(owner, for: .recovery) != nil }
                    guard dead[owner] == true else { continue }
                }
                if let result = try finish(draft) { results.append(result) }
            } catch {
                guard error.kind != .directoryNotDurable else { throw error }
                results.append(error.kind == .corrupt ? putAside(id, error) : .kept(id, error))
            }
        }
        return results
    }

    /// The files that a former life of a recorder left open, with the length of what is whole of each in milliseconds.
    ///
    /// Nothing is read but the heads of fragments, so that a start need not wait for more.
    package func leftOpen(by recorder: String) throws(SpoolError) -> [(header: SegmentHeader, milliseconds: Int64)] {
        var found: [(SegmentHeader, Int64)] = []
        for name in try Files.names(in: layout.open) where name.hasSuffix(".json") {
            guard let id = SegmentID(String(name.dropLast(5))), let draft = try? draft(id),
                draft.origin.recorder == recorder
            else { continue }
            let path = try Files.exists(layout.openMedia(id)) ? layout.openMedia(id) : layout.media(id)
            let whole = try Files.exists(path) ? wholeFragments(path) : nil
            found.append((draft, (whole?.mediaDuration90k ?? 0) / 90))
        }
        return found
    }

    /// Finishes a segment of the caller's own that could not be written on: commits what is whole of it.
    ///
    /// - Returns: The outcome; nil if nothing of it is there.
    /// - Throws: `SpoolError`: the disk still fails, and the call may be repeated.
    package func finish(_ id: SegmentID) throws(SpoolError) -> Recovered? {
        do throws(SpoolError) {
            if try Files.exists(layout.draft(id)), let draft = try draft(id), let result = try finish(draft) {
                return result
            }
            // The commit may have failed after the renames.
            return try segment(id).map(Recovered.segment)
        } catch {
            guard error.kind == .corrupt else { throw error }
            let result = putAside(id, error)
            if case .kept(_, let error) = result { throw error }
            return result
        }
    }

    /// Reads the draft of an open file; nil if another process has finished it meanwhile.
    private func draft(_ id: SegmentID) throws(SpoolError) -> SegmentHeader? {
        let path = layout.draft(id)
        let draft: SegmentHeader
        do {
            draft = try SpoolJSON.decode(SegmentHeader.self, at: path)
        } catch {
            guard try Files.exists(path) else { return nil }
            throw error
        }
        if let problem = draft.problem { throw SpoolError(.corrupt, path, reason: problem) }
        guard draft.id == id else { throw SpoolError(.corrupt, path, reason: "it is the draft of \(draft.id)") }
        return draft
    }

    private func putAside(_ id: SegmentID, _ reason: SpoolError) -> Recovered {
        do throws(SpoolError) {
            try quarantine("open/\(id).json")
            if try Files.exists(layout.openMedia(id)) { try quarantine("open/\(id).mp4.part") }
            return .quarantined(id, reason)
        } catch {
            return .kept(id, error)
        }
    }

    private func finish(_ draft: SegmentHeader) throws(SpoolError) -> Recovered? {
        let path = layout.openMedia(draft.id)
        guard try Files.exists(path) else {
            // Between the rename of the media and the one of the sidecar, or just after both.
            guard try Files.exists(layout.media(draft.id)), try !Files.exists(layout.sidecar(draft.id)) else {
                try Files.remove(layout.draft(draft.id))
                return nil
            }
            try Files.rename(layout.media(draft.id), path)
            return try finish(draft)
        }
        guard let found = try wholeFragments(path) else {
            try discard(draft.id)
            return .nothing(draft)
        }
        guard truncate(path, off_t(found.completeBytes)) == 0 else { throw SpoolError(call: "truncate", path) }
        let (sha256, initSHA256) = try hashes(of: path, initBytes: Int(found.initBytes))
        var media = SegmentMedia(
            codecs: found.codecs,
            width: found.width,
            height: found.height,
            hasAudio: found.hasAudio
        )
        media.bytes = found.completeBytes
        media.sha256 = sha256
        media.initBytes = found.initBytes
        media.initSHA256 = initSHA256
        media.start90k = found.mediaStart90k
        media.duration90k = found.mediaDuration90k
        media.frames = found.frames
        let end = SegmentEnd(.recovered, durationMilliseconds: media.durationMilliseconds, flags: [.recovered])
        let segment = Segment(header: draft, media: media, end: end)
        if let problem = segment.problem { throw SpoolError(.corrupt, path, reason: problem) }
        try commit(segment)
        return .segment(segment)
    }

    /// The whole part of an open file; nil if no fragment is whole.
    private func wholeFragments(_ path: String) throws(SpoolError) -> FragmentedMP4.Summary? {
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
            throw SpoolError(.fileFailed, path, reason: error.detail)
        }
    }

    private func hashes(of path: String, initBytes: Int) throws(SpoolError) -> (whole: String, initial: String) {
        let file = try Files.open(path, O_RDONLY)
        defer { close(file) }
        guard fdatasync(file) == 0 else { throw SpoolError(call: "fdatasync", path) }
        var whole = SHA256Hasher()
        var initial = SHA256Hasher()
        var offset = 0
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = read(file, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SpoolError(call: "read", path) }
            guard count > 0 else { return (whole.finalize().hex, initial.finalize().hex) }
            chunk.withUnsafeBytes { bytes in
                whole.update(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
                let head = min(max(initBytes - offset, 0), count)
                if head > 0 { initial.update(UnsafeRawBufferPointer(rebasing: bytes[..<head])) }
            }
            offset += count
        }
    }
}
