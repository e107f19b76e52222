/// A body that is produced while it is sent.
public struct HTTPBodyStream: Sendable {
    /// Takes the next bytes; returns false when nobody wants more.
    public typealias Sink = (UnsafeRawBufferPointer) -> Bool

    /// The length, which is sent as `Content-Length`.
    public let length: Int64
    /// Produces the bytes, on the thread of the request.
    ///
    /// Returns false where it could not go on: the connection is then cut, so that the reader sees that something is missing.
    public let produce: @Sendable (Sink) -> Bool

    /// Creates a body.
    public init(length: Int64, produce: @escaping @Sendable (Sink) -> Bool) {
        self.length = length
        self.produce = produce
    }
}
