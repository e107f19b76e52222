import AMQP
import Lifecycle
import ObserverConfiguration
import ObserverCore
import S3
import System

/// Checks broker, store and spool every few seconds, on a thread of its own.
struct HealthMonitor: Service {
    let name = "health"
    let board: HealthBoard
    let isBrokerConnected: @Sendable () -> Bool
    let stores: StoreClients
    /// The number of stores that must have a recording.
    let copies: Int
    let spool: String?

    private static let interval = Duration.seconds(3)
    /// The spool counts as full below this much free space.
    private static let leastFreeBytes: Int64 = 64 << 20

    func run(until stop: StopSignal) throws {
        repeat {
            let isConnected = isBrokerConnected()
            board.set(.broker, .init(isGood: isConnected, detail: isConnected ? "connected" : "not connected"))
            board.set(.spool, checkSpool())
            board.set(.storage, checkStore())
        } while !stop.wait(for: Self.interval)
    }

    private func checkStore() -> HealthBoard.Finding {
        var away: DestinationSet = []
        let words = stores.destinations.members.map { destination in
            do throws(S3Error) {
                try stores[destination]?.checkBucket()
                return (destination, "answers")
            } catch {
                away.insert(destination)
                return (destination, "does not answer: \(error.kind.rawValue)")
            }
        }
        board.note(away: away)
        let isGood = stores.destinations.count - away.count >= copies
        guard words.count > 1 else { return .init(isGood: isGood, detail: "the bucket \(words.first?.1 ?? "")") }
        return .init(isGood: isGood, detail: words.map { "\($0.0.word) \($0.1)" }.joined(separator: ", "))
    }

    private func checkSpool() -> HealthBoard.Finding {
        guard let spool else { return .init(isGood: true, detail: "not on this machine") }
        guard let free = (try? DiskSpace(at: spool))?.freeBytes else {
            return .init(isGood: false, detail: "can't be read")
        }
        guard free >= Self.leastFreeBytes else { return .init(isGood: false, detail: "\(free >> 20) MiB free") }
        return .init(isGood: true, detail: "\(free >> 20) MiB free")
    }
}
