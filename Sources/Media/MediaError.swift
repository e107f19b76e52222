public import Errors

/// The reason why a stream could not be opened, read or written.
///
/// `description` is for logs and people: it names no address and no password.
public struct MediaError: DescribedError, Hashable {
    /// Kinds of trouble, in the words of a person who looks after cameras.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Nothing answers, or not in time.
        case unreachable
        /// Something answers and says no: a closed port, a server error, a forbidden address.
        case refused
        /// User or password are missing or wrong.
        case unauthorized
        /// The server knows no such stream.
        case notFound
        /// There is a stream, but no video in it that can be recorded.
        case noVideo
        /// There is video, but no frame that a recording can begin with.
        case noKeyFrames
        /// The stream stopped coming.
        case stalled
        /// The stream is not what it claims to be.
        case badStream
        /// The host's name has no address.
        case dns
        /// The stream may be fine; this reader is the wrong one for it.
        case foreign
        /// The process, or the system, may open no more files and connections.
        case tooManyOpen
        /// A file or the memory behind it failed.
        case file
        /// The caller asked for the end.
        case stopped
    }

    /// The facts.
    public let kind: Kind
    /// A sentence for people.
    public let detail: String
    /// The library's or the system's error number, 0 where there is none.
    public let code: Int32

    /// Creates an error.
    public init(_ kind: Kind, _ detail: String, code: Int32 = 0) {
        self.kind = kind
        self.detail = detail
        self.code = code
    }

    /// True if trying again by itself may help.
    public var isTemporary: Bool {
        switch kind {
        case .unreachable, .refused, .stalled, .dns, .notFound, .noKeyFrames, .badStream, .tooManyOpen: true
        case .unauthorized, .noVideo, .foreign, .file, .stopped: false
        }
    }
}
