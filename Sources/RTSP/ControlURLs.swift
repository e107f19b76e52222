/// The addresses of a presentation and its tracks, most likely first.
///
/// The camera's own spelling comes first, as players take it. Further candidates are for cameras that do not know
/// their own address: behind a router they announce one that they then refuse.
struct ControlURLs: Sendable {
    private let request: RTSPURL
    private let base: RTSPURL
    private let aggregate: String?
    /// True once the camera has taken an address with the host of the request and refused its own.
    var prefersRequestedHost = false

    /// Creates the addresses from the answer to DESCRIBE (RFC 2326, C.1.1).
    ///
    /// - Parameters:
    ///   - request: The address that was described.
    ///   - bases: `Content-Base` and `Content-Location`, as far as the answer has them.
    ///   - aggregate: `a=control` of the session.
    init(request: RTSPURL, bases: [String?], aggregate: String?) {
        self.request = request
        base = bases.lazy.compactMap { $0 }.compactMap { Self.base($0, of: request) }.first ?? request
        let control = aggregate.map(Self.trimmed)
        self.aggregate = control == "*" || control == "" ? nil : control
    }

    /// Candidates for PLAY and everything after it.
    var presentation: [String] {
        guard let aggregate else { return ordered([base, base.rebased(on: request), request]) }
        if let absolute = RTSPURL(aggregate) {
            return ordered([absolute, absolute.rebased(on: request), base, request])
        }
        let joined = Self.join(base, aggregate)
        return ordered([joined, joined.rebased(on: request), base, request])
    }

    /// Candidates for the SETUP of a track with this `a=control`.
    func track(_ control: String?) -> [String] {
        guard let control = control.map(Self.trimmed), !control.isEmpty, control != "*" else { return presentation }
        if let absolute = RTSPURL(control) { return ordered([absolute, absolute.rebased(on: request)]) }
        // A session's absolute control replaces the base for its tracks, as libavformat reads it.
        let root = aggregate.flatMap { RTSPURL($0) } ?? base
        let joined = Self.join(root, control)
        return ordered([
            joined, joined.rebased(on: request), Self.join(base, control), Self.join(request, control),
            Self.joinBeforeQuery(root, control),
        ])
    }

    private func ordered(_ urls: [RTSPURL]) -> [String] {
        let preferred = prefersRequestedHost ? urls.filter { $0.authority == request.authority } : []
        var result: [String] = []
        for url in preferred + urls where !result.contains(url.text) { result.append(url.text) }
        return result
    }

    /// Appends a control to the whole address, its query included: servers mean it so, whatever RFC 3986 says.
    private static func join(_ url: RTSPURL, _ control: String) -> RTSPURL {
        let slash = url.rest.hasSuffix("/") || control.hasPrefix("/") ? "" : "/"
        let isDouble = url.rest.hasSuffix("/") && control.hasPrefix("/")
        return url.replacing(rest: (url.rest + slash + control.dropFirst(isDouble ? 1 : 0)).utf8)
    }

    private static func joinBeforeQuery(_ url: RTSPURL, _ control: String) -> RTSPURL {
        guard let mark = url.rest.firstIndex(of: "?") else { return join(url, control) }
        let path = url.replacing(rest: url.rest[..<mark].utf8)
        return path.replacing(rest: (join(path, control).rest + url.rest[mark...]).utf8)
    }

    /// Reads a base as cameras write it: whole, without scheme, a path alone; nil if it is nothing of that.
    private static func base(_ text: String, of request: RTSPURL) -> RTSPURL? {
        let text = trimmed(text)
        if let url = RTSPURL(text) { return url }
        if text.hasPrefix("//") { return RTSPURL("\(request.scheme):\(text)") }
        if text.hasPrefix("/") { return request.replacing(rest: text.utf8) }
        for prefix in ["rtsp:///", "rtsps:///"] where text.lowercased().hasPrefix(prefix) {
            return request.replacing(rest: text.dropFirst(prefix.count - 1).utf8)
        }
        let host = text.prefix { $0 != "/" && $0 != "?" }
        let isHost = !host.contains("=") && (host.contains(".") || host.contains(":"))
        return isHost && !text.contains("://") ? RTSPURL("\(request.scheme)://\(text)") : nil
    }

    private static func trimmed(_ text: String) -> String {
        String(text.trimmingBlanks.split(separator: "\"").joined())
    }
}
