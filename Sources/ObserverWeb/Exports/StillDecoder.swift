import Glibc
import Media
import System

/// A process of `observer-media` that makes one picture: it reads what strangers sent, and has nothing else.
struct StillDecoder: ~Copyable {
    /// The time for all of it, at 20 Mbit/s and a group of ten seconds.
    private static let limit = Duration.seconds(15)

    private let process: ChildProcess
    private let socket: Int32
    private let deadline = MonotonicInstant.now() + limit

    /// Starts the process.
    ///
    /// - Throws: `MediaError` where it cannot be started.
    init(_ program: String) throws(MediaError) {
        do throws(SystemError) {
            let pair = try SocketPair()
            process = try ChildProcess(program, socket: pair.far)
            socket = pair.releaseNear()
        } catch {
            throw MediaError(.file, "the program that makes pictures does not start: \(error.detail)")
        }
    }

    deinit {
        close(socket)
        process.kill()
        process.waitForEnd()
    }

    /// Sends a message.
    func send(_ request: LibraryRequest) throws(MediaError) {
        var rest = request.bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN || errno == EINTR {
                try wait(for: POLLOUT)
            } else {
                throw brokenDown
            }
        }
    }

    /// Waits for the picture.
    func picture() throws(MediaError) -> [UInt8] {
        var splitter = MessageSplitter(limit: LibraryReply.sizeLimit)
        var reply: LibraryReply?
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while reply == nil {
            try wait(for: POLLIN)
            let count = recv(socket, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count < 0, errno == EAGAIN || errno == EINTR { continue }
            guard count > 0 else { throw brokenDown }
            let isWhole = buffer.prefix(count).withUnsafeBytes { bytes in
                splitter.take(bytes) { reply = LibraryReply($0) }
            }
            guard isWhole else { throw brokenDown }
        }
        switch reply {
        case .still(let picture): return picture
        case .noStill(let error): throw error
        default: throw brokenDown
        }
    }

    private func wait(for event: Int32) throws(MediaError) {
        var poller = pollfd(fd: socket, events: Int16(event), revents: 0)
        poll(&poller, 1, deadline.pollMilliseconds)
        guard !deadline.hasPassed else { throw brokenDown }
    }

    private var brokenDown: MediaError {
        MediaError(.badStream, "the program that makes pictures broke down, or took too long")
    }
}
