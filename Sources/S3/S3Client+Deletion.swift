import Crypto
import Encodings
import HTTPClient
import System

/// The outcome of deleting many objects.
public struct S3Deletion: Sendable, Hashable {
    /// The store's words about the objects that it did not delete, by key; an object that was not there counts as deleted.
    public var refused: [String: String] = [:]
    /// True if the store wrote delete markers: the bucket keeps versions, and the bytes are still there.
    public var hasMarkers = false

    /// Creates the outcome of a deletion that left nothing.
    public init() {}
}

/// A bucket's memory of objects that were replaced or deleted.
public enum S3Versioning: String, Sendable {
    /// It never kept versions.
    case off = ""
    /// It keeps versions of all objects.
    case enabled = "Enabled"
    /// It keeps the versions of earlier times.
    case suspended = "Suspended"
}

extension S3Client {
    /// The most keys of one request (S3 API reference, DeleteObjects).
    public static let mostDeletions = 1000
    /// The requests under way at the same time: a store works off the keys of a request one after the other.
    private static let parallelDeletions = 4

    /// Deletes objects with a few requests for many of them each (DeleteObjects).
    ///
    /// - Parameter keys: The objects; those that do not exist are no error.
    /// - Returns: The objects that remain.
    /// - Throws: ``S3Error`` where a request as a whole was refused; ``S3Error/isUnknownRequest`` where the store does not have it.
    public func deleteObjects(_ keys: [String]) throws(S3Error) -> S3Deletion {
        let share = (keys.count + Self.parallelDeletions - 1) / Self.parallelDeletions
        let length = min(max(share, 1), Self.mostDeletions)
        let parts = stride(from: 0, to: keys.count, by: length).map { Array(keys[$0..<min($0 + length, keys.count)]) }
        let outcomes = Monitor<[(keys: [String], result: Result<HTTPClientResponse, S3Error>)]>([])
        for part in parts {
            send(deletionCall(part)) { result in outcomes.withLock { $0.append((part, result)) } }
        }
        outcomes.wait { $0.count == parts.count }
        var deletion = S3Deletion()
        for (part, result) in outcomes.withLock({ $0 }) { try deletion.take(try result.get(), for: part) }
        return deletion
    }

    private func deletionCall(_ keys: [String]) -> Call {
        let elements = keys.map { "<Object><Key>\(XMLText.encode($0))</Key></Object>" }
        let body = Array("<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\(elements.joined())</Delete>".utf8)
        var call = Call(method: "POST", query: [("delete", "")], headers: [("content-type", "application/xml")])
        call.body = .bytes(body)
        call.payload = SHA256.hex(body)
        // The older of the two checksums of which S3 wants one: every store knows it.
        if let digest = MD5.hash(body) {
            call.headers.append(("content-md5", digest.base64))
        } else if let digest = [UInt8](hex: call.payload) {
            call.headers.append(("x-amz-checksum-sha256", digest.base64))
        }
        return call
    }

    /// Deletes objects with a request each, as many at a time as the client sends.
    ///
    /// - Parameter keys: The objects; those that do not exist are no error.
    /// - Returns: The objects that remain.
    /// - Throws: The first ``S3Error`` that waiting may help against, after all requests have ended.
    public func deleteSingly(_ keys: [String]) throws(S3Error) -> S3Deletion {
        let outcomes = Monitor<[(key: String, result: Result<HTTPClientResponse, S3Error>)]>([])
        for key in keys {
            send(Call(method: "DELETE", key: key)) { result in outcomes.withLock { $0.append((key, result)) } }
        }
        outcomes.wait { $0.count == keys.count }
        var deletion = S3Deletion()
        for (key, result) in outcomes.withLock({ $0 }) {
            do {
                let response = try result.get()
                if response.header("x-amz-delete-marker") == "true" { deletion.hasMarkers = true }
            } catch {
                if error.kind == .notFound, error.code != "NoSuchBucket" { continue }
                guard error.kind == .refused else { throw error }
                deletion.refused[key] = error.code ?? "HTTP \(error.status ?? 0)"
            }
        }
        // A refusal of everything is about the access key.
        if !keys.isEmpty, deletion.refused.count == keys.count, let code = deletion.refused.values.first {
            let hint = "check the rights of the access key"
            throw S3Error(.refused, "the store refuses to delete", code: code, hint: hint)
        }
        return deletion
    }

    /// Asks for the bucket's memory of versions (GetBucketVersioning).
    ///
    /// - Throws: ``S3Error``; ``S3Error/isUnknownRequest`` where the store does not know versions.
    public func versioning() throws(S3Error) -> S3Versioning {
        let response = try wait { send(Call(method: "GET", query: [("versioning", "")]), $0) }
        let answer = XMLText(response.body)
        guard answer.isComplete || response.body.isEmpty else {
            throw S3Error(.malformed, "the state of versions cannot be read", status: response.status)
        }
        return answer.first("Status").flatMap(S3Versioning.init(rawValue:)) ?? .off
    }
}

extension S3Deletion {
    /// Adds the outcome of a request.
    ///
    /// An answer that cannot be read says of no object that it is gone.
    mutating func take(_ response: HTTPClientResponse, for keys: [String]) throws(S3Error) {
        let answer = XMLText(response.body)
        let refusedKeys = answer.all(["Error", "Key"])
        let codes = answer.all(["Error", "Code"])
        guard answer.isComplete, answer.first("DeleteResult") != nil, refusedKeys.count == codes.count,
            Set(answer.all(["Deleted", "Key"]) + refusedKeys).isSuperset(of: keys)
        else { throw S3Error(.malformed, "the outcome of a deletion cannot be read", status: response.status) }
        for (key, code) in zip(refusedKeys, codes) where code != "NoSuchKey" { refused[key] = code }
        if answer.all(["Deleted", "DeleteMarker"]).contains("true") { hasMarkers = true }
    }
}

extension S3Error {
    /// True if the store does not have a request of this kind.
    public var isUnknownRequest: Bool {
        status == 501 || status == 405 || code == "NotImplemented" || code == "MethodNotAllowed"
    }
}

extension XMLText {
    /// Writes a text for the inside of an element.
    static func encode(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\r": result += "&#xD;"
            default: result.append(character)
            }
        }
    }
}
