import HTTPClient
import Encodings

extension S3Client {
    /// Puts an object; calls back with the store's receipt.
    public func put(_ upload: S3Upload, completion: @escaping Completion<S3PutReceipt>) {
        var headers = [("content-type", upload.contentType)]
        if let hash = [UInt8](hex: upload.sha256) { headers.append(("x-amz-checksum-sha256", hash.base64)) }
        if upload.onlyIfAbsent { headers.append(("if-none-match", "*")) }
        headers += upload.metadata.map { ("x-amz-meta-\($0.name)", $0.value) }
        let call = Call(method: "PUT", key: upload.key, headers: headers, payload: upload.sha256, body: upload.body)
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
        send(Call(method: "HEAD", key: key, headers: [("x-amz-checksum-mode", "ENABLED")])) { result in
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
        var headers: [(String, String)] = []
        if let range { headers.append(("range", "bytes=\(range.lowerBound)-\(range.upperBound)")) }
        return try wait { done in
            send(Call(method: "GET", key: key, headers: headers)) { done($0.map(\.body)) }
        }
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
