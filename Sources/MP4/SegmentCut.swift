/// A part of a segment: whole fragments as they lie in it, and the beginning of one more.
public struct SegmentCut: Hashable, Sendable {
    /// The beginning of a fragment, with boxes of its own.
    public struct Tail: Hashable, Sendable {
        /// `moof` and the header of `mdat`, with times as in the segment.
        public var header: [UInt8]
        /// The places of the samples in the segment, in the order in which they follow.
        public var data: [Range<Int64>]

        /// The length of all of it.
        public var length: Int64 { data.reduce(Int64(header.count)) { $0 + Int64($1.count) } }
    }

    /// The place of the whole fragments in the segment; with the init section where nothing is left out before them.
    public var whole: Range<Int64>
    /// The beginning of a fragment that follows them; nil if the part ends with a whole fragment.
    public var tail: Tail?
    /// The decode time of the first frame, in 1/90000 s as in the segment.
    public var start: Int64
    /// The end of the last frame.
    public var end: Int64
    /// The presentation time of the frame that is shown at the beginning that was asked for.
    public var shown: Int64
    /// The number of frames.
    public var frames: Int
    /// The presentation time of the first frame.
    public var firstPresentation: Int64

    /// The length of the part.
    public var length: Int64 { Int64(whole.count) + (tail?.length ?? 0) }
}

extension SegmentIndex {
    /// Cuts a part out of the segment: from the last key frame before `from` to the last frame before `to`.
    ///
    /// - Parameters:
    ///   - from: When the part begins, in 1/90000 s after the first frame of the segment; nil for its start.
    ///   - to: When it ends; nil for the segment's end.
    ///   - audioRate: The ticks of the audio track in a second.
    /// - Returns: The part; nil if no frame is in it.
    public func cut(from: Int64?, to: Int64?, audioRate: Int64 = 90_000) -> SegmentCut? {
        guard let base = firstPresentation else { return nil }
        let (begin, limit) = (from.map { base + $0 }, to.map { base + $0 })
        var first = 0
        if let begin {
            first =
                fragments.lastIndex { fragment in
                    guard let video = fragment.video, let sample = video.samples.first else { return false }
                    return sample.isSync && video.start + sample.compositionOffset <= begin
                } ?? 0
        }
        guard let video = fragments[first...].lazy.compactMap(\.video).first, let sample = video.samples.first else {
            return nil
        }
        let start = first == 0 ? 0 : fragments[first].range.lowerBound
        var cut = SegmentCut(
            whole: start..<start,
            start: video.start,
            end: video.start,
            shown: video.start + sample.compositionOffset,
            frames: 0,
            firstPresentation: video.start + sample.compositionOffset
        )
        for fragment in fragments[first...] {
            if let begin { cut.look(for: begin, in: fragment) }
            guard let kept = fragment.frames(before: limit) else {
                cut.whole = start..<fragment.range.upperBound
                cut.end = max(cut.end, fragment.video?.end ?? cut.end)
                cut.frames += fragment.video?.samples.count ?? 0
                continue
            }
            if let limit, kept > 0 { cut.add(fragment, frames: kept, before: limit, audioRate: audioRate) }
            break
        }
        return cut.frames > 0 ? cut : nil
    }
}

extension SegmentIndex.Fragment {
    /// The number of frames, in decode order, that are needed for what is shown before a time; nil for all of them.
    fileprivate func frames(before limit: Int64?) -> Int? {
        guard let limit, let video else { return nil }
        var time = video.start
        var last = 0
        for (number, sample) in video.samples.enumerated() {
            if time + sample.compositionOffset < limit { last = number + 1 }
            time += sample.duration
        }
        return last == video.samples.count ? nil : last
    }
}

extension SegmentCut {
    /// Finds the frame that is shown at a time.
    fileprivate mutating func look(for time: Int64, in fragment: SegmentIndex.Fragment) {
        guard let video = fragment.video else { return }
        var next = video.start
        for sample in video.samples {
            let presentation = next + sample.compositionOffset
            if presentation <= time { shown = max(shown, presentation) }
            next += sample.duration
        }
    }

    /// Adds the beginning of a fragment.
    fileprivate mutating func add(
        _ fragment: SegmentIndex.Fragment,
        frames count: Int,
        before limit: Int64,
        audioRate: Int64
    ) {
        guard let video = fragment.video else { return }
        var index = FragmentIndex()
        var time = video.start
        var bytes: Int64 = 0
        for sample in video.samples.prefix(count) {
            index.addFrame(
                bytes: sample.bytes,
                decodeTime: time,
                compositionOffset: sample.compositionOffset,
                duration: sample.duration,
                isSync: sample.isSync
            )
            time += sample.duration
            bytes += Int64(sample.bytes)
        }
        var data = [video.place..<video.place + bytes]
        if let audio = fragment.audio {
            var (next, length): (Int64, Int64) = (audio.start, 0)
            let last = JoinedHead.ticks(limit, of: audioRate)
            for sample in audio.samples {
                guard next < last else { break }
                index.addAudio(bytes: sample.bytes, decodeTime: next, duration: sample.duration)
                next += sample.duration
                length += Int64(sample.bytes)
            }
            if length > 0 { data.append(audio.place..<audio.place + length) }
        }
        tail = Tail(header: index.header(sequence: fragment.number), data: data)
        end = max(end, time)
        frames += count
    }
}
