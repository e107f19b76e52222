import Glibc
import ObserverCore

@testable import Spool

/// A folder of its own for one test, removed with the object.
final class TemporaryDirectory: Sendable {
    let path: String

    init() {
        path = "/tmp/observer-spool-\(UniqueID.makeRandom())"
    }

    deinit {
        for folder in ["open", "ready", "stored", "quarantine", "journal", "plans"] {
            for name in (try? Files.names(in: "\(path)/\(folder)")) ?? [] {
                unlink("\(path)/\(folder)/\(name)")
                rmdir("\(path)/\(folder)/\(name)")
            }
            rmdir("\(path)/\(folder)")
        }
        for name in (try? Files.names(in: path)) ?? [] { unlink("\(path)/\(name)") }
        rmdir(path)
    }
}
