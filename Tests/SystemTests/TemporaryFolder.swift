import Glibc
import System
import Testing

/// A folder that is removed with the files in it when the value goes.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/observer-system-XXXXXX".utf8CString)
        path = String(cString: try #require(mkdtemp(&template)))
    }

    deinit {
        for name in (try? Directory.names(in: path)) ?? [] { remove("\(path)/\(name)") }
        rmdir(path)
    }
}
