import Crypto
import HTTPClient
import System

extension S3Client {
    /// Lists keys, a page at a time (ListObjectsV2).
    ///
    /// - Parameters:
    ///   - prefix: The start of the keys.
    ///   - limit: The most keys of the page, 1 to 1000.
    ///   - continuation: The token from the page before.
    /// - Returns: The page.
    /// - Throws: ``S3Error``.
    public func list(
        prefix: String,
        limit: Int = 1000,
        continuation: String? = nil
    ) throws(S3Error) -> S3ObjectPage {
        var query = [("list-type", "2"), ("prefix", prefix), ("max-keys", String(limit))]
        if let continuation { query.append(("continuation-token", continuation)) }
        let response = try wait { (done: @escaping Completion<HTTPClientResponse>) in
            send(Call(method: "GET", query: query), done)
        }
        let elements = XMLText(response.body)
        let keys = elements.all(["Contents", "Key"])
        let sizes = elements.all(["Contents", "Size"]).compactMap { text in
            Int64(text).flatMap { S3ObjectInfo.sizes.contains($0) ? $0 : nil }
        }
        let isTruncated = elements.first("IsTruncated") == "true"
        let next = isTruncated ? elements.first("NextContinuationToken") : nil
        // A page that was cut off must not pass for the last one.
        guard elements.isComplete, keys.count == sizes.count, isTruncated == (next?.isEmpty == false) else {
            throw S3Error(.malformed, "the list cannot be read", status: response.status)
        }
        let modified = elements.all(["Contents", "LastModified"])
        return S3ObjectPage(
            keys: keys,
            sizes: sizes,
            modified: modified.count == keys.count ? modified : [],
            continuation: next
        )
    }

    /// Lists the folders directly below a place: all beginnings of keys up to the next slash.
    ///
    /// - Parameter prefix: The place, which ends with a slash.
    /// - Returns: The beginnings, each with its slash, in the order of their bytes.
    /// - Throws: ``S3Error``.
    public func folders(in prefix: String) throws(S3Error) -> [String] {
        var folders: [String] = []
        var continuation: String?
        repeat {
            var query = [("list-type", "2"), ("prefix", prefix), ("delimiter", "/"), ("max-keys", "1000")]
            if let continuation { query.append(("continuation-token", continuation)) }
            let response = try wait { [query] (done: @escaping Completion<HTTPClientResponse>) in
                send(Call(method: "GET", query: query), done)
            }
            let elements = XMLText(response.body)
            let isTruncated = elements.first("IsTruncated") == "true"
            continuation = isTruncated ? elements.first("NextContinuationToken") : nil
            guard elements.isComplete, isTruncated == (continuation?.isEmpty == false) else {
                throw S3Error(.malformed, "the list cannot be read", status: response.status)
            }
            folders += elements.all(["CommonPrefixes", "Prefix"])
        } while continuation != nil
        return folders
    }

    /// Creates the bucket unless it exists; an access key that may only use the bucket need not have the right to create it.
    ///
    /// - Throws: ``S3Error``.
    public func createBucket() throws(S3Error) {
        do {
            return try checkBucket()
        } catch {
            guard error.kind == .notFound else { throw error }
        }
        var call = Call(method: "PUT")
        if configuration.place.region != "us-east-1" {
            let text =
                "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                + "<LocationConstraint>\(configuration.place.region)</LocationConstraint></CreateBucketConfiguration>"
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

    /// Checks that the store knows the bucket and the access key.
    ///
    /// A key that may only use objects may not look at their bucket, and some stores do not answer at all about one: both are
    /// no reason to think that objects will be refused. Since a HEAD does not tell a right that is missing from a key that is
    /// wrong, a refused one is followed by a list of one key, whose refusal has a code.
    ///
    /// - Throws: ``S3Error``, of kind `notFound` where there is no such bucket, `refused` where the key is wrong.
    public func checkBucket() throws(S3Error) {
        do {
            guard capabilities.allows(.headBucket, now: .now()) else { return try checkByList() }
            _ = try wait { send(Call(method: "HEAD"), $0) }
            learn(.headBucket, isThere: true)
        } catch {
            guard let status = error.status, [400, 403, 405, 501].contains(status) else { throw error }
            try checkByList()
            learn(.headBucket, isThere: false)
        }
    }

    private func checkByList() throws(S3Error) {
        do {
            _ = try wait { send(Call(method: "GET", query: [("list-type", "2"), ("max-keys", "1")]), $0) }
        } catch {
            let isRightMissing =
                error.status == 403 && (error.code == "AccessDenied" || error.code == "AllAccessDisabled")
            guard isRightMissing || error.status == 405 || error.status == 501 else { throw error }
        }
    }
}
