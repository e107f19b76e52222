import Errors
import System
import FoundationEssentials
import HTTPClient
import ObserverConfiguration
import ObserverCore
import S3
import Synchronization

/// Stores segments in S3: one object each, with metadata from which the catalogue can be rebuilt.
///
/// The hash in the sidecar is signed as the payload's hash and sent as checksum, so the store compares it with what it
/// receives, and nothing is hashed twice here. A segment counts as stored when the store repeats the checksum or, if it does
/// not do that, when a HEAD finds the object with this length and hash.
///
/// Calls return at once; a completion is called once, on the HTTP client's thread, within the client's limits.
final class S3SegmentStore: Sendable {
    private let client: S3Client
    /// True until the store answers that it does not implement `If-None-Match` (501).
    private let isConditional = Atomic<Bool>(true)

    init(_ configuration: S3Configuration, http: HTTPClient) {
        client = S3Client(configuration, http: http)
    }

    /// Puts the file under the segment's key unless there is an object already.
    func put(_ segment: Segment, file: String, completion: @escaping @Sendable (PutOutcome) -> Void) {
        let isConditional = isConditional.load(ordering: .relaxed)
        let upload = S3Upload(
            key: segment.header.objectKey,
            body: .file(path: file, length: segment.media.bytes),
            sha256: segment.media.sha256,
            contentType: "video/mp4",
            metadata: Self.metadata(of: segment),
            onlyIfAbsent: isConditional
        )
        client.put(upload) { [self] result in
            switch result {
            case .success(let receipt) where receipt.hasChecksum:
                completion(.stored(StoredObject(etag: receipt.etag, confirmedAt: .now())))
            // One more request, but only with stores that do not repeat the checksum.
            case .success: head(segment) { completion(PutOutcome(afterPut: $0)) }
            case .failure(let error) where error.status == 501 && isConditional:
                self.isConditional.store(false, ordering: .relaxed)
                put(segment, file: file, completion: completion)
            case .failure(let error): completion(PutOutcome(error))
            }
        }
    }

    /// Compares the object under the segment's key with the segment.
    func head(_ segment: Segment, completion: @escaping @Sendable (HeadOutcome) -> Void) {
        client.head(segment.header.objectKey) { result in
            switch result {
            case .success(let info):
                let isSame = info.bytes == segment.media.bytes && info.sha256 == segment.media.sha256
                completion(isSame ? .same(StoredObject(etag: info.etag, confirmedAt: .now())) : .different)
            case .failure(let error): completion(HeadOutcome(error))
            }
        }
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
    /// The outcome of a PUT that was answered with 200, by the object that a HEAD found afterwards.
    init(afterPut found: HeadOutcome) {
        switch found {
        case .same(let object): self = .stored(object)
        case .different: self = .trouble(.server, "the store accepted the bytes and holds others")
        case .absent: self = .trouble(.server, "the store accepted the bytes and has no object")
        case .refused(let refusal): self = .refused(refusal)
        case .trouble(let trouble, let reason): self = .trouble(trouble, reason)
        }
    }

    init(_ error: S3Error) {
        switch error.kind {
        case .preconditionFailed: self = .exists
        case .checksumMismatch: self = .digestMismatch
        case .unreadable: self = .fileGone
        case .badEndpoint, .refused, .notFound, .clockSkew: self = .refused(Refusal(error))
        case .conflict, .throttled, .unavailable, .timeout, .network, .malformed:
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
            .timeout, .network, .malformed:
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
            .unavailable, .malformed, .unreadable:
            self = .server
        }
    }
}
