import Encodings
import RTP
import Testing

/// Faults against RFC 6184, by cameras, networks and attackers.
@Suite struct H264FaultTests {
    private var reader = TrackReader(H264Depacketizer())
    private let unit = H264.idr((0..<59).map { UInt8($0 + 1) })
    private var pieces: [[UInt8]] { H264.fragments(unit, size: 20) }

    // MARK: Loss

    @Test(arguments: [0, 1, 2]) mutating func `a unit with a lost fragment is left out`(lost: Int) {
        let pieces = pieces
        reader.send(H264.p(), at: 0, marker: true)
        for index in pieces.indices where index != lost {
            reader.send(pieces[index], at: 3600, marker: index == 2, afterGap: index == lost + 1)
        }
        reader.send(H264.p([9]), at: 7200, marker: true, afterGap: lost == 2)
        reader.send(H264.p([8]), at: 10_800, marker: true)
        reader.finish()
        #expect(reader.seen.compactMap(\.units).flatMap { $0 } == [H264.p(), H264.p([9]), H264.p([8])])
        #expect(reader.seen.map(\.frame.isAfterGap) == [false, true, false])
        #expect(reader.depacketizer.statistics.droppedFrames == 1)
    }

    @Test mutating func `a frame that lost one of its slices is delivered as damaged`() {
        reader.send(H264.p(), at: 0)
        for index in [0, 2] { reader.send(pieces[index], at: 3600, afterGap: index == 2) }
        reader.send(H264.idrRest(), at: 3600, marker: true)
        reader.send(H264.p([5]), at: 7200)
        reader.finish()
        #expect(reader.seen.map(\.units) == [[H264.p()], [H264.idrRest()], [H264.p([5])]])
        #expect(reader.seen.map(\.frame.isDamaged) == [false, true, true])
        #expect(reader.depacketizer.statistics.damagedFrames == 2)
    }

    @Test mutating func `a frame that lost its first slice is delivered as damaged`() {
        reader.send(H264.p(), at: 0, marker: true)
        reader.send(H264.pRest(), at: 3600, marker: true, afterGap: true)
        reader.send(H264.p(), at: 7200, marker: true)
        #expect(reader.seen.map(\.frame.isDamaged) == [false, true])
        #expect(reader.seen.map(\.frame.isAfterGap) == [false, true])
    }

    @Test mutating func `loss between two frames damages neither`() {
        for index in 0..<4 { reader.send(H264.p(), at: Int64(index) * 3600, marker: true, afterGap: index == 3) }
        reader.finish()
        #expect(reader.seen.map(\.frame.isDamaged) == [false, false, false, false])
        #expect(reader.seen.map(\.frame.isAfterGap) == [false, false, false, true])
    }

    @Test mutating func `joining in the middle of a unit waits for the next one`() {
        for payload in pieces.dropFirst() { reader.send(payload, at: 0) }
        reader.send(H264.p(), at: 3600, marker: true)
        reader.send(H264.p(), at: 7200, marker: true)
        #expect(reader.seen.map(\.units) == [[H264.p()]])
    }

    // MARK: Fragments

    @Test mutating func `the type is taken from the first fragment`() {
        var pieces = pieces
        for index in pieces.indices.dropFirst() { pieces[index][1] = pieces[index][1] & 0xC0 | 1 }
        for payload in pieces { reader.send(payload) }
        reader.send(H264.p(), at: 3600)
        #expect(reader.seen.map(\.units) == [[unit]])
    }

    @Test mutating func `empty fragments are passed over`() {
        reader.send([0x7C, 0x85])
        for payload in pieces {
            reader.send([payload[0], payload[1] & 0x3F])
            reader.send([payload[0], payload[1] & 0x7F] + payload[2...])
        }
        reader.send([0x7C, 0x45])
        reader.send(H264.p(), at: 3600)
        #expect(reader.seen.map(\.units) == [[unit]])
    }

    @Test mutating func `one fragment may be the whole unit`() {
        reader.send([0x7C, 0xC5] + unit.dropFirst())
        reader.send(H264.p(), at: 3600)
        #expect(reader.seen.map(\.units) == [[unit]])
    }

