import Encodings
import MP4
import Testing

@testable import Media

@Suite struct VideoConfigurationTests {
    private static let sets = [RunSimulation.sequences[0], RunSimulation.pictureSet]
    private static let otherPicture: [UInt8] = [0x68, 0xCB, 0x83, 0xCB, 0x20]
    /// A picture parameter set with the identifier 1.
    private static let secondPicture: [UInt8] = [0x68, 0x5B, 0xE3]
    private static let slice: [UInt8] = [0x65, 0x88, 0x84, 1, 2, 3]

    private static func configuration(_ units: [[UInt8]], hasLengths: Bool = false) -> VideoConfiguration {
        let record = AVCConfiguration(units: units)?.record ?? []
        let parameters = hasLengths ? record : RunSimulation.framed(units, hasLengths: false)
        return VideoConfiguration(VideoTrack(codec: .h264, width: 1, height: 1, parameters: parameters))
    }

    /// The units of a frame as it is written.
    private static func written(
        _ units: [[UInt8]],
        isStart: Bool = true,
        hasLengths: Bool = false,
        by configuration: inout VideoConfiguration
    ) -> [[UInt8]] {
        let buffer = ByteBuffer()
        let bytes = RunSimulation.framed(units, hasLengths: hasLengths)
        bytes.withUnsafeBytes { configuration.append($0, isStart: isStart, to: buffer) }
        return NALUnits.units(in: Array(buffer.bytes), framing: .lengths(4))
    }

    @Test func `sets of the init section, delimiters and filler are left out of frames`() {
        var configuration = Self.configuration(Self.sets)
        let format = configuration.beginSegment()
        #expect(format?.width == 352 && configuration.track.width == 352)
        let units = [[0x09, 0x10]] + Self.sets + [[0x06, 5, 1, 9, 0x80], Self.slice, [0x0C, 0xFF, 0x80]]
        let written = Self.written(units, by: &configuration)
        #expect(written == [[0x06, 5, 1, 9, 0x80], Self.slice])
    }

    @Test func `a picture parameter set that changes stays in the frames, and is in the next init section`() {
        var configuration = Self.configuration(Self.sets)
        _ = configuration.beginSegment()
        let first = Self.written([Self.otherPicture, Self.slice], isStart: false, by: &configuration)
        #expect(first == [Self.otherPicture, Self.slice])
        #expect(!configuration.hasChanged)
        // From now on the decoder has the other one, so that this one is needed again.
        let second = Self.written(Self.sets + [Self.slice], by: &configuration)
        #expect(second == Self.sets + [Self.slice])
        configuration.take([Self.otherPicture])
        guard case .avc(let next) = configuration.beginSegment()?.coding else {
            Issue.record("no format")
            return
        }
        #expect(next.pictureSets == [Self.otherPicture] && next.sequenceSets == [Self.sets[0]])
    }

    @Test func `a key frame with one of two picture sets does not make the other forgotten`() {
        var configuration = Self.configuration(Self.sets + [Self.secondPicture])
        configuration.take([RunSimulation.sequences[1], Self.otherPicture])
        guard case .avc(let format) = configuration.present?.coding else {
            Issue.record("no format")
            return
        }
        #expect(format.pictureSets == [Self.otherPicture, Self.secondPicture])
        #expect(format.sequenceSets == [RunSimulation.sequences[1]])
    }

    @Test func `sets that come beside the frames change the format, and go into frames where the segment goes on`()
        throws
    {
        var configuration = Self.configuration(Self.sets, hasLengths: true)
        _ = configuration.beginSegment()
        let plain = Self.written([Self.slice], hasLengths: true, by: &configuration)
        #expect(plain == [Self.slice])
        let changed = [RunSimulation.sequences[1], Self.otherPicture]
        try configuration.take(beside: try #require(AVCConfiguration(units: changed)).record)
        #expect(configuration.hasChanged)
        let kept = Self.written([Self.slice], hasLengths: true, by: &configuration)
        #expect(kept == changed + [Self.slice])
        #expect(configuration.beginSegment()?.width == 1280)
        #expect(!configuration.hasChanged)
        let next = Self.written([Self.slice], hasLengths: true, by: &configuration)
        #expect(next == [Self.slice])
    }

    @Test func `once sets were in band, each start has them, also those of the init section`() {
        var configuration = Self.configuration(Self.sets)
        _ = configuration.beginSegment()
        let buffer = ByteBuffer()
        #expect(!configuration.needsSetsInBand(isStart: true))
        let other = [RunSimulation.sequences[1], Self.otherPicture]
        for sets in [other, Self.sets, Self.sets, other] {
            configuration.take(sets)
            #expect(configuration.needsSetsInBand(isStart: true))
            configuration.appendSets(to: buffer)
            #expect(!configuration.needsSetsInBand(isStart: false))
        }
        _ = configuration.beginSegment()
        #expect(!configuration.needsSetsInBand(isStart: true))
    }

    @Test func `a sequence that cannot be read makes no new segment`() {
        var configuration = Self.configuration(Self.sets)
        _ = configuration.beginSegment()
        configuration.take([[0x67, 66, 0, 30, 0xFF]])
        #expect(!configuration.hasChanged)
        #expect(configuration.beginSegment()?.width == 352)
    }

    @Test func `a change beside the frames that says nothing needs a new connection`() {
        var configuration = VideoConfiguration(VideoTrack(codec: .mpeg4, width: 64, height: 48, parameters: [1, 2]))
        #expect(throws: Never.self) { try configuration.take(beside: [1, 2]) }
        #expect(throws: MediaError.self) { try configuration.take(beside: [1, 3]) }
    }

    @Test func `a flood of sets is bounded`() {
        var configuration = Self.configuration(Self.sets)
        var writer: [[UInt8]] = []
        for id in 0..<256 { writer.append([0x68, UInt8(truncatingIfNeeded: id), UInt8(id / 2) | 1, 0x80]) }
        for _ in 0..<10 { configuration.take(writer + [[0x68] + [UInt8](repeating: 0xFF, count: 5000)]) }
        let bytes = configuration.beginSegment().map { InitSection(video: $0).bytes.count } ?? 0
        #expect((500...2000).contains(bytes), "\(bytes)")
    }
}
