public import Errors
import HTTPClient

/// The reason why a store did not do as asked.
public struct S3Error: DescribedError, Hashable {
    /// The kinds of trouble.
    public enum Kind: String, Sendable, CaseIterable {
        /// The endpoint is not scheme, host and port.
        case badEndpoint
        /// 400, 401, 403 and other refusals: the same request is refused again until somebody acts.
        case refused
        /// 404: no such object or bucket.
        case notFound
        /// 412: an object lies under the key already.
        case preconditionFailed
        /// 409: another request for the same key is under way.
        case conflict
        /// The bytes that arrived are not those that were signed.
        case checksumMismatch
        /// The clocks differ by more than 15 minutes.
        case clockSkew
        /// 429 and 503 SlowDown.
        case throttled
        /// 5xx but for 501, which is a refusal.
        case unavailable
        /// No response in time.
        case timeout
        /// No connection, or it broke.
        case network
        /// The response is not one of S3.
        case malformed
        /// A local file cannot be read.
        case unreadable
        /// The access key has expired, or cannot be fetched; a newer one is expected.
        case credentials
    }

    /// The kind of trouble.
    public let kind: Kind
    /// The trouble in a sentence for people, without secrets.
    public let detail: String
    /// The HTTP status, where there was a response.
    public let status: Int?
    /// S3's word: `NoSuchBucket`, `AccessDenied`.
    public let code: String?
    /// The setting to look at, or what else to do.
    public let hint: String?
    /// True if the store says that the object is protected from deletion for a time (Object Lock).
    public let isLock: Bool
    /// The region of the bucket, where the store names it.
    let region: String?

    /// Creates an error.
    public init(_ kind: Kind, _ detail: String, status: Int? = nil, code: String? = nil, hint: String? = nil) {
        self.init(kind, detail, status: status, code: code, hint: hint, region: nil)
    }

    init(
        _ kind: Kind,
        _ detail: String,
        status: Int?,
        code: String?,
        hint: String?,
        region: String?,
        isLock: Bool = false
    ) {
        self.kind = kind
        self.isLock = isLock
        self.detail = detail
        self.status = status
        self.code = code
        self.hint = hint
        self.region = region
    }

    /// Returns true if the same request can succeed later without anybody's help.
    public var isTemporary: Bool {
        switch kind {
        case .conflict, .throttled, .unavailable, .timeout, .network, .clockSkew, .credentials: true
        case .badEndpoint, .refused, .notFound, .preconditionFailed, .checksumMismatch, .malformed, .unreadable: false
        }
    }

    /// Kind, status, code and detail.
    public var description: String {
        let answer = [status.map { "HTTP \($0)" }, code].compactMap { $0 }.joined(separator: " ")
        return answer.isEmpty ? "\(kind.rawValue): \(detail)" : "\(kind.rawValue): \(answer): \(detail)"
    }
}

extension S3Error {
    init(_ error: HTTPClientError) {
        let kind: Kind =
            switch error.kind {
            case .timeout: .timeout
            case .unreadable: .unreadable
            case .tooLarge, .badRequest: .malformed
            case .dns, .connect, .tls, .network, .cancelled: .network
            }
        self.init(kind, "\(error)")
    }

    /// Reads a response that is not a success ("Error Responses" in the S3 API reference).
    init(_ response: HTTPClientResponse) {
        let elements = XMLText(response.body)
        let code = elements.first("Code")
        // The message of a store may repeat what was sent to it, a signature for example; its code says enough.
        let kind: Kind
        switch (response.status, code) {
        case (_, "RequestTimeTooSkewed"): kind = .clockSkew
        case (_, "XAmzContentSHA256Mismatch"), (_, "BadDigest"): kind = .checksumMismatch
        case (_, "IncompleteBody"): kind = .network
        case (_, "ExpiredToken"), (_, "TokenRefreshRequired"): kind = .credentials
        case (_, "SlowDown"), (429, _): kind = .throttled
        case (_, "RequestTimeout"), (408, _): kind = .timeout
        case (404, _): kind = .notFound
        case (409, _): kind = .conflict
        case (412, _): kind = .preconditionFailed
        // Nobody is away: it stays so until the request, or the store, is another.
        case (501, _): kind = .refused
        case (500..., _): kind = .unavailable
        default: kind = .refused
        }
        let isElsewhere = Self.isElsewhere(response.status, code)
        let region = response.header("x-amz-bucket-region") ?? (isElsewhere ? elements.first("Region") : nil)
        let (detail, hint) = isElsewhere ? Self.elsewhere(region) : Self.advice(kind, code)
        let isLock = kind == .refused && Self.speaksOfLock(code: code, message: elements.first("Message"))
        self.init(kind, detail, status: response.status, code: code, hint: hint, region: region, isLock: isLock)
    }

