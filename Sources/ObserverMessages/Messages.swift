package import AMQP
import FoundationEssentials
package import ObserverCore

/// "Look at this camera again": sent after every change of a camera's row.
///
/// `{"v":1,"camera_id":7,"version":18}`. It carries no address and no secret; the recorder reads the row, and looks by
/// itself every few seconds in case this message is lost.
package struct CameraChanged: Codable, Hashable, Sendable {
    static let formatVersion = 1

    package let cameraID: CameraID
    /// The version of the row after the change.
    package let version: Int64

    private enum CodingKeys: String, CodingKey {
        case format = "v"
        case cameraID = "camera_id"
        case version
    }

    package init(cameraID: CameraID, version: Int64) {
        self.cameraID = cameraID
        self.version = version
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        try checkFormat(container.decode(Int.self, forKey: .format), known: Self.formatVersion)
        cameraID = try container.decode(CameraID.self, forKey: .cameraID)
        version = try container.decode(Int64.self, forKey: .version)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(Self.formatVersion, forKey: .format)
        try container.encode(cameraID, forKey: .cameraID)
        try container.encode(version, forKey: .version)
    }

    /// Reads a body strictly.
    package init(body: [UInt8]) throws(MessageError) {
        self = try decoded(CameraChanged.self, from: body)
        guard cameraID.rawValue > 0, version > 0 else { throw MessageError(.invalid, "an id or version below 1") }
    }

    /// The message to a recorder's queue, or to all when no recorder has the camera.
    package func message(recorder: String?) -> AMQPMessage {
        AMQPMessage(
            exchange: Broker.captureExchange,
            routingKey: recorder.map(Broker.recorderKey) ?? Broker.allRecordersKey,
            body: Array("{\"v\":\(Self.formatVersion),\"camera_id\":\(cameraID),\"version\":\(version)}".utf8),
            headers: ["type": "camera.changed"]
        )
    }
}

/// "This segment lies in the spool, whole": sent by the recorder that recorded it.
///
/// `{"v":2,"attempt":1,"cycle":0,"segment":{…}}`; the segment is the JSON of its sidecar.
package struct SegmentRecorded: Codable, Hashable, Sendable {
    static let formatVersion = 2

    /// The cycles that a message can name; one that is replayed more often stays at the last.
    package static let cycles = 0...1000

    /// Which try of its cycle this is, 1 to 3.
    ///
    /// Network trouble does not count.
    package var attempt: Int
    /// How many times three tries have failed before.
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
        try checkFormat(container.decode(Int.self, forKey: .format), known: Self.formatVersion)
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

    /// Reads a body strictly.
    package init(body: [UInt8]) throws(MessageError) {
        self = try decoded(SegmentRecorded.self, from: body)
        guard (1...Broker.triesPerCycle).contains(attempt) else {
            throw MessageError(.invalid, "attempt is \(attempt), not 1 to \(Broker.triesPerCycle)")
        }
        guard Self.cycles.contains(cycle) else {
            throw MessageError(.invalid, "cycle is \(cycle), not 0 to \(Self.cycles.upperBound)")
        }
        if let problem = segment.problem { throw MessageError(.invalid, "segment: \(problem)") }
    }

    /// The message to the upload queue of the segment's spool.
    package func message() throws(MessageError) -> AMQPMessage {
        try message(key: Broker.uploadKey(spool: segment.header.origin.spoolID), expiration: nil)
    }

    /// The message that comes back to the upload queue after a pause, as the next try.
    ///
    /// - Parameters:
    ///   - attempt: The try that was refused, 1 or 2.
    ///   - pause: How long it waits.
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
            body: try encoded(self),
            messageID: segment.id.description,
            headers: ["type": "segment.recorded"],
            expiration: expiration
        )
    }
}

/// Messages that cannot be handled for the time being, with the reason; read by people and by the retry endpoints.
package enum DeadLetter {
    /// Reasons for dead-lettering a message.
    package enum Reason: String, Sendable, CaseIterable {
        /// S3 refused the segment three times.
        case refused
        /// The body could not be read.
        case malformed
        /// The file is neither in the spool nor in S3.
        case missing
        /// The file is not what its sidecar says.
        case corrupt
    }

    /// The message for the dead queue: the body as it was, reason and error as headers.
    package static func message(
        _ reason: Reason,
        error: String,
        body: [UInt8],
        messageID: String? = nil
    ) -> AMQPMessage {
        AMQPMessage(
            exchange: Broker.deadExchange,
            routingKey: Broker.deadUploadKey,
            body: body,
            messageID: messageID,
            headers: ["reason": .string(reason.rawValue), "error": .string(String(error.prefix(500)))]
        )
    }
}

/// The largest body that is read.
private let bodyLimit = 8 * 1024

private func checkFormat(_ found: Int, known: Int) throws {
    guard found == known else { throw UnknownFormat(found: found, known: known) }
}

private func decoded<Body: Decodable>(_ type: Body.Type, from body: [UInt8]) throws(MessageError) -> Body {
    guard body.count <= bodyLimit else { throw MessageError(.tooLarge, "\(body.count) bytes") }
    do {
        return try JSONDecoder().decode(type, from: Data(body))
    } catch let error as UnknownFormat {
        throw MessageError(.unknownVersion, error.description)
    } catch let error as DecodingError {
        throw MessageError(.malformed, error.fieldPath)
    } catch {
        throw MessageError(.malformed, "not JSON")
    }
}

private func encoded(_ body: some Encodable) throws(MessageError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
        return [UInt8](try encoder.encode(body))
    } catch {
        throw MessageError(.invalid, "a value that JSON cannot hold")
    }
}

extension DecodingError {
    /// Where it went wrong, without the value.
    fileprivate var fieldPath: String {
        func path(_ context: Context, _ last: (any CodingKey)? = nil) -> String {
            let keys = (context.codingPath + (last.map { [$0] } ?? [])).map(\.stringValue)
            return keys.isEmpty ? "not a JSON object" : "field \(keys.joined(separator: "."))"
        }
        return switch self {
        case .keyNotFound(let key, let context): path(context, key) + " is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context): path(context) + " has the wrong type"
        case .dataCorrupted(let context): path(context) + " is wrong"
        @unknown default: "wrong"
        }
    }
}
