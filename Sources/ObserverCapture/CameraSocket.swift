import Glibc
import Media
import System

/// The TCP connection to a camera, with what could not be sent or read yet.
///
/// Belongs to the camera's loop.
final class CameraSocket {
    /// The outcome of a look into the socket.
    enum Received: Hashable {
        case nothing
        case bytes(Int)
        /// The camera has closed its side.
        case end
    }

    /// The most bytes that wait to be sent; a camera that reads none of them is none.
    private static let outputLimit = 256 << 10

    let descriptor: Int32
    private var output: [UInt8] = []
    /// The bytes that the last look left, the beginning of something larger.
    private var carry: [UInt8] = []
    /// Bytes that were received before and are not taken yet.
    var carriedBytes: Int { carry.count }

    init(_ socket: consuming StreamSocket) {
        descriptor = socket.release()
    }

    deinit {
        close(descriptor)
    }

    var hasOutput: Bool { !output.isEmpty }

    /// Receives once.
    ///
    /// - Parameters:
    ///   - scratch: Memory of the loop.
    ///   - take: Gets all bytes that are there and returns how many of them are done with.
    /// - Returns: The outcome of the look.
    /// - Throws: `unreachable` where the connection broke, and the error of `take`.
    func receive(
        using scratch: UnsafeMutableRawBufferPointer,
        _ take: (UnsafeRawBufferPointer) throws(MediaError) -> Int
    ) throws(MediaError) -> Received {
        guard let base = scratch.baseAddress, carry.count < scratch.count else { return .nothing }
        let before = carry.count
        let count = recv(descriptor, base + before, scratch.count - before, Int32(MSG_DONTWAIT))
        if count < 0 {
            let code = errno
            guard code != EAGAIN, code != EINTR else { return .nothing }
            throw MediaError(.unreachable, "the connection to the camera broke", code: code)
        }
        guard count > 0 else { return .end }
        carry.withUnsafeBytes { scratch.copyMemory(from: $0) }
        let whole = UnsafeRawBufferPointer(start: base, count: before + count)
        let done = min(max(try take(whole), 0), whole.count)
        carry.replaceSubrange(0..., with: whole[done...])
        return .bytes(count)
    }

    /// Sends bytes as far as the camera takes them; the rest follows with the next call.
    ///
    /// - Throws: `unreachable` where the connection broke, or the camera reads nothing.
    func send(_ bytes: [UInt8] = []) throws(MediaError) {
        output += bytes
        guard !output.isEmpty else { return }
        let sent = Glibc.send(descriptor, output, output.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
        if sent > 0 { output.removeFirst(sent) }
        guard sent >= 0 || errno == EAGAIN || errno == EINTR else {
            throw MediaError(.unreachable, "the connection to the camera broke", code: errno)
        }
        guard output.count <= Self.outputLimit else {
            throw MediaError(.unreachable, "the camera does not read what it is sent")
        }
    }
}
