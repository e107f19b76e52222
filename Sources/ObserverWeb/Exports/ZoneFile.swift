import ObserverCore
import System

/// Reads the rules of time zones from the system's files.
enum ZoneFile {
    private static let folder = "/usr/share/zoneinfo"
    private static let sizeLimit = 256 << 10

    /// Returns the rules of a zone; nil where there is no such name.
    static func read(_ name: String) -> LocalTimeZone? {
        guard LocalTimeZone.isName(name),
            // Most names are links; one that cannot be read is none.
            let bytes = try? File.contents(of: "\(folder)/\(name)", limit: sizeLimit, followsLinks: true)
        else { return nil }
        return LocalTimeZone(file: bytes)
    }
}
