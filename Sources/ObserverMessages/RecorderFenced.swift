package import AMQP

/// "This recorder was fenced": sent to all recorders by each that sees it.
///
/// `{"v":1,"fenced":"node-a","incarnation":3}`. A recorder that cannot reach the database learns from it that others have its
/// cameras; one that can looks there.
package struct RecorderFenced: Decodable, Hashable, Sendable {
    private static let formatVersion = 1

    /// The name of the recorder.
    package let recorder: String
    /// The incarnation that ended with it.
    package let incarnation: Int64

    private enum CodingKeys: String, CodingKey {
        case format = "v"
        case recorder = "fenced"
        case incarnation
    }

    package init(recorder: String, incarnation: Int64) {
        self.recorder = recorder
        self.incarnation = incarnation
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        try MessageBody.check(format: container.decode(Int.self, forKey: .format), known: Self.formatVersion)
        recorder = try container.decode(String.self, forKey: .recorder)
        incarnation = try container.decode(Int64.self, forKey: .incarnation)
    }

    /// Reads a body from the queue of a recorder, where other messages come too.
    ///
    /// - Throws: ``MessageError`` for anything else.
    package init(body: [UInt8]) throws(MessageError) {
        self = try MessageBody.decode(RecorderFenced.self, from: body)
    }

    /// Creates the message to all recorders.
    package func message() -> AMQPMessage {
        AMQPMessage(
            exchange: Broker.captureExchange,
            routingKey: Broker.allRecordersKey,
            body: Array("{\"v\":\(Self.formatVersion),\"fenced\":\"\(recorder)\",\"incarnation\":\(incarnation)}".utf8),
            headers: ["type": "recorder.fenced"]
        )
    }
}
