import Encodings

/// The behaviour of a store.
///
/// The profiles with the names of products say what their documentation and the reports of their users say; none of those
/// was tried.
public struct S3StubProfile: Sendable {
    /// A header that is refused: the status, the code and the words after it.
    public struct Refusal: Sendable {
        let header: String
        let status: Int
        let code: String
        let words: String

        /// Creates a refusal.
        public init(_ header: String, status: Int, code: String, words: String = "") {
            (self.header, self.status, self.code, self.words) = (header, status, code, words)
        }
    }

    /// The bucket.
    public var bucket = "video"
    /// The access key that is known.
    public var accessKeyID = "AK"
    /// The token without which a request is refused as expired.
    public var sessionToken: String?
    /// Headers that are refused.
    public var refusals: [Refusal] = []
    /// True if `If-None-Match: *` is honoured; an ignored one is no error.
    public var knowsCondition = true
    /// True if checksums are compared, kept and repeated; ignored ones are no error.
    public var knowsChecksum = true
    /// True if the ETag is the MD5 of the bytes.
    public var hasMD5ETag = true
    /// The status with which each look at the bucket is refused.
    public var bucketStatus: Int?
    /// The status with which each HEAD of an object is refused.
    public var headStatus: Int?
    /// The status with which each GET of an object is refused.
    public var getStatus: Int?
    /// The status with which each DELETE is refused.
    public var deleteStatus: Int?
    /// The state of versions: empty, `Enabled` or `Suspended`.
    public var versioning = ""
    /// The status with which questions about versions are refused.
    public var versioningStatus: Int?
    /// The status with which lists of versions are refused.
    public var versionListStatus: Int?
    /// The status with which DeleteObjects is refused.
    public var deleteObjectsStatus: Int?
    /// The codes with which keys are refused that contain these words.
    public var deletionRefusals: [String: String] = [:]
    /// True if the bucket has Object Lock.
    public var hasObjectLock = false
    /// The time until which keys are locked that contain these words.
    public var retainedUntil: [String: String] = [:]
    /// The status with which legal holds are refused.
    public var legalHoldStatus: Int?
    /// The region that signatures must have; nil for any.
    public var region: String?
    /// True if only `bucket.host` is served.
    public var isHostStyleOnly = false
    /// The path in front of the bucket.
    public var basePath = ""
    /// The store's clock less the right time, in seconds.
    public var clockError: Int64 = 0
    /// A byte that is added to each body on the way.
    public var corruption: UInt8?
    /// The next so many bodies have another first byte when they arrive.
    public var damages = 0
    /// The server that all requests are sent to, with the status.
    public var redirect: (status: Int, host: String)?

    /// Creates a store that does everything.
    public init() {}

    /// Creates a store that differs.
    public init(_ change: (inout S3StubProfile) -> Void) {
        change(&self)
    }

    // MARK: Products

    /// Backblaze B2: refuses checksum headers with 400.
    public static let b2 = S3StubProfile { profile in
        profile.knowsChecksum = false
        profile.refusals = ["x-amz-checksum-sha256", "x-amz-checksum-mode"].map {
            Refusal(
                $0,
                status: 400,
                code: "InvalidArgument",
                words: "Unsupported header '\($0)' received for this API call."
            )
        }
    }
    /// Cloudflare R2: everything that is used here, in the region `auto`.
    public static let r2 = S3StubProfile { $0.region = "auto" }
    /// Wasabi: passes over what it does not know.
    public static let wasabi = S3StubProfile { profile in
        (profile.knowsCondition, profile.knowsChecksum) = (false, false)
    }
    /// Google Cloud Storage by its XML interface: 501 for headers that it does not implement.
    public static let gcs = S3StubProfile { profile in
        profile.knowsChecksum = false
        profile.refusals = ["if-none-match", "x-amz-checksum-sha256"].map {
            Refusal($0, status: 501, code: "NotImplemented")
        }
    }
    /// Alibaba OSS: the bucket in the host alone, 501 for the condition.
    public static let oss = S3StubProfile { profile in
        (profile.knowsChecksum, profile.isHostStyleOnly) = (false, true)
        profile.refusals = [
            Refusal("if-none-match", status: 501, code: "NotImplemented", words: "<Header>If-None-Match</Header>")
        ]
    }

