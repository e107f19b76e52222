import Crypto
import Encodings
import Glibc
import System

/// A store in memory that behaves as its profile says, for stores that cannot be had here and for faults.
///
/// Signatures are not verified, which real servers do in other tests; the access key, the region and the time in them are.
public final class S3Stub: Sendable {
    /// An object.
    public struct Object: Sendable {
        /// The bytes.
        public var bytes: [UInt8]
        /// The headers that a GET or HEAD repeats.
        public var headers: [(name: String, value: String)]
    }

    struct State: Sendable {
        var profile: S3StubProfile
        var objects: [String: Object] = [:]
        /// Versions and delete markers, oldest first.
        var versions: [Version] = []
        var legalHolds: Set<String> = []
    }

    private let state: Lock<State>
    private let server: HTTPStub

    /// Starts a store; nil where no port is free.
    public init?(_ profile: S3StubProfile) {
        let state = Lock(State(profile: profile))
        guard let server = HTTPStub({ Self.answer($0, state) }) else { return nil }
        (self.state, self.server) = (state, server)
    }

    /// The address.
    public var url: String { server.url }
    /// The port.
    public var port: Int { server.port }
    /// The requests so far.
    public var requests: [HTTPStub.Request] { server.requests }
    /// The objects by key.
    public var objects: [String: Object] { state.withLock { $0.objects } }

    /// The versions and delete markers that there are.
    public var versions: [Version] { state.withLock { $0.versions } }
    /// The keys with a legal hold.
    public var legalHolds: Set<String> { state.withLock { $0.legalHolds } }

    /// Changes the behaviour.
    public func change(_ body: (inout S3StubProfile) -> Void) {
        state.withLock { body(&$0.profile) }
    }

    /// Changes all objects, as a store does that lies.
    public func change(objects body: ([UInt8]) -> [UInt8]) {
        state.withLock { state in
            for (key, object) in state.objects { state.objects[key]?.bytes = body(object.bytes) }
        }
    }

    // MARK: Answers

    private static func answer(_ request: HTTPStub.Request, _ state: Lock<State>) -> HTTPStub.Answer {
        state.withLock { state in
            let profile = state.profile
            let now = Int64(time(nil)) + profile.clockError
            var answer =
                profile.refusal(of: request, now: now)
                ?? Self.answer(request, key: profile.key(of: request), &state)
            answer.headers.append(("Date", HTTPDate.text(seconds: now)))
            return answer
        }
    }

    private static func answer(
        _ request: HTTPStub.Request,
        key: String,
        _ state: inout State
    ) -> HTTPStub.Answer {
        let profile = state.profile
        if let answer = state.answerOfVersions(request, key: key) { return answer }
        guard !key.isEmpty else {
            if let status = profile.bucketStatus { return .error(status, request, "AccessDenied") }
            return HTTPStub.Answer(200, "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
        }
        switch request.method {
        case "PUT": return put(request, key: key, &state)
        case "HEAD", "GET":
            let status = request.method == "HEAD" ? profile.headStatus : profile.getStatus
            if let status { return .error(status, request, "AccessDenied") }
            guard let object = state.objects[key] else { return .error(404, request, "NoSuchKey") }
            return get(object, request, profile)
        case "DELETE":
            if let status = profile.deleteStatus { return .error(status, request, "AccessDenied") }
            return state.delete(key, request)
        default: return .error(405, request, "MethodNotAllowed")
        }
    }

    private static func put(_ request: HTTPStub.Request, key: String, _ state: inout State) -> HTTPStub.Answer {
        let profile = state.profile
        if profile.knowsCondition, request.headers["if-none-match"] == "*", state.objects[key] != nil {
            return .error(412, request, "PreconditionFailed")
        }
        var bytes = profile.corruption.map { request.body + [$0] } ?? request.body
        if profile.damages > 0, !bytes.isEmpty {
            state.profile.damages -= 1
            bytes[0] ^= 1
        }
        if let sum = request.headers["x-amz-checksum-sha256"], profile.knowsChecksum,
            sum != SHA256.hash(bytes).base64
        {
            return .error(400, request, "BadDigest")
        }
        let tag = profile.hasMD5ETag ? MD5.hash(bytes)?.hex ?? "" : String(SHA256.hex(bytes).prefix(32))
        var headers = request.headers.filter { $0.key.hasPrefix("x-amz-meta-") }.map { (name: $0.key, value: $0.value) }
        headers.append(("ETag", "\"\(tag)\""))
        state.objects[key] = Object(bytes: bytes, headers: headers)
        state.addVersion(of: key, isMarker: false)
        var answer = HTTPStub.Answer(200, headers: [("ETag", "\"\(tag)\"")])
        if profile.knowsChecksum, let sum = request.headers["x-amz-checksum-sha256"] {
            state.objects[key]?.headers.append(("x-amz-checksum-sha256", sum))
            answer.headers.append(("x-amz-checksum-sha256", sum))
        }
        return answer
    }

    private static func get(
        _ object: Object,
        _ request: HTTPStub.Request,
        _ profile: S3StubProfile
    ) -> HTTPStub.Answer {
        let hasMode = request.headers["x-amz-checksum-mode"] != nil
        let headers = object.headers.filter { hasMode || $0.name != "x-amz-checksum-sha256" }
        if request.method == "HEAD" {
            return HTTPStub.Answer(200, headers: headers + [("Content-Length", "\(object.bytes.count)")])
        }
        let range = request.headers["range"]?.dropFirst("bytes=".count).split(separator: "-").compactMap { Int($0) }
        guard let range, range.count == 2 else { return HTTPStub.Answer(200, headers: headers, body: object.bytes) }
        guard range[0] < object.bytes.count else { return .error(416, request, "InvalidRange") }
        let part = object.bytes[range[0]...min(range[1], object.bytes.count - 1)]
        let place = ("Content-Range", "bytes \(range[0])-\(part.endIndex - 1)/\(object.bytes.count)")
        return HTTPStub.Answer(206, headers: headers + [place], body: Array(part))
    }
}

extension HTTPStub.Answer {
    /// An error as S3 sends it; one in answer to a HEAD has no body.
    static func error(_ status: Int, _ request: HTTPStub.Request, _ code: String, _ more: String = "") -> Self {
        HTTPStub.Answer(status, "<Error><Code>\(code)</Code>\(more)</Error>")
    }
}
