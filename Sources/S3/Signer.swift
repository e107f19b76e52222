import Crypto
import Encodings
import Glibc

/// A request that can be sent: what was signed, and the signature.
public struct SignedRequest: Sendable, Hashable {
    /// The method.
    public let method: String
    /// Scheme, host, path and query, encoded as signed.
    public let url: String
    /// All headers but `Host`, which follows from the URL; names in lower case.
    public let headers: [(name: String, value: String)]

    /// Compares everything.
    public static func == (left: SignedRequest, right: SignedRequest) -> Bool {
        left.method == right.method && left.url == right.url
            && left.headers.map(\.name) == right.headers.map(\.name)
            && left.headers.map(\.value) == right.headers.map(\.value)
    }

    /// Hashes the URL.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(url)
    }
}

/// A URL that gives one object to whoever has it, for a while.
public struct PresignedURL: Sendable, Hashable {
    /// `http` or `https`.
    public let scheme: String
    /// Host and port.
    public let authority: String
    /// The encoded path.
    public let path: String
    /// The encoded query with the signature.
    public let query: String

    /// The whole.
    public var url: String { "\(scheme)://\(authority)\(path)?\(query)" }
}

/// AWS Signature Version 4 for S3 ("Authenticating Requests" in the S3 API reference).
///
/// libcurl's own signer is not used: that of 7.88 does not sort the query, encodes keys wrongly and cannot presign.
public struct Signer: Sendable {
    /// The payload hash of a request without a body.
    public static let emptyPayload = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    /// Stands for a payload that is not signed.
    public static let unsignedPayload = "UNSIGNED-PAYLOAD"

    private static let algorithm = "AWS4-HMAC-SHA256"
    private let configuration: S3Configuration

    /// Makes a signer.
    public init(_ configuration: S3Configuration) {
        self.configuration = configuration
    }

    /// Signs by header.
    ///
    /// - Parameters:
    ///   - method: `GET`, `PUT`, `HEAD`, `DELETE`, `POST`.
    ///   - key: The object; empty for the bucket.
    ///   - query: Names and values, unencoded; a name without a value has an empty one.
    ///   - headers: What else to send and sign: `content-type`, `range`, `x-amz-…`; names in lower case.
    ///   - payloadSHA256: The hash of the body in lower-case hex, or `unsignedPayload`.
    ///   - seconds: The time, in seconds since 1970.
    /// - Returns: The request with its `authorization`.
    public func sign(
        method: String,
        key: String,
        query: [(String, String)] = [],
        headers: [(String, String)] = [],
        payloadSHA256: String = emptyPayload,
        at seconds: Int64
    ) -> SignedRequest {
        let stamp = Stamp(seconds: seconds)
        var signed = headers
        signed.append(("x-amz-content-sha256", payloadSHA256))
        signed.append(("x-amz-date", stamp.time))
        if let token = configuration.sessionToken { signed.append(("x-amz-security-token", token.expose())) }

        let path = configuration.path(key)
        let canonicalQuery = Self.canonical(query)
        let (canonicalHeaders, names) = Self.canonical(headers: signed + [("host", configuration.authority)])
        let canonicalRequest = [method, path, canonicalQuery, canonicalHeaders, names, payloadSHA256]
            .joined(separator: "\n")
        let signature = sign(canonicalRequest, stamp)
        let credential = "\(configuration.accessKeyID)/\(scope(stamp))"
        signed.append(
            (
                "authorization",
                "\(Self.algorithm) Credential=\(credential),SignedHeaders=\(names),Signature=\(signature)"
            )
        )
        let url = "\(configuration.scheme)://\(configuration.authority)\(path)"
        return SignedRequest(
            method: method,
            url: canonicalQuery.isEmpty ? url : "\(url)?\(canonicalQuery)",
            headers: signed.map { (name: $0.0, value: $0.1) }
        )
    }

    /// Signs a `GET` by query, so that whoever has the URL can send it.
    ///
    /// - Parameters:
    ///   - key: The object.
    ///   - expires: For how many seconds it works, 1 to 604800.
    ///   - responseHeaders: What the answer shall say: `response-content-type` and the like, with values.
    ///   - seconds: The time, in seconds since 1970.
    /// - Returns: The URL in its parts. It works for any `Range`, and with no header but `Host` signed.
    public func presignGet(
        key: String,
        expires: Int,
        responseHeaders: [(String, String)] = [],
        at seconds: Int64
    ) -> PresignedURL {
        let stamp = Stamp(seconds: seconds)
        var query = responseHeaders
        query.append(("X-Amz-Algorithm", Self.algorithm))
        query.append(("X-Amz-Credential", "\(configuration.accessKeyID)/\(scope(stamp))"))
        query.append(("X-Amz-Date", stamp.time))
        query.append(("X-Amz-Expires", String(expires)))
        query.append(("X-Amz-SignedHeaders", "host"))
        if let token = configuration.sessionToken { query.append(("X-Amz-Security-Token", token.expose())) }

        let path = configuration.path(key)
        let canonicalQuery = Self.canonical(query)
        let canonicalRequest = [
            "GET", path, canonicalQuery, "host:\(configuration.authority)\n", "host", Self.unsignedPayload,
        ].joined(separator: "\n")
        let signature = sign(canonicalRequest, stamp)
        return PresignedURL(
            scheme: configuration.scheme,
            authority: configuration.authority,
            path: path,
            query: "\(canonicalQuery)&X-Amz-Signature=\(signature)"
        )
    }

    private func scope(_ stamp: Stamp) -> String {
        "\(stamp.day)/\(configuration.region)/s3/aws4_request"
    }

    private func sign(_ canonicalRequest: String, _ stamp: Stamp) -> String {
        let text = [Self.algorithm, stamp.time, scope(stamp), SHA256.hex(canonicalRequest.utf8)].joined(separator: "\n")
        var key = Array("AWS4\(configuration.secretAccessKey.expose())".utf8)
        for part in [stamp.day, configuration.region, "s3", "aws4_request"] {
            key = HMACSHA256.authenticate(part.utf8, key: key)
        }
        return HMACSHA256.authenticate(text.utf8, key: key).hex
    }

    /// Encoded pairs, sorted by their bytes.
    private static func canonical(_ query: [(String, String)]) -> String {
        query
            .map { (name: PercentEncoding.encode($0.0), value: PercentEncoding.encode($0.1)) }
            .sorted { ($0.name, $0.value) < ($1.name, $1.value) }
            .map { "\($0.name)=\($0.value)" }
            .joined(separator: "&")
    }

    /// Header lines and the list of their names, sorted; runs of spaces in a value become one.
    private static func canonical(headers: [(String, String)]) -> (lines: String, names: String) {
        let sorted = headers.sorted { $0.0 < $1.0 }
        let lines = sorted.map { name, value in
            "\(name):\(value.split(separator: " ").joined(separator: " "))\n"
        }
        return (lines.joined(), sorted.map(\.0).joined(separator: ";"))
    }
}

/// The time as signatures spell it.
private struct Stamp {
    /// `20130524T000000Z`.
    let time: String
    /// `20130524`.
    let day: String

    init(seconds: Int64) {
        var seconds = Int(seconds)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func padded(_ number: Int32, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        day = padded(parts.tm_year + 1900, 4) + padded(parts.tm_mon + 1, 2) + padded(parts.tm_mday, 2)
        time = day + "T" + padded(parts.tm_hour, 2) + padded(parts.tm_min, 2) + padded(parts.tm_sec, 2) + "Z"
    }
}
