import Encodings
import RTP
import Testing

@Suite struct H264DepacketizerTests {
    private var reader = TrackReader(H264Depacketizer())

    /// Introduces the camera as one that marks the last packet of each frame.
    private mutating func learnMarkers() {
        for index in 0..<3 {
            reader.send(H264.p(), at: Int64(index) * 3600)
            reader.send(H264.pRest(), at: Int64(index) * 3600, marker: true)
        }
        reader.seen = []
        reader.starts = []
    }

    @Test mutating func `parameter sets are kept apart and SEI stays with the frame`() {
        reader.send(H264.sps, at: 9000)
        reader.send(H264.pps, at: 9000)
        reader.send(H264.sei, at: 9000)
        reader.send(H264.idr(), at: 9000, marker: true)
        reader.send(H264.p(), at: 12_600, marker: true)
        #expect(reader.seen.count == 1)
        #expect(reader.seen.first?.units == [H264.sei, H264.idr()])
        #expect(reader.seen.first?.kind == .idr)
        #expect(reader.seen.first?.timestamp == 9000)
        #expect(reader.seen.first?.frame.hasParameterSets == true)
        #expect(reader.starts.map(\.kind) == [.idr, .dependent])
        #expect(reader.starts.first?.changedParameterSets == [.sequence, .picture])
        #expect(reader.depacketizer.parameterSets.sequence.map(\.bytes) == [H264.sps])
        #expect(reader.depacketizer.parameterSets.picture.map(\.bytes) == [H264.pps])
    }

    @Test mutating func `a frame ends with its marker once markers have proved right`() {
        for index in 0..<4 {
            reader.send(H264.p(), at: Int64(index) * 3600)
            reader.send(H264.pRest(), at: Int64(index) * 3600, marker: true)
            // The third frame shows that the second had ended, too.
            #expect(reader.seen.count == [0, 1, 3, 4][index])
        }
    }

    @Test mutating func `a marker in every packet takes longer to prove right`() {
        for index in 0..<12 {
            reader.send(H264.p(), at: Int64(index) * 3600, marker: true)
            #expect(reader.seen.count == (index < 8 ? index : index + 1))
        }
    }

    @Test mutating func `a STAP-A holds several units`() {
        reader.send(H264.stapA([H264.delimiter, H264.sps, H264.pps, H264.sei, H264.idr()]), marker: true)
        reader.finish()
        #expect(reader.seen.first?.units == [H264.sei, H264.idr()])
        #expect(reader.depacketizer.parameterSets.sequence.count == 1)
        #expect(reader.depacketizer.statistics.ignoredUnits == 1)
    }

    @Test(arguments: [1, 7, 50, 1400]) mutating func `fragments make a unit whole`(size: Int) {
        let unit = H264.idr((0..<999).map { UInt8($0 % 250 + 1) })
        for payload in H264.fragments(unit, size: size) { reader.send(payload) }
        reader.send(H264.p(), at: 3600)
        #expect(reader.seen.map(\.units) == [[unit]])
        #expect(reader.seen.first?.frame.isDamaged == false)
    }

    @Test mutating func `a camera that never sets the marker is split at timestamps`() {
        for index in 0..<4 {
            reader.send(H264.p(), at: Int64(index) * 3600)
            reader.send(H264.pRest(), at: Int64(index) * 3600)
        }
        #expect(reader.seen.map(\.timestamp) == [0, 3600, 7200])
        #expect(reader.seen.allSatisfy { $0.units == [H264.p(), H264.pRest()] })
    }

    @Test mutating func `a camera that always sets the marker is split at timestamps`() {
        for index in 0..<5 {
            reader.send(H264.p(), at: Int64(index) * 3600, marker: true)
            reader.send(H264.pRest(), at: Int64(index) * 3600, marker: true)
            reader.send(H264.pRest(), at: Int64(index) * 3600, marker: true)
        }
        #expect(reader.seen.count == 4)
        #expect(reader.seen.allSatisfy { $0.units?.count == 3 && !$0.frame.isDamaged })
    }

    @Test mutating func `markers are no longer trusted when slices follow one`() {
        learnMarkers()
        reader.send(H264.p(), at: 20_000, marker: true)
        reader.send(H264.pRest(), at: 20_000, marker: true)
        for index in 0..<3 {
            reader.send(H264.p(), at: 30_000 + Int64(index) * 3600, marker: true)
            reader.send(H264.pRest(), at: 30_000 + Int64(index) * 3600, marker: true)
        }
        #expect(reader.seen.map { $0.units?.count } == [1, 1, 2, 2])
        #expect(reader.seen.map(\.frame.isDamaged) == [false, true, false, false])
    }

    @Test mutating func `a SEI with a marker of its own goes with the next picture`() {
        learnMarkers()
        for index in 0..<3 {
            reader.send(H264.sei, at: 20_000 + Int64(index) * 3600 - 7, marker: true)
            reader.send(H264.p(), at: 20_000 + Int64(index) * 3600, marker: true)
        }
        #expect(reader.seen.map(\.units) == Array(repeating: [H264.sei, H264.p()], count: 3))
        #expect(reader.seen.map(\.timestamp) == [20_000, 23_600, 27_200])
    }

