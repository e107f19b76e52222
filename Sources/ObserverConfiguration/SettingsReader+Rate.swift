import ObserverCore
import System

/// The settings of the bandwidth.
extension SettingsReader {
    private static let zones = "/usr/share/zoneinfo"

    /// The bandwidth that uploads may use together.
    mutating func uploadRate() -> UploadRate {
        let text = text(.uploadRate)
        do {
            return try UploadRate(parsing: text)
        } catch {
            reject(text, for: .uploadRate, because: error.detail)
            return .unlimited
        }
    }

    /// The time zone of the site.
    mutating func timeZone() -> LocalTimeZone {
        let name = text(.timeZone)
        // It needs no file: small systems have none.
        guard name != "UTC" else { return .utc }
        guard LocalTimeZone.isName(name) else {
            reject(name, for: .timeZone)
            return .utc
        }
        let path = "\(Self.zones)/\(name)"
        do throws(SystemError) {
            let bytes = try File.contents(of: path, limit: 1 << 20, followsLinks: true)
            if let zone = LocalTimeZone(file: bytes) { return zone }
            reject(name, for: .timeZone, because: "\(path) is no time zone")
        } catch {
            reject(name, for: .timeZone, because: "\(path): \(error.detail)")
        }
        return .utc
    }
}
