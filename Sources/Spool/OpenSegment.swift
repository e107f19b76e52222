import Encodings
import Crypto
import Glibc
package import ObserverCore

/// A segment that is being written.
///
/// Appends, counts and hashes. Used by one thread at a time: the writer that has the camera's bytes.
///
/// Safe: nobody but that writer touches it; handing it from one writer to the next is ordered by their queue.
package final class OpenSegment: @unchecked Sendable {
    package let header: SegmentHeader
    /// Bytes appended so far.
    package private(set) var bytes: Int64 = 0
    private let path: String
    private var file: Int32
    private var hasher = SHA256Hasher()

    init(_ header: SegmentHeader, path: String) throws(SpoolError) {
        self.header = header
        self.path = path
        file = try Files.open(path, O_WRONLY | O_CREAT | O_EXCL)
    }

    deinit {
        if file >= 0 { close(file) }
    }

    /// Appends bytes; after an error the file is suspect and must be discarded.
    package func append(_ buffer: UnsafeRawBufferPointer) throws(SpoolError) {
        try Files.write(buffer, to: file, path)
        hasher.update(buffer)
        bytes += Int64(buffer.count)
    }

    /// Forces appended bytes to the disk.
    package func sync() throws(SpoolError) {
        guard fdatasync(file) == 0 else { throw SpoolError(call: "fdatasync", path) }
    }

    /// Forces the file to the disk and closes it.
    ///
    /// - Returns: The SHA-256 of the whole file, in lower-case hex.
    package func finish() throws(SpoolError) -> String {
        try sync()
        let closed = close(file)
        file = -1
        guard closed == 0 else { throw SpoolError(call: "close", path) }
        return hasher.finalize().hex
    }
}

extension Spool {
    /// Begins a segment.
    ///
    /// - Throws: `SpoolError`: `.diskFull`, `.fileFailed`.
    package func begin(_ header: SegmentHeader) throws(SpoolError) -> OpenSegment {
        try Files.writeDurably(SpoolJSON.encode(header), to: openDraft(header.id))
        return try OpenSegment(header, path: openMedia(header.id))
    }

    /// Commits a segment whose file was finished: from now on it survives everything but its disk.
    ///
    /// - Throws: `SpoolError`: `.directoryNotDurable` means that the process must end and begin again.
    package func commit(_ segment: Segment) throws(SpoolError) {
        try Files.rename(openMedia(segment.id), media(segment.id))
        try Files.writeDurably(SpoolJSON.encode(segment), to: readySidecar(segment.id))
        try Files.syncDirectory(root + "/ready")
        try Files.remove(openDraft(segment.id))
    }

    /// Throws a segment away that was begun and holds nothing worth keeping.
    package func discard(_ id: SegmentID) throws(SpoolError) {
        try Files.remove(openMedia(id))
        try Files.remove(openDraft(id))
    }
}
