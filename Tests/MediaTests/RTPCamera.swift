import CLibAV
import Encodings
import RTP
import RTSP
import Testing

@testable import Media

/// A camera without a network: answers the requests of a reader and sends the frames of a clip, interleaved.
struct RTPCamera {
    /// Payload bytes of a packet; larger units are sent in fragments.
    private static let payloadBytes = 1200

    let codec: VideoCodec
    /// The parameter sets of the clip.
    private(set) var sets: [[UInt8]] = []
    /// The units of each frame in the order in which they are decoded, with the time at which it is shown, in 1/90000 s.
    private(set) var frames: [(units: [[UInt8]], presentation: Int64)] = []
    private var sequence: UInt16 = 65_500

    /// Takes the frames of a clip with start codes.
    init(_ clip: TestClip, codec: VideoCodec) throws {
        self.codec = codec
        var opened: UnsafeMutablePointer<AVFormatContext>?
        try #require(avformat_open_input(&opened, clip.path, nil, nil) >= 0)
        defer { avformat_close_input(&opened) }
        let context = try #require(opened)
        try #require(avformat_find_stream_info(context, nil) >= 0)
        var packet = av_packet_alloc()
        defer { av_packet_free(&packet) }
        let read = try #require(packet)
        while av_read_frame(context, read) >= 0 {
            defer { av_packet_unref(read) }
            guard read.pointee.stream_index == 0 else { continue }
            let bytes = Array(UnsafeBufferPointer(start: read.pointee.data, count: Int(read.pointee.size)))
            let units = NALUnits.units(in: bytes, framing: .annexB)
            let all = units.filter { NALUnits.Kind($0[0], codec: codec) != .padding }
            for unit in all where NALUnits.Kind(unit[0], codec: codec) == .parameters && !sets.contains(unit) {
                sets.append(unit)
            }
            frames.append((all, read.pointee.pts))
        }
    }

    /// The session description.
    func description(withSets hasSets: Bool) -> String {
        let name = codec == .h264 ? "H264" : "H265"
        var parameters = ""
        if hasSets, codec == .h264 {
            parameters =
                "a=fmtp:96 packetization-mode=1;sprop-parameter-sets=\(sets.map(\.base64).joined(separator: ","))\r\n"
        } else if hasSets {
            let names = ["sprop-vps", "sprop-sps", "sprop-pps"]
            parameters = "a=fmtp:96 " + zip(names, sets).map { "\($0)=\($1.base64)" }.joined(separator: ";") + "\r\n"
        }
        return "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=x\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 \(name)/90000\r\n"
            + parameters + "a=control:track1\r\n"
    }

    /// The answer to a request.
    static func answer(_ request: String, description: String) -> String {
        let lines = request.split(separator: "\r\n")
        let number = lines.first { $0.hasPrefix("CSeq:") } ?? "CSeq: 0"
        var headers = ["RTSP/1.0 200 OK", String(number)]
        var body = ""
        switch lines.first?.prefix(while: { $0 != " " }) {
        case "DESCRIBE":
            headers += ["Content-Base: rtsp://camera/live/", "Content-Length: \(description.utf8.count)"]
            body = description
        case "SETUP":
            let channels = request.contains("interleaved=2-3") ? "2-3" : "0-1"
            headers += ["Transport: RTP/AVP/TCP;unicast;interleaved=\(channels)", "Session: 5e55;timeout=60"]
        case "PLAY": headers.append("Session: 5e55")
        default: headers.append("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER")
        }
        return headers.joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    /// The packets of a frame as the connection brings them.
    ///
    /// - Parameters:
    ///   - index: The number of the frame.
    ///   - hasSets: True if parameter sets are sent in front of it, as they lie in the clip.
    /// - Returns: Interleaved frames (RFC 2326, 10.12).
    mutating func packets(of index: Int, withSets hasSets: Bool) -> [UInt8] {
        let frame = frames[index]
        let units = frame.units.filter { hasSets || NALUnits.Kind($0[0], codec: codec) != .parameters }
        var bytes: [UInt8] = []
        for (place, unit) in units.enumerated() {
            let isLast = place == units.count - 1
            let pieces = unit.count <= Self.payloadBytes ? [unit] : fragments(of: unit)
            for (number, piece) in pieces.enumerated() {
                let marker = isLast && number == pieces.count - 1
                bytes += packet(piece, at: frame.presentation, marker: marker)
            }
        }
        return bytes
    }

    /// FU-A (RFC 6184, 5.8), or FU (RFC 7798, 4.4.3).
    private func fragments(of unit: [UInt8]) -> [[UInt8]] {
        let head = codec == .h264 ? 1 : 2
        let body = unit.dropFirst(head)
        let type = codec == .h264 ? unit[0] & 0x1F : unit[0] >> 1 & 0x3F
        let indicator = codec == .h264 ? [unit[0] & 0xE0 | 28] : [unit[0] & 0x81 | 49 << 1, unit[1]]
        let starts = stride(from: body.startIndex, to: body.endIndex, by: Self.payloadBytes)
        return starts.map { start in
            let end = min(start + Self.payloadBytes, body.endIndex)
            let flags: UInt8 = (start == body.startIndex ? 0x80 : 0) | (end == body.endIndex ? 0x40 : 0)
            return indicator + [flags | type] + body[start..<end]
        }
    }

    private mutating func packet(_ payload: [UInt8], at timestamp: Int64, marker: Bool) -> [UInt8] {
        sequence &+= 1
        var packet: [UInt8] = [0x80, 96 | (marker ? 0x80 : 0)]
        packet.append(bigEndian: sequence)
        // The clock wraps around within the clip.
        packet.append(bigEndian: UInt32(truncatingIfNeeded: timestamp &+ 0xFFFF_0000))
        packet.append(bigEndian: 0xABCD_EF01 as UInt32)
        packet += payload
        return [UInt8(ascii: "$"), 0] + [UInt8(packet.count >> 8), UInt8(packet.count & 0xFF)] + packet
    }
}
