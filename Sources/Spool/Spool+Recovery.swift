import Encodings
import Crypto
import Glibc
import MP4
package import ObserverCore
import System

/// The outcome for a file that a dead recorder left open.
package enum Recovered: Hashable, Sendable {
    /// Its whole fragments are a committed segment now.
    case segment(Segment)
    /// Not one fragment of it was whole; its draft says what is missing.
    case nothing(SegmentHeader)
    /// It is as it was, because the disk failed: the next call tries again.
    case kept(SegmentID, SpoolError)
    /// Its draft or what is in it cannot be what was recorded.
    case quarantined(SegmentID, SpoolError)
}

/// A recorder's right to write to the spool under its name; held until it is released or the process ends.
///
/// Safe: the file descriptor is set once and only closed in `deinit`.
package final class RecorderLock: Sendable {
    private let file: Int32

    private init(_ file: Int32) {
        self.file = file
    }

    /// Locks an open file, without waiting, and takes it over; nil where another process has the lock.
    static func take(_ file: Int32, _ operation: Int32, _ path: String) throws(SpoolError) -> RecorderLock? {
        if flock(file, operation | LOCK_NB) == 0 { return RecorderLock(file) }
        let isTaken = errno == EWOULDBLOCK
        let error = SpoolError(call: "flock", path)
        close(file)
        if isTaken { return nil }
        throw error
    }

    deinit {
        close(file)
    }
}

extension Spool {
    /// Takes the right to write as `recorder`.
    ///
    /// Another process may be finishing what this one's former life left open. That is waited for, a minute at most: it
    /// would have to be done here otherwise. A process that records is given two seconds to end.
    ///
    /// - Throws: `SpoolError`: `.inUse` where another process has it.
    package func lock(recorder: String) throws(SpoolError) -> RecorderLock {
        for tenth in 0..<600 {
            if let lock = try tryLock(recorder, for: .recording) { return lock }
            // Who recovers shares the lock with whoever asks in this way; who records shares it with nobody.
            if tenth >= 20, try tryLock(recorder, for: .recovery) == nil {
                let reason = "another process records here as \(recorder); give it another OBSERVER_RECORDER"
                throw SpoolError(.inUse, root, reason: reason)
            }
            usleep(100_000)
        }
        throw SpoolError(.inUse, root, reason: "another process still finishes what \(recorder) left open")
    }

    enum LockUse {
        case recording
        /// Of files that a dead recorder left; those who recover keep one another out by the lock on `open/`.
        case recovery
    }

    func tryLock(_ recorder: String, for use: LockUse) throws(SpoolError) -> RecorderLock? {
        let safe = PercentEncoding.encode(recorder)
        let file = try Files.open("\(root)/open/.\(safe).lock", O_RDWR | O_CREAT)
        return try RecorderLock.take(file, use == .recording ? LOCK_EX : LOCK_SH, root)
    }

    /// Finishes what dead recorders left open: cuts each file after its last whole fragment and commits it.
    ///
    /// Files of recorders that live are left alone, and so is what a failing disk does not let be read. May die anywhere
    /// and be called again.
    ///
    /// - Parameter recorder: The caller's own name, whose lock it holds; nil where the caller records nothing.
    /// - Returns: The outcome for each file.
    /// - Throws: `SpoolError` where nothing can be done at all; calling again goes on from there.
    package func recover(as recorder: String?) throws(SpoolError) -> [Recovered] {
        var results: [Recovered] = []
        // Two that finish the same file would disturb each other. Nobody else locks this folder.
        let folder = root + "/open"
        let single = try RecorderLock.take(Files.open(folder, O_RDONLY | O_DIRECTORY), LOCK_EX, folder)
        var dead: [String: RecorderLock] = [:]
        for name in try Files.names(in: folder).sorted() where name.hasSuffix(".json") {
            guard let id = SegmentID(String(name.dropLast(5))) else { continue }
            do throws(SpoolError) {
                guard let draft = try draft(id) else { continue }
                if draft.origin.recorder != recorder {
                    guard single != nil else { continue }
                    if dead[draft.origin.recorder] == nil {
                        dead[draft.origin.recorder] = try tryLock(draft.origin.recorder, for: .recovery)
                    }
                    guard dead[draft.origin.recorder] != nil else { continue }
                }
                if let result = try finish(draft) { results.append(result) }
            } catch {
                guard error.kind != .directoryNotDurable else { throw error }
                results.append(error.kind == .corrupt ? putAside(id, error) : .kept(id, error))
            }
        }
        return results
    }

    /// Reads the draft of an open file; nil if another process has finished it meanwhile.
    private func draft(_ id: SegmentID) throws(SpoolError) -> SegmentHeader? {
        let path = openDraft(id)
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
            if try Files.exists(openMedia(id)) { try quarantine("open/\(id).mp4.part") }
            return .quarantined(id, reason)
        } catch {
            return .kept(id, error)
        }
    }

    private func finish(_ draft: SegmentHeader) throws(SpoolError) -> Recovered? {
        let path = openMedia(draft.id)
        guard try Files.exists(path) else {
            // Between the rename of the media and the one of the sidecar, or just after both.
            guard try Files.exists(media(draft.id)), try !Files.exists(readySidecar(draft.id)) else {
                try Files.remove(openDraft(draft.id))
                return nil
            }
            try Files.rename(media(draft.id), path)
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

    /// Moves a file that nobody understands out of the way, under a name that tells its folder and is not in use.
    ///
    /// - Parameter name: Relative to the spool.
    /// - Throws: `SpoolError` where the disk fails.
    package func quarantine(_ name: String) throws(SpoolError) {
        let base = "\(root)/quarantine/\(name.replacing("/", with: "-"))"
        var target = base
        var number = 1
        while try Files.exists(target) {
            number += 1
            target = "\(base).\(number)"
        }
        try Files.rename("\(root)/\(name)", target)
    }

    /// Files in `ready` and `stored` that do not belong there, relative to the spool: to be put in quarantine.
    ///
    /// Left-over parts of files that were being written when a process died are removed on the way, once they are ten
    /// minutes old; so are files of segments whose receipt is there.
    package func strays() throws(SpoolError) -> [String] {
        var strays: [String] = []
        for folder in ["ready", "stored"] {
            for name in try Files.names(in: "\(root)/\(folder)") {
                let path = "\(root)/\(folder)/\(name)"
                if name.hasSuffix(".part") {
                    if let status = try Files.status(path), status.ageSeconds > 600 { try Files.remove(path) }
                    continue
                }
                let stem = name.prefix { $0 != "." }
                guard let id = SegmentID(String(stem)),
                    name == "\(id).json" || (folder == "ready" && name == "\(id).mp4")
                else {
                    strays.append("\(folder)/\(name)")
                    continue
                }
                // A commit is two renames, so a file without its sidecar is normal for a moment.
                guard folder == "ready", name.hasSuffix(".mp4"), try !Files.exists(readySidecar(id)),
                    try !Files.exists(openDraft(id)), let status = try Files.status(path), status.ageSeconds > 60
                else { continue }
                if try hasReceipt(id) { try Files.remove(path) } else { strays.append("\(folder)/\(name)") }
            }
        }
        return strays
    }
}
