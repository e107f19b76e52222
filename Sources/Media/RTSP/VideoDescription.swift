/// The part of a session description (RFC 4566) that concerns the video.
struct VideoDescription {
    /// A description with the first video track alone.
    let text: String
    /// The address to give to SETUP.
    let control: String
    /// The address to give to PLAY.
    let session: String

    /// Reads a description; returns nil if there is no video over RTP in it.
    init?(_ body: [UInt8], base: String) {
        let lines = String(decoding: body, as: UTF8.self).split { $0 == "\n" || $0 == "\r\n" || $0 == "\r" }
        let head = lines.prefix { !$0.hasPrefix("m=") }
        let rest = lines.dropFirst(head.count)
        guard let start = rest.firstIndex(where: { $0.hasPrefix("m=video ") && $0.contains(" RTP/AVP") }) else {
            return nil
        }
        let track = [rest[start]] + rest[(start + 1)...].prefix { !$0.hasPrefix("m=") }
        text = (head + track).joined(separator: "\r\n") + "\r\n"
        let whole = Self.control(head).flatMap { $0 == "*" ? nil : $0 }
        session = whole.map { Self.resolve($0, base: base) } ?? base
        guard let own = Self.control(track[...]), own != "*" else {
            control = session
            return
        }
        control = Self.resolve(own, base: session)
    }

    private static func control(_ lines: ArraySlice<Substring>) -> String? {
        lines.first { $0.hasPrefix("a=control:") }.map { String($0.dropFirst(10)) }
    }

    /// As servers mean it, not as RFC 3986 has it: the control is appended to the whole address.
    private static func resolve(_ control: String, base: String) -> String {
        guard !control.contains("://") else { return control }
        return base + (base.hasSuffix("/") ? "" : "/") + control.drop { $0 == "/" }
    }
}
