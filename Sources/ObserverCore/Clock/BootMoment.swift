/// A moment on a machine's clock that nobody sets, together with the boot since which it counts.
///
/// Within one boot such moments keep their distances whatever the time of day was thought to be.
package struct BootMoment: Codable, Hashable, Sendable {
    /// The identity of the boot.
    package var boot: String
    /// Microseconds since it.
    package var uptime: Int64

    private enum CodingKeys: String, CodingKey {
        case boot
        case uptime = "uptime_us"
    }

    package init(boot: String, uptime: Int64) {
        self.boot = boot
        self.uptime = uptime
    }
}
