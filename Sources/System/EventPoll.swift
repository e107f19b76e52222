import CSystem
import Glibc

/// Descriptors that one thread waits for, and a bell that other threads ring to wake it (epoll(7), eventfd(2)).
///
/// Level-triggered: a descriptor that stays ready is reported again. Only `wake` may be called from other threads.
///
/// Safe: both descriptors live as long as the object, the kernel orders calls on them, and `tokens` belongs to the thread
/// that waits.
public final class EventPoll: @unchecked Sendable {
    /// The readiness that is waited for.
    public struct Interest: OptionSet, Hashable, Sendable {
        /// Bits of this type.
        public let rawValue: UInt8

        /// Creates a set from bits.
        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// There is something to read, or the other end has gone.
        public static let readable = Interest(rawValue: 1)
        /// There is room to write, or a connection stands.
        public static let writable = Interest(rawValue: 2)
    }

    private static let bell = UInt64.max
    private let poll: Int32
    private let bellFile: Int32
    private var tokens = [UInt64](repeating: 0, count: 64)

    /// Creates a poll without descriptors.
    ///
    /// - Throws: ``SystemError`` where no descriptor is free.
    public init() throws(SystemError) {
        poll = observer_poll_create()
        guard poll >= 0 else { throw SystemError(call: "epoll_create1", "") }
        bellFile = observer_bell_create()
        guard bellFile >= 0, observer_poll_set(poll, bellFile, 1, 0, Self.bell) == 0 else {
            let code = errno
            close(poll)
            if bellFile >= 0 { close(bellFile) }
            throw SystemError(call: "eventfd", "", code: code)
        }
    }

    deinit {
        close(bellFile)
        close(poll)
    }

    /// Waits for a descriptor from now on, in place of what was waited for with it.
    ///
    /// - Parameters:
    ///   - descriptor: An open socket or pipe.
    ///   - interest: The readiness; errors are reported in any case.
    ///   - token: The name by which it is reported, below 2^64 - 1.
    /// - Throws: ``SystemError`` where the kernel refuses it.
    public func set(_ descriptor: Int32, interest: Interest, token: UInt64) throws(SystemError) {
        let (readable, writable) = (interest.contains(.readable), interest.contains(.writable))
        guard observer_poll_set(poll, descriptor, readable ? 1 : 0, writable ? 1 : 0, token) == 0 else {
            throw SystemError(call: "epoll_ctl", "")
        }
    }

    /// Waits for a descriptor no longer; does nothing for one that is closed, which the kernel has forgotten by itself.
    public func remove(_ descriptor: Int32) {
        observer_poll_remove(poll, descriptor)
    }

    /// Waits until a descriptor is ready, the bell rings, or a moment comes.
    ///
    /// - Parameters:
    ///   - deadline: The moment.
    ///   - take: Gets the token of each descriptor that is ready.
    /// - Returns: True if the bell rang.
    @discardableResult
    public func wait(until deadline: MonotonicInstant, take: (UInt64) -> Void) -> Bool {
        let count = observer_poll_wait(poll, &tokens, Int32(tokens.count), deadline.pollMilliseconds)
        // A signal ends the wait early, which does no harm.
        guard count > 0 else { return false }
        var hasRung = false
        for token in tokens[..<Int(count)] {
            guard token == Self.bell else {
                take(token)
                continue
            }
            var rings: UInt64 = 0
            _ = read(bellFile, &rings, MemoryLayout<UInt64>.size)
            hasRung = true
        }
        return hasRung
    }

    /// Ends the present wait, or the next one at once; may be called from any thread.
    public func wake() {
        var ring: UInt64 = 1
        // A bell that rings already is full.
        _ = write(bellFile, &ring, MemoryLayout<UInt64>.size)
    }
}
