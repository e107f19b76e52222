import Errors

/// The reason why an uploader ends by itself.
enum ClaimError: String, DescribedError {
    /// One of the services that upload ended; its own line says why.
    case uploadsEnded

    var kind: ClaimError { self }
    var detail: String { "a service of the uploads ended; the line before says why" }
    var isTemporary: Bool { true }
}
