import CLibAV
import Media
import Testing

@testable import LibraryMedia

@Suite struct AudioEncoderTests {
    private static func all(_ encoder: AudioEncoder) -> [Int64] {
        var times: [Int64] = []
        while let (time, bytes) = encoder.next() {
            #expect(!bytes.isEmpty)
            times.append(time)
        }
        return times
    }

    private static func take(_ encoder: AudioEncoder, _ count: Int, at time: Int64?) {
        [UInt8](repeating: 0xFF, count: count).withUnsafeBytes { encoder.take($0, time: time) }
    }

    @Test(arguments: SampledAudio.Coding.allCases, [1, 2])
    func `a second of samples becomes a second of frames`(coding: SampledAudio.Coding, channels: Int) throws {
        let isMono = coding.rawValue.hasPrefix("g726")
        let audio = try #require(SampledAudio(coding, sampleRate: 8000, channels: isMono ? 1 : channels))
        let encoder = try AudioEncoder(audio)
        // 20 ms each.
        for number in 0..<50 {
            Self.take(encoder, 160 * audio.channels * coding.bits / 8, at: 5000 + Int64(number) * 160)
        }
        // The encoder's own delay is one frame, and the rest of a frame waits.
        let expected = Array(stride(from: Int64(3976), to: 3976 + 6 * 1024, by: 1024))
        #expect(Self.all(encoder) == expected)
        #expect(encoder.track == audio.track)
    }

    @Test(arguments: [8000, 16_000, 44_100, 48_000])
    func `the configuration is that of the library`(rate: Int) throws {
        let codec = avcodec_find_encoder(AV_CODEC_ID_AAC)
        var context = avcodec_alloc_context3(codec)
        defer { avcodec_free_context(&context) }
        let opened = try #require(context)
        opened.pointee.sample_rate = Int32(rate)
        opened.pointee.sample_fmt = AV_SAMPLE_FMT_FLTP
        av_channel_layout_default(&opened.pointee.ch_layout, 1)
        opened.pointee.flags |= AV_CODEC_FLAG_GLOBAL_HEADER
        try #require(avcodec_open2(opened, codec, nil) >= 0)
        let bytes = Array(UnsafeBufferPointer(start: opened.pointee.extradata, count: 2))
        #expect(AudioTrack.encoded(sampleRate: rate, channels: 1).parameters == bytes)
    }

    @Test func `what is missing becomes silence, and times jump with the source`() throws {
        let encoder = try AudioEncoder(try #require(SampledAudio(.pcma, sampleRate: 8000, channels: 1)))
        Self.take(encoder, 1024, at: 0)
        // Inexact times are no hole.
        Self.take(encoder, 1024, at: 1100)
        Self.take(encoder, 1024, at: 2048 + 10_240)
        // Two frames stay in the encoder.
        let expected = Array(stride(from: Int64(-1024), to: 11 * 1024, by: 1024))
        #expect(Self.all(encoder) == expected)
        for time in [1_000_000, nil, nil] as [Int64?] { Self.take(encoder, 1024, at: time) }
        #expect(Self.all(encoder).last == 1_000_000)
        for time in [50, 50 + 1024, nil] as [Int64?] { Self.take(encoder, 1024, at: time) }
        #expect(Self.all(encoder).last == 50)
    }

    @Test(arguments: [Int64.min, .max, -1, 1 << 60])
    func `times that cannot be are passed over`(time: Int64) throws {
        let encoder = try AudioEncoder(try #require(SampledAudio(.pcmu, sampleRate: 8000, channels: 1)))
        for _ in 0..<20 { Self.take(encoder, 1024, at: time) }
        #expect(Self.all(encoder).count >= 18)
    }
}
