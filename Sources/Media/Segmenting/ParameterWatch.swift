import CLibAV

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
