import Encodings
import Glibc
import ObserverCore

/// A recorder's right to write to the spool under its name; held until it is released or the process ends.
///
/// Safe: the file descriptor is set once and only closed in `deinit`.
package final class RecorderLock: Sendable {
    private let file: Int32

    private init(_ file: Int32) {
        self.file = file
    }

    /// Locks an open file, without waiting, and takes it over; nil where another process has the lock.
    static func take(_ file: Int32, operation: Int32, path: String) throws(SpoolError) -> RecorderLock? {
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
    /// Waits up to two seconds: a recovery asks for the lock as well, for a moment, to see whether the recorder is dead.
    ///
    /// - Throws: `SpoolError`: `.inUse` where another process has it.
    package func lock(recorder: String) throws(SpoolError) -> RecorderLock {
        let taken = try Self.awaitLock { () throws(SpoolError) in try tryLock(recorder, for: .recording) }
        if let taken { return taken }
        let reason = "another process records here as \(recorder); give it another OBSERVER_RECORDER"
        throw SpoolError(.inUse, root, reason: reason)
    }

    /// Tries for two seconds to take a lock: the kernel tells nobody who does not block that one is free.
    static func awaitLock<Lock>(_ take: () throws(SpoolError) -> Lock?) throws(SpoolError) -> Lock? {
        for tenth in 0..<20 {
            if tenth > 0 { usleep(100_000) }
            if let lock = try take() { return lock }
        }
        return nil
    }

    enum LockUse {
        case recording
        /// For a moment, to see that the recorder is dead. The lock on `open/` keeps recoveries of its files apart.
        case recovery
    }

    func tryLock(_ recorder: String, for use: LockUse) throws(SpoolError) -> RecorderLock? {
        let safe = PercentEncoding.encode(recorder)
        // One that is there can be locked on a disk that is read-only, too.
        let file = try Files.open("\(layout.open)/.\(safe).lock", O_RDONLY | O_CREAT)
        return try RecorderLock.take(file, operation: use == .recording ? LOCK_EX : LOCK_SH, path: root)
    }
}
