public import Encodings
public import RTP

/// The way in for frames that are assembled where the fragment lies: their bytes are never copied.
///
/// A depacketizer appends to `videoBuffer` and reports the beginning and the end of each frame. Whoever drives it calls
/// `begin` and `end` then, and asks for the buffer anew after each call, because a frame may begin another fragment.
extension RunSegmenter {
    /// The buffer of the present fragment's frames.
    public var videoBuffer: ByteBuffer { fragmenter.video }

    /// The buffer of the present fragment's audio.
    public var audioBuffer: ByteBuffer { fragmenter.audio }

    /// Sets what moves samples that are not complete to another buffer, for both tracks.
    public func moveSamples(by move: @escaping (_ old: ByteBuffer, _ new: ByteBuffer) -> Void) {
        self.move = move
    }

    /// Takes the beginning of a frame whose bytes come to lie in `videoBuffer`.
    ///
    /// - Parameters:
    ///   - start: The beginning.
    ///   - presentation: When it is shown, in 1/90000 s of the source's clock.
    ///   - sets: The stream's parameter sets, which are asked for where they may have changed.
    ///   - arrival: When it came, in nanoseconds of a monotonic clock.
    ///   - wallClock: When it came, in microseconds since 1970.
    /// - Throws: `badStream` when the stream cannot go on in this run.
    public func begin(
        _ start: FrameStart,
        presentation: Int64,
        sets: @autoclosure () -> ParameterSets,
        arrival: Int64,
        wallClock: Int64
    ) throws(MediaError) {
        if !start.changedParameterSets.isEmpty || !isRecording { configuration.take(sets().units) }
        if let size = start.size { configuration.take(size) }
        let time = SourceTime(presentation: presentation, arrival: arrival, wallClock: wallClock)
        assembling = try begin(kind(start.kind), at: time)
        guard assembling != nil, configuration.needsSetsInBand(isStart: start.kind != .dependent) else { return }
        // The frame's first bytes may lie in the buffer already.
        let (buffer, aside) = (fragmenter.video, ByteBuffer(capacity: 256))
        move(buffer, aside)
        configuration.appendSets(to: buffer)
        move(aside, buffer)
    }

    /// Takes a frame that is complete.
    public func end(_ frame: CodedFrame) {
        guard var present = assembling else { return fragmenter.dropIncomplete() }
        assembling = nil
        // Later slices may have shown that decoding cannot start here.
        if frame.kind == .dependent { present.kind = .dependent }
        let range = fragmenter.frameStart..<max(frame.range.upperBound, fragmenter.frameStart)
        fragmenter.add(present, at: range)
        parts?.take(present, UnsafeRawBufferPointer(rebasing: fragmenter.video.bytes[range]))
        frames += 1
    }

    /// Takes a piece of audio whose bytes lie in `audioBuffer`.
    ///
    /// - Parameters:
    ///   - frame: The piece, its times in ticks of the track.
    ///   - arrival: When it came, in nanoseconds of a monotonic clock.
    public func addAudio(_ frame: CodedFrame, arrival: Int64) {
        let time = MediaPacket(
            track: .audio,
            decodeTime: nil,
            presentationTime: frame.timestamp,
            duration: frame.duration,
            bytes: UnsafeRawBufferPointer(start: nil, count: 0)
        )
        guard isRecording, streams.audio != nil,
            let timestamp = audio?.place(time, arrival: arrival, video: video, segmentStart90k: segment.start)
        else { return fragmenter.dropIncompleteAudio() }
        audioArrival = arrival
        if !fragmenter.addAudio(at: frame.range, decode: timestamp.decode, duration: frame.duration) {
            segment.isAudioDropped = true
        } else if parts != nil {
            handOut(audioAt: frame.range, decode: timestamp.decode, duration: frame.duration, arrival: arrival)
        }
    }

    private func kind(_ kind: RTP.FrameKind) -> FrameKind {
        switch kind {
        case .idr: .idr
        // What follows a clean frame looks back only where frames are shown in another order than they come.
        case .cra: isReordered ? .recovery : .idr
        case .recovery: .recovery
        case .dependent: .dependent
        }
    }
}

extension ParameterSets {
    /// The NAL units of all sets, in the order in which a decoder needs them.
    var units: [[UInt8]] { (video + sequence + picture).map(\.bytes) }
}
