public import Crypto

/// An access key.
public struct S3Credentials: Sendable, Hashable {
    /// The name of the access key; not secret.
    public let accessKeyID: String
    /// The access key.
    public let secretAccessKey: Secret
    /// The token of temporary credentials.
    public let sessionToken: Secret?

    /// Creates credentials.
    public init(accessKeyID: String, secretAccessKey: Secret, sessionToken: Secret? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }
}
