/// A coded frame that can be decoded without any other, with what its decoder needs.
public struct KeyFrame: Hashable, Sendable {
    /// The codec.
    public var codec: VideoCodec
    /// The decoder's configuration, in the form that belongs to `bytes`.
    public var parameters: [UInt8]
    /// The coded frame.
    public var bytes: [UInt8]

    /// Creates one.
    public init(codec: VideoCodec, parameters: [UInt8], bytes: [UInt8]) {
        self.codec = codec
        self.parameters = parameters
        self.bytes = bytes
    }
}
