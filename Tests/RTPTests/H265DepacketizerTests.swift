import Encodings
import RTP
import Testing

@Suite struct H265DepacketizerTests {
    private var reader = TrackReader(H265Depacketizer())
    private let unit = H265.idr((0..<97).map { UInt8($0 + 1) })

    @Test mutating func `parameter sets are kept apart and SEI stays with the frame`() {
        for unit in [H265.delimiter, H265.vps, H265.sps, H265.pps, H265.sei, H265.idr(), H265.idrRest()] {
            reader.send(unit, at: 9000)
        }
        reader.send(H265.suffixSEI, at: 9000, marker: true)
        reader.send(H265.filler, at: 12_600)
        reader.send(H265.p(), at: 12_600, marker: true)
        reader.finish()
        #expect(reader.seen.map(\.units) == [[H265.sei, H265.idr(), H265.idrRest(), H265.suffixSEI], [H265.p()]])
        #expect(reader.seen.map(\.kind) == [.idr, .dependent])
        #expect(reader.starts.map(\.changedParameterSets) == [[.video, .sequence, .picture], []])
        #expect(reader.depacketizer.parameterSets.video.map(\.bytes) == [H265.vps])
        #expect(reader.depacketizer.parameterSets.sequence.map(\.bytes) == [H265.sps])
        #expect(reader.depacketizer.parameterSets.picture.map(\.bytes) == [H265.pps])
        #expect(reader.depacketizer.statistics.ignoredUnits == 2)
    }

    @Test(arguments: [1, 10, 1400]) mutating func `fragments make a unit whole`(size: Int) {
        for payload in H265.fragments(unit, size: size) { reader.send(payload) }
        reader.send(H265.p(), at: 3600)
        #expect(reader.seen.map(\.units) == [[unit]])
    }

    @Test mutating func `an aggregate holds several units`() {
        reader.send(H265.aggregate([H265.vps, H265.sps, H265.pps, H265.sei, unit]), marker: true)
        reader.send(H265.p(), at: 3600)
        #expect(reader.seen.map(\.units) == [[H265.sei, unit]])
    }

    @Test mutating func `decoding order numbers are passed over where the description has them`() {
        reader = TrackReader(H265Depacketizer(hasDecodingOrder: true))
        reader.send(
            [96, 1, 0, 7] + big(UInt16(H265.vps.count)) + H265.vps + [1] + big(UInt16(H265.sps.count)) + H265.sps
        )
        reader.send(H265.pps[..<2] + [0, 9] + H265.pps[2...])
        let pieces = H265.fragments(unit, size: 30)
        reader.send(pieces[0][..<3] + [0, 10] + pieces[0][3...])
        for payload in pieces.dropFirst() { reader.send(payload) }
        reader.send(H265.p()[..<2] + [0, 11] + H265.p()[2...], at: 3600)
        reader.finish()
        #expect(reader.seen.map(\.units) == [[unit], [H265.p()]])
        #expect(reader.starts.first?.changedParameterSets == [.video, .sequence, .picture])
    }

    @Test mutating func `payload content information is passed over`() {
        // Type 50 around a single unit, an aggregate and fragments, with one and three bytes of extension.
        func wrap(_ payload: [UInt8], extra: Int) -> [UInt8] {
            let fields = UInt16(payload[0] >> 1 & 0x3F) << 9 | UInt16(extra) << 4
            return [50 << 1, payload[1]] + big(fields) + [UInt8](repeating: 0xEE, count: extra) + payload[2...]
        }
        reader.send(wrap(H265.aggregate([H265.vps, H265.sps]), extra: 3))
        reader.send(wrap(H265.pps, extra: 1))
        for payload in H265.fragments(unit, size: 40) { reader.send(wrap(payload, extra: 3)) }
        reader.send(wrap(H265.p(), extra: 0), at: 3600)
        reader.finish()
        #expect(reader.seen.map(\.units) == [[unit], [H265.p()]])
        #expect(reader.starts.first?.changedParameterSets == [.video, .sequence, .picture])
    }