    // MARK: Requests

    /// The decoded key of a request; empty for the bucket.
    func key(of request: HTTPStub.Request) -> String {
        let path = request.path.dropFirst(basePath.count)
        let key = isHostStyleOnly ? path.dropFirst() : path.dropFirst(bucket.count + 2)
        return PercentEncoding.decodeText(key) ?? String(key)
    }

    /// The refusal of a request before its object is looked at.
    func refusal(of request: HTTPStub.Request, now: Int64) -> HTTPStub.Answer? {
        if let redirect {
            return HTTPStub.Answer(redirect.status, headers: [("Location", "http://\(redirect.host)\(request.path)")])
        }
        let isHostStyle = request.headers["host"]?.hasPrefix("\(bucket).") == true
        if isHostStyleOnly, !isHostStyle { return .error(403, request, "SecondLevelDomainForbidden") }
        guard isHostStyle || request.path.hasPrefix("\(basePath)/\(bucket)") else {
            return .error(404, request, "NoSuchBucket")
        }
        return refusalOfSignature(request, now: now) ?? refusalOfHeader(request)
    }

    private func refusalOfSignature(_ request: HTTPStub.Request, now: Int64) -> HTTPStub.Answer? {
        if request.query.contains("X-Amz-Signature=") { return refusalOfPresigned(request, now: now) }
        let fields = request.headers["authorization"]?.split(separator: "/") ?? []
        guard fields.count == 5, fields[0].hasSuffix("Credential=\(accessKeyID)") else {
            return .error(403, request, "InvalidAccessKeyId")
        }
        if let sessionToken, request.headers["x-amz-security-token"] != sessionToken {
            return .error(400, request, "ExpiredToken")
        }
        if let region, fields[2] != region {
            return .error(400, request, "AuthorizationHeaderMalformed", "<Region>\(region)</Region>")
        }
        let stamp = request.headers["x-amz-date"].flatMap { Self.seconds($0) } ?? 0
        return abs(stamp - now) > 900 ? .error(403, request, "RequestTimeTooSkewed") : nil
    }

    private func refusalOfPresigned(_ request: HTTPStub.Request, now: Int64) -> HTTPStub.Answer? {
        let pairs = request.query.split(separator: "&").map { $0.split(separator: "=", maxSplits: 1) }
        func value(_ name: String) -> String? {
            pairs.first { $0.count == 2 && $0[0] == name }.flatMap { PercentEncoding.decodeText($0[1]) }
        }
        guard value("X-Amz-Credential")?.hasPrefix("\(accessKeyID)/") == true else {
            return .error(403, request, "InvalidAccessKeyId")
        }
        let stamp = value("X-Amz-Date").flatMap { Self.seconds($0) } ?? 0
        let end = stamp + (value("X-Amz-Expires").flatMap { Int64($0) } ?? 0)
        return stamp - 900 <= now && now <= end ? nil : .error(403, request, "AccessDenied")
    }

    private func refusalOfHeader(_ request: HTTPStub.Request) -> HTTPStub.Answer? {
        guard let refusal = refusals.first(where: { request.headers[$0.header] != nil }) else { return nil }
        return .error(refusal.status, request, refusal.code, "<Message>\(refusal.words)</Message>")
    }

    /// Seconds since 1970 of `20130524T000000Z`.
    private static func seconds(_ stamp: String) -> Int64? {
        let digits = stamp.filter(\.isNumber)
        guard digits.count == 14, let number = Int(digits) else { return nil }
        let (date, time) = (number / 1_000_000, number % 1_000_000)
        let days = CivilDate.daysSinceEpoch(year: date / 10_000, month: date / 100 % 100, day: date % 100)
        return Int64(days * 86_400 + time / 10_000 * 3600 + time / 100 % 100 * 60 + time % 100)
    }
}
