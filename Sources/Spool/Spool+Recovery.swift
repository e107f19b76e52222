import Crypto
import Glibc
import Media
package import ObserverCore

/// What became of a file that a dead recorder left open.
package enum Recovered: Hashable, Sendable {
    /// Its whole fragments are a committed segment now.
    case segment(Segment)
    /// Not one fragment of it was whole; its draft says what is missing.
    case nothing(SegmentDraft)
}

/// A recorder's right to write to the spool under its name; held until it is released or the process ends.
///
/// Safe: the file descriptor is set once and only closed in `deinit`.
package final class RecorderLock: Sendable {
    private let file: Int32

    init(_ file: Int32) {
        self.file = file
    }

    deinit {
        close(file)
    }
}

extension Spool {
    /// Takes the right to write as `worker`, waiting two seconds for it: another process may hold it for a moment while it
    /// finishes what this one's former life left open.
    ///
    /// - Throws: `SpoolError`: `.inUse` where another process has it.
    package func lock(worker: String) throws(SpoolError) -> RecorderLock {
        var found = try tryLock(worker)
        for _ in 0..<20 where found == nil {
            usleep(100_000)
            found = try tryLock(worker)
        }
        guard let lock = found else {
            throw SpoolError(
                .inUse,
                root,
                reason: "another process records here as \(worker); give it another OBSERVER_NODE"
            )
        }
        return lock
    }

    private func tryLock(_ worker: String) throws(SpoolError) -> RecorderLock? {
        let safe = PercentCoding.encode(worker)
        let file = try Files.open("\(root)/open/.\(safe).lock", O_RDWR | O_CREAT)
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            return nil
        }
        return RecorderLock(file)
    }

    /// Finishes what dead recorders left open: cuts each file after its last whole fragment and commits it.
    ///
    /// Files of recorders that live are left alone. May die anywhere and be called again.
    ///
    /// - Parameter worker: The caller's own name, whose lock it holds; nil where the caller records nothing.
    /// - Returns: What became of each file; a file that cannot be read is in quarantine and not among them.
    /// - Throws: `SpoolError` where the disk fails; calling again goes on from there.
    package func recover(as worker: String?) throws(SpoolError) -> [Recovered] {
        var results: [Recovered] = []
        var dead: [String: RecorderLock] = [:]
        for name in try Files.names(in: root + "/open").sorted() where name.hasSuffix(".json") {
            guard let id = SegmentID(String(name.dropLast(5))) else { continue }
            let draft: SegmentDraft
            do {
                draft = try SpoolJSON.decode(SegmentDraft.self, at: openDraft(id))
            } catch {
                // Another process may have finished it in the meantime.
                guard Files.exists(openDraft(id)) else { continue }
                try quarantine("open/\(name)")
                if Files.exists(openMedia(id)) { try quarantine("open/\(id).mp4.part") }
                continue
            }
            if draft.worker != worker {
                if dead[draft.worker] == nil { dead[draft.worker] = try tryLock(draft.worker) }
                guard dead[draft.worker] != nil else { continue }
            }
            if let result = try finish(draft) { results.append(result) }
        }
        return results
    }

    private func finish(_ draft: SegmentDraft) throws(SpoolError) -> Recovered? {
        let path = openMedia(draft.id)
        guard Files.exists(path) else {
            // Between the rename of the media and the one of the sidecar, or just after both.
            guard Files.exists(media(draft.id)), !Files.exists(readySidecar(draft.id)) else {
                try Files.remove(openDraft(draft.id))
                return nil
            }
            try Files.rename(media(draft.id), path)
            return try finish(draft)
        }
        guard let found = try? FragmentedMP4.inspect(path), found.fragments > 0 else {
            try discard(draft.id)
            return .nothing(draft)
        }
        guard truncate(path, off_t(found.completeBytes)) == 0 else { throw SpoolError(call: "truncate", path) }
        let (sha256, initSHA256) = try hashes(of: path, initBytes: Int(found.initBytes))
        let measure = SegmentMeasure(
            bytes: found.completeBytes,
            sha256: sha256,
            initBytes: found.initBytes,
            initSHA256: initSHA256,
            mediaStart90k: found.mediaStart90k,
            mediaDuration90k: found.mediaDuration90k,
            frames: found.frames,
            codecs: found.codecs,
            width: found.width,
            height: found.height,
            hasAudio: found.hasAudio
        )
        let segment = Segment(draft, measure, endReason: .recovered, flags: ["recovered"])
        try commit(segment)
        return .segment(segment)
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

    /// Moves a file that nobody understands out of the way; `name` is relative to the spool.
    package func quarantine(_ name: String) throws(SpoolError) {
        let last = name.split(separator: "/").last.map { String($0) } ?? name
        try Files.rename("\(root)/\(name)", "\(root)/quarantine/\(last)")
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
                    if let status = Files.status(path), status.ageSeconds > 600 { try Files.remove(path) }
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
                guard folder == "ready", name.hasSuffix(".mp4"), !Files.exists(readySidecar(id)),
                    !Files.exists(openDraft(id)), let status = Files.status(path), status.ageSeconds > 60
                else { continue }
                if hasReceipt(id) { try Files.remove(path) } else { strays.append("\(folder)/\(name)") }
            }
        }
        return strays
    }
}
