import Glibc
import System

/// A folder of its own for one test, where the machine keeps temporary files (`TMPDIR`), removed with all in it at the end.
package final class TemporaryFolder: Sendable {
    /// Its path; one at which nothing is if it could not be made, so that whatever wants to use it fails.
    package let path: String

    /// Creates the folder.
    package init() {
        let place = getenv("TMPDIR").map { String(cString: $0) } ?? P_tmpdir
        var template = Array("\(place)/observer-XXXXXX".utf8CString)
        path = mkdtemp(&template).map { String(cString: $0) } ?? "\(place)/observer-nowhere/nothing"
    }

    deinit {
        remove()
    }

    /// Removes it now: a test that keeps nothing but its path says so in a `defer`, or it goes before its time.
    package func remove() {
        Self.remove(path)
    }

    private static func remove(_ path: String) {
        // Links, files and empty folders go at once (remove(3)).
        guard Glibc.remove(path) != 0, errno == ENOTEMPTY || errno == EEXIST else { return }
        for name in (try? Directory.names(in: path)) ?? [] { remove("\(path)/\(name)") }
        Glibc.remove(path)
    }
}
