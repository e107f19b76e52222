package import AMQP
package import ObserverCore

/// Every exchange, queue and routing key of Observer.
///
/// The bodies are in `Messages.swift`.
///
/// ```text
/// observer.capture ── worker.<id>, all ──▶ capture.<id>                        hints: "look at this camera again"
/// observer.upload  ── <host> ────────────▶ upload.<host> ◀──────────────────┐  segments to be put into S3
///                  ── <host>.retry.1 ────▶ upload.<host>.retry.1 ── expired ┤
///                  ── <host>.retry.2 ────▶ upload.<host>.retry.2 ── expired ┘
/// observer.dead    ── upload ────────────▶ upload.dead                         refused three times, or not understood
/// observer.events                                                              for whoever wants to listen
/// ```
///
/// An upload queue is per host, because the bytes lie on that host's disk; `<host>` is the identifier in the spool.
/// The pause of a retry queue travels with each message (`expiration`; equal for all in one queue, so none waits behind
/// a longer one). Thus all processes declare the same arguments, whatever their settings are.
package enum Broker {
    package static let captureExchange = "observer.capture"
    package static let uploadExchange = "observer.upload"
    package static let deadExchange = "observer.dead"
    package static let eventsExchange = "observer.events"
    /// What failed three times or could not be understood, with the reason in its headers.
    package static let deadUploadQueue = "upload.dead"
    package static let deadUploadKey = "upload"
    /// The key that reaches every capture worker.
    package static let allWorkersKey = "all"
    /// How many times a segment is tried before it is parked.
    package static let triesPerCycle = 3

    package static func captureQueue(worker: String) -> String { "capture.\(worker)" }
    package static func workerKey(_ worker: String) -> String { "worker.\(worker)" }
    package static func uploadQueue(host: HostID) -> String { "upload.\(host)" }
    package static func uploadKey(host: HostID) -> String { "\(host)" }
    /// The queue in which a segment waits after a refused try (1 or 2).
    package static func retryQueue(host: HostID, after attempt: Int) -> String { "upload.\(host).retry.\(attempt)" }
    package static func retryKey(host: HostID, after attempt: Int) -> String { "\(host).retry.\(attempt)" }

    /// All that a process declares.
    ///
    /// - Parameters:
    ///   - worker: The capture worker whose queue is needed, if any.
    ///   - host: The spool whose upload queues are needed, if any.
    /// - Returns: The exchanges, queues and bindings.
    package static func topology(worker: String? = nil, host: HostID? = nil) -> Topology {
        var topology = Topology(
            exchanges: [captureExchange, uploadExchange, deadExchange, eventsExchange].map { .init($0, .topic) },
            queues: [.init(deadUploadQueue, arguments: ["x-queue-type": "quorum"])],
            bindings: [.init(queue: deadUploadQueue, exchange: deadExchange, key: deadUploadKey)]
        )
        if let worker { topology = topology.merged(with: captureTopology(worker)) }
        if let host { topology = topology.merged(with: uploadTopology(host)) }
        return topology
    }

    /// Hints only: short-lived, bounded, and the queue of a worker that never comes back goes away by itself.
    private static func captureTopology(_ worker: String) -> Topology {
        let queue = captureQueue(worker: worker)
        return Topology(
            queues: [
                .init(
                    queue,
                    arguments: [
                        "x-queue-type": "classic", "x-expires": 3_600_000, "x-message-ttl": 60_000,
                        "x-max-length": 10_000, "x-overflow": "drop-head",
                    ]
                )
            ],
            bindings: [
                .init(queue: queue, exchange: captureExchange, key: workerKey(worker)),
                .init(queue: queue, exchange: captureExchange, key: allWorkersKey),
            ]
        )
    }

    /// The delivery limit guards against a segment that makes the worker crash; tries are counted in the message.
    private static func uploadTopology(_ host: HostID) -> Topology {
        let queue = uploadQueue(host: host)
        var topology = Topology(
            queues: [
                .init(
                    queue,
                    arguments: [
                        "x-queue-type": "quorum", "x-delivery-limit": 10,
                        "x-dead-letter-exchange": .string(deadExchange),
                        "x-dead-letter-routing-key": .string(deadUploadKey),
                        "x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish",
                        "x-max-length": 200_000,
                    ]
                )
            ],
            bindings: [.init(queue: queue, exchange: uploadExchange, key: uploadKey(host: host))]
        )
        for attempt in 1..<triesPerCycle {
            let retry = retryQueue(host: host, after: attempt)
            topology.queues.append(
                .init(
                    retry,
                    arguments: [
                        "x-queue-type": "quorum", "x-dead-letter-exchange": .string(uploadExchange),
                        "x-dead-letter-routing-key": .string(uploadKey(host: host)),
                        "x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish",
                        "x-max-length": 200_000,
                    ]
                )
            )
            topology.bindings.append(
                .init(queue: retry, exchange: uploadExchange, key: retryKey(host: host, after: attempt))
            )
        }
        return topology
    }
}
