import Errors
import System
import FoundationEssentials
import HTTPClient
import ObserverCore
import S3
import Synchronization

/// Segments in S3: one object each, with what rebuilds the catalogue in its metadata.
///
/// The hash in the sidecar is signed as the payload's hash and sent as checksum, so the store compares it with what it
/// receives, and nothing is hashed twice here. Stored is what the store confirms by repeating the checksum or, where it
/// does not, by what it says of the object afterwards.
final class S3SegmentStore: Sendable {
    private let client: S3Client
    /// Until the store says that it does not know `If-None-Match`.
    private let isConditional = Atomic<Bool>(true)

    init(_ configuration: S3Configuration, http: HTTPClient) {
        client = S3Client(configuration, http: http)
    }

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
            case .success(let receipt) where receipt.hasChecksum: completion(.stored(etag: receipt.etag))
            // A request more, but only with stores that do not repeat the checksum.
            case .success: check(segment) { completion(PutOutcome(afterPut: $0)) }
            case .failure(let error) where error.status == 501 && isConditional:
                self.isConditional.store(false, ordering: .relaxed)
                put(segment, file: file, completion: completion)
            case .failure(let error): completion(PutOutcome(error))
            }
        }
    }

    func check(_ segment: Segment, completion: @escaping @Sendable (CheckOutcome) -> Void) {
        client.head(segment.header.objectKey) { result in
            switch result {
            case .success(let info):
                let isSame = info.bytes == segment.media.bytes && info.sha256 == segment.media.sha256
                completion(isSame ? .same(etag: info.etag) : .different)
            case .failure(let error): completion(CheckOutcome(error))
            }
        }
    }

    /// The sidecar as one header, and apart from it what people look for in a bucket.
    private static func metadata(of segment: Segment) -> [(name: String, value: String)] {
        var metadata = [
            (name: "sha256", value: segment.media.sha256),
            (name: "camera", value: "\(segment.header.cameraID)"),
            (name: "started-at", value: segment.startedAt.rfc3339),
            (name: "duration-ms", value: "\(segment.end.durationMilliseconds)"),
        ]
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // A sidecar came from JSON, so it can be written as JSON; without it the four above are what there is.
        if let json = try? encoder.encode(segment) { metadata.append((name: "segment", value: ascii(json))) }
        return metadata
    }

    /// JSON that a header can hold: what is not ASCII as `\u` escapes.
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
    /// What lies under a segment's key after it was put there, with the answer 200.
    init(afterPut found: CheckOutcome) {
        switch found {
        case .same(let etag): self = .stored(etag: etag)
        case .different: self = .trouble(.server, "the store took the bytes and has others")
        case .refused(let reason): self = .refused(reason)
        case .trouble(let trouble, let reason): self = .trouble(trouble, reason)
        }
    }

    /// What an error of the store means for a segment.
    init(_ error: S3Error) {
        switch error.kind {
        case .preconditionFailed: self = .exists
        case .checksumMismatch: self = .digestMismatch
        case .unreadable: self = .fileGone
        case .badEndpoint, .refused, .notFound, .clockSkew: self = .refused(error.advice)
        case .conflict, .throttled, .unavailable, .timeout, .network, .malformed:
            self = .trouble(Trouble(error), error.advice)
        }
    }
}

extension CheckOutcome {
    /// What an error of the store means when it was asked what it has.
    init(_ error: S3Error) {
        switch error.kind {
        case .badEndpoint, .refused, .clockSkew: self = .refused(error.advice)
        // It was there a moment ago; the next PUT decides.
        case .notFound, .preconditionFailed, .checksumMismatch, .unreadable, .conflict, .throttled, .unavailable,
            .timeout, .network, .malformed:
            self = .trouble(Trouble(error), error.advice)
        }
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
