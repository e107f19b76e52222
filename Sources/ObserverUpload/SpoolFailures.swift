import Glibc
import Logging
import Spool

extension Spool {
    /// Quarantines an unrecognised file and logs it.
    func quarantine(_ name: String, _ logger: Logger) {
        do {
            try quarantine(name)
            logger.warning("File quarantined", [.fileName: .string(name)])
        } catch {
            logger.error("Quarantine failed", [.fileName: .string(name), .error: LogValue(error)])
        }
    }
}

extension SpoolError {
    /// Ends the process if a directory could not be made durable.
    ///
    /// The kernel reports that once: a second fsync may succeed although renames are lost, and files would be deleted on its
    /// word. Only a new start finds out what is on the disk.
    func exitIfNotDurable(_ logger: Logger) {
        guard kind == .directoryNotDurable else { return }
        logger.error("Spool directory not durable; exiting", [.error: LogValue(self)])
        _exit(1)
    }
}
