import ObserverCore

/// The settings of the bandwidth.
extension SettingsReader {
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
    mutating func timeZone() -> TimeZoneRules {
        let name = text(.timeZone)
        do throws(ZoneFiles.Failure) {
            return try ZoneFiles.zone(named: name)
        } catch {
            switch error {
            case .noName: reject(name, for: .timeZone)
            case .unreadable(let detail): reject(name, for: .timeZone, because: detail)
            case .noZone(let path): reject(name, for: .timeZone, because: "\(path) is no time zone")
            }
        }
        return .utc
    }
}
