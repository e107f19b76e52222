import Encodings
import RTP

/// A depacketizer with a buffer, fed by payloads; keeps what comes out.
struct TrackReader<Format: Depacketizer> {
    /// A frame with its bytes.
    struct Seen: Equatable {
        var frame: CodedFrame
        var bytes: [UInt8]

        var kind: FrameKind { frame.kind }
        var timestamp: Int64 { frame.timestamp }
        /// The NAL units, if the bytes are units with their lengths and nothing else.
        var units: [[UInt8]]? {
            var units: [[UInt8]] = []
            var index = 0
            while index < bytes.count {
                guard index + 4 <= bytes.count else { return nil }
                let length = bytes[index..<(index + 4)].reduce(0) { $0 << 8 | Int($1) }
                guard length > 0, index + 4 + length <= bytes.count else { return nil }
                units.append(Array(bytes[(index + 4)..<(index + 4 + length)]))
                index += 4 + length
            }
            return units
        }
    }

    var depacketizer: Format
    var buffer = ByteBuffer(capacity: 256)
    var seen: [Seen] = []
    var starts: [FrameStart] = []
    var error: DepacketizerError?
    var sequence: UInt16 = 0

    init(_ depacketizer: Format) {
        self.depacketizer = depacketizer
    }

    /// Delivers a payload at a timestamp.
    mutating func send(
        _ payload: [UInt8],
        at timestamp: Int64 = 0,
        marker: Bool = false,
        afterGap: Bool = false,
        restart: Bool = false,
        headerExtension: [UInt8]? = nil
    ) {
        let bytes = TestPacket(
            payload: payload,
            timestamp: UInt32(truncatingIfNeeded: timestamp),
            sequence: sequence,
            marker: marker,
            headerExtension: headerExtension
        ).bytes
        sequence &+= 1
        bytes.withUnsafeBytes { raw in
            guard let packet = RTPPacket(raw) else { return }
            var delivery = RTPDelivery(
                packet: packet,
                timestamp: timestamp,
                isAfterGap: afterGap,
                isRestart: restart
            )
            read(&delivery)
        }
    }

    mutating func read(_ delivery: inout RTPDelivery) {
        do throws(DepacketizerError) {
            while let event = try depacketizer.next(from: &delivery, into: buffer) {
                switch event {
                case .began(let start): starts.append(start)
                case .frame(let frame): keep(frame)
                }
            }
        } catch {
            self.error = error
        }
    }

    mutating func finish() {
        if let frame = depacketizer.finish(in: buffer) { keep(frame) }
    }

    private mutating func keep(_ frame: CodedFrame) {
        let inside = frame.range.upperBound <= buffer.count
        seen.append(Seen(frame: frame, bytes: inside ? Array(buffer.bytes[frame.range]) : [0xFF]))
    }
}

/// The bytes of an RTP packet.
struct TestPacket {
    var payload: [UInt8] = []
    var timestamp: UInt32 = 0
    var sequence: UInt16 = 0
    var source: UInt32 = 0x1234_5678
    var payloadType: UInt8 = 96
    var marker = false
    /// Profile and length included.
    var headerExtension: [UInt8]?

    var bytes: [UInt8] {
        [headerExtension == nil ? 0x80 : 0x90, (marker ? 0x80 : 0) | payloadType] + big(sequence) + big(timestamp)
            + big(source) + (headerExtension ?? []) + payload
    }
}

/// The bytes of an integer, most significant first.
func big<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
}
