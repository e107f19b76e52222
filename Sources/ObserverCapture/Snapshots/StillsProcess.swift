import Glibc
import Media
import System

/// The process that creates pictures of key frames.
///
/// Belongs to the thread of the snapshots. After an error that `hasBrokenDown` names it is of no use any more.
final class StillsProcess {
    /// A key frame of 4K takes a tenth of a second.
    private static let limit = Duration.seconds(10)

    private let process: MediaProcess
    private var splitter = MessageSplitter(limit: LibraryReply.sizeLimit)
    /// True if the process broke down, hung, or said what cannot be.
    private(set) var hasBrokenDown = false

    /// Starts the process.
    init(_ processes: MediaProcesses) throws(MediaError) {
        process = try processes.start()
        try send(LibraryRequest.stills.bytes, until: .now() + Self.limit)
    }

    /// The process ID, for tests.
    var identifier: Int32 { process.identifier }

    /// Asks the process to end.
    func leave() { process.leave() }

    /// Creates a picture.
    ///
    /// - Returns: A JPEG file.
    /// - Throws: The reason why there is none.
    func picture(of frame: KeyFrame) throws(MediaError) -> [UInt8] {
        let deadline = MonotonicInstant.now() + Self.limit
        try send(LibraryRequest.still(frame).bytes, until: deadline)
        var reply: LibraryReply?
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while reply == nil {
            try wait(for: POLLIN, until: deadline)
            let count = recv(process.socket, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count < 0, errno == EAGAIN || errno == EINTR { continue }
            guard count > 0 else { throw brokenDown() }
            let isWhole = buffer.prefix(count).withUnsafeBytes { bytes in
                splitter.take(bytes) { reply = LibraryReply($0) }
            }
            guard isWhole else { throw brokenDown() }
        }
        switch reply {
        case .still(let picture): return picture
        case .noStill(let error): throw error
        default: throw brokenDown()
        }
    }

    private func send(_ bytes: [UInt8], until deadline: MonotonicInstant) throws(MediaError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(process.socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN || errno == EINTR {
                try wait(for: POLLOUT, until: deadline)
            } else {
                throw brokenDown()
            }
        }
    }

    private func wait(for event: Int32, until deadline: MonotonicInstant) throws(MediaError) {
        var poller = pollfd(fd: process.socket, events: Int16(event), revents: 0)
        poll(&poller, 1, deadline.pollMilliseconds)
        guard !deadline.hasPassed else { throw brokenDown() }
    }

    private func brokenDown() -> MediaError {
        process.kill()
        hasBrokenDown = true
        let exit = process.waitForEnd(until: .now() + .seconds(1))
        return MediaError(
            .badStream,
            "the program that makes pictures broke down\(exit.map { " (\($0.words))" } ?? "")"
        )
    }
}
