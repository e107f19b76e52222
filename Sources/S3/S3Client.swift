import Crypto
import Encodings
import Glibc
public import HTTPClient
import Synchronization

/// What the store says of an object.
public struct ObjectInfo: Sendable, Hashable {
    /// Its size in bytes.
    public let bytes: Int64
    /// What the store calls this version, with its quotes.
    public let etag: String?
    /// SHA-256 in lower-case hex, where the store keeps it as checksum or the uploader put it into the metadata.
    public let sha256: String?
    /// `x-amz-meta-…` without the prefix; names in lower case.
    public let metadata: [String: String]
}

/// What the store answered when an object was put.
public struct PutReceipt: Sendable, Hashable {
    /// What the store calls this version, with its quotes.
    public let etag: String
    /// Whether the store repeated the checksum that was sent with the bytes.
    ///
    /// AWS does, and most others; where one does not, only a look at the object tells what is there.
    public let hasChecksum: Bool

    /// Reads the answer to a PUT: not everything that says 200 is a store (captive portals do, and wrong ports).
    ///
    /// - Throws: `S3Error` of kind `malformed` where it is not what S3 answers to these bytes.
    init(_ response: HTTPClientResponse, to upload: Upload) throws(S3Error) {
        guard let etag = response.header("etag"), etag.contains(where: { $0 != "\"" }) else {
            throw S3Error(kind: .malformed, status: response.status, reason: "the answer is not S3's: it has no ETag")
        }
        self.etag = etag
        let checksum = response.header("x-amz-checksum-sha256")
        hasChecksum = checksum != nil
        guard let checksum, [UInt8](base64: checksum)?.hex != upload.sha256 else { return }
        throw S3Error(kind: .malformed, status: response.status, reason: "the store has the checksum of other bytes")
    }
}

/// One page of a list.
public struct ObjectPage: Sendable, Hashable {
    /// Keys, in order of their bytes.
    public let keys: [String]
    /// Sizes in bytes, one for each key.
    public let sizes: [Int64]
    /// Gives the next page; nil at the end.
    public let continuation: String?
}

/// What is put under a key.
public struct Upload: Sendable {
    /// The key.
    public var key: String
    /// The bytes, or the file that has them.
    public var body: HTTPClientRequest.Body
    /// The hash of the body in lower-case hex; signed, so that the store compares it.
    public var sha256: String
    /// The media type.
    public var contentType: String
    /// `x-amz-meta-…` without the prefix: lower-case names, ASCII values.
    public var metadata: [(name: String, value: String)]
    /// Only if nothing lies under the key yet (`If-None-Match: *`); stores that do not know it write all the same.
    public var onlyIfAbsent: Bool

    /// Describes an upload.
    public init(
        key: String,
        body: HTTPClientRequest.Body,
        sha256: String,
        contentType: String,
        metadata: [(name: String, value: String)] = [],
        onlyIfAbsent: Bool = false
    ) {
        self.key = key
        self.body = body
        self.sha256 = sha256
        self.contentType = contentType
        self.metadata = metadata
        self.onlyIfAbsent = onlyIfAbsent
    }
}

/// Objects in one bucket of S3, or of anything that speaks S3.
///
/// Every operation has a form that calls back on the engine's thread and one that blocks the caller's own thread. A clock
/// that is off is noticed once, learned from the store's, and the request signed again.
public final class S3Client: Sendable {
    /// What is called with the outcome, on the engine's thread: it must not block.
    public typealias Completion<Value> = @Sendable (Result<Value, S3Error>) -> Void

    /// Where and with which right.
    public let configuration: S3Configuration
    private let signer: Signer
    private let transfers: HTTPClient
    private let limits: HTTPClientRequest.Limits
    private let clock: @Sendable () -> Int64
    /// Seconds to add to `clock`.
    private let clockOffset = Atomic<Int64>(0)

    /// Makes a client that sends through `transfers`.
    ///
    /// - Parameters:
    ///   - configuration: Where and with which right.
    ///   - transfers: The engine.
    ///   - limits: How long a request may take; an upload gets more by its size.
    ///   - clock: Seconds since 1970, for signatures; nil for the system's.
    public init(
        _ configuration: S3Configuration,
        transfers: HTTPClient,
        limits: HTTPClientRequest.Limits = HTTPClientRequest.Limits(),
        clock: (@Sendable () -> Int64)? = nil
    ) {
        self.configuration = configuration
        self.transfers = transfers
        self.limits = limits
        self.clock = clock ?? { Int64(time(nil)) }
        signer = Signer(configuration)
    }

