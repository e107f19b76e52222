package import ObserverCore
import System

/// The time zones of the system, from the files of the time zone database.
///
/// Zones are remembered for as long as the process runs: they change with an update of the system.
package enum ZoneFiles {
    /// The reason why a name gives no zone.
    package enum Failure: Error, Hashable, Sendable {
        /// It cannot be the name of one.
        case noName
        case unreadable(String)
        case noZone(path: String)
    }

    private static let folder = "/usr/share/zoneinfo"
    private static let longestFile = 1 << 20
    /// There are about 600 names; each has a few kilobytes.
    private static let mostRemembered = 700
    private static let remembered = Lock<[String: TimeZoneRules]>([:])

    /// The zone of a name, as in `Europe/Berlin`.
    package static func zone(named name: String) throws(Failure) -> TimeZoneRules {
        // It needs no file: small systems have none.
        guard name != "UTC" else { return .utc }
        guard TimeZoneRules.isName(name) else { throw .noName }
        if let zone = remembered.withLock({ $0[name] }) { return zone }
        let path = "\(folder)/\(name)"
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try File.contents(of: path, limit: longestFile, followsLinks: true)
        } catch {
            throw .unreadable("\(path): \(error.detail)")
        }
        guard let zone = TimeZoneRules(name: name, file: bytes) else { throw .noZone(path: path) }
        remembered.withLock { remembered in
            if remembered.count < mostRemembered { remembered[name] = zone }
        }
        return zone
    }

    /// The names that people choose from, in alphabetical order; empty where the system has no list of them.
    package static let names: [String] = {
        let bytes = try? File.contents(of: "\(folder)/zone1970.tab", limit: longestFile, followsLinks: true)
        guard let bytes else { return [] }  // any name can be typed all the same
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }
        let names = lines.compactMap { line -> String? in
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false)
            return columns.count > 2 && TimeZoneRules.isName(String(columns[2])) ? String(columns[2]) : nil
        }
        return (names + ["UTC"]).sorted()
    }()
}