    @Test mutating func `a SEI behind the slices of a picture goes with the next one`() {
        reader.send(H264.i(), at: 0)
        reader.send(H264.recoverySEI, at: 0)
        reader.send(H264.p([9]), at: 3600)
        reader.finish()
        #expect(reader.seen.map(\.units) == [[H264.i()], [H264.recoverySEI, H264.p([9])]])
        #expect(reader.seen.map(\.kind) == [.recovery, .recovery])
    }

    @Test mutating func `frames are told apart when timestamps stand still`() {
        for index in 0..<4 { reader.send(H264.p([UInt8(index + 1)]), marker: true) }
        reader.finish()
        #expect(reader.seen.map { $0.units?.count } == [1, 1, 1, 1])
    }

    @Test mutating func `frames are told apart when timestamps stand still and nothing is marked`() {
        for index in 0..<6 { reader.send(H264.p([UInt8(index + 1)])) }
        reader.finish()
        // The first two may be fields of one frame.
        #expect(reader.seen.map { $0.units?.count } == [2, 1, 1, 1, 1])
    }

    @Test mutating func `two fields with one timestamp are one frame`() {
        for index in 0..<4 {
            reader.send(H264.p([1]), at: Int64(index) * 3600)
            reader.send(H264.p([2]), at: Int64(index) * 3600, marker: true)
        }
        #expect(reader.seen.count == 4 && reader.seen.allSatisfy { $0.units == [H264.p([1]), H264.p([2])] })
    }

    @Test mutating func `slices of one picture belong together whatever their timestamps`() {
        reader.send(H264.p(), at: 0)
        reader.send(H264.pRest(), at: 1)
        reader.send(H264.pRest(), at: 2)
        reader.send(H264.p(), at: 3600)
        #expect(reader.seen.map { $0.units?.count } == [3])
        #expect(reader.seen.map(\.timestamp) == [0])
    }

    @Test mutating func `the kind follows from slices and recovery points`() {
        let frames: [([[UInt8]], FrameKind)] = [
            ([H264.idr(), H264.idrRest()], .idr), ([H264.p()], .dependent), ([H264.i()], .recovery),
            ([H264.recoverySEI, H264.p()], .recovery), ([H264.i(), H264.pRest()], .dependent),
            ([H264.recoverySEI, H264.i(), H264.pRest()], .recovery), ([H264.sei, H264.p()], .dependent),
        ]
        for (index, (units, _)) in frames.enumerated() {
            for unit in units { reader.send(unit, at: Int64(index) * 3600) }
        }
        reader.finish()
        #expect(reader.seen.map(\.kind) == frames.map(\.1))
    }

    @Test mutating func `a parameter set is told as changed only when its bytes change`() {
        for (index, pps) in [H264.pps, H264.pps, H264.otherPPS, H264.otherPPS, H264.pps].enumerated() {
            reader.send(H264.stapA([H264.sps, pps, H264.idr()]), at: Int64(index) * 3600, marker: true)
        }
        reader.finish()
        #expect(reader.starts.map(\.changedParameterSets) == [[.sequence, .picture], [], .picture, [], .picture])
        #expect(reader.seen.allSatisfy { $0.frame.hasParameterSets })
        #expect(reader.depacketizer.parameterSets.picture.count == 1)
    }

    @Test mutating func `sets of the session description are known and not told as changed`() {
        reader = TrackReader(H264Depacketizer(parameterSets: [H264.sps, [0, 0, 0, 1] + H264.pps, [], [0x67]]))
        #expect(reader.depacketizer.parameterSets.sequence.map(\.bytes) == [H264.sps])
        #expect(reader.depacketizer.parameterSets.picture.map(\.bytes) == [H264.pps])
        reader.send(H264.stapA([H264.sps, H264.pps, H264.idr()]), marker: true)
        #expect(reader.starts.first?.changedParameterSets == [])
        let joined = [0, 0, 0, 1] + H264.sps + [0, 0, 1] + H264.pps
        #expect(H264Depacketizer(parameterSets: [joined]).parameterSets == reader.depacketizer.parameterSets)
    }

    @Test mutating func `a key frame can begin another buffer`() {
        reader.send(H264.p([7, 7]), at: 0)
        reader.send(H264.sei, at: 3600)
        let other = ByteBuffer(capacity: 16)
        other.append([0xAA, 0xBB])
        let payload = H264.idr()
        let bytes = TestPacket(payload: payload, timestamp: 3600, marker: true).bytes
        bytes.withUnsafeBytes { raw in
            guard let packet = RTPPacket(raw) else { return }
            var delivery = RTPDelivery(packet: packet, timestamp: 3600)
            while let event = try? reader.depacketizer.next(from: &delivery, into: reader.buffer) {
                guard case .began = event else { continue }
                reader.depacketizer.moveFrame(from: reader.buffer, to: other)
                reader.buffer = other
            }
        }
        reader.finish()
        #expect(reader.seen.map(\.units) == [[H264.p([7, 7])], [H264.sei, H264.idr()]])
        #expect(reader.seen.last?.frame.range.lowerBound == 2)
    }

    @Test mutating func `a new series ends the frame and marks the next one`() {
        reader.send(H264.idr(), at: 5000)
        reader.send(H264.p(), at: 5000, restart: true)
        reader.finish()
        #expect(reader.seen.map(\.units) == [[H264.idr()], [H264.p()]])
        #expect(reader.starts.map(\.isRestart) == [false, true])
        #expect(reader.seen.map(\.frame.isRestart) == [false, true])
    }
}
