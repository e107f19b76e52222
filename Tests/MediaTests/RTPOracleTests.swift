import CLibAV
import Encodings
import RTP
import RTSP
import Testing

@testable import Media

/// Formats of RTP against libavformat: from the packets that it makes come the frames that it was given, and that it reads.
@Suite(.enabled(if: TestClip.isPossible), .timeLimit(.minutes(5)), .serialized)
struct RTPOracleTests {
    /// The frames that a depacketizer finds in packets.
    private static func frames(
        _ packets: [[UInt8]],
        by format: any Depacketizer
    ) throws -> (frames: [[UInt8]], ticks: [Int64], damage: DepacketizerStatistics) {
        var (format, receiver) = (format, RTPReceiver())
        let buffer = ByteBuffer(capacity: 1024)
        var (frames, ticks): ([[UInt8]], [Int64]) = ([], [])
        for bytes in packets {
            try bytes.withUnsafeBytes { raw in
                let packet = try #require(RTPPacket(raw))
                try receiver.receive(packet, at: 0) { (delivery: inout RTPDelivery) throws(DepacketizerError) in
                    while let event = try format.next(from: &delivery, into: buffer) {
                        guard case .frame(let frame) = event else { continue }
                        frames.append(Array(buffer.bytes[frame.range]))
                        ticks.append(frame.duration)
                    }
                }
            }
        }
        return (frames, ticks, format.statistics)
    }

    @Test(arguments: [("pcm_mulaw", 8000), ("pcm_alaw", 8000), ("pcm_s16be", 44_100)])
    func `samples are those of the clip, and those that libavformat reads`(codec: String, rate: Int) throws {
        let clip = try TestClip("-c:v mjpeg", format: "mov", seconds: 4, audio: "\(codec) -ar \(rate) -ac 1")
        defer { clip.remove() }
        let oracle = try RTPOracle(clip.path, AVMEDIA_TYPE_AUDIO)
        let bits = codec == "pcm_s16be" ? 16 : 8
        let seen = try Self.frames(oracle.packets.map(\.bytes), by: SampleDepacketizer(bitsPerSample: bits))
        let samples = oracle.frames.flatMap(\.bytes)
        #expect(samples.count == 4 * rate * bits / 8)
        let isAsSent = seen.frames.flatMap { $0 } == samples
        #expect(isAsSent)
        let read = try oracle.framesByLibrary().flatMap { $0 }
        #expect(read.count > 2000)
        let isAsRead = read.elementsEqual(samples.prefix(read.count))
        #expect(isAsRead)
        #expect(seen.ticks.reduce(0, +) == 4 * Int64(rate))
    }

    @Test(arguments: ["libmp3lame", "libmp3lame -ar 16000 -ac 1", "libmp3lame -b:a 320k", "mp2"])
    func `frames of MPEG audio are those of the clip, and those that libavformat reads`(codec: String) throws {
        let clip = try TestClip("-c:v mjpeg", format: "mkv", seconds: 4, audio: codec)
        defer { clip.remove() }
        let oracle = try RTPOracle(clip.path, AVMEDIA_TYPE_AUDIO)
        let seen = try Self.frames(oracle.packets.map(\.bytes), by: MPEGAudioDepacketizer())
        #expect(oracle.frames.count > 50)
        // The packet that libavformat has begun at the end is not sent.
        #expect(seen.frames.count > oracle.frames.count - 12)
        let isSame = seen.frames == oracle.frames.prefix(seen.frames.count).map(\.bytes)
        #expect(isSame)
        let read = try oracle.framesByLibrary().flatMap { $0 }
        #expect(read.count > 2000)
        let isAsRead = read.elementsEqual(seen.frames.flatMap { $0 }.prefix(read.count))
        #expect(isAsRead)
        #expect(seen.damage.malformed == 0 && seen.damage.droppedFrames == 0)
    }

    @Test(arguments: ["48x32", "320x180", "640x352", "1280x720"])
    func `pictures of Motion JPEG decode to those of the clip`(size: String) throws {
        let clip = try TestClip("-vf scale=\(size) -c:v mjpeg -huffman default -q:v 5 -g 1", format: "mkv", seconds: 2)
        defer { clip.remove() }
        let oracle = try RTPOracle(clip.path, AVMEDIA_TYPE_VIDEO)
        let seen = try Self.frames(oracle.packets.map(\.bytes), by: JPEGDepacketizer())
        #expect(seen.frames.count == 50 && oracle.frames.count == 50)
        let isAsSent = seen.frames.map(scan) == oracle.frames.map { scan($0.bytes) }
        for (a, b) in zip(seen.frames.map(scan), oracle.frames.map { scan($0.bytes) }) where a != b {
            print("XX", size, a.count, b.count, a.suffix(6), b.suffix(6))
        }
        #expect(isAsSent)
        let read = try oracle.framesByLibrary()
        #expect(!read.isEmpty || size != "48x32")
        let isAsRead = zip(read.map(scan), seen.frames.map(scan)).allSatisfy { $0 == $1 }
        #expect(isAsRead)
    }

    /// The coded data behind the headers.
    private func scan(_ file: [UInt8]) -> [UInt8] {
        guard let place = file.indices.dropLast().first(where: { file[$0] == 0xFF && file[$0 + 1] == 0xDA }) else {
            return []
        }
        return Array(file[(place + 14)...])
    }
}
