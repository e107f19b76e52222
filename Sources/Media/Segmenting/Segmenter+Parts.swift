import CLibAV
import Glibc

extension Segmenter {
    /// The state of the segment being written.
    struct SegmentState {
        var start: Int64 = 0
        var end: Int64 = 0
        var bytes = 0
        var codecs: String?
        var fragmentStart: Int64 = 0
        var fragmentFrames = 0
        var hasDependent = false
        var isJoined = false
        var isRecoveryStart = false
        var nudgedBefore = 0
        var wallSteps = 0

        init() {}

        init(start: Int64, codecs: String) {
            self.start = start
            end = start
            fragmentStart = start
            self.codecs = codecs
        }
    }

    /// A copy of the last frame, in memory that is reused: no allocation once it is large enough.
    struct PendingFrame: ~Copyable {
        private(set) var timestamp: Timeline.FrameTime?
        private(set) var isKey = false
        private var memory: UnsafeMutableRawPointer?
        private var capacity = 0
        private var count = 0

        deinit {
            free(memory)
        }

        var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory, count: count) }

        mutating func store(_ bytes: UnsafeRawBufferPointer, timestamp: Timeline.FrameTime, isKey: Bool) {
            guard let source = bytes.baseAddress else { return }
            let needed = bytes.count + Int(AV_INPUT_BUFFER_PADDING_SIZE)
            if needed > capacity {
                free(memory)
                capacity = needed + needed / 4
                memory = malloc(capacity)
            }
            guard let memory else {
                capacity = 0
                return
            }
            memory.copyMemory(from: source, byteCount: bytes.count)
            memset(memory + bytes.count, 0, Int(AV_INPUT_BUFFER_PADDING_SIZE))
            count = bytes.count
            self.timestamp = timestamp
            self.isKey = isKey
        }

        mutating func clear() {
            timestamp = nil
        }
    }

    /// Watches the parameter sets in the stream, because libavformat says nothing when they change.
    struct ParameterWatch {
        private let codec: VideoCodec
        private let side: [UInt8]
        private var identity: UInt64
        let framing: NALUnits.Framing

        init(_ video: VideoTrack) {
            codec = video.codec
            side = video.parameters
            framing = NALUnits.Framing(codec: video.codec, parameters: video.parameters)
            identity = framing == .annexB ? NALUnits.identity(ofAnnexB: video.parameters, codec: video.codec) : 0
        }

        /// Returns true if a key packet brings sets that the present init section does not describe.
        func changes(with facts: KeyPacketFacts) -> Bool {
            framing == .annexB && facts.identity != 0 && facts.identity != identity && identity != 0
        }

        /// Takes over the sets of the packet that begins a segment; whether the track changed.
        mutating func adopt(
            _ facts: KeyPacketFacts,
            into video: inout VideoTrack,
            bytes: UnsafeRawBufferPointer
        ) -> Bool {
            guard framing == .annexB, facts.identity != 0, facts.identity != identity else { return false }
            identity = facts.identity
            video.parameters = facts.parameters
            var width: Int32 = 0
            var height: Int32 = 0
            if let data = bytes.bindMemory(to: UInt8.self).baseAddress,
                observer_frame_size(codec.identifier, data, Int32(clamping: bytes.count), &width, &height)
            {
                video.width = Int(width)
                video.height = Int(height)
            }
            return true
        }

        /// Sets that came beside a packet need a new connection: their stream is not in Annex B.
        func checkSide(_ parameters: [UInt8]?) throws(MediaError) {
            guard let parameters, parameters != side else { return }
            throw MediaError(.badStream, "the camera changed its video format; connecting again")
        }
    }

    /// Puts audio on the clock of the video.
    struct AudioAligner {
        var isBroken = false
        private let rate: Int64
        private var timeline: Timeline?

        /// Rates beyond those of `TrackSelector` are none; within them no product here overflows.
        init(rate: Int64) {
            self.rate = min(max(rate, 4000), 384_000)
        }

        /// The timestamp of an audio packet; nil if it has no place in the present segment.
        mutating func place(
            _ packet: MediaPacket,
            arrival: Int64,
            video: Timeline,
            segmentStart90k: Int64
        ) -> Timeline.FrameTime? {
            if timeline == nil { begin(packet, arrival: arrival, video: video) }
            guard
                let timestamp = timeline?.place(
                    decode: packet.decodeTime,
                    presentation: packet.presentationTime,
                    duration: packet.duration,
                    arrival: arrival
                ), timestamp.decode >= 0, to90k(timestamp.decode) >= segmentStart90k - 45_000
            else { return nil }
            return timestamp
        }

        private mutating func begin(_ packet: MediaPacket, arrival: Int64, video: Timeline) {
            guard let offset = video.sourceOffset,
                let source = (packet.decodeTime ?? packet.presentationTime).flatMap(LibAVSource.bounded),
                let latest = video.latest
            else { return }
            let now = from90k(latest)
            let shifted = source + from90k(offset)
            // Clocks of video and audio that have nothing in common are joined by arrival.
            let isNear = (now - 5 * rate...now + 5 * rate).contains(shifted)
            var made = Timeline(ticksPerSecond: rate, origin: now, nominalDuration: packet.duration)
            made.anchor(source: source, at: isNear ? shifted : now, arrival: arrival)
            timeline = made
        }

        private func from90k(_ ticks: Int64) -> Int64 {
            ticks / 90_000 * rate + ticks % 90_000 * rate / 90_000
        }

        private func to90k(_ ticks: Int64) -> Int64 {
            ticks / rate * 90_000 + ticks % rate * 90_000 / rate
        }
    }
}
