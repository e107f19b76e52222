@testable import RTSP

/// A camera that keeps to what it announces: it forgets a session that shows no sign of life, and refuses an old nonce.
struct ModelCamera {
    /// A request as the camera read it.
    struct Request {
        let method: String
        let url: String
        let headers: [String: String]

        subscript(name: String) -> String? { headers[name.lowercased()] }
    }

    /// The ways in which proofs are asked for.
    enum Authentication: Equatable {
        case none
        case basic
        case digest(algorithm: String?, quality: String?)
        case several
    }

    static let user = "viewer"
    static let password = "pa55word"

    var description = ModelCamera.describe()
    var descriptionHeaders = ["Content-Base: rtsp://camera/live/", "Content-Type: application/sdp"]
    var authentication = Authentication.none
    /// Requests that one nonce serves.
    var nonceUses = Int.max
    var namesStale = true
    var publicMethods: String? = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER"
    /// Methods that prolong the session.
    var signsOfLife: Set<String> = ["OPTIONS", "GET_PARAMETER", "SET_PARAMETER"]
    /// Statuses for methods, in place of success.
    var statuses: [String: Int] = [:]
    /// In seconds; announced and kept.
    var timeout: Int64 = 60
    /// Replaces the answer to a request, where it returns one.
    var answer: (inout ModelCamera, Request) -> String? = { _, _ in nil }

    private(set) var requests: [Request] = []
    private(set) var isPlaying = false
    private(set) var refusals = 0
    private var session: String?
    private var lastSign: Int64 = 0
    var nonce = "nonce-0"
    private var nonceCount = 0
    private var uses = 0
    private var buffer = ""

    /// True as long as the session lives.
    func isAlive(at now: Int64) -> Bool {
        session != nil && now - lastSign <= timeout * 1_000_000_000
    }

    /// Reads what the client sent and returns the answers.
    mutating func take(_ text: String, now: Int64) -> String {
        buffer += text
        var answers = ""
        while let end = buffer.firstRange(of: "\r\n\r\n") {
            let head = String(buffer[..<end.lowerBound])
            buffer = String(buffer[end.upperBound...])
            guard let request = Self.read(head) else { continue }
            requests.append(request)
            answers += take(request, now: now)
        }
        return answers
    }

    private mutating func take(_ request: Request, now: Int64) -> String {
        if let replaced = answer(&self, request) { return replaced }
        if let challenge = refuse(request) { return challenge }
        if let status = statuses[request.method] { return reply(request, status: status) }
        if let session, let named = request["session"], session != named || !isAlive(at: now) {
            return reply(request, status: 454)
        }
        if signsOfLife.contains(request.method) { lastSign = now }
        switch request.method {
        case "OPTIONS": return reply(request, headers: publicMethods.map { ["Public: \($0)"] } ?? [])
        case "DESCRIBE": return reply(request, headers: descriptionHeaders, body: description)
        case "SETUP":
            (session, lastSign) = ("5e551011", now)
            return reply(
                request,
                headers: ["Transport: \(transport(request))", "Session: 5e551011;timeout=\(timeout)"]
            )
        case "PLAY":
            guard session != nil else { return reply(request, status: 455) }
            (isPlaying, lastSign) = (true, now)
            return reply(request, headers: ["Session: 5e551011", "RTP-Info: url=track1;seq=7;rtptime=9000"])
        case "TEARDOWN":
            (session, isPlaying) = (nil, false)
            return reply(request)
        case "GET_PARAMETER", "SET_PARAMETER": return reply(request)
        default: return reply(request, status: 501)
        }
    }

    private func transport(_ request: Request) -> String {
        let asked = request["transport"] ?? ""
        return asked.contains("TCP") ? asked + ";ssrc=0000abcd" : asked + ";server_port=6970-6971;source=198.51.100.7"
    }

