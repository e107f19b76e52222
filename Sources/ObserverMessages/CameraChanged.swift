package import AMQP
package import ObserverCore

/// "Look at this camera again": sent after every change of a camera's row.
///
/// `{"v":1,"camera_id":7,"version":18}`. It carries no address and no secret. The recorder reads the row, and looks by itself
/// every few seconds in case this message is lost; the body is for people who watch the queue.
package struct CameraChanged: Hashable, Sendable {
    private static let formatVersion = 1

    package let cameraID: CameraID
    /// The version of the row after the change.
    package let version: Int64

    package init(cameraID: CameraID, version: Int64) {
        self.cameraID = cameraID
        self.version = version
    }

    /// Creates the message to a recorder's queue, or to all when no recorder has the camera.
    package func message(recorder: String?) -> AMQPMessage {
        AMQPMessage(
            exchange: Broker.captureExchange,
            routingKey: recorder.map(Broker.recorderKey) ?? Broker.allRecordersKey,
            body: Array("{\"v\":\(Self.formatVersion),\"camera_id\":\(cameraID),\"version\":\(version)}".utf8),
            headers: ["type": "camera.changed"]
        )
    }
}
