import CSystem

/// The limits that a process sets itself for good before it reads what strangers send.
public enum ProcessConfinement {
    /// Limits this process: no new privileges, no core files, and its end with that of the thread that started it.
    ///
    /// - Parameters:
    ///   - memoryBytes: The most memory of its own (RLIMIT_DATA).
    ///   - files: The most descriptors.
    /// - Throws: ``SystemError``.
    public static func apply(memoryBytes: UInt64, files: UInt64) throws(SystemError) {
        guard observer_confine(memoryBytes, files) else { throw SystemError(call: "prctl", "limits") }
    }
}
