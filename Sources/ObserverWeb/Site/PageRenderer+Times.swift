import Mustache
import ObserverCore

/// Times on pages.
///
/// Pages give times as moments and know of no zone; they are written here, in that of the one who looks.
extension PageRenderer {
    /// Writes all times of a page's values in a zone.
    static func written(_ value: MustacheValue, in zone: TimeZoneRules) -> MustacheValue {
        switch value {
        case .object(let values):
            if case .int(let moment) = values[Format.momentKey], case .int(let now) = values[Format.nowKey] {
                return Format.time(Timestamp(milliseconds: moment), now: Timestamp(milliseconds: now), in: zone)
            }
            return .object(values.mapValues { written($0, in: zone) })
        case .list(let elements): return .list(elements.map { written($0, in: zone) })
        default: return value
        }
    }
}
