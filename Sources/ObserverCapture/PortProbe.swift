import Media
import ObserverCore
import System

/// A TCP connection that is opened and dropped, to see if a camera's port is open.
enum PortProbe {
    /// Returns nil if something listens.
    static func connect(_ address: IPAddress, port: Int, within limit: Duration) -> MediaError? {
        guard let address = SocketAddress(bytes: address.bytes, port: port) else {
            return MediaError(.unreachable, "the port is no port")
        }
        do {
            _ = try StreamSocket.connect(to: address, until: .now() + limit)
            return nil
        } catch {
            return MediaError(connecting: error)
        }
    }
}

extension MediaError {
    /// Describes a connection to a camera that could not be made.
    init(connecting error: SystemError) {
        if error.kind == .refused {
            self.init(.refused, "nothing listens at the camera's port", code: error.code)
        } else {
            self.init(.unreachable, "nothing answers at the camera's address", code: error.code)
        }
    }
}
