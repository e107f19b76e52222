import Glibc

/// The files and connections that a process may have open.
public enum ProcessDescriptors {
    /// Raises the limit as far as the process may.
    ///
    /// Shells and supervisors often leave it at 1024, for the sake of programs that use select(2).
    public static func raiseLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
