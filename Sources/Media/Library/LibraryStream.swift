public import Crypto

/// A stream that a library is to read: all that `observer-media` is told about a camera.
public struct LibraryStream: Hashable, Sendable {
    /// The way in which RTSP carries its packets.
    public enum Transport: String, Hashable, Sendable, CaseIterable {
        /// TCP, then what the server insists on; always TCP; always UDP.
        case auto, tcp, udp
    }

    /// The account at the camera.
    public struct Login: Hashable, Sendable {
        /// The user.
        public var user: String
        /// The password.
        public var password: Secret

        /// Creates an account.
        public init(user: String, password: Secret) {
            self.user = user
            self.password = password
        }
    }

    /// The address without user and password.
    public var address: String
    /// The account, if the camera wants one; never part of an error or a log line.
    public var login: Login?
    /// For RTSP.
    public var transport = Transport.auto
    /// The certificates that are good enough where TLS is spoken.
    public var trust = CertificateTrust.any
    /// True if audio is wanted; without it the track is not even set up.
    public var wantsAudio = false
    /// The time until the connection stands and the first packets say what the stream is.
    public var openLimit = Duration.seconds(12)
    /// The time after which a stream without frames counts as stalled.
    public var stallLimit = Duration.seconds(10)
    /// The networks that may be reached, in words of the caller's that `observer-media` understands.
    public var networks = ""

    /// Creates a stream with the usual limits.
    public init(address: String) {
        self.address = address
    }
}
