import Crypto
import Encodings
import Glibc
package import ObserverCore
import System

/// A segment that is being written: appends, counts and hashes.
///
/// Used by one thread at a time, the writer of the camera.
///
/// Safe: nobody but that writer touches it; handing it from one writer to the next is ordered by their queue.
package final class OpenSegment: @unchecked Sendable {
    package let header: SegmentHeader
    /// Bytes appended so far.
    package private(set) var bytes: Int64 = 0
    private let file: File
    /// The path of the draft until it is durable.
    private var draft: String?
    private var hasher = SHA256Hasher()

    init(_ header: SegmentHeader, path: String, draft: String) throws(SpoolError) {
        self.header = header
        self.draft = draft
        do throws(SystemError) {
            file = try File(opening: path, flags: O_WRONLY | O_CREAT | O_EXCL)
        } catch {
            throw SpoolError(error, path)
        }
    }

    /// Appends bytes; after an error the file is suspect and must be discarded.
    package func append(_ buffer: UnsafeRawBufferPointer) throws(SpoolError) {
        do throws(SystemError) {
            try file.write(buffer)
        } catch {
            throw SpoolError(error, file.path)
        }
        hasher.update(buffer)
        bytes += Int64(buffer.count)
    }

    /// Forces appended bytes to the disk, and the draft that leads to them.
    package func sync() throws(SpoolError) {
        if let draft { try Files.sync(draft) }
        draft = nil
        try syncBytes()
    }

    /// Forces appended bytes to the disk; for a file that is placed next, which needs no draft.
    package func syncBytes() throws(SpoolError) {
        do throws(SystemError) {
            try file.synchronize()
        } catch {
            throw SpoolError(error, file.path)
        }
    }

    /// Ends the hash: nothing can be appended afterwards.
    ///
    /// - Returns: The SHA-256 of all appended bytes, in lower-case hex.
    package func finish() -> String { hasher.finalize().hex }
}