    @Test mutating func `a missing end is made up for by the next unit`() {
        for payload in pieces { reader.send([payload[0], payload[1] & 0x9F] + payload[2...], at: 0) }
        for payload in pieces { reader.send([payload[0], payload[1] & 0x9F] + payload[2...], at: 3600) }
        reader.send(H264.p(), at: 7200)
        #expect(reader.seen.map(\.units) == [[unit], [unit]])
        #expect(reader.seen.allSatisfy { !$0.frame.isDamaged })
    }

    @Test mutating func `a fragment with another timestamp still belongs to its unit`() {
        for (index, payload) in pieces.enumerated() { reader.send(payload, at: Int64(index)) }
        reader.send(H264.p(), at: 3600)
        #expect(reader.seen.map(\.units) == [[unit]])
    }

    @Test mutating func `interleaved structures are read in the order they come`() {
        // STAP-B, MTAP16, MTAP24 and FU-B (RFC 6184, 5.7 and 5.8).
        reader.send([0x79, 0, 1] + big(UInt16(7)) + H264.sps + big(UInt16(4)) + H264.pps)
        reader.send([0x7A, 0, 2] + big(UInt16(7)) + [0, 0, 0] + H264.sei)
        reader.send([0x7B, 0, 3] + big(UInt16(7)) + [0, 0, 0, 0] + H264.sei)
        reader.send([0x7D, 0x85, 0, 4] + unit[1...10])
        reader.send([0x7C, 0x45] + unit[11...])
        reader.send(H264.p(), at: 3600)
        #expect(reader.seen.map(\.units) == [[H264.sei, H264.sei, unit]])
        #expect(reader.depacketizer.parameterSets.picture.count == 1)
    }

    // MARK: Start codes

    @Test mutating func `a payload with start codes is taken apart`() {
        let code: [UInt8] = [0, 0, 0, 1]
        reader.send(code + H264.sps + code + H264.pps + [0, 0, 1] + H264.sei + code + unit, marker: true)
        reader.send(code + H264.p(), at: 3600, marker: true)
        reader.finish()
        #expect(reader.seen.map(\.units) == [[H264.sei, unit], [H264.p()]])
        #expect(reader.starts.first?.changedParameterSets == [.sequence, .picture])
    }

    @Test mutating func `start codes inside a unit are found`() {
        reader.send(H264.sps + [0, 0, 0, 1] + H264.pps + [0, 0, 0, 1] + unit, marker: true)
        reader.send(H264.p() + [0, 0, 1] + H264.pRest(), at: 3600, marker: true)
        reader.finish()
        #expect(reader.seen.map(\.units) == [[unit], [H264.p(), H264.pRest()]])
        #expect(reader.depacketizer.statistics.annexBUnits >= 2)
    }

    @Test(arguments: [3, 20, 1400]) mutating func `start codes inside fragments are found`(size: Int) {
        let joined = H264.sps + [0, 0, 0, 1] + H264.pps + [0, 0, 1] + H264.sei + [0, 0, 0, 1] + unit
        for payload in H264.fragments(joined, size: size) { reader.send(payload) }
        reader.send(H264.p(), at: 3600)
        #expect(reader.seen.map(\.units) == [[H264.sei, unit]])
        #expect(reader.starts.map(\.kind) == [.idr, .dependent])
    }

    @Test mutating func `zeros behind a unit are taken off`() {
        reader.send(unit + [0, 0, 0])
        reader.send(H264.stapA([H264.idrRest() + [0]]) + [0, 0, 0, 0])
        reader.send(H264.p(), at: 3600)
        #expect(reader.seen.map(\.units) == [[unit, H264.idrRest()]])
        #expect(reader.depacketizer.statistics.malformed == 0)
    }

    // MARK: Refused

    @Test(
        arguments: [
            [], [0x00, 0x01], [0x00], [0x1E, 1, 2], [0x1F, 1, 2], [0x7C], [0xE5, 0x88, 1], [0x78, 0, 9, 0x41, 0x9A],
            [0x78], [0x78, 0, 0], [0x78, 0, 3, 0x78, 0, 0], [0x41], [0x0C, 0xFF], [0x7C, 0x8C, 0xFF],
            [0x68, 0x00, 0x00],
        ] as [[UInt8]]
    )
    mutating func `a payload of no use changes nothing`(payload: [UInt8]) {
        reader.send(H264.p(), at: 0, marker: true)
        reader.send(H264.p([7]), at: 3600, marker: true)
        reader.send(payload, at: 7200)
        reader.send(H264.p([8]), at: 7200, marker: true)
        reader.finish()
        #expect(reader.seen.map(\.units) == [[H264.p()], [H264.p([7])], [H264.p([8])]])
        #expect(reader.error == nil)
    }

