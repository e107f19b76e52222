public import Errors

/// The reason why a track can't be followed any longer: a limit that protects the other cameras.
public struct DepacketizerError: DescribedError, Hashable {
    /// The kinds of trouble.
    public enum Kind: String, CaseIterable, Sendable {
        /// A frame has more bytes than `DepacketizerLimits.frameBytes`.
        case frameTooLarge
        /// A frame has more units than `DepacketizerLimits.frameUnits`.
        case tooManyUnits
        /// The buffer for frames has reached its own limit.
        case bufferFull
    }

    /// The kind of trouble.
    public let kind: Kind

    /// Creates an error.
    public init(_ kind: Kind) {
        self.kind = kind
    }

    /// The limit that was exceeded.
    public var detail: String {
        switch kind {
        case .frameTooLarge: "the camera sent a frame without end"
        case .tooManyUnits: "the camera sent a frame of too many parts"
        case .bufferFull: "the camera sent more at a time than the recorder keeps"
        }
    }

    /// Always true: after a new connection the camera may send what it should.
    public var isTemporary: Bool { true }
}
