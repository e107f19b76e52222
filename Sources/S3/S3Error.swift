import HTTPClient

/// Why S3 did not do what was asked.
public struct S3Error: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong.
    public enum Kind: String, Sendable, CaseIterable {
        /// 400, 401, 403 and other refusals: the same request is refused again until somebody acts.
        case refused
        /// 404: no such object or bucket.
        case notFound
        /// 412: something lies under the key already.
        case preconditionFailed
        /// 409: another request for the same key is under way.
        case conflict
        /// The bytes that arrived are not those that were signed.
        case checksumMismatch
        /// The clocks differ by more than 15 minutes.
        case clockSkew
        /// 429 and 503 SlowDown.
        case throttled
        /// 5xx.
        case unavailable
        /// No answer in time.
        case timeout
        /// No connection, or it broke.
        case network
        /// The answer is not what S3 sends.
        case malformed
        /// A local file cannot be read.
        case unreadable
    }

    /// What went wrong.
    public let kind: Kind
    /// The HTTP status, where there was an answer.
    public let status: Int?
    /// S3's word: `NoSuchBucket`, `AccessDenied`.
    public let code: String?
    /// A sentence for people, without secrets.
    public let reason: String

    /// Makes an error.
    public init(kind: Kind, status: Int? = nil, code: String? = nil, reason: String) {
        self.kind = kind
        self.status = status
        self.code = code
        self.reason = reason
    }

    /// Whether the same request can succeed later without anybody's help.
    public var isTemporary: Bool {
        switch kind {
        case .conflict, .throttled, .unavailable, .timeout, .network, .clockSkew: true
        case .refused, .notFound, .preconditionFailed, .checksumMismatch, .malformed, .unreadable: false
        }
    }

    /// Safe to log.
    public var description: String {
        let answer = [status.map { "HTTP \($0)" }, code].compactMap { $0 }.joined(separator: " ")
        return answer.isEmpty ? "s3: \(kind.rawValue): \(reason)" : "s3: \(kind.rawValue): \(answer): \(reason)"
    }

    init(_ error: HTTPClientError) {
        let kind: Kind =
            switch error.kind {
            case .timeout: .timeout
            case .unreadable: .unreadable
            case .tooLarge, .badRequest: .malformed
            case .dns, .connect, .tls, .network, .cancelled: .network
            }
        self.init(kind: kind, reason: "\(error.kind.rawValue): \(error.reason)")
    }

    /// Reads an answer that is not a success ("Error Responses" in the S3 API reference).
    init(_ response: HTTPClientResponse) {
        let elements = XMLText(response.body)
        let code = elements.first("Code")
        // The message of a store may repeat what was sent to it, a signature for example; its code says enough.
        let kind: Kind
        switch (response.status, code) {
        case (_, "RequestTimeTooSkewed"): kind = .clockSkew
        case (_, "XAmzContentSHA256Mismatch"), (_, "BadDigest"): kind = .checksumMismatch
        case (_, "IncompleteBody"): kind = .network
        case (_, "SlowDown"), (429, _): kind = .throttled
        case (_, "RequestTimeout"), (408, _): kind = .timeout
        case (404, _): kind = .notFound
        case (409, _): kind = .conflict
        case (412, _): kind = .preconditionFailed
        case (500..., _): kind = .unavailable
        default: kind = .refused
        }
        let region = response.header("x-amz-bucket-region")
        let reason = Self.isElsewhere(response.status, code) ? Self.elsewhere(region) : Self.advice(kind, code)
        self.init(kind: kind, status: response.status, code: code, reason: reason)
    }

    private static func isElsewhere(_ status: Int, _ code: String?) -> Bool {
        status == 301 || status == 307 || code == "AuthorizationHeaderMalformed" || code == "PermanentRedirect"
    }

    private static func elsewhere(_ region: String?) -> String {
        guard let region, region.utf8.count <= 32, region.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return "the bucket is in another region; check AWS_REGION and AWS_ENDPOINT_URL_S3"
        }
        return "the bucket is in \(region); set AWS_REGION"
    }

    private static func advice(_ kind: Kind, _ code: String?) -> String {
        switch (kind, code) {
        case (_, "NoSuchBucket"): "the bucket does not exist; create it or set OBSERVER_S3_BUCKET"
        case (_, "AccessDenied"): "the key may not do this; check the rights of AWS_ACCESS_KEY_ID"
        case (_, "InvalidAccessKeyId"): "the store does not know AWS_ACCESS_KEY_ID"
        case (_, "SignatureDoesNotMatch"): "AWS_SECRET_ACCESS_KEY or AWS_REGION is wrong"
        case (_, "ExpiredToken"), (_, "InvalidToken"): "AWS_SESSION_TOKEN has expired or does not fit the key"
        case (.clockSkew, _): "this machine's clock and the store's differ by more than 15 minutes"
        case (.refused, _): "the store refuses the request"
        case (.notFound, _): "there is no such object"
        case (.preconditionFailed, _): "something lies under the key already"
        case (.conflict, _): "another request for the same key is under way"
        case (.checksumMismatch, _): "the bytes that arrived are not those that were sent"
        case (.throttled, _): "the store asks for fewer requests"
        case (.timeout, _): "the store did not get the request in time"
        default: "the store is in trouble"
        }
    }
}
