import Glibc
import LibraryMedia
import Media
import System

/// The socket to the recorder.
///
/// Requests are read and replies written by one thread. A reply waits until the recorder takes it: a recorder that is busy slows
/// the camera down rather than fill a memory.
final class RecorderSocket: Sendable {
    private struct Inbox: Sendable {
        var requests: [LibraryRequest] = []
        var splitter = MessageSplitter(limit: LibraryRequest.sizeLimit)
        var isOver = false
    }

    private let descriptor: Int32
    private let inbox = Lock(Inbox())

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Waits for the next request; nil when there will be none.
    func next() -> LibraryRequest? {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let (request, isOver) = inbox.withLock { inbox in
                (inbox.requests.isEmpty ? nil : inbox.requests.removeFirst(), inbox.isOver)
            }
            if let request { return request }
            guard !isOver else { return nil }
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            take(buffer.prefix(max(count, 0)))
        }
    }

    private func take(_ bytes: ArraySlice<UInt8>) {
        inbox.withLock { inbox in
            var (requests, isGood) = ([LibraryRequest](), !bytes.isEmpty)
            let isWhole = bytes.withUnsafeBytes { bytes in
                inbox.splitter.take(bytes) { message in
                    if let request = LibraryRequest(message) { requests.append(request) } else { isGood = false }
                }
            }
            inbox.requests += requests
            inbox.isOver = !isGood || !isWhole
        }
    }

    /// Sends a reply; returns false when the recorder is gone.
    @discardableResult
    func send(_ reply: LibraryReply) -> Bool {
        let isSent = reply.bytes.withUnsafeBytes { send($0) }
        guard isSent, case .packet(let packet, _) = reply else { return isSent }
        return send(packet.bytes)
    }

    private func send(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest)
            let count = Glibc.send(descriptor, piece.baseAddress, piece.count, Int32(MSG_NOSIGNAL))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Calls `action` when the recorder has closed its end.
    func whenClosed(_ action: @escaping @Sendable () -> Void) {
        DedicatedThread.start(name: "recorder", stackBytes: 128 << 10) { [descriptor] in
            // Without events poll(2) reports nothing but the end.
            var poller = pollfd(fd: descriptor, events: 0, revents: 0)
            while poll(&poller, 1, -1) < 1 {}
            action()
        }
    }
}
