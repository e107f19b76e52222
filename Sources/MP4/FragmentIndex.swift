/// The samples of a fragment that is being put together, and the boxes that go before their bytes.
///
/// The bytes themselves stay where the caller collects them. In the fragment all video frames lie one after the other in
/// the order in which they were added, and then all pieces of audio: one `trun` a track, whatever order they came in.
public struct FragmentIndex: Sendable {
    /// A sample as a `trun` box has it (ISO/IEC 14496-12, 8.8.8), times in ticks of the track.
    private struct Sample {
        var bytes: UInt32
        var duration: UInt32
        var compositionOffset: Int32
        var isSync: Bool
    }

    /// The samples of one track.
    private struct Track {
        var samples: [Sample] = []
        var start: Int64 = 0
        var last: Int64 = 0
        var bytes = 0

        var end: Int64 { last + Int64(samples.last?.duration ?? 0) }

        mutating func add(_ sample: Sample, at time: Int64) {
            if samples.isEmpty { start = time } else { endLast(at: time) }
            samples.append(sample)
            last = time
            bytes += Int(sample.bytes)
        }

        mutating func endLast(at time: Int64) {
            guard let index = samples.indices.last else { return }
            samples[index].duration = UInt32(clamping: time - last)
        }

        mutating func removeAll() {
            samples.removeAll(keepingCapacity: true)
            bytes = 0
        }
    }

    private var video = Track()
    private var audio = Track()

    /// The times that a file of ours can hold: all arithmetic with them stays within 64 bits.
    public static let times: ClosedRange<Int64> = 0...(1 << 60)

    /// Creates an empty index.
    public init() {}

    /// True if nothing was added.
    public var isEmpty: Bool { video.samples.isEmpty && audio.samples.isEmpty }

    /// The number of video frames.
    public var frames: Int { video.samples.count }

    /// The number of pieces of audio.
    public var audioSamples: Int { audio.samples.count }

    /// The length of all samples in bytes.
    public var bytes: Int { video.bytes + audio.bytes }

    /// The decode time of the first video frame, in 1/90000 s; nil without one.
    public var videoStart: Int64? { video.samples.isEmpty ? nil : video.start }

    /// The end of the last video frame, in 1/90000 s; nil without one.
    public var videoEnd: Int64? { video.samples.isEmpty ? nil : video.end }

    /// Adds a video frame, with which the frame before it ends.
    ///
    /// Times are in 1/90000 s.
    ///
    /// - Parameters:
    ///   - bytes: Its length.
    ///   - decodeTime: When it is decoded, in `times` and after the frame before it.
    ///   - compositionOffset: Presentation time less decode time; may be negative.
    ///   - duration: How long it lasts, as far as known before the next one has come.
    ///   - isSync: True if decoding can start with it.
    public mutating func addFrame(
        bytes: Int,
        decodeTime: Int64,
        compositionOffset: Int64,
        duration: Int64,
        isSync: Bool
    ) {
        let sample = Sample(
            bytes: UInt32(clamping: bytes),
            duration: UInt32(clamping: duration),
            compositionOffset: Int32(clamping: compositionOffset),
            isSync: isSync
        )
        video.add(sample, at: Self.bounded(decodeTime))
    }

    /// Adds a piece of audio, with which the piece before it ends.
    ///
    /// Times are in ticks of the audio track.
    public mutating func addAudio(bytes: Int, decodeTime: Int64, duration: Int64) {
        let sample = Sample(
            bytes: UInt32(clamping: bytes),
            duration: UInt32(clamping: duration),
            compositionOffset: 0,
            isSync: true
        )
        audio.add(sample, at: Self.bounded(decodeTime))
    }

    /// Ends the last video frame, because the next one, in another fragment, begins then.
    public mutating func endLastFrame(at time: Int64) {
        video.endLast(at: Self.bounded(time))
    }

    /// Moves all video frames, in 1/90000 s.
    public mutating func moveFrames(by ticks: Int64) {
        let (start, last) = (video.start, video.last)
        video.start = Self.bounded(start &+ ticks)
        video.last = Self.bounded(last &+ ticks)
    }

    /// Forgets all samples and keeps the memory.
    public mutating func removeAll() {
        video.removeAll()
        audio.removeAll()
    }

