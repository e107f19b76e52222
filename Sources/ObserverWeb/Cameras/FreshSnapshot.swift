import Glibc
import ObserverCore
import ObserverMessages
import ObserverStore
import System

/// Has the recorder of a camera make a picture of its newest key frame.
struct FreshSnapshot {
    /// A picture is new enough for this time after the recorder looked.
    private static let freshness: Int64 = 1000
    /// The time that a picture may take: the next fragment is written, the program started, a frame decoded.
    private static let limit = Duration.milliseconds(2000)
    private static let interval: useconds_t = 25_000

    private let context: WebContext

    init(_ context: WebContext) {
        self.context = context
    }

    /// Asks for a picture of a camera that is recorded, and does not wait for it.
    func wish(for listing: CameraListing) {
        guard listing.status.state == .recording else { return }
        context.wish(.snapshot, listing)
    }

    /// Asks for a picture of a camera that is recorded, and waits a moment until the database has it.
    ///
    /// Without one, the stored picture has to do: the recorder may be busy, or the broker away.
    ///
    /// - Throws: `PostgresError`; `Problem` 404.
    func make(of id: CameraID) throws {
        let store = StatusStore(context.database)
        let asked = try store.snapshotLook(of: id)
        if let at = asked.lookedAt, asked.now.milliseconds - at.milliseconds <= Self.freshness { return }
        let listing = try CameraService(context).get(id)
        guard listing.status.state == .recording else { return }
        try context.snapshotWaits.wait {
            context.wish(.snapshot, listing)
            let end = MonotonicInstant.now() + Self.limit
            while !end.hasPassed {
                if let at = try store.snapshotLook(of: id).lookedAt, at > asked.now { return }
                usleep(Self.interval)
            }
        }
    }
}
