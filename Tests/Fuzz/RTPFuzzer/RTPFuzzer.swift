import Encodings
import RTP

/// Reads one input of libFuzzer.
///
/// The first byte chooses the format. Packets follow, each behind a byte of flags (marker, gap, restart, next timestamp)
/// and a byte of length.
func testOneInput(_ start: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: size)
    guard let choice = bytes.first else { return 0 }
    let rest = UnsafeRawBufferPointer(rebasing: bytes[1...])
    switch choice % 10 {
    case 0: read(H264Depacketizer(limits: limits), rest, hasUnits: true)
    case 1: read(H265Depacketizer(limits: limits), rest, hasUnits: true)
    case 2: read(H265Depacketizer(hasDecodingOrder: true, limits: limits), rest, hasUnits: true)
    case 3: read(AACDepacketizer(limits: limits), rest, hasUnits: false)
    case 4: read(LATMDepacketizer(limits: limits), rest, hasUnits: false)
    case 5: read(MPEGAudioDepacketizer(limits: limits), rest, hasUnits: false)
    case 6: read(OpusDepacketizer(limits: limits), rest, hasUnits: false)
    case 7: read(JPEGDepacketizer(limits: limits), rest, hasUnits: false)
    case 8: receive(rest)
    default: for packet in RTCPReader(rest) { precondition(packet == packet) }
    }
    return 0
}

private let limits = DepacketizerLimits(frameBytes: 10_000, frameUnits: 50, parameterSetBytes: 100)

/// Cuts the input into packets behind two bytes each.
private func forEachPacket(_ bytes: UnsafeRawBufferPointer, _ body: (UInt8, UnsafeRawBufferPointer) -> Void) {
    var index = 0
    while index + 2 <= bytes.count {
        let end = min(index + 2 + Int(bytes[index + 1]), bytes.count)
        body(bytes[index], UnsafeRawBufferPointer(rebasing: bytes[(index + 2)..<end]))
        index = end
    }
}

private func read(_ format: some Depacketizer, _ bytes: UnsafeRawBufferPointer, hasUnits: Bool) {
    var format = format
    var buffer = ByteBuffer(capacity: 64, limit: 50_000)
    var timestamp: Int64 = 0
    forEachPacket(bytes) { flags, payload in
        timestamp += Int64(flags >> 4) * 900 - (flags & 8 == 0 ? 0 : 3600)
        let header: [UInt8] = [0x80, flags & 1 == 0 ? 96 : 224, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        (header + payload).withUnsafeBytes { raw in
            guard let packet = RTPPacket(raw) else { return }
            var delivery = RTPDelivery(
                packet: packet,
                timestamp: timestamp,
                isAfterGap: flags & 2 != 0,
                isRestart: flags & 6 == 6
            )
            while let event = try? format.next(from: &delivery, into: buffer) {
                switch event {
                case .frame(let frame): check(frame, in: buffer, hasUnits: hasUnits)
                case .began where flags & 4 != 0:
                    let other = ByteBuffer(capacity: 64, limit: 50_000)
                    if flags & 2 == 0 { format.moveFrame(from: buffer, to: other) }
                    buffer = other
                case .began: break
                }
            }
        }
    }
    if let frame = format.finish(in: buffer) { check(frame, in: buffer, hasUnits: hasUnits) }
}

/// Stops the fuzzer if a frame lies outside the buffer, is empty, or does not consist of units with their lengths.
private func check(_ frame: CodedFrame, in buffer: ByteBuffer, hasUnits: Bool) {
    precondition(frame.range.upperBound <= buffer.count && !frame.range.isEmpty)
    guard hasUnits else { return }
    var index = frame.range.lowerBound
    while index < frame.range.upperBound {
        guard let length = buffer.bytes.bigEndian(UInt32.self, at: index), length > 0 else { preconditionFailure() }
        index += 4 + Int(length)
    }
    precondition(index == frame.range.upperBound)
}

private func receive(_ bytes: UnsafeRawBufferPointer) {
    var receivers = [RTPReceiver(), RTPReceiver(reordering: RTPReorderLimits(packets: 5, nanoseconds: 100))]
    var now: Int64 = 0
    forEachPacket(bytes) { flags, packet in
        now += Int64(flags)
        guard let packet = RTPPacket(packet) else { return }
        for index in receivers.indices { receivers[index].receive(packet, at: now) { _ in } }
        _ = receivers[1].takeReport(at: now)
    }
}