    /// Returns true for the words with which stores refuse to delete what is locked: they have no code of their own for it.
    static func speaksOfLock(code: String?, message: String?) -> Bool {
        if code?.contains("Lock") == true { return true }
        let words = message?.lowercased() ?? ""
        return ["object lock", "object-lock", "legal hold", "worm", "locked", "under retention"].contains {
            words.contains($0)
        }
    }

    /// Returns true if the store knows the access key, as far as it says, and refuses what the key may not do.
    var isAboutRights: Bool {
        let aboutKey = [
            "InvalidAccessKeyId", "SignatureDoesNotMatch", "RequestTimeTooSkewed", "ExpiredToken", "InvalidToken",
        ]
        return status == 403 && !aboutKey.contains(code ?? "")
    }

    private static func isElsewhere(_ status: Int, _ code: String?) -> Bool {
        (301...308).contains(status) || code == "AuthorizationHeaderMalformed" || code == "PermanentRedirect"
    }

    private static func elsewhere(_ region: String?) -> (detail: String, hint: String) {
        guard let region, region.utf8.count <= 32, region.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return ("the bucket is in another region", "check AWS_REGION and AWS_ENDPOINT_URL_S3")
        }
        return ("the bucket is in \(region)", "set AWS_REGION")
    }

    private static func advice(_ kind: Kind, _ code: String?) -> (detail: String, hint: String?) {
        switch (kind, code) {
        case (_, "NoSuchBucket"): ("the bucket does not exist", "create it or set OBSERVER_S3_BUCKET")
        case (_, "AccessDenied"): ("the access key lacks the right", "check the rights of AWS_ACCESS_KEY_ID")
        case (_, "InvalidAccessKeyId"): ("the store does not know the access key", "check AWS_ACCESS_KEY_ID")
        case (_, "SignatureDoesNotMatch"): ("the signature is wrong", "check AWS_SECRET_ACCESS_KEY and AWS_REGION")
        case (.credentials, _), (_, "InvalidToken"):
            (
                "the session token has expired or does not fit the key",
                "renew AWS_SESSION_TOKEN; a key in files is read again when they change"
            )
        case (_, "SecondLevelDomainForbidden"), (_, "PathStyleDomainForbidden"):
            ("the store takes the bucket in the host name alone", "set OBSERVER_S3_ADDRESSING=host")
        case (_, "QuotaExceeded"): ("the store's quota is used up", "raise the quota, or delete recordings")
        case (.clockSkew, _):
            ("this machine's clock and the store's differ by more than 15 minutes", "set the clock of this machine")
        case (_, "NotImplemented"):
            ("the store does not know a part of the request", "observerctl check --only s3 says more")
        case (.refused, _): ("the store refuses the request", nil)
        case (.notFound, _): ("there is no such object", nil)
        case (.preconditionFailed, _): ("an object lies under the key already", nil)
        case (.conflict, _): ("another request for the same key is under way", nil)
        case (.checksumMismatch, _): ("the bytes that arrived are not those that were sent", nil)
        case (.throttled, _): ("the store asks for fewer requests", nil)
        case (.timeout, _): ("the store did not get the request in time", nil)
        default: ("the store is in trouble", nil)
        }
    }
}
