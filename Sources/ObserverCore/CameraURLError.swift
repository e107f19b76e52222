import Encodings
import Errors

/// The reason why a text is not the URL of a camera.
///
/// The detail is a phrase that continues the name of the field, for the person who typed it.
package struct CameraURLError: DescribedError, Hashable {
    package enum Kind: String, CaseIterable, Sendable {
        case empty
        case tooLong
        case forbiddenCharacter
        case noScheme
        case forbiddenScheme
        case badUserInformation
        /// A character of a user name or a password that has to be written as its number.
        case rawCharacter
        case fragment
        /// A secret of the address is `***`, and there is none to put in its place.
        case masked
        case noHost
        case badHost
        case badPort
        case forbiddenAddress
    }

    package let kind: Kind
    package let detail: String

    /// Creates an error; `subject` is the scheme, the address or the character that is not allowed.
    package init(_ kind: Kind, _ subject: String = "") {
        self.kind = kind
        detail = Self.detail(of: kind, subject)
    }

    /// Always false: the same text is refused again.
    package var isTemporary: Bool { false }

    private static func encoded(_ character: String) -> String { PercentEncoding.encode(character) }

    private static func detail(of kind: Kind, _ subject: String) -> String {
        switch kind {
        case .empty: "is empty; write an address such as rtsp://192.168.1.20/stream1"
        case .tooLong: "is longer than \(CameraURL.longest) characters"
        case .forbiddenCharacter:
            "has a space, a backslash, a control character or a letter outside ASCII in it; write it percent-encoded"
        case .noScheme: "has no scheme; begin it with rtsp://, rtsps://, http:// or https://"
        case .forbiddenScheme:
            "begins with \"\(subject)\"; allowed are \(CameraURL.schemes.map { $0.0 }.joined(separator: ", "))"
        case .badUserInformation: "has a user name or password that cannot be read; percent-encode @ : / and % in them"
        case .rawCharacter:
            "has a raw \(subject) before the @, where user name and password are: write it as \(encoded(subject)) there"
                + (subject == "@" ? "" : ", or the @ as %40 if it is part of the path")
        case .fragment: "has a raw # in it, behind which all would be lost; write it as %23"
        case .masked: "has \(ShownAddress.mask) where a secret was; write the secret itself"
        case .noHost: "names no host"
        case .badHost: "has a host that is neither a name nor an address"
        case .badPort: "has a port that is not a number from 1 to 65535"
        case .forbiddenAddress:
            "points to \(subject), which cameras may not use; OBSERVER_CAMERA_NETWORKS sets what is allowed"
        }
    }
}
