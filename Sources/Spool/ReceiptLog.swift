import Glibc
import ObserverCore
import System

/// The receipts of uploads: append-only files in the spool, one after the other.
///
/// A receipt is a fact about S3, so one that is there twice, or was thought to have failed, does no harm. A file is never
/// appended to again once something about it has failed, nor by another process: the next one is begun. Room is kept ahead in
/// the file, so that on a full disk receipts can be written and their segments deleted.
///
/// It is used by one thread of one process; anybody may read (``Spool/receipts(from:limit:)``).
package struct ReceiptLog {
    /// A place in the log.
    package struct Position: Hashable, Comparable, Sendable {
        package var file: Int
        package var offset: Int64

        package static let beginning = Position(file: 0, offset: 0)

        package init(file: Int, offset: Int64) {
            (self.file, self.offset) = (file, offset)
        }

        package static func < (left: Position, right: Position) -> Bool {
            (left.file, left.offset) < (right.file, right.offset)
        }
    }

    /// The time that a file is kept after its last receipt: a database that is restored from a backup of the last two days
    /// gets the rows back that it has lost.
    package static let keptSeconds: Int64 = 48 * 3600
    /// The time after which another file is begun, so that days can be removed one by one.
    private static let fileAge: Duration = .seconds(24 * 3600)
    private static let preallocation = 1 << 20

    private final class OpenFile {
        let number: Int
        let file: File
        let begun = MonotonicInstant.now()
        /// The bytes that are whole lines.
        var length = 0
        var allocated = 0

        init(number: Int, file: consuming File) {
            self.number = number
            self.file = file
        }

        deinit {
            file.releaseRoom(behind: Int64(length))
        }
    }

    private let spool: Spool
    private let fileBytes: Int
    private var current: OpenFile?

    /// - Parameters:
    ///   - spool: The spool.
    ///   - fileBytes: The size at which another file is begun.
    package init(in spool: Spool, fileBytes: Int = 64 << 20) {
        self.spool = spool
        self.fileBytes = fileBytes
    }

    /// Appends receipts, in one write.
    ///
    /// - Parameters:
    ///   - receipts: The receipts.
    ///   - isDurable: Waits until they are on the disk, as what proves an upload must be.
    /// - Throws: `SpoolError`; then none of them is a proof.
    package mutating func append(_ receipts: [Receipt], isDurable: Bool) throws(SpoolError) {
        guard !receipts.isEmpty else { return }
        let bytes = receipts.flatMap { ReceiptLine($0).encoded }
        do throws(SpoolError) {
            try write(bytes, isDurable: isDurable)
        } catch {
            current = nil
            // What is kept back for open segments is there for this as well: it ends in room.
            guard error.kind == .diskFull, isDurable else { throw error }
            try spool.releaseReserve()
            do throws(SpoolError) {
                try write(bytes, isDurable: true)
            } catch {
                current = nil
                throw error
            }
        }
    }

    /// Forces what was appended to the disk.
    package mutating func synchronize() throws(SpoolError) {
        guard let current else { return }
        do throws(SystemError) {
            try current.file.synchronize()
        } catch {
            self.current = nil
            throw SpoolError(error, current.file.path)
        }
    }

    /// Removes the files before a position that nobody has appended to for two days.
    ///
    /// - Parameter position: Everything before it has its row. A clock that is wrong can thus cost the second proof only.
    /// - Throws: `SpoolError` where the disk fails; the next call goes on.
    package func removeOld(before position: Position) throws(SpoolError) {
        for number in try spool.receiptFiles() where number < position.file && number != current?.number {
            let path = spool.layout.receipts(number)
            guard let status = try Files.status(path), Int64(status.ageSeconds) > Self.keptSeconds else { continue }
            try Files.remove(path)
        }
    }

    private mutating func write(_ bytes: [UInt8], isDurable: Bool) throws(SpoolError) {
        if let current, current.length >= fileBytes || MonotonicInstant.now() - current.begun > Self.fileAge {
            try synchronize()
            // On a full disk the old file goes on.
            if let next = try? open() { self.current = next }
        }
        let file: OpenFile
        if let current { file = current } else { file = try open() }
        current = file
        if file.length + bytes.count > file.allocated {
            let wanted = max(bytes.count, Self.preallocation)
            // Not all file systems can, and the write tells what matters.
            if file.file.keepRoom(for: wanted, at: Int64(file.length)) { file.allocated = file.length + wanted }
        }
        do throws(SystemError) {
            try bytes.withUnsafeBufferPointer { buffer throws(SystemError) in
                try file.file.write(UnsafeRawBufferPointer(buffer), at: Int64(file.length))
            }
            if isDurable { try file.file.synchronize() }
        } catch {
            throw SpoolError(error, file.file.path)
        }
        file.length += bytes.count
    }

    private func open() throws(SpoolError) -> OpenFile {
        let number = (try spool.receiptFiles().last ?? 0) + 1
        let path = spool.layout.receipts(number)
        let opened: OpenFile
        do throws(SystemError) {
            let file = try File(opening: path, flags: O_WRONLY | O_CREAT | O_EXCL)
            opened = OpenFile(number: number, file: file)
        } catch {
            throw SpoolError(error, path)
        }
        try Files.syncDirectory(spool.layout.stored)
        return opened
    }
}
