import Crypto
import Encodings
import Logging
import Media
import ObserverCore
import RTSP

/// A camera to record, with its settings.
struct RecorderPlan: Sendable {
    var camera: Camera
    var password: Secret?
    var epoch: Int64
    /// The facts that earlier recorders left behind; nil if this process knows better.
    var known: KnownCoverage?
    /// The wait before the first attempt, so that many cameras do not start together.
    var delay = Duration.zero

    /// Returns true if a recorder can continue under the other plan because nothing it depends on differs.
    func isSame(as other: RecorderPlan) -> Bool {
        camera.url == other.camera.url && camera.username == other.camera.username && password == other.password
            && camera.segmentSeconds == other.camera.segmentSeconds && camera.transport == other.camera.transport
            && camera.audio == other.camera.audio && camera.tls == other.camera.tls
    }
}

extension RecorderPlan {
    /// The message as it may be shown: cameras and libraries repeat addresses, and what is secret in them.
    func shown(_ message: String) -> String {
        let values = ShownAddress(camera.url).secrets.map(\.value)
        let decoded = values.compactMap { PercentEncoding.decodeText($0) }
        let secrets = Set(values + decoded + [password?.expose() ?? ""]).sorted { $0.utf8.count > $1.utf8.count }
        return ShownAddress.scrub(message, secrets: secrets)
    }

    /// The error as it may be shown.
    func shown(_ error: MediaError) -> MediaError { MediaError(error.kind, shown(error.detail), code: error.code) }
}

extension Transport {
    /// The transport as an RTSP session knows it.
    fileprivate var rtsp: RTSPTransport {
        switch self {
        case .auto: .automatic
        case .tcp: .tcp
        case .udp: .udp
        }
    }
}

extension RecorderPlan {
    private var credentials: (user: String, password: String)? {
        guard let user = camera.username, !user.isEmpty else { return nil }
        return (user, password?.expose() ?? "")
    }

    /// The way to read the camera without a library; nil where that is not possible.
    var connectionOptions: CameraConnection.Options? {
        guard let url = RTSPURL(camera.url), url.scheme == "rtsp" else { return nil }
        return CameraConnection.Options(
            url: url,
            credentials: credentials.map { RTSPCredentials(user: $0.user, password: $0.password) },
            transport: camera.transport.rtsp,
            wantsAudio: camera.audio == .copy
        )
    }

    /// The camera as it is read without a library; nil where that is not possible.
    func connection(_ context: RecorderContext, loop: CameraLoop, logger: Logger) -> CameraConnection? {
        connectionOptions.map { options in
            CameraConnection(
                options,
                resolver: context.resolver,
                processes: context.processes,
                clock: context.clock,
                loop: loop,
                logger: logger
            )
        }
    }

    /// The camera as it is read through the library.
    func librarySource(_ context: RecorderContext, loop: CameraLoop) -> LibrarySource {
        LibrarySource(
            libraryStream,
            processes: context.processes,
            resolver: context.resolver,
            clock: context.clock,
            loop: loop
        )
    }

    /// The way to read the camera through the library.
    var libraryStream: LibraryStream {
        var stream = LibraryStream(address: camera.url)
        stream.login = credentials.map { LibraryStream.Login(user: $0.user, password: Secret($0.password)) }
        stream.transport = LibraryStream.Transport(rawValue: camera.transport.rawValue) ?? .auto
        // What this program does not know is no reason to trust everybody.
        stream.trust = CertificateTrust(camera.tls) ?? .system
        stream.wantsAudio = camera.audio == .copy
        return stream
    }
}