    /// The time for signatures, in seconds since 1970.
    private func now() -> Int64 {
        clock() + clockOffset.load(ordering: .relaxed)
    }

    // MARK: Requests

    private struct Call: Sendable {
        var method: String
        var key = ""
        var query: [(String, String)] = []
        var headers: [(String, String)] = []
        var payload = Signer.emptyPayload
        var body = HTTPClientRequest.Body.none
        var isRepeated = false
    }

    private func send(_ call: Call, _ completion: @escaping Completion<HTTPClientResponse>) {
        let moment = now()
        let signed = signer.sign(
            method: call.method,
            key: call.key,
            query: call.query,
            headers: call.headers,
            payloadSHA256: call.payload,
            at: moment
        )
        var limits = limits
        if case .file(_, let length) = call.body, let total = limits.total {
            // At the slowest speed that is borne, a large file takes its time.
            limits.total = max(total, .seconds(length / Int64(max(limits.slowBytesPerSecond, 1))))
        }
        let request = HTTPClientRequest(
            method: signed.method,
            url: signed.url,
            headers: signed.headers,
            body: call.body,
            limits: limits
        )
        transfers.submit(request) { [self] result in
            switch result {
            case .failure(let error): completion(.failure(S3Error(error)))
            case .success(let response) where (200..<300).contains(response.status): completion(.success(response))
            case .success(let response):
                let error = S3Error(response)
                if !call.isRepeated, learnClock(from: response, error, signedAt: moment) {
                    var again = call
                    again.isRepeated = true
                    send(again, completion)
                } else {
                    completion(.failure(error))
                }
            }
        }
    }

    /// Takes over the store's clock where a refusal is due to ours; false where not, or where it is more than a day off.
    ///
    /// Not every store names the reason, and none can in the answer to a `HEAD`: there a difference of clocks is taken
    /// for it.
    private func learnClock(from response: HTTPClientResponse, _ error: S3Error, signedAt moment: Int64) -> Bool {
        guard error.kind == .clockSkew || error.kind == .refused,
            let date = response.header("date"), let theirs = HTTPDate.seconds(date)
        else { return false }
        let offset = theirs - clock()
        guard abs(offset) <= 86_400, error.kind == .clockSkew || abs(theirs - moment) > 240 else { return false }
        clockOffset.store(offset, ordering: .relaxed)
        return true
    }

    private func wait<Value: Sendable>(
        _ start: (@escaping Completion<Value>) -> Void
    ) throws(S3Error) -> Value {
        let outcome = Outcome<Value>()
        start { outcome.set($0) }
        return try outcome.wait().get()
    }

    // MARK: Objects

    /// Puts an object; calls back with the store's receipt.
    public func put(_ upload: Upload, completion: @escaping Completion<PutReceipt>) {
        var headers = [("content-type", upload.contentType)]
        if let hash = [UInt8](hex: upload.sha256) { headers.append(("x-amz-checksum-sha256", hash.base64)) }
        if upload.onlyIfAbsent { headers.append(("if-none-match", "*")) }
        headers += upload.metadata.map { ("x-amz-meta-\($0.name)", $0.value) }
        let call = Call(method: "PUT", key: upload.key, headers: headers, payload: upload.sha256, body: upload.body)
        send(call) { answer in
            completion(
                answer.flatMap { response in Result { () throws(S3Error) in try PutReceipt(response, to: upload) } }
            )
        }
    }

    /// Puts an object.
    ///
    /// - Returns: The store's receipt.
    /// - Throws: `S3Error`.
    @discardableResult
    public func put(_ upload: Upload) throws(S3Error) -> PutReceipt {
        try wait { put(upload, completion: $0) }
    }

    /// Asks what lies under a key; calls back with it, or with an error of kind `notFound`.
    public func head(_ key: String, completion: @escaping Completion<ObjectInfo>) {
        send(Call(method: "HEAD", key: key, headers: [("x-amz-checksum-mode", "ENABLED")])) { result in
            completion(result.flatMap { response in Result { () throws(S3Error) in try Self.info(response) } })
        }
    }

    /// Asks what lies under a key.
    ///
    /// - Returns: What the store says of it.
    /// - Throws: `S3Error` of kind `notFound` where nothing does.
    public func head(_ key: String) throws(S3Error) -> ObjectInfo {
        try wait { head(key, completion: $0) }
    }

