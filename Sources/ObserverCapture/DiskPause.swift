import ObserverCore

/// Decides which cameras pause while the disk of the spool is nearly full.
///
/// While space is low one more camera pauses with each update; with next to none left all of them do, and all resume once
/// there is room. The camera of the lowest priority pauses first; among equals, the one with the highest number.
struct DiskPause {
    /// The number of cameras that pause.
    private(set) var count = 0

    /// Updates the decision.
    ///
    /// - Parameters:
    ///   - freeBytes: The space that is left.
    ///   - totalBytes: The size of the disk.
    ///   - priorities: The cameras that are recorded, with their priorities.
    /// - Returns: The cameras that must not write.
    mutating func update(freeBytes: Int64, totalBytes: Int64, priorities: [CameraID: Int]) -> Set<CameraID> {
        let low = Self.limit(share: 0.03, least: 64 << 20, of: totalBytes)
        let full = Self.limit(share: 0.01, least: 24 << 20, of: totalBytes)
        if freeBytes < full {
            count = priorities.count
        } else if freeBytes < low {
            count = min(count + 1, priorities.count)
        } else if freeBytes > low * 2 {
            count = 0
        }
        let order = priorities.sorted { ($0.value, $1.key) < ($1.value, $0.key) }
        return Set(order.prefix(count).map(\.key))
    }

    /// A share of the disk, but not less than `least`, and never more than an eighth of it.
    private static func limit(share: Double, least: Int64, of total: Int64) -> Int64 {
        min(max(Int64(Double(total) * share), least), total / 8)
    }
}
