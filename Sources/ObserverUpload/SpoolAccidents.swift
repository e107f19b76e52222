import Glibc
import Logging
import Spool

extension Spool {
    /// Puts a file aside that nobody understands, and says so.
    func putAside(_ name: String, _ logger: Logger) {
        do {
            try quarantine(name)
            logger.warning("Put in quarantine", [.fileName: .string(name)])
        } catch {
            logger.error("Quarantine failed", [.fileName: .string(name), .error: LogValue(error)])
        }
    }
}

extension SpoolError {
    /// Ends the process where a directory cannot be made durable.
    ///
    /// The kernel reports that once: a second fsync may succeed although the renames are lost, and on its word bytes would
    /// be deleted. Only a new start finds out what is on the disk.
    func endIfNotDurable(_ logger: Logger) {
        guard kind == .directoryNotDurable else { return }
        logger.error("The spool's directory cannot be made durable; ending", [.error: LogValue(self)])
        _exit(1)
    }
}