    private static func bounded(_ time: Int64) -> Int64 {
        min(max(time, times.lowerBound), times.upperBound)
    }

    /// Returns the boxes before the samples' bytes: `prft`, `moof`, and the header of `mdat`.
    ///
    /// - Parameters:
    ///   - sequence: The number of the fragment in its file, from 1.
    ///   - wallClock: UTC of the first video frame in microseconds since 1970; nil leaves `prft` out.
    /// - Returns: The bytes, which those of the samples follow.
    public func header(sequence: UInt32, wallClock: Int64? = nil) -> [UInt8] {
        var writer = BoxWriter(capacity: 256 + 16 * video.samples.count + 8 * audio.samples.count)
        if let wallClock, let first = video.samples.first {
            appendReferenceTime(to: &writer, wallClock: wallClock, media: video.start + Int64(first.compositionOffset))
        }
        let start = writer.bytes.count
        var patches: [(place: Int, offset: Int)] = []
        writer.box("moof") { moof in
            moof.fullBox("mfhd") { $0.append(sequence) }
            if !video.samples.isEmpty {
                patches.append((Self.appendTrack(to: &moof, video, number: InitSection.videoTrack), 0))
            }
            if !audio.samples.isEmpty {
                patches.append((Self.appendTrack(to: &moof, audio, number: InitSection.audioTrack), video.bytes))
            }
        }
        let length = writer.bytes.count - start
        for patch in patches {
            // Behind the moof and the header of the mdat.
            writer.patch(UInt32(clamping: length + 8 + patch.offset), at: patch.place)
        }
        writer.append(UInt32(clamping: bytes + 8))
        writer.append("mdat")
        return writer.bytes
    }

    /// Appends `prft` (8.16.5), version 1, flag 24: the UTC at which the first frame was captured, as NTP time.
    private func appendReferenceTime(to writer: inout BoxWriter, wallClock: Int64, media: Int64) {
        let bounded = min(max(wallClock, 0), Self.latestWallClock)
        let seconds = UInt64(bounded / 1_000_000) + 2_208_988_800
        // Rounded up, so that a reader that rounds down gets the same microsecond back.
        let fraction = (UInt64(bounded % 1_000_000) << 32 + 999_999) / 1_000_000
        writer.fullBox("prft", version: 1, flags: 24) { box in
            box.append(InitSection.videoTrack)
            box.append(seconds << 32 | fraction)
            box.append(UInt64(max(media, 0)))
        }
    }

    /// The end of the first era of NTP, in February 2036, in microseconds since 1970.
    private static let latestWallClock: Int64 = (0xFFFF_FFFF - 2_208_988_800) * 1_000_000

    /// Appends `traf` (8.8.6).
    ///
    /// - Returns: The place of the data offset, to be filled in when the length of the moof is known.
    private static func appendTrack(to moof: inout BoxWriter, _ track: Track, number: UInt32) -> Int {
        var place = 0
        moof.box("traf") { fragment in
            // Offsets count from the moof: default-base-is-moof.
            fragment.fullBox("tfhd", flags: 0x2_0000) { $0.append(number) }
            fragment.fullBox("tfdt", version: 1) { $0.append(UInt64(track.start)) }
            place = appendRun(to: &fragment, track.samples, isVideo: number == InitSection.videoTrack)
        }
        return place
    }

    /// Appends `trun` (8.8.8), version 1: composition offsets may be negative.
    private static func appendRun(to fragment: inout BoxWriter, _ samples: [Sample], isVideo: Bool) -> Int {
        let hasOffsets = samples.contains { $0.compositionOffset != 0 }
        // Data offset, then duration, size, and for video flags and composition offset of each sample.
        let flags: UInt32 = 0x301 | (isVideo ? 0x400 : 0) | (hasOffsets ? 0x800 : 0)
        var place = 0
        fragment.fullBox("trun", version: 1, flags: flags) { run in
            run.append(UInt32(clamping: samples.count))
            place = run.bytes.count
            run.append(UInt32(0))
            for sample in samples {
                run.append(sample.duration)
                run.append(sample.bytes)
                // Depends on no other, or depends on others and is no sync sample (8.8.3.1).
                if isVideo { run.append(sample.isSync ? UInt32(0x0200_0000) : 0x0101_0000) }
                if hasOffsets { run.append(sample.compositionOffset) }
            }
        }
        return place
    }
}