    /// An answer to a request.
    func reply(_ request: Request, status: Int = 200, headers: [String] = [], body: String = "") -> String {
        var lines = ["RTSP/1.0 \(status) Word", "CSeq: \(request["cseq"] ?? "0")"] + headers
        if !body.isEmpty { lines.append("Content-Length: \(body.utf8.count)") }
        return lines.joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    // MARK: Authentication

    private mutating func refuse(_ request: Request) -> String? {
        let isRight =
            switch authentication {
            case .none: true
            case .basic: request["authorization"] == "Basic dmlld2VyOnBhNTV3b3Jk"
            case .digest, .several: isProved(request)
            }
        if isRight, authentication != .none {
            uses += 1
            guard uses > nonceUses else { return nil }
            renewNonce()
            return reply(request, status: 401, headers: challenges(isStale: namesStale))
        }
        if isRight { return nil }
        refusals += 1
        return reply(request, status: 401, headers: challenges(isStale: false))
    }

    private mutating func renewNonce() {
        nonceCount += 1
        nonce = "nonce-\(nonceCount)"
        uses = 0
    }

    private func challenges(isStale: Bool) -> [String] {
        let stale = isStale ? ", stale=true" : ""
        switch authentication {
        case .none: return []
        case .basic: return ["WWW-Authenticate: Basic realm=\"cam\""]
        case .digest(let algorithm, let quality):
            let named = algorithm.map { ", algorithm=\($0)" } ?? ""
            let qop = quality.map { ", qop=\"\($0)\"" } ?? ""
            return ["WWW-Authenticate: Digest realm=\"cam\", nonce=\"\(nonce)\"\(named)\(qop)\(stale)"]
        case .several:
            return ["SHA-256", "MD5"].map {
                "WWW-Authenticate: Digest realm=\"cam\", nonce=\"\(nonce)\", algorithm=\($0)\(stale)"
            } + ["WWW-Authenticate: Basic realm=\"cam\""]
        }
    }

    /// Computes the proof by itself, from the fields that the client names.
    private func isProved(_ request: Request) -> Bool {
        guard let header = request["authorization"], header.hasPrefix("Digest ") else { return false }
        var fields: [String: String] = [:]
        for part in header.dropFirst(7).split(separator: ", ") {
            let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
            if pair.count == 2 { fields[pair[0]] = pair[1].filter { $0 != "\"" } }
        }
        let algorithm = fields["algorithm"] ?? "MD5"
        if case .digest(let asked, _) = authentication, algorithm != asked ?? "MD5" { return false }
        let hash = { (text: String) in
            algorithm.hasPrefix("SHA-256") ? Hashes.sha256(text) : Hashes.md5(text)
        }
        var secret = hash("\(Self.user):cam:\(Self.password)")
        if algorithm.hasSuffix("-sess") { secret = hash("\(secret):\(nonce):\(fields["cnonce"] ?? "")") }
        var middle = nonce
        var target = "\(request.method):\(fields["uri"] ?? "")"
        if let quality = fields["qop"] {
            middle += ":\(fields["nc"] ?? ""):\(fields["cnonce"] ?? ""):\(quality)"
            if quality == "auth-int" { target += ":" + hash("") }
        }
        return fields["uri"] == request.url && fields["username"] == Self.user
            && fields["response"] == hash("\(secret):\(middle):\(hash(target))")
    }

    private static func read(_ head: String) -> Request? {
        let lines = head.split(separator: "\r\n")
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count == 3 else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        return Request(method: String(words[0]), url: String(words[1]), headers: headers)
    }

    /// A description with H.264 on `track1` and, if wanted, AAC on `track2`.
    static func describe(video: String = "96 H264/90000", audio: Bool = false) -> String {
        var lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=cam", "t=0 0", "a=control:*"]
        let type = video.split(separator: " ")[0]
        lines += ["m=video 0 RTP/AVP \(type)", "a=rtpmap:\(video)", "a=control:track1"]
        if audio {
            lines += ["m=audio 0 RTP/AVP 97", "a=rtpmap:97 MPEG4-GENERIC/16000", "a=control:track2"]
            lines += ["a=fmtp:97 mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1408"]
        }
        return lines.joined(separator: "\r\n") + "\r\n"
    }
}

extension SessionDriver {
    /// Exchanges bytes with a camera until both are silent.
    func talk(to camera: inout ModelCamera) {
        while true {
            let text = takeSent()
            let answer = text.isEmpty ? "" : camera.take(text, now: now)
            guard !answer.isEmpty else { return }
            receive(answer)
        }
    }

    /// Passes time, with everything that is due, and with media if the camera still sends it.
    func run(with camera: inout ModelCamera, seconds: Int64, media: Bool = true) {
        let end = now + seconds * 1_000_000_000
        while session.phase != .over {
            let step = now + 500_000_000
            let next = min(session.deadline ?? step, step)
            guard next <= end else { break }
            advance(to: max(next, now))
            talk(to: &camera)
            if media, camera.isPlaying, camera.isAlive(at: now), next == step { receive(frame(0)) }
        }
    }

    /// A session that plays.
    static func playing(
        _ camera: inout ModelCamera,
        change: (inout RTSPConfiguration) -> Void = { _ in }
    ) -> SessionDriver {
        let driver = SessionDriver(change: change)
        driver.begin()
        driver.talk(to: &camera)
        return driver
    }
}