    /// Reads an object, or a part of it.
    ///
    /// - Parameters:
    ///   - key: The object.
    ///   - range: Bytes from the first to the last of it; nil for all. Bounded by the client's limit of an answer.
    /// - Returns: The bytes.
    /// - Throws: `S3Error`.
    public func get(_ key: String, range: ClosedRange<Int64>? = nil) throws(S3Error) -> [UInt8] {
        var headers: [(String, String)] = []
        if let range { headers.append(("range", "bytes=\(range.lowerBound)-\(range.upperBound)")) }
        return try wait { done in
            send(Call(method: "GET", key: key, headers: headers)) { done($0.map(\.body)) }
        }
    }

    /// Deletes an object; that there is none is as good.
    ///
    /// - Throws: `S3Error`.
    public func delete(_ key: String) throws(S3Error) {
        do {
            _ = try wait { send(Call(method: "DELETE", key: key), $0) }
        } catch {
            guard error.kind == .notFound, error.code != "NoSuchBucket" else { throw error }
        }
    }

    /// Lists keys, a page at a time (ListObjectsV2).
    ///
    /// - Parameters:
    ///   - prefix: What the keys begin with.
    ///   - limit: How many at most, 1 to 1000.
    ///   - continuation: From the page before.
    /// - Returns: The page.
    /// - Throws: `S3Error`.
    public func list(
        prefix: String,
        limit: Int = 1000,
        continuation: String? = nil
    ) throws(S3Error) -> ObjectPage {
        var query = [("list-type", "2"), ("prefix", prefix), ("max-keys", String(limit))]
        if let continuation { query.append(("continuation-token", continuation)) }
        let response = try wait { (done: @escaping Completion<HTTPClientResponse>) in
            send(Call(method: "GET", query: query), done)
        }
        let elements = XMLText(response.body)
        let keys = elements.all(["Contents", "Key"])
        let sizes = elements.all(["Contents", "Size"]).compactMap { Int64($0) }
        let isTruncated = elements.first("IsTruncated") == "true"
        let next = isTruncated ? elements.first("NextContinuationToken") : nil
        // A page that ends too early must not pass for the last one.
        guard elements.isComplete, keys.count == sizes.count, isTruncated == (next?.isEmpty == false) else {
            throw S3Error(kind: .malformed, status: response.status, reason: "the list cannot be read")
        }
        return ObjectPage(keys: keys, sizes: sizes, continuation: next)
    }

    // MARK: Buckets

    /// Creates the bucket, unless it is there: whoever may only use a bucket may not create one.
    ///
    /// - Throws: `S3Error`.
    public func createBucket() throws(S3Error) {
        do {
            return try checkBucket()
        } catch {
            guard error.kind == .notFound else { throw error }
        }
        var call = Call(method: "PUT")
        if configuration.region != "us-east-1" {
            let text =
                "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                + "<LocationConstraint>\(configuration.region)</LocationConstraint></CreateBucketConfiguration>"
            call.body = .bytes(Array(text.utf8))
            call.payload = SHA256.hex(text.utf8)
        }
        do {
            _ = try wait { [call] in send(call, $0) }
        } catch {
            guard error.code == "BucketAlreadyOwnedByYou" || error.code == "BucketAlreadyExists" else { throw error }
            try checkBucket()
        }
    }

    /// Asks whether the bucket is there and may be used.
    ///
    /// - Throws: `S3Error` of kind `notFound` or `refused` where not.
    public func checkBucket() throws(S3Error) {
        _ = try wait { send(Call(method: "HEAD"), $0) }
    }

    /// A URL that gives an object to whoever has it.
    ///
    /// - Parameters:
    ///   - key: The object.
    ///   - expires: For how many seconds it works.
    ///   - responseHeaders: `response-content-type` and the like, with values.
    /// - Returns: The URL in its parts.
    public func presignGet(
        _ key: String,
        expires: Int,
        responseHeaders: [(String, String)] = []
    ) -> PresignedURL {
        signer.presignGet(key: key, expires: expires, responseHeaders: responseHeaders, at: now())
    }

    private static func info(_ response: HTTPClientResponse) throws(S3Error) -> ObjectInfo {
        guard response.header("etag") != nil else {
            throw S3Error(kind: .malformed, status: response.status, reason: "the answer is not S3's: it has no ETag")
        }
        var metadata: [String: String] = [:]
        for (name, value) in response.headers where name.hasPrefix("x-amz-meta-") {
            metadata[String(name.dropFirst("x-amz-meta-".count))] = value
        }
        let checksum = response.header("x-amz-checksum-sha256").flatMap { [UInt8](base64: $0)?.hex }
        return ObjectInfo(
            bytes: response.header("content-length").flatMap { Int64($0) } ?? -1,
            etag: response.header("etag"),
            sha256: checksum ?? metadata["sha256"],
            metadata: metadata
        )
    }
}
