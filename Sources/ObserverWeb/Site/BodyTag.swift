import Crypto
import Encodings
import HTTPRouting

/// The strong tags of bodies.
///
/// That of a camera has its version before the hash: `"3-Zm9vYmFyYmF6cXV4"`. The bytes change with each frame that a recorder
/// reports, and nobody's change is lost by that, so ``names(_:in:)`` looks at the version alone: programs send back what
/// they were given, and would otherwise be refused most of the time.
enum BodyTag {
    /// 96 bits: no two bodies of one address have the same by chance.
    private static let length = 12

    /// The tag of a body.
    static func tag(of body: [UInt8], version: Int64? = nil) -> EntityTag {
        let hash = Array(SHA256.hash(body).prefix(length)).base64URL
        return EntityTag(version.map { "\($0)-\(hash)" } ?? hash)
    }

    /// Returns true if a tag names this version: as ``tag(of:version:)`` has it, or alone as in the field `version`.
    static func names(_ version: Int64, in tag: String) -> Bool {
        tag == String(version) || tag.hasPrefix("\(version)-")
    }
}
