/// An answer or a request (RFC 2326, 6 and 7), read leniently.
struct RTSPMessage: Sendable {
    /// The first line.
    enum Start: Hashable, Sendable {
        case answer(status: Int, reason: String)
        case request(method: String, url: String)
    }

    let start: Start
    /// `RTSP`, or the name of another protocol that answers in the same form.
    let protocolName: String
    /// Names in lower case, values without blanks at their ends and without control characters.
    let headers: [(name: String, value: String)]
    let body: [UInt8]

    /// Reads a message; nil if the first line is none.
    init?(head: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer) {
        var lines = Self.lines(head)
        guard !lines.isEmpty, let (start, name) = Self.start(lines.removeFirst()) else { return nil }
        self.start = start
        protocolName = name
        headers = lines.compactMap { line in
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
            let name = String(decoding: line[..<colon], as: UTF8.self).trimmingBlanks.lowercased()
            let value = String(decoding: line[(colon + 1)...], as: UTF8.self).trimmingBlanks
            return name.isEmpty ? nil : (name, value)
        }
        self.body = Array(body)
    }

    /// The first value of a header, by its name in lower case.
    func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }

    /// All values of a header.
    func headers(_ name: String) -> [String] {
        headers.filter { $0.name == name }.map(\.value)
    }

    /// The number that pairs a request with its answer; nil where it is missing or no number.
    var sequence: Int? {
        header("cseq")?.leadingNumber(upTo: Int(Int32.max))
    }

    // MARK: Reading

    private static func start(_ line: [UInt8]) -> (Start, String)? {
        let words = line.split(maxSplits: 2, omittingEmptySubsequences: true) { $0 == 0x20 || $0 == 0x09 }
        guard let first = words.first else { return nil }
        let text = words.map { String(decoding: $0, as: UTF8.self).trimmingBlanks }
        if let slash = first.firstIndex(of: UInt8(ascii: "/")) {
            guard words.count >= 2, let status = text[1].leadingNumber(upTo: 999), status >= 100 else { return nil }
            let name = String(decoding: first[..<slash], as: UTF8.self).uppercased()
            return (.answer(status: status, reason: words.count > 2 ? text[2] : ""), name)
        }
        // The version behind the address is not looked at: old firmware leaves it out.
        guard words.count >= 2 else { return nil }
        return (.request(method: text[0], url: text[1]), "RTSP")
    }

    /// Lines without their ends, folded ones joined (RFC 2326, 4.2), control characters as blanks.
    private static func lines(_ head: UnsafeRawBufferPointer) -> [[UInt8]] {
        var result: [[UInt8]] = []
        for piece in head.split(separator: 0x0A) {
            let line = piece.map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 }
            guard let first = line.first(where: { $0 != 0x20 }) else { continue }
            if line[0] == 0x20, !result.isEmpty, first != 0x20 {
                result[result.count - 1] += line
            } else if result.count <= RTSPLimits.headerLines {
                result.append(line)
            }
        }
        return result
    }
}
