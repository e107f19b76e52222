import Encodings
import Testing

@testable import MP4

@Suite struct InitSectionTests {
    static let avc = AVCConfiguration(
        sequenceSets: [ParameterSetTests.h264[11].unit],
        pictureSets: [[0x68, 0xEB, 0xE3, 0xCB, 0x22, 0xC0]]
    )
    static let hevc = HEVCConfiguration(
        videoSets: [[UInt8](hex: "40010c01ffff016000000300900000030000030078959809") ?? []],
        sequenceSets: [ParameterSetTests.h265[4].unit],
        pictureSets: [[UInt8](hex: "4401c172b46240") ?? []]
    )
    static let aac = AudioFormat(.aac(configuration: [0x12, 0x10]), sampleRate: 44_100, channels: 2)

    static func formats() throws -> [(video: VideoFormat, audio: AudioFormat?, codecs: String)] {
        let avc = VideoFormat(try #require(Self.avc))
        let hevc = VideoFormat(try #require(Self.hevc))
        func other(_ coding: VideoFormat.Coding) -> VideoFormat { VideoFormat(coding, width: 640, height: 480) }
        return [
            (avc, nil, "avc1.640028"),
            (avc, aac, "avc1.640028,mp4a.40.2"),
            (hevc, AudioFormat(.mp3, sampleRate: 44_100, channels: 2), "hvc1.1.6.L120.90,mp4a.6B"),
            (avc, AudioFormat(.mp3, sampleRate: 8000, channels: 1), "avc1.640028,mp4a.69"),
            (hevc, AudioFormat(.opus(preSkip: 312), sampleRate: 48_000, channels: 1), "hvc1.1.6.L120.90,opus"),
            (other(.av1(record: [0x81, 0x04, 0x0C, 0])), nil, "av01.0.04M.08"),
            (other(.jpeg), nil, "mp4v.6C"),
            (other(.mpeg4(decoderInformation: [0, 0, 1, 0xB0, 1])), nil, "mp4v.20"),
            (
                avc, AudioFormat(.aac(configuration: [0xF8, 0xE8, 0x50, 0]), sampleRate: 96_000, channels: 2),
                "avc1.640028,mp4a.40.39"
            ),
        ]
    }

    @Test func `every format is read back as it was written`() throws {
        for format in try Self.formats() {
            let section = InitSection(video: format.video, audio: format.audio)
            let summary = try FragmentedMP4.inspect(bytes: section.bytes)
            #expect(section.codecs == format.codecs)
            #expect(summary.codecs == format.codecs)
            #expect(summary.width == format.video.width && summary.height == format.video.height)
            #expect(summary.hasAudio == (format.audio != nil))
            #expect(summary.initBytes == Int64(section.bytes.count) && summary.fragments == 0)
            #expect(InitSection(video: format.video, audio: format.audio) == section)
        }
    }

    @Test func `a size is that of the parameter sets`() throws {
        let formats = try Self.formats()
        #expect(formats[0].video.width == 1920 && formats[0].video.height == 1080)
        #expect(formats[2].video.width == 1920 && formats[2].video.height == 1080)
    }

    @Test func `records of H264 are read back, with several sets`() throws {
        let sets = [ParameterSetTests.h264[11].unit, ParameterSetTests.h264[9].unit]
        let configuration = try #require(
            AVCConfiguration(sequenceSets: sets, pictureSets: [[0x68, 0xEB], [0x68, 0x5B]])
        )
        #expect(AVCConfiguration(record: configuration.record) == configuration)
        // Profile high: the format of the samples follows (ISO/IEC 14496-15, 5.3.3.1.2).
        #expect(configuration.record.suffix(4) == [0xFD, 0xF8, 0xF8, 0])
        #expect(configuration.record.prefix(6) == [1, 0x64, 0, 0x28, 0xFF, 0xE2])
    }

    @Test func `records of H265 are read back`() throws {
        let configuration = try #require(Self.hevc)
        #expect(HEVCConfiguration(record: configuration.record) == configuration)
        #expect(configuration.record.count == 23 + 3 * 5 + 24 + 46 + 7)
        #expect(configuration.record[22] == 3 && configuration.record[21] & 3 == 3)
    }

    @Test func `records that are cut or lie are refused`() throws {
        let avc = try #require(Self.avc).record
        let hevc = try #require(Self.hevc).record
        // The chroma format at the end of the one is not needed to read it.
        for length in 0..<avc.count - 4 { #expect(AVCConfiguration(record: Array(avc.prefix(length))) == nil) }
        for length in 0..<hevc.count { #expect(HEVCConfiguration(record: Array(hevc.prefix(length))) == nil) }
        for record in [avc, hevc] {
            for index in record.indices {
                for value: UInt8 in [0, 0x7F, 0xFF] {
                    var damaged = record
                    damaged[index] = value
                    #expect((AVCConfiguration(record: damaged)?.record.count ?? 0) <= 2 * record.count)
                    #expect((HEVCConfiguration(record: damaged)?.record.count ?? 0) <= 2 * record.count)
                }
            }
        }
    }

    @Test func `sets that are none, too many or too long make no configuration`() {
        let sequence = ParameterSetTests.h264[0].unit
        let picture: [UInt8] = [0x68, 0xEB]
        #expect(AVCConfiguration(sequenceSets: [], pictureSets: [picture]) == nil)
        #expect(AVCConfiguration(sequenceSets: [sequence], pictureSets: []) == nil)
        #expect(AVCConfiguration(sequenceSets: [picture], pictureSets: [picture]) == nil)
        let many = [[UInt8]](repeating: sequence, count: 32)
        #expect(AVCConfiguration(sequenceSets: many, pictureSets: [picture]) == nil)
        let long = [UInt8](repeating: 0x68, count: 0x10000)
        #expect(AVCConfiguration(sequenceSets: [sequence], pictureSets: [long]) == nil)
        #expect(AVCConfiguration(units: [picture, [], [0x65, 1], sequence])?.pictureSets == [picture])
    }

    @Test func `Opus and AAC are described to their decoders`() throws {
        let avc = VideoFormat(try #require(Self.avc))
        let opus = AudioFormat(.opus(preSkip: 312), sampleRate: 48_000, channels: 2)
        let entry = Array(InitSection(video: avc, audio: opus).bytes)
        let head: [UInt8] = Array("dOps".utf8) + [0, 2, 0x01, 0x38, 0, 0, 0xBB, 0x80, 0, 0, 0]
        #expect(entry.firstRange(of: head) != nil)
        let spoken = InitSection(video: avc, audio: Self.aac).bytes
        #expect(spoken.firstRange(of: [0x05, 0x80, 0x80, 0x80, 2, 0x12, 0x10]) != nil)
    }
}
