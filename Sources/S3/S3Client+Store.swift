import Crypto
import Encodings
import HTTPClient
import System

extension S3Client {
    /// Puts an object and proves that the store has its bytes; calls back with the proof.
    ///
    /// A store that confirms the checksum is believed. Of one that does not, the ETag is compared with the MD5 of the bytes
    /// as they were sent; where that is not what it means, some bytes are read back. An error of kind `preconditionFailed`
    /// says that an object lies under the key, and ``compare(_:isThere:completion:)`` which.
    public func store(_ upload: S3Upload, completion: @escaping Completion<S3StoredObject>) {
        store(upload, isSecond: false, completion)
    }

    private func store(_ upload: S3Upload, isSecond: Bool, _ completion: @escaping Completion<S3StoredObject>) {
        let digests = capabilities[.confirmation] == true ? nil : S3BodyDigests()
        let listener = digests.map { digests in
            { @Sendable (offset: Int64, bytes: UnsafeRawBufferPointer) in digests.add(bytes, at: offset) }
        }
        put(upload, bodyListener: listener) { [self] result in
            let receipt: S3PutReceipt
            switch result {
            case .failure(let error): return completion(.failure(error))
            case .success(let found): receipt = found
            }
            learn(.confirmation, isThere: receipt.hasChecksum)
            if receipt.hasChecksum { return accept(receipt.etag, proof: .checksum, completion: completion) }
            if let sent = Self.digests(of: upload, digests) {
                guard sent.sha256 == upload.sha256 else {
                    return completion(.failure(S3Error(.checksumMismatch, "the file has other bytes than announced")))
                }
                if receipt.isETag(sent.md5) {
                    learn(.md5ETag, isThere: true)
                    return accept(receipt.etag, proof: .etag, completion: completion)
                }
                // Of damaged bytes, or no MD5 at all: a second time tells.
                if !isSecond, capabilities[.md5ETag] != false, receipt.mayBeMD5 { return replace(upload, completion) }
                learn(.md5ETag, isThere: false)
            }
            compare(upload, isThere: true) { [self] comparison in
                guard case .success(.different) = comparison, !isSecond else {
                    return completion(Self.outcome(of: comparison))
                }
                replace(upload, completion)
            }
        }
    }

    /// Puts an object once more, of which damaged bytes have arrived: with the condition they would be in their own way for ever.
    private func replace(_ upload: S3Upload, _ completion: @escaping Completion<S3StoredObject>) {
        var again = upload
        again.onlyIfAbsent = false
        store(again, isSecond: true, completion)
    }

    /// The outcome of a PUT that was accepted, by what was found afterwards.
    private static func outcome(of comparison: Result<S3Comparison, S3Error>) -> Result<S3StoredObject, S3Error> {
        switch comparison {
        case .success(.same(let object)): .success(object)
        case .success(.different):
            .failure(S3Error(.malformed, "the store accepted the bytes and holds others"))
        case .failure(let error) where error.kind == .notFound:
            .failure(S3Error(.malformed, "the store accepted the bytes and does not have them", status: error.status))
        case .failure(let error): .failure(error)
        }
    }

    /// Puts an object and proves that the store has its bytes.
    ///
    /// - Throws: ``S3Error``.
    @discardableResult
    public func store(_ upload: S3Upload) throws(S3Error) -> S3StoredObject {
        try wait { store(upload, completion: $0) }
    }

    /// Compares the object under a key with what was to be put there; calls back with the strongest proof to be had.
    ///
    /// - Parameters:
    ///   - upload: What was to be put.
    ///   - isThere: True if the store has said that an object is there, as after a PUT. Then an access key that may write but
    ///     not look, or looks and may not decrypt, is no reason to doubt: a PUT leaves a whole object or none, and nobody else
    ///     writes under this key. Otherwise the refusal to look is an error.
    ///   - completion: Gets the outcome, or an error of kind `notFound` where nothing lies under the key.
    public func compare(_ upload: S3Upload, isThere: Bool, completion: @escaping Completion<S3Comparison>) {
        let isThere: Certainty = isThere ? .said : .unknown
        guard capabilities.allows(.headObject, now: .now()) else {
            return compareSample(upload, isThere, completion: completion)
        }
        head(upload.key) { [self] result in
            switch result {
            case .success(let info):
                learn(.headObject, isThere: true)
                switch info.verdict(on: upload) {
                case .same: accept(info.etag, proof: .checksum) { completion($0.map { .same($0) }) }
                case .different: completion(.success(.different))
                case nil: compareSample(upload, .seen(info), completion: completion)
                }
            case .failure(let error) where error.isAboutRights:
                // Of an object that may not be there, it can also mean that nothing is.
                if case .said = isThere { learn(.headObject, isThere: false) }
                compareSample(upload, isThere, completion: completion)
            case .failure(let error) where Self.isUnknownMethod(error):
                learn(.headObject, isThere: false)
                compareSample(upload, isThere, completion: completion)
            case .failure(let error): completion(.failure(error))
            }
        }
    }

    // MARK: Samples

