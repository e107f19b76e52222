package import ObserverCore
package import S3

/// A destination with what it takes to reach it.
package struct DestinationConfiguration: Hashable, Sendable {
    package let destination: Destination
    package let s3: S3Configuration
    /// The file of the authorities that may vouch for the store; nil for the system's.
    package let certificates: String?

    package init(_ destination: Destination, _ s3: S3Configuration, certificates: String?) {
        (self.destination, self.s3, self.certificates) = (destination, s3, certificates)
    }
}
