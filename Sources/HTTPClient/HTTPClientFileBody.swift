import System

/// The beginning of a file, sent as the body of a request; used by the client's thread alone.
///
/// A file that does not deliver all of its bytes ends the request with an error of kind `unreadable`, so that a bad sector
/// is not taken for a slow network.
final class HTTPClientFileBody {
    private let file: File
    private let length: Int64
    private let listener: (@Sendable (Int64, UnsafeRawBufferPointer) -> Void)?
    private var position: Int64 = 0
    /// The reason why the file could not be read to its end.
    private(set) var failure: HTTPClientError?

    /// The bytes that are not read yet.
    var rest: Int { Int(clamping: length - position) }

    /// Opens a file; one that is shorter than announced would leave the server waiting for the rest.
    init(
        opening path: String,
        length: Int64,
        listener: (@Sendable (Int64, UnsafeRawBufferPointer) -> Void)?
    ) throws(HTTPClientError) {
        (self.length, self.listener) = (length, listener)
        let size: Int64
        do throws(SystemError) {
            file = try File(opening: path)
            size = try file.status().byteCount
        } catch {
            throw HTTPClientError(.unreadable, error.detail)
        }
        guard length >= 0, size >= length else {
            throw HTTPClientError(.unreadable, "the file has fewer than \(length) bytes")
        }
    }

    /// Reads the next bytes of the body.
    ///
    /// - Returns: Their number, 0 at the end of the body; nil where the file does not deliver them.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        let wanted = UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(Int(clamping: length - position)))
        guard !wanted.isEmpty else { return 0 }
        do throws(SystemError) {
            let count = try file.read(into: wanted, at: position)
            guard count == wanted.count else { return fail("the file ends after \(position + Int64(count))") }
            listener?(position, UnsafeRawBufferPointer(wanted))
            position += Int64(count)
            return count
        } catch {
            return fail("\(error.detail), after \(position)")
        }
    }

    /// Goes to another place, as libcurl does where it sends a body again; returns false for one outside the body.
    func seek(to offset: Int64) -> Bool {
        guard (0...length).contains(offset) else { return false }
        position = offset
        return true
    }

    private func fail(_ words: String) -> Int? {
        failure = HTTPClientError(.unreadable, "\(words) of \(length) bytes")
        return nil
    }
}