    /// The knowledge of an object before bytes of it are read.
    private enum Certainty: Sendable {
        case unknown
        /// The store has said that it is there.
        case said
        case seen(S3ObjectInfo)
    }

    private static let sampleBytes: Int64 = 64 << 10

    /// Compares bytes from a random place with those of the object there.
    private func compareSample(
        _ upload: S3Upload,
        _ certainty: Certainty,
        completion: @escaping Completion<S3Comparison>
    ) {
        let accept = { @Sendable [self] (etag: String?, proof: S3Proof) in
            self.accept(etag, proof: proof) { completion($0.map { .same($0) }) }
        }
        let settle = { @Sendable (refusal: S3Error) in
            switch certainty {
            case .seen(let info): accept(info.etag, info.bytes >= 0 ? .length : .acknowledgement)
            case .said: accept(nil, .acknowledgement)
            case .unknown: completion(.failure(refusal))
            }
        }
        let length = upload.byteCount
        guard length > 0, capabilities.allows(.getObject, now: .now()) else {
            return settle(
                S3Error(.refused, "the access key may not look at objects", status: 403, code: "AccessDenied")
            )
        }
        let first = Int64.random(in: 0...max(0, length - Self.sampleBytes))
        let range = first...min(first + Self.sampleBytes, length) - 1
        get(upload.key, range: range) { [self] result in
            switch result {
            case .success(let response):
                learn(.getObject, isThere: true)
                do throws(S3Error) {
                    let isSame = try isSame(response, as: upload, in: range)
                    isSame ? accept(response.header("etag"), .sample) : completion(.success(.different))
                } catch {
                    completion(.failure(error))
                }
            case .failure(let error) where error.status == 416: completion(.success(.different))
            case .failure(let error) where error.isAboutRights || Self.isUnknownMethod(error):
                learn(.getObject, isThere: false)
                settle(error)
            case .failure(let error): completion(.failure(error))
            }
        }
    }

    private func isSame(
        _ response: HTTPClientResponse,
        as upload: S3Upload,
        in range: ClosedRange<Int64>
    ) throws(S3Error) -> Bool {
        // A store that ignores the range has sent the whole object.
        let isPart = response.status == 206
        let total = response.header("content-range")?.split(separator: "/").last.flatMap { Int64($0) }
        if isPart, let total, total != upload.byteCount { return false }
        if !isPart, Int64(response.body.count) != upload.byteCount { return false }
        return try response.body == upload.bytes(in: isPart ? range : 0...upload.byteCount - 1)
    }

    private func accept(_ etag: String?, proof: S3Proof, completion: @escaping Completion<S3StoredObject>) {
        learn(proof)
        completion(.success(S3StoredObject(etag: etag, proof: proof)))
    }

    private static func digests(of upload: S3Upload, _ digests: S3BodyDigests?) -> (sha256: String, md5: String?)? {
        switch upload.body {
        case .none: nil
        case .bytes(let bytes): (SHA256.hex(bytes), MD5.hash(bytes)?.hex)
        case .file(_, let length): digests?.finish(length: length)
        }
    }

    private static func isUnknownMethod(_ error: S3Error) -> Bool {
        error.status == 400 || error.status == 405 || error.status == 501
    }
}

extension S3PutReceipt {
    private var tag: String { etag.filter { $0 != "\"" }.lowercased() }

    /// True if the ETag looks like an MD5.
    fileprivate var mayBeMD5: Bool { [UInt8](hex: tag)?.count == 16 }

    /// Returns true if the ETag is this MD5.
    fileprivate func isETag(_ md5: String?) -> Bool { tag == md5 }
}

extension S3ObjectInfo {
    /// Judges by length, checksum and metadata; nil where they do not prove the bytes.
    fileprivate func verdict(on upload: S3Upload) -> S3Verdict? {
        if bytes >= 0, bytes != upload.byteCount { return .different }
        if let checksum { return checksum == upload.sha256 ? .same : .different }
        if let announced = metadata["sha256"], announced != upload.sha256 { return .different }
        return nil
    }
}

private enum S3Verdict { case same, different }

extension S3Upload {
    /// The length of the object.
    var byteCount: Int64 {
        switch body {
        case .none: 0
        case .bytes(let bytes): Int64(bytes.count)
        case .file(_, let length): length
        }
    }

    /// Reads a part of what was to be put.
    fileprivate func bytes(in range: ClosedRange<Int64>) throws(S3Error) -> [UInt8] {
        switch body {
        case .none: return []
        case .bytes(let bytes): return Array(bytes[Int(range.lowerBound)...Int(range.upperBound)])
        case .file(let path, _):
            var bytes = [UInt8](repeating: 0, count: range.count)
            do throws(SystemError) {
                let file = try File(opening: path)
                let count = try bytes.withUnsafeMutableBufferPointer { (buffer) throws(SystemError) in
                    try file.read(into: UnsafeMutableRawBufferPointer(buffer), at: range.lowerBound)
                }
                return Array(bytes[..<count])
            } catch {
                throw S3Error(.unreadable, error.detail)
            }
        }
    }
}
