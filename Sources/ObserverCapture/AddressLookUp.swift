import Media
import System

/// The addresses of a camera, once they are found.
///
/// A look-up that takes its time ends on another thread, which then rings for whoever waits.
final class AddressLookUp: Sendable {
    private let found: Lock<Result<[SocketAddress], MediaError>?>

    /// Creates a look-up that has ended, or one that goes on.
    init(_ result: Result<[SocketAddress], MediaError>? = nil) {
        found = Lock(result)
    }

    /// The addresses that may be reached, in the resolver's order, or the reason for none; nil while it goes on.
    var result: Result<[SocketAddress], MediaError>? { found.withLock { $0 } }

    /// Sets the result; the first one counts.
    func finish(_ result: Result<[SocketAddress], MediaError>) {
        found.withLock { $0 = $0 ?? result }
    }
}
