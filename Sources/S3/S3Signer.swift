import Crypto
import Encodings

/// AWS Signature Version 4 for S3 ("Authenticating Requests" in the S3 API reference).
///
/// libcurl's own signer is not used: in 7.88 it does not sort the query, encodes keys wrongly and cannot presign.
public struct S3Signer: Sendable {
    /// The payload hash of a request without a body.
    public static let emptyPayload = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    /// The word in place of the hash for a payload that is not signed.
    public static let unsignedPayload = "UNSIGNED-PAYLOAD"

    private static let algorithm = "AWS4-HMAC-SHA256"
    private let place: S3Place
    private let credentials: S3Credentials

    /// Creates a signer for a bucket.
    public init(_ place: S3Place, credentials: S3Credentials) {
        (self.place, self.credentials) = (place, credentials)
    }

    /// Signs by header.
    ///
    /// - Parameters:
    ///   - method: `GET`, `PUT`, `HEAD`, `DELETE`, `POST`.
    ///   - key: The object; empty for the bucket.
    ///   - query: Names and values, unencoded; a name without a value has an empty one.
    ///   - headers: Further headers to send and sign: `content-type`, `range`, `x-amz-…`; names in lower case.
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
    ) -> S3SignedRequest {
        let stamp = Stamp(seconds: seconds)
        var signed = headers
        signed.append(("x-amz-content-sha256", payloadSHA256))
        signed.append(("x-amz-date", stamp.time))
        if let token = credentials.sessionToken { signed.append(("x-amz-security-token", token.expose())) }

        let path = place.path(key)
        let canonicalQuery = Self.canonical(query)
        let (canonicalHeaders, names) = Self.canonical(headers: signed + [("host", place.authority)])
        let canonicalRequest = [method, path, canonicalQuery, canonicalHeaders, names, payloadSHA256]
            .joined(separator: "\n")
        let signature = sign(canonicalRequest, stamp)
        let credential = "\(credentials.accessKeyID)/\(scope(stamp))"
        signed.append(
            (
                "authorization",
                "\(Self.algorithm) Credential=\(credential),SignedHeaders=\(names),Signature=\(signature)"
            )
        )
        let url = "\(place.scheme)://\(place.authority)\(path)"
        return S3SignedRequest(
            method: method,
            url: canonicalQuery.isEmpty ? url : "\(url)?\(canonicalQuery)",
            headers: signed.map { (name: $0.0, value: $0.1) }
        )
    }

    /// Signs a `GET` by query, so that anybody with the URL can send it.
    ///
    /// - Parameters:
    ///   - key: The object.
    ///   - expires: The seconds for which it works, 1 to 604800.
    ///   - query: Further parameters, unencoded: `response-content-type` and the like, `x-amz-…`.
    ///   - seconds: The time, in seconds since 1970.
    /// - Returns: The URL in its parts. It works for any `Range`; of the headers only `Host` is signed.
    public func presignGet(
        key: String,
        expires: Int,
        query: [(String, String)] = [],
        at seconds: Int64
    ) -> S3PresignedURL {
        let stamp = Stamp(seconds: seconds)
        var query = query
        query.append(("X-Amz-Algorithm", Self.algorithm))
        query.append(("X-Amz-Credential", "\(credentials.accessKeyID)/\(scope(stamp))"))
        query.append(("X-Amz-Date", stamp.time))
        query.append(("X-Amz-Expires", String(expires)))
        query.append(("X-Amz-SignedHeaders", "host"))
        if let token = credentials.sessionToken { query.append(("X-Amz-Security-Token", token.expose())) }

        let path = place.path(key)
        let canonicalQuery = Self.canonical(query)
        let canonicalRequest = [
            "GET", path, canonicalQuery, "host:\(place.authority)\n", "host", Self.unsignedPayload,
        ].joined(separator: "\n")
        let signature = sign(canonicalRequest, stamp)
        return S3PresignedURL(
            scheme: place.scheme,
            authority: place.authority,
            path: path,
            query: "\(canonicalQuery)&X-Amz-Signature=\(signature)"
        )
    }

    private func scope(_ stamp: Stamp) -> String {
        "\(stamp.day)/\(place.region)/s3/aws4_request"
    }

    private func sign(_ canonicalRequest: String, _ stamp: Stamp) -> String {
        let text = [Self.algorithm, stamp.time, scope(stamp), SHA256.hex(canonicalRequest.utf8)].joined(separator: "\n")
        var key = Array("AWS4\(credentials.secretAccessKey.expose())".utf8)
        for part in [stamp.day, place.region, "s3", "aws4_request"] {
            key = HMACSHA256.authenticate(part.utf8, key: key)
        }
        return HMACSHA256.authenticate(text.utf8, key: key).hex
    }

    /// Encodes pairs and sorts them by their bytes.
    private static func canonical(_ query: [(String, String)]) -> String {
        query
            .map { (name: PercentEncoding.encode($0.0), value: PercentEncoding.encode($0.1)) }
            .sorted { ($0.name, $0.value) < ($1.name, $1.value) }
            .map { "\($0.name)=\($0.value)" }
            .joined(separator: "&")
    }

    /// Sorts header lines and the list of their names; runs of spaces in a value become one.
    private static func canonical(headers: [(String, String)]) -> (lines: String, names: String) {
        let sorted = headers.sorted { $0.0 < $1.0 }
        let lines = sorted.map { name, value in
            "\(name):\(value.split(separator: " ").joined(separator: " "))\n"
        }
        return (lines.joined(), sorted.map(\.0).joined(separator: ";"))
    }
}

/// The time in the form of signatures.
private struct Stamp {
    /// `20130524T000000Z`.
    let time: String
    /// `20130524`.
    let day: String

    init(seconds: Int64) {
        let date = CivilDate(seconds: seconds)
        var bytes: [UInt8] = []
        bytes.appendDecimal(date.year, width: 4)
        bytes.appendDecimal(date.month, width: 2)
        bytes.appendDecimal(date.day, width: 2)
        day = String(decoding: bytes, as: UTF8.self)
        bytes.append(UInt8(ascii: "T"))
        bytes.appendDecimal(date.hour, width: 2)
        bytes.appendDecimal(date.minute, width: 2)
        bytes.appendDecimal(date.second, width: 2)
        bytes.append(UInt8(ascii: "Z"))
        time = String(decoding: bytes, as: UTF8.self)
    }
}
