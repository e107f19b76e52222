import Encodings
import HTTPClient

extension S3Client {
    /// Puts an object; calls back with the store's receipt.
    public func put(_ upload: S3Upload, completion: @escaping Completion<S3PutReceipt>) {
        put(upload, bodyListener: nil, completion: completion)
    }

    func put(
        _ upload: S3Upload,
        bodyListener: (@Sendable (Int64, UnsafeRawBufferPointer) -> Void)?,
        completion: @escaping Completion<S3PutReceipt>
    ) {
        var call = Call(method: "PUT", key: upload.key, payload: upload.sha256, body: upload.body)
        call.headers = [("content-type", upload.contentType)] + configuration.options.objectHeaders
        call.headers += upload.metadata.map { ("x-amz-meta-\($0.name)", $0.value) }
        call.bodyListener = bodyListener
        call.priority = upload.priority
        if upload.onlyIfAbsent { call.optional.append(.init(part: .conditionalPut, name: "if-none-match", value: "*")) }
        if let hash = [UInt8](hex: upload.sha256) {
            call.optional.append(.init(part: .checksum, name: "x-amz-checksum-sha256", value: hash.base64))
        }
        send(call) { answer in
            completion(
                answer.flatMap { response in Result { () throws(S3Error) in try S3PutReceipt(response, to: upload) } }
            )
        }
    }

    /// Puts an object.
    ///
    /// - Returns: The store's receipt.
    /// - Throws: ``S3Error``.
    @discardableResult
    public func put(_ upload: S3Upload) throws(S3Error) -> S3PutReceipt {
        try wait { put(upload, completion: $0) }
    }

    /// Asks for the facts about an object; calls back with them, or with an error of kind `notFound`.
    public func head(_ key: String, completion: @escaping Completion<S3ObjectInfo>) {
        var call = Call(method: "HEAD", key: key)
        call.optional = [.init(part: .checksumMode, name: "x-amz-checksum-mode", value: "ENABLED")]
        send(call) { result in
            completion(result.flatMap { response in Result { () throws(S3Error) in try S3ObjectInfo(response) } })
        }
    }

    /// Asks for the facts about an object.
    ///
    /// - Throws: ``S3Error``, of kind `notFound` where nothing lies under the key.
    public func head(_ key: String) throws(S3Error) -> S3ObjectInfo {
        try wait { head(key, completion: $0) }
    }

    /// Reads an object, or a part of it.
    ///
    /// - Parameters:
    ///   - key: The object.
    ///   - range: The first to the last byte; nil for all. Bounded by the client's limit of a response.
    /// - Returns: The bytes.
    /// - Throws: ``S3Error``.
    public func get(_ key: String, range: ClosedRange<Int64>? = nil) throws(S3Error) -> [UInt8] {
        try wait { done in get(key, range: range) { done($0.map(\.body)) } }
    }

    /// Reads a part of an object; calls back with the bytes, which are fewer where it ends before.
    public func get(
        _ key: String,
        bytes range: ClosedRange<Int64>,
        completion: @escaping Completion<[UInt8]>
    ) {
        get(key, range: range) { completion($0.map(\.body)) }
    }

    func get(_ key: String, range: ClosedRange<Int64>?, completion: @escaping Completion<HTTPClientResponse>) {
        var call = Call(method: "GET", key: key)
        if let range { call.headers.append(("range", "bytes=\(range.lowerBound)-\(range.upperBound)")) }
        send(call, completion)
    }

    /// Deletes an object; one that does not exist is no error.
    ///
    /// - Throws: ``S3Error``.
    public func delete(_ key: String) throws(S3Error) {
        do {
            _ = try wait { send(Call(method: "DELETE", key: key), $0) }
        } catch {
            guard error.kind == .notFound, error.code != "NoSuchBucket" else { throw error }
        }
    }
}
