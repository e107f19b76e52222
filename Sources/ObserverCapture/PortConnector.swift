import Media
import ObserverCore
import System

/// The way to a camera's port: looks its name up, then connects to its addresses in turn.
///
/// It never blocks. Belongs to the camera's loop, which calls `turn` when the watched descriptor is ready, at `due`, and when a look-up rings.
final class PortConnector {
    /// The time for one address.
    static let connectLimit = Duration.seconds(4)
    private static let lookUpLimit = Duration.seconds(5)

    private let lookUp: AddressLookUp
    private let limit: Duration
    /// The addresses that are left to try; nil until they are known.
    private var rest: ArraySlice<SocketAddress>?
    private var socket: StreamSocket?
    private var failure = MediaError(.unreachable, "nothing answers at the camera's address")
    private let lookUpDeadline: MonotonicInstant
    private var stepDeadline: MonotonicInstant

    /// Begins with a look-up.
    ///
    /// - Parameters:
    ///   - lookUp: The addresses.
    ///   - limit: The time for each of them.
    init(_ lookUp: AddressLookUp, limit: Duration = connectLimit) {
        self.lookUp = lookUp
        self.limit = limit
        stepDeadline = .distantPast
        lookUpDeadline = .now() + Self.lookUpLimit
    }

    /// The socket that tells the end of the present attempt by being writable.
    var descriptor: Int32? { socket == nil ? nil : socket?.descriptor }

    /// The moment at which `turn` has something to do at the latest.
    var due: MonotonicInstant { rest == nil && lookUp.result != nil ? .distantPast : stepDeadline }

    /// Goes on.
    ///
    /// - Returns: The connection; nil while it is not made.
    /// - Throws: `MediaError`: `dns`, `refused` or `unreachable`, when nothing is left to try.
    func turn(at now: MonotonicInstant) throws(MediaError) -> StreamSocket? {
        if rest == nil {
            switch lookUp.result {
            case .success(let addresses): rest = addresses[...]
            case .failure(let error): throw error
            case nil:
                stepDeadline = lookUpDeadline
                guard now < stepDeadline else { throw MediaError(.dns, "the resolver did not answer within 5 s") }
                return nil
            }
        }
        while true {
            do throws(SystemError) {
                if let isConnected = try socket?.isConnected {
                    if isConnected { return socket.take() }
                    guard now >= stepDeadline else { return nil }
                    failure = MediaError(.unreachable, "nothing answers at the camera's address")
                }
            } catch {
                failure = MediaError(connecting: error)
            }
            socket = nil
            guard let next = rest?.popFirst() else { throw failure }
            stepDeadline = now + limit
            do throws(SystemError) {
                socket = try StreamSocket(connectingTo: next)
            } catch {
                failure = MediaError(connecting: error)
            }
        }
    }
}

extension MediaError {
    /// Describes a connection to a camera that could not be made.
    init(connecting error: SystemError) {
        if error.kind == .refused {
            self.init(.refused, "nothing listens at the camera's port", code: error.code)
        } else {
            self.init(error, as: .unreachable, "nothing answers at the camera's address")
        }
    }

    /// Describes a call that failed, as `kind` and `detail` say unless this process may open no more files.
    init(_ error: SystemError, as kind: Kind, _ detail: String) {
        let isOurs = error.kind == .tooManyOpen
        self.init(isOurs ? .tooManyOpen : kind, isOurs ? Interruption.tooManyOpen.detail : detail, code: error.code)
    }
}
