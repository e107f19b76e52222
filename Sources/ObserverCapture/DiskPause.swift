import ObserverCore
import System

/// Decides which cameras pause while the disk of the spool is nearly full.
///
/// Between little room and next to none the more cameras pause the less is left, so that those that matter most record
/// to the end. All resume once there is room. The camera of the lowest priority pauses first; among equals, the one with the
/// highest number. Room is bytes and files, whichever is scarcer.
struct DiskPause {
    /// The number of cameras that pause.
    private(set) var count = 0

    /// Updates the decision.
    ///
    /// - Parameters:
    ///   - space: The disk, without what is kept back.
    ///   - priorities: The cameras that are recorded, with their priorities.
    /// - Returns: The cameras that must not write.
    mutating func update(_ space: DiskSpace, priorities: [CameraID: Int]) -> Set<CameraID> {
        let scarcity = max(Self.bytes(space).scarcity, Self.files(space).scarcity)
        if scarcity > 0 {
            count = min(max(count, Int((scarcity * Double(priorities.count)).rounded(.up))), priorities.count)
        } else if Self.bytes(space).isPlenty, Self.files(space).isPlenty {
            count = 0
        }
        let order = priorities.sorted { ($0.value, $1.key) < ($1.value, $0.key) }
        return Set(order.prefix(count).map(\.key))
    }

    /// The room of one kind, and how much of it is little and next to none.
    private struct Room {
        var free: Double
        var low: Double
        var full: Double

        /// 0 while there is more than little, 1 with next to none.
        var scarcity: Double { free >= low ? 0 : min((low - free) / max(low - full, 1), 1) }

        /// True once all may resume.
        var isPlenty: Bool { free > low * 1.5 }
    }

    private static func bytes(_ space: DiskSpace) -> Room {
        room(space.freeBytes, of: space.totalBytes, low: 64 * 1_048_576, full: 24 * 1_048_576)
    }

    private static func files(_ space: DiskSpace) -> Room {
        // Some file systems keep no such number.
        guard space.totalFiles > 0 else { return Room(free: 1, low: 0, full: 0) }
        return room(space.freeFiles, of: space.totalFiles, low: 4096, full: 1024)
    }

    /// Little is 3 % but not less than `low`, next to none 1 % but not less than `full`; on a small disk an eighth and a
    /// sixteenth.
    private static func room(_ free: Int64, of total: Int64, low: Double, full: Double) -> Room {
        let all = Double(max(total, 0))
        return Room(
            free: Double(free),
            low: min(max(all * 0.03, low), all / 8),
            full: min(max(all * 0.01, full), all / 16)
        )
    }
}
