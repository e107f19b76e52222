import Glibc
import ObserverCore
import System

/// The right to upload from a spool and delete in it; held until it is released or the process ends.
package final class UploaderLock: Sendable {
    private let lock: RecorderLock

    init(_ lock: RecorderLock) {
        self.lock = lock
    }
}

/// Where a spool lies: a copy lies elsewhere, or on a machine that started another time.
package struct SpoolPlace: Hashable, Sendable {
    /// The present start of the machine; empty where the kernel does not tell.
    package let boot: String
    /// The folder itself, by file system and number.
    package let folder: String

    package init(boot: String, folder: String) {
        self.boot = boot
        self.folder = folder
    }

    /// Both as one word.
    ///
    /// The holder of the lock of the folder knows that whoever was in the same place before is dead.
    package var description: String { "\(boot)/\(folder)" }
}

extension Spool {
    private var uploaderLockPath: String { "\(root)/.uploader.lock" }
    private var uploaderPath: String { "\(root)/uploader" }

    /// Takes the right to upload from this spool.
    ///
    /// Waits up to two seconds for a process that is just ending.
    ///
    /// - Throws: `SpoolError`: `.inUse` where another process of this machine has it.
    package func lockForUploads() throws(SpoolError) -> UploaderLock {
        let taken = try Self.awaitLock { () throws(SpoolError) in
            // One that is there can be locked on a disk that is read-only, too.
            let file = try Files.open(uploaderLockPath, O_RDONLY | O_CREAT, mode: 0o600)
            return try RecorderLock.take(file, operation: LOCK_EX, path: root)
        }
        if let taken { return UploaderLock(taken) }
        let reason = "another observer-upload of this machine works here; one is enough for all recorders of a spool"
        throw SpoolError(.inUse, root, reason: reason)
    }

    /// Where this spool lies now.
    package func place() throws(SpoolError) -> SpoolPlace {
        do throws(SystemError) {
            guard let status = try File.status(of: root) else {
                throw SystemError(.notFound, "\(root) is not there")
            }
            return SpoolPlace(boot: SystemClock.bootID(), folder: "\(status.device):\(status.number)")
        } catch {
            throw SpoolError(error, root)
        }
    }

    /// True unless the folder is known to be a copy, or moved: an uploader had the spool in another folder last.
    package func isUploadersFolder(_ place: SpoolPlace) throws(SpoolError) -> Bool {
        guard try Files.exists(uploaderPath) else { return true }
        return String(decoding: try Files.read(uploaderPath, limit: 256), as: UTF8.self) == "\(place.folder)\n"
    }

    /// Keeps the folder in which an uploader has the spool.
    package func keepUploadersFolder(_ place: SpoolPlace) throws(SpoolError) {
        if try Files.exists(uploaderPath), try isUploadersFolder(place) { return }
        try Files.writeDurably(Array("\(place.folder)\n".utf8), to: uploaderPath)
    }
}
