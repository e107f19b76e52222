/// The size of a frame in pixels, as a stream without parameter sets tells it with each frame.
public struct FrameSize: Hashable, Sendable {
    /// 1 to 65535.
    public let width: Int
    /// 1 to 65535.
    public let height: Int

    /// Creates a size; nil for one that no picture has.
    public init?(width: Int, height: Int) {
        guard 1...0xFFFF ~= width, 1...0xFFFF ~= height else { return nil }
        self.width = width
        self.height = height
    }
}