    @Test mutating func `an aggregate that is cut off damages the frame`() {
        reader.send(H264.stapA([H264.p(), H264.pRest()]).dropLast(), at: 0, marker: true)
        reader.send(H264.p(), at: 3600)
        #expect(reader.seen.map(\.units) == [[H264.p()]])
        #expect(reader.seen.first?.frame.isDamaged == true)
        #expect(reader.depacketizer.statistics.malformed == 1)
    }

    @Test mutating func `a frame has a most of bytes`() {
        reader = TrackReader(H264Depacketizer(limits: DepacketizerLimits(frameBytes: 1000)))
        reader.send([0x7C, 0x85, 0x88])
        for _ in 0..<100 where reader.error == nil { reader.send([0x7C, 0x05] + [UInt8](repeating: 1, count: 30)) }
        #expect(reader.error?.kind == .frameTooLarge)
        #expect(reader.buffer.isEmpty)
        reader.error = nil
        for _ in 0..<500 where reader.error == nil { reader.send(H264.sei) }
        #expect(reader.error?.kind == .frameTooLarge)
        reader.send(H264.idr(), at: 3600)
        reader.finish()
        #expect(reader.seen.map(\.units) == [[H264.idr()]])
    }

    @Test mutating func `a frame has a most of units, a buffer a most of bytes`() {
        reader = TrackReader(H264Depacketizer(limits: DepacketizerLimits(frameUnits: 20)))
        for _ in 0..<50 where reader.error == nil { reader.send(H264.pRest()) }
        #expect(reader.error?.kind == .tooManyUnits)
        reader = TrackReader(H264Depacketizer())
        reader.buffer = ByteBuffer(capacity: 16, limit: 100)
        for _ in 0..<50 where reader.error == nil { reader.send(H264.pRest()) }
        #expect(reader.error?.kind == .bufferFull)
        #expect(reader.buffer.isEmpty)
    }

    @Test mutating func `parameter sets have a most of bytes and of number`() {
        reader.send([0x67, 0x64, 0, 0x1F] + [UInt8](repeating: 0xAC, count: 5000))
        #expect(reader.depacketizer.parameterSets.sequence.isEmpty)
        // pps_pic_parameter_set_id from 0 to 255 as Exp-Golomb codes of 17 bits or less, left aligned.
        for id in 0..<256 {
            let code = UInt32(id + 1)
            let bits = UInt32.bitWidth - code.leadingZeroBitCount
            let aligned = code << UInt32(32 - (2 * bits - 1))
            reader.send([0x68] + big(aligned | 0x80))
        }
        #expect(reader.depacketizer.parameterSets.picture.count == 31)
        #expect(reader.depacketizer.statistics.malformed == 226)
    }

    @Test mutating func `another buffer without a word costs the frame, no more`() {
        reader.send(H264.p(), at: 0)
        reader.buffer = ByteBuffer()
        reader.send(H264.pRest(), at: 0)
        reader.send(H264.p([3]), at: 3600)
        reader.finish()
        #expect(reader.seen.compactMap(\.units).flatMap { $0 } == [H264.pRest(), H264.p([3])])
        #expect(reader.seen.first?.frame.isDamaged == true)
    }

    @Test(arguments: [true, false]) mutating func `another buffer at the beginning of a frame is an end all the same`(
        hasSEI: Bool
    ) {
        if hasSEI { reader.send(H264.sei, at: 0) }
        var starts = 0
        TestPacket(payload: H264.idr()).bytes.withUnsafeBytes { raw in
            guard let packet = RTPPacket(raw) else { return }
            var delivery = RTPDelivery(packet: packet, timestamp: 0)
            while starts < 10, let event = try? reader.depacketizer.next(from: &delivery, into: reader.buffer) {
                guard case .began = event else { continue }
                starts += 1
                reader.buffer = ByteBuffer()
                reader.buffer.append([1, 2, 3])
            }
        }
        reader.finish()
        #expect(starts == (hasSEI ? 2 : 1))
        #expect(reader.seen.map(\.units) == [[H264.idr()]])
        #expect(reader.seen.first?.frame.range.lowerBound == 3)
    }
}
