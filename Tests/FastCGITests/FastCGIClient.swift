import Glibc

/// The web server's side of FastCGI, as far as the tests need it.
struct FastCGIClient {
    /// A response: the head as sent and the body.
    struct Answer {
        let head: String
        let body: [UInt8]

        var status: Int? {
            head.split(separator: "\r\n").first { $0.hasPrefix("Status: ") }
                .flatMap { Int($0.dropFirst(8).prefix(3)) }
        }
    }

    let path: String

    /// Sends a request and reads the response.
    ///
    /// - Parameters:
    ///   - parameters: The parameters of the request.
    ///   - body: The body.
    ///   - chunk: The bytes written at once.
    ///   - ends: True to end the body; otherwise the connection is cut.
    ///   - reads: True to wait for the response.
    /// - Returns: The response; nil if there is none.
    func send(
        _ parameters: [String: String],
        body: [UInt8] = [],
        chunk: Int = .max,
        ends: Bool = true,
        reads: Bool = true
    ) -> Answer? {
        guard let descriptor = connected() else { return nil }
        defer { close(descriptor) }
        var bytes = Self.record(1, [0, 1, 0, 0, 0, 0, 0, 0])
        bytes += Self.record(4, parameters.sorted { $0.key < $1.key }.flatMap(Self.pair)) + Self.record(4, [])
        var rest = body[...]
        while !rest.isEmpty {
            bytes += Self.record(5, Array(rest.prefix(60_000)))
            rest = rest.dropFirst(60_000)
        }
        if ends { bytes += Self.record(5, []) }
        while !bytes.isEmpty {
            let part = Array(bytes.prefix(chunk))
            guard write(descriptor, part, part.count) == part.count else { return nil }
            bytes.removeFirst(part.count)
        }
        guard ends else {
            shutdown(descriptor, Int32(SHUT_WR))
            return reads ? answer(descriptor) : nil
        }
        return reads ? answer(descriptor) : nil
    }

    /// Sends bytes as they are, ends, and waits until the server has closed the connection.
    ///
    /// - Returns: True if it did so before this client lost patience.
    func sendRaw(_ bytes: [UInt8]) -> Bool {
        guard let descriptor = connected() else { return false }
        defer { close(descriptor) }
        _ = write(descriptor, bytes, bytes.count)  // The server may be gone before it has read all.
        shutdown(descriptor, Int32(SHUT_WR))
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count == 0 { return true }
            if count < 0 { return errno != EAGAIN }
        }
    }

    private func connected() -> Int32? {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        if result == 0 { return descriptor }
        close(descriptor)
        return nil
    }

    private func answer(_ descriptor: Int32) -> Answer? {
        var input: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = read(descriptor, &chunk, chunk.count), count > 0 { input += chunk[..<count] }
        var output: [UInt8] = []
        while input.count >= 8 {
            let length = Int(input[4]) << 8 | Int(input[5])
            let total = 8 + length + Int(input[6])
            guard input.count >= total else { return nil }
            if input[1] == 6 { output += input[8..<(8 + length)] }
            input.removeFirst(total)
        }
        guard let end = output.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let head = String(decoding: output[..<end.upperBound], as: UTF8.self)
        return Answer(head: head, body: Array(output[end.upperBound...]))
    }

    static func record(_ type: UInt8, _ content: [UInt8]) -> [UInt8] {
        // A record that is longer than its length field allows tests what the server does with bytes that are not FastCGI.
        [1, type, 0, 1, UInt8(content.count >> 8 & 255), UInt8(content.count & 255), 0, 0] + content
    }

    static func pair(_ name: String, _ value: String) -> [UInt8] {
        func length(_ count: Int) -> [UInt8] {
            count < 128
                ? [UInt8(count)]
                : [
                    UInt8(count >> 24 & 0x7F | 0x80), UInt8(count >> 16 & 255), UInt8(count >> 8 & 255),
                    UInt8(count & 255),
                ]
        }
        return length(name.utf8.count) + length(value.utf8.count) + Array(name.utf8) + Array(value.utf8)
    }
}
