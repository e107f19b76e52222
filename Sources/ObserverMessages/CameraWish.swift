package import AMQP
package import ObserverCore

/// A wish of a person that the recorder of a camera can fulfil at once.
///
/// `{"v":1,"camera_id":7,"wish":"connect"}`. If it is lost, nothing is wrong afterwards; a recorder that does not know this
/// message looks at its cameras again.
package struct CameraWish: Decodable, Hashable, Sendable {
    /// The things that can be wished for.
    package enum Kind: String, Decodable, CaseIterable, Sendable {
        /// "Connect now", where somebody does not want to wait for the next attempt.
        case connect
        /// "Make a picture of the newest key frame", where somebody looks at the camera.
        case snapshot
    }

    private static let formatVersion = 1

    package let cameraID: CameraID
    package let kind: Kind

    private enum CodingKeys: String, CodingKey {
        case format = "v"
        case cameraID = "camera_id"
        case kind = "wish"
    }

    package init(_ kind: Kind, cameraID: CameraID) {
        self.kind = kind
        self.cameraID = cameraID
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        try MessageBody.check(format: container.decode(Int.self, forKey: .format), known: Self.formatVersion)
        cameraID = CameraID(rawValue: try container.decode(Int64.self, forKey: .cameraID))
        kind = try container.decode(Kind.self, forKey: .kind)
    }

    /// Reads a body from the queue of a recorder, where ``CameraChanged`` comes too.
    ///
    /// - Throws: ``MessageError`` for anything else.
    package init(body: [UInt8]) throws(MessageError) {
        self = try MessageBody.decode(CameraWish.self, from: body)
    }

    /// Creates the message to a recorder's queue, or to all when no recorder has the camera.
    package func message(recorder: String?) -> AMQPMessage {
        AMQPMessage(
            exchange: Broker.captureExchange,
            routingKey: recorder.map(Broker.recorderKey) ?? Broker.allRecordersKey,
            body: Array("{\"v\":\(Self.formatVersion),\"camera_id\":\(cameraID),\"wish\":\"\(kind.rawValue)\"}".utf8),
            headers: ["type": "camera.wish"]
        )
    }
}
