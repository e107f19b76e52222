import Errors
import FoundationEssentials
import HTTPClient
import ObserverConfiguration
import ObserverCore
import S3

/// Stores segments in S3: one object each, with metadata from which the catalogue can be rebuilt.
///
/// The hash in the sidecar is signed as the payload's hash and sent as checksum, so a store that compares it needs nothing
/// hashed here. Of other stores the client proves in another way that they have the bytes.
///
/// Calls return at once; a completion is called once, on the HTTP client's thread, within the client's limits.
final class S3SegmentStore: Sendable {
    private let client: S3Client

    init(_ client: S3Client) {
        self.client = client
    }

    /// Puts the file under the segment's key unless there is an object already.
    func put(
        _ segment: Segment,
        file: String,
        priority: HTTPClientPriority,
        completion: @escaping @Sendable (PutOutcome) -> Void
    ) {
        var upload = upload(of: segment, file: file)
        upload.priority = priority
        client.store(upload) { result in
            switch result {
            case .success(let object): completion(.stored(StoredObject(etag: object.etag, confirmedAt: .now())))
            case .failure(let error): completion(PutOutcome(error))
            }
        }
    }

    /// Compares the object under the segment's key, which is there, with the segment.
    func compare(_ segment: Segment, file: String, completion: @escaping @Sendable (HeadOutcome) -> Void) {
        client.compare(upload(of: segment, file: file), isThere: true) { result in
            switch result {
            case .success(.same(let object)):
                completion(.same(StoredObject(etag: object.etag, confirmedAt: .now())))
            case .success(.different): completion(.different)
            case .failure(let error): completion(HeadOutcome(error))
            }
        }
    }

    /// Looks for the object of a segment whose file is gone.
    ///
    /// Only what the store says about it counts: an access key that may not look proves nothing.
    func head(_ segment: Segment, completion: @escaping @Sendable (HeadOutcome) -> Void) {
        client.head(segment.header.objectKey) { result in
            switch result {
            case .success(let info):
                let hash = info.checksum ?? info.metadata["sha256"]
                let isSame = info.bytes == segment.media.bytes && hash == segment.media.sha256
                completion(isSame ? .same(StoredObject(etag: info.etag, confirmedAt: .now())) : .different)
            case .failure(let error): completion(HeadOutcome(error))
            }
        }
    }

    private func upload(of segment: Segment, file: String) -> S3Upload {
        S3Upload(
            key: segment.header.objectKey,
            body: .file(path: file, length: segment.media.bytes),
            sha256: segment.media.sha256,
            contentType: "video/mp4",
            metadata: Self.metadata(of: segment),
            onlyIfAbsent: true
        )
    }

    /// The whole sidecar as one header, and what people search for in a bucket as others.
    private static func metadata(of segment: Segment) -> [(name: String, value: String)] {
        var metadata = [
            (name: "sha256", value: segment.media.sha256),
            (name: "camera", value: "\(segment.header.cameraID)"),
            (name: "started-at", value: segment.startedAt.rfc3339),
            (name: "duration-ms", value: "\(segment.end.durationMilliseconds)"),
        ]
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // A sidecar was read from JSON, so it can be written as JSON; if not, the four above are all there is.
        if let json = try? encoder.encode(segment) { metadata.append((name: "segment", value: ascii(json))) }
        return metadata
    }

    /// JSON for a header: characters outside ASCII as `\u` escapes.
    private static func ascii(_ json: Data) -> String {
        guard json.contains(where: { $0 >= 0x80 }) else { return String(decoding: json, as: UTF8.self) }
        return String(decoding: json, as: UTF8.self).utf16.reduce(into: "") { text, unit in
            if unit < 0x80, let scalar = Unicode.Scalar(unit) {
                text.unicodeScalars.append(scalar)
            } else {
                let digits = String(unit, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
    }
}

extension PutOutcome {
    init(_ error: S3Error) {
        switch error.kind {
        case .preconditionFailed: self = .exists
        case .checksumMismatch: self = .digestMismatch
        case .unreadable: self = .unreadable("the file cannot be read from the spool: \(error.detail)")
        case .badEndpoint, .refused, .notFound, .clockSkew: self = .refused(Refusal(error))
        case .conflict, .throttled, .unavailable, .timeout, .network, .malformed, .credentials:
            self = .trouble(Trouble(error), error.advice)
        }
    }
}

extension HeadOutcome {
    init(_ error: S3Error) {
        switch error.kind {
        case .badEndpoint, .refused, .clockSkew: self = .refused(Refusal(error))
        case .notFound: self = .absent
        case .preconditionFailed, .checksumMismatch, .unreadable, .conflict, .throttled, .unavailable,
            .timeout, .network, .malformed, .credentials:
            self = .trouble(Trouble(error), error.advice)
        }
    }
}

extension Refusal {
    /// The words of stores for what is not about an object ("Error Responses" in the S3 API reference).
    private static let storeWideCodes: Set<String> = [
        "AccountProblem", "AllAccessDisabled", "AuthorizationHeaderMalformed", "ExpiredToken", "InvalidAccessKeyId",
        "InvalidBucketName", "InvalidSecurity", "InvalidToken", "NoSuchBucket", "NotSignedUp", "PermanentRedirect",
        "QuotaExceeded", "RequestTimeTooSkewed", "SignatureDoesNotMatch", "TokenRefreshRequired",
    ]

    init(_ error: S3Error) {
        let code = error.code ?? error.status.map { "HTTP \($0)" } ?? error.kind.rawValue
        let isStoreWide =
            switch error.kind {
            case .clockSkew, .badEndpoint: true
            default: Self.storeWideCodes.contains(code) || [301, 307, 401].contains(error.status)
            }
        self.init(code: code, reason: error.advice, isStoreWide: isStoreWide)
    }
}

extension Trouble {
    fileprivate init(_ error: S3Error) {
        switch error.kind {
        case .timeout: self = .timeout
        case .throttled: self = .throttled
        case .network: self = .connection
        case .badEndpoint, .refused, .notFound, .preconditionFailed, .conflict, .checksumMismatch, .clockSkew,
            .unavailable, .malformed, .unreadable, .credentials:
            self = .server
        }
    }
}
