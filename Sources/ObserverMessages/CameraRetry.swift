package import AMQP
package import ObserverCore

/// "Connect to this camera now": sent when a person does not want to wait for the recorder's next attempt.
///
/// `{"v":1,"camera_id":7,"retry":true}`. If it is lost, the recorder connects when its wait is over; one that does not know
/// this message looks at its cameras again.
package struct CameraRetry: Decodable, Hashable, Sendable {
    private static let formatVersion = 1

    package let cameraID: CameraID

    private enum CodingKeys: String, CodingKey {
        case format = "v"
        case cameraID = "camera_id"
        case retry
    }

    package init(cameraID: CameraID) {
        self.cameraID = cameraID
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        try MessageBody.check(format: container.decode(Int.self, forKey: .format), known: Self.formatVersion)
        cameraID = CameraID(rawValue: try container.decode(Int64.self, forKey: .cameraID))
        guard try container.decode(Bool.self, forKey: .retry) else {
            throw DecodingError.dataCorruptedError(forKey: .retry, in: container, debugDescription: "not true")
        }
    }

    /// Reads a body from the queue of a recorder, where ``CameraChanged`` comes too.
    ///
    /// - Throws: ``MessageError`` for anything else.
    package init(body: [UInt8]) throws(MessageError) {
        self = try MessageBody.decode(CameraRetry.self, from: body)
    }

    /// Creates the message to a recorder's queue, or to all when no recorder has the camera.
    package func message(recorder: String?) -> AMQPMessage {
        AMQPMessage(
            exchange: Broker.captureExchange,
            routingKey: recorder.map(Broker.recorderKey) ?? Broker.allRecordersKey,
            body: Array("{\"v\":\(Self.formatVersion),\"camera_id\":\(cameraID),\"retry\":true}".utf8),
            headers: ["type": "camera.retry"]
        )
    }
}
