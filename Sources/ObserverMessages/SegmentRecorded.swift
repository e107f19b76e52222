package import AMQP
package import ObserverCore

/// "This segment is committed to the spool": sent by its recorder.
///
/// `{"v":2,"attempt":1,"cycle":0,"segment":{…}}`; the segment is the JSON of its sidecar.
package struct SegmentRecorded: Codable, Hashable, Sendable {
    static let formatVersion = 2

    /// The cycles that a message can name; one that is replayed more often stays at the last.
    package static let cycles = 0...1000

    /// The number of the try within its cycle, 1 to 3.
    ///
    /// Network trouble does not count.
    package var attempt: Int
    /// The number of cycles of three tries that failed before.
    package var cycle: Int
    package var segment: Segment

    private enum CodingKeys: String, CodingKey {
        case format = "v"
        case attempt, cycle, segment
    }

    package init(attempt: Int = 1, cycle: Int = 0, segment: Segment) {
        self.attempt = attempt
        self.cycle = cycle
        self.segment = segment
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        try MessageBody.check(format: container.decode(Int.self, forKey: .format), known: Self.formatVersion)
        attempt = try container.decode(Int.self, forKey: .attempt)
        cycle = try container.decode(Int.self, forKey: .cycle)
        segment = try container.decode(Segment.self, forKey: .segment)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(Self.formatVersion, forKey: .format)
        try container.encode(attempt, forKey: .attempt)
        try container.encode(cycle, forKey: .cycle)
        try container.encode(segment, forKey: .segment)
    }

    /// Reads a body from the queue.
    ///
    /// - Throws: ``MessageError`` with the field that is wrong.
    package init(body: [UInt8]) throws(MessageError) {
        self = try MessageBody.decode(SegmentRecorded.self, from: body)
        guard (1...Broker.triesPerCycle).contains(attempt) else {
            throw MessageError(.invalid, "attempt is \(attempt), not 1 to \(Broker.triesPerCycle)")
        }
        guard Self.cycles.contains(cycle) else {
            throw MessageError(.invalid, "cycle is \(cycle), not 0 to \(Self.cycles.upperBound)")
        }
        if let problem = segment.problem { throw MessageError(.invalid, "segment: \(problem)") }
    }

    /// Creates the message to the upload queue of the segment's spool.
    package func message() throws(MessageError) -> AMQPMessage {
        try message(key: Broker.uploadKey(spool: segment.header.origin.spoolID), expiration: nil)
    }

    /// Creates the message that comes back to the upload queue after a pause, as the next try.
    ///
    /// - Parameters:
    ///   - attempt: The try that was refused, 1 or 2.
    ///   - pause: The time until it comes back.
    /// - Returns: The message.
    /// - Throws: ``MessageError`` when it cannot be written as JSON.
    package func retryMessage(after attempt: Int, pause: Duration) throws(MessageError) -> AMQPMessage {
        var next = self
        next.attempt = attempt + 1
        return try next.message(
            key: Broker.retryKey(spool: segment.header.origin.spoolID, after: attempt),
            expiration: pause
        )
    }

    private func message(key: String, expiration: Duration?) throws(MessageError) -> AMQPMessage {
        AMQPMessage(
            exchange: Broker.uploadExchange,
            routingKey: key,
            body: try MessageBody.encode(self),
            messageID: segment.id.description,
            headers: ["type": "segment.recorded"],
            expiration: expiration
        )
    }
}
