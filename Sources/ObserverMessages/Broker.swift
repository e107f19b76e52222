package import AMQP
package import ObserverCore

/// Every exchange, queue and routing key of Observer.
///
/// The bodies are ``CameraChanged``, ``CameraWish``, ``RecorderFenced``, ``SegmentRecorded`` and ``DeadLetter``.
///
/// ```text
/// observer.capture ── recorder.<id>, all ──▶ capture.<id>                        hints: "look at this camera again"
/// observer.upload  ── <spool> ────────────▶ upload.<spool> ◀──────────────────┐  segments to be put into S3
///                  ── <spool>.retry.1 ────▶ upload.<spool>.retry.1 ── expired ┤
///                  ── <spool>.retry.2 ────▶ upload.<spool>.retry.2 ── expired ┘
/// observer.dead    ── upload ────────────▶ upload.dead                         refused three times, or not understood
/// ```
///
/// An upload queue is per spool, because the bytes lie on that spool's disk; `<spool>` is the identifier in the spool.
/// The pause of a retry queue travels with each message (`expiration`; equal for all in one queue, so none waits behind
/// a longer one). Thus all processes declare the same arguments, whatever their settings are.
package enum Broker {
    package static let captureExchange = "observer.capture"
    package static let uploadExchange = "observer.upload"
    package static let deadExchange = "observer.dead"
    /// The queue of messages that failed three times or could not be understood, with the reason in their headers.
    package static let deadUploadQueue = "upload.dead"
    package static let deadUploadKey = "upload"
    /// The dead letters that are kept, at most: the oldest go first, and the rows are the record of them.
    private static let mostDeadLetters: Int64 = 10_000
    /// The key that reaches every recorder.
    package static let allRecordersKey = "all"
    /// The number of refused tries after which a segment is dead-lettered.
    package static let triesPerCycle = 3

    package static func captureQueue(recorder: String) -> String { "capture.\(recorder)" }
    package static func recorderKey(_ recorder: String) -> String { "recorder.\(recorder)" }
    package static func uploadQueue(spool: SpoolID) -> String { "upload.\(spool)" }
    package static func uploadKey(spool: SpoolID) -> String { "\(spool)" }
    /// The queue in which a segment waits after a refused try (1 or 2).
    package static func retryQueue(spool: SpoolID, after attempt: Int) -> String { "upload.\(spool).retry.\(attempt)" }
    package static func retryKey(spool: SpoolID, after attempt: Int) -> String { "\(spool).retry.\(attempt)" }

    /// Everything that a process declares.
    ///
    /// - Parameters:
    ///   - recorder: The recorder whose queue is needed, if any.
    ///   - spool: The spool whose upload queues are needed, if any.
    /// - Returns: The exchanges, queues and bindings.
    package static func topology(recorder: String? = nil, spool: SpoolID? = nil) -> AMQPTopology {
        var topology = AMQPTopology(
            exchanges: [captureExchange, uploadExchange, deadExchange].map { .init($0, .topic) },
            queues: [
                .init(
                    deadUploadQueue,
                    arguments: [
                        "x-queue-type": "quorum", "x-max-length": .int(mostDeadLetters), "x-overflow": "drop-head",
                    ],
                    isReplaceable: true
                )
            ],
            bindings: [.init(queue: deadUploadQueue, exchange: deadExchange, key: deadUploadKey)]
        )
        if let recorder { topology = topology.merged(with: captureTopology(recorder)) }
        if let spool { topology = topology.merged(with: uploadTopology(spool)) }
        return topology
    }

    /// Hints only: short-lived, bounded, and the queue of a recorder that never comes back goes away by itself.
    private static func captureTopology(_ recorder: String) -> AMQPTopology {
        let queue = captureQueue(recorder: recorder)
        return AMQPTopology(
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
                .init(queue: queue, exchange: captureExchange, key: recorderKey(recorder)),
                .init(queue: queue, exchange: captureExchange, key: allRecordersKey),
            ]
        )
    }

    /// The delivery limit guards against a segment that makes the recorder crash; tries are counted in the message.
    private static func uploadTopology(_ spool: SpoolID) -> AMQPTopology {
        let queue = uploadQueue(spool: spool)
        var topology = AMQPTopology(
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
            bindings: [.init(queue: queue, exchange: uploadExchange, key: uploadKey(spool: spool))]
        )
        for attempt in 1..<triesPerCycle {
            let retry = retryQueue(spool: spool, after: attempt)
            topology.queues.append(
                .init(
                    retry,
                    arguments: [
                        "x-queue-type": "quorum", "x-dead-letter-exchange": .string(uploadExchange),
                        "x-dead-letter-routing-key": .string(uploadKey(spool: spool)),
                        "x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish",
                        "x-max-length": 200_000,
                    ]
                )
            )
            topology.bindings.append(
                .init(queue: retry, exchange: uploadExchange, key: retryKey(spool: spool, after: attempt))
            )
        }
        return topology
    }
}