    @Test mutating func `the kind follows from types, slices and recovery points`() {
        let frames: [([[UInt8]], FrameKind)] = [
            ([H265.pps, H265.slice(type: 16)], .idr), ([H265.slice(type: 18)], .idr), ([H265.slice(type: 20)], .idr),
            ([H265.slice(type: 21), H265.rest(type: 21)], .cra), ([H265.p()], .dependent), ([H265.i()], .recovery),
            ([H265.recoverySEI, H265.p(), H265.pRest()], .recovery), ([H265.i(), H265.pRest()], .dependent),
            ([H265.slice(type: 8)], .dependent),
        ]
        for (index, (units, _)) in frames.enumerated() {
            for unit in units { reader.send(unit, at: Int64(index) * 3600) }
        }
        reader.finish()
        #expect(reader.seen.map(\.kind) == frames.map(\.1))
    }

    @Test mutating func `sets of the session description are known, whatever their layers`() {
        // Three sub-layers: flags of two, their profiles and levels, then identifier 2.
        let layered: [UInt8] =
            [0x42, 0x01, 0x05] + [UInt8](repeating: 0x11, count: 12) + [0xF0, 0] + [UInt8](repeating: 0x22, count: 24)
            + [0x60, 0x03]
        let known = H265Depacketizer(parameterSets: [H265.vps, [0, 0, 0, 1] + layered, H265.pps]).parameterSets
        #expect(known.video.map(\.id) == [0])
        #expect(known.sequence.map(\.id) == [2])
        #expect(known.picture.map(\.id) == [0])
    }

    @Test mutating func `frames are told apart when timestamps stand still`() {
        for index in 0..<4 { reader.send(H265.p([UInt8(index + 1)])) }
        reader.finish()
        #expect(reader.seen.map { $0.units?.count } == [1, 1, 1, 1])
    }

    @Test mutating func `a payload with start codes is taken apart`() {
        let code: [UInt8] = [0, 0, 0, 1]
        reader.send(code + H265.vps + code + H265.sps + code + H265.pps + [0, 0, 1] + unit, marker: true)
        for payload in H265.fragments(H265.p() + code + H265.pRest(), size: 5) { reader.send(payload, at: 3600) }
        reader.send(H265.p(), at: 7200)
        #expect(reader.seen.map(\.units) == [[unit], [H265.p(), H265.pRest()]])
    }

    @Test mutating func `a unit with a lost fragment is left out`() {
        let pieces = H265.fragments(unit, size: 30)
        reader.send(H265.p(), at: 0, marker: true)
        for index in [0, 1, 3] { reader.send(pieces[index], at: 3600, marker: index == 3, afterGap: index == 3) }
        reader.send(H265.idrRest(), at: 7200, marker: true)
        reader.finish()
        #expect(reader.seen.map(\.units) == [[H265.p()], [H265.idrRest()]])
        #expect(reader.seen.map(\.frame.isDamaged) == [false, true])
    }

    @Test(
        arguments: [
            [], [0x02], [0x02, 0x01], [0x00, 0x00], [0x00, 0x00, 0x05], [0x82, 0x01, 0xC5, 1], [0x02, 0x00, 0xC5, 1],
            [0x02, 0x09, 0xC5, 1], [0x62, 0x01], [0x60, 0x01, 0, 9, 2, 1, 1], [0x60, 0x01, 0, 0, 0],
            [0x64, 0x01, 0x64, 0x00],
            [0x64, 0x01, 0x64, 0x00, 1], [0x64, 0x01, 0x02, 0x7F, 1, 2], [0x56, 0x01, 1], [0x7E, 0x01, 1],
            [0x42, 0x01, 0x01],
            [0x60, 0x01, 0, 4, 0x60, 0x01, 0, 0], [0x14, 0x01, 0xC5, 1],
        ] as [[UInt8]]
    )
    mutating func `a payload of no use changes nothing`(payload: [UInt8]) {
        reader.send(H265.p(), at: 0, marker: true)
        reader.send(H265.p([7]), at: 3600, marker: true)
        reader.send(payload, at: 7200)
        reader.send(H265.p([8]), at: 7200, marker: true)
        reader.finish()
        #expect(reader.seen.map(\.units) == [[H265.p()], [H265.p([7])], [H265.p([8])]])
        #expect(reader.error == nil)
    }
}
