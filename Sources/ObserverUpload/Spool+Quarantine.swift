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
