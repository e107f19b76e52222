import Errors

/// A reason for which an object about the catalogue cannot be used.
package struct ManifestError: DescribedError, Hashable {
    package enum Kind: String, Sendable {
        /// Not what belongs under its key.
        case malformed
        /// Of a version that this program does not know.
        case unknownFormat
    }

    package let kind: Kind
    package let detail: String
    package var isTemporary: Bool { false }
    package var hint: String? {
        kind == .unknownFormat ? "use the version of Observer that wrote it, or a newer one" : nil
    }

    package init(_ kind: Kind, _ detail: String) {
        (self.kind, self.detail) = (kind, detail)
    }
}
