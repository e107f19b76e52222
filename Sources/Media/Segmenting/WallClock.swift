/// Maps the media time of one run to the wall clock, smoothly.
///
/// A pure value. A frame cannot arrive before it was captured, so the least delayed frame gives the time (Moonfire's rule): the
/// smallest difference between arrival and media time in a window. After the first minute the result follows it by at most
/// 500 ppm, so that segments follow each other without holes. A difference of more than a second, seen twice, means that the
/// wall clock was set; it is adopted at once.
public struct WallClock: Sendable {
    private static let settle: Int64 = 60 * 1_000_000
    private static let window: Int64 = 20 * 1_000_000

    private var zero: Int64?
    private var begin: Int64 = 0
    private var windowBegin: Int64 = 0
    private var least: Int64 = .max
    private var strange = 0
    /// The number of times that the wall clock was set.
    public private(set) var steps = 0

    /// Creates a clock without observations.
    public init() {}

    /// Notes that the packet of media time `media90k` came at `arrival`, microseconds since 1970.
    public mutating func observe(media90k: Int64, arrival: Int64) {
        let media = WallClock.microseconds(media90k)
        let candidate = arrival - media
        guard let present = zero else {
            zero = candidate
            begin = media
            windowBegin = media
            return
        }
        least = min(least, candidate)
        if media - begin < WallClock.settle, candidate < present, present - candidate < 30_000_000 { zero = candidate }
        guard media - windowBegin >= WallClock.window else { return }
        adjust(present: zero ?? present, span: media - windowBegin)
        windowBegin = media
        least = .max
    }

    /// UTC of a media time in microseconds since 1970; nil before the first packet.
    public func time(media90k: Int64) -> Int64? {
        zero.map { $0 + WallClock.microseconds(media90k) }
    }

    private mutating func adjust(present: Int64, span: Int64) {
        let error = least - present
        guard abs(error) <= 1_000_000 else {
            strange += 1
            guard strange >= 2 else { return }
            zero = least
            steps += 1
            strange = 0
            return
        }
        strange = 0
        let limit = span / 2000
        zero = present + min(max(error, -limit), limit)
    }

    private static func microseconds(_ media90k: Int64) -> Int64 {
        media90k * 100 / 9
    }
}
