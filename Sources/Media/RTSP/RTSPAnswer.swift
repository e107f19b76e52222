/// An answer of an RTSP server (RFC 2326, 7).
struct RTSPAnswer {
    let status: Int
    let headers: [(name: String, value: String)]
    let body: [UInt8]

    /// Reads an answer; returns nil if the bytes are not one.
    init?(_ bytes: UnsafeRawBufferPointer) {
        // Measured in bytes: text that is not UTF-8 (a Latin-1 product name) gets longer when it is decoded.
        let blank = Array("\r\n\r\n".utf8)
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: blank) }) else { return nil }
        var lines = String(decoding: bytes[..<end], as: UTF8.self)
            .split(separator: "\r\n", omittingEmptySubsequences: true)
        guard !lines.isEmpty else { return nil }
        let words = lines.removeFirst().split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("RTSP/"), let status = Int(words[1]) else { return nil }
        self.status = status
        headers = lines.compactMap { line in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            return (line[..<colon].lowercased(), String(value))
        }
        body = Array(bytes[(end + blank.count)...])
    }

    func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }

    func headers(_ name: String) -> [String] {
        headers.filter { $0.name == name }.map(\.value)
    }
}
