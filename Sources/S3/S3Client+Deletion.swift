import HTTPClient
import System

/// The outcome of deleting many objects.
public struct S3Deletion: Sendable, Hashable {
    /// The store's words about the objects that it did not delete, by key; an object that was not there counts as deleted.
    public var refused: [String: String] = [:]
    /// The versions of those of them that the store says are protected for a time.
    public var locked: Set<S3Version> = []
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

    /// Deletes objects, with a few requests for many of them each where the store can, otherwise with one each.
    ///
    /// A store that refuses DeleteObjects and deletes objects one by one is not asked for it again for an hour.
    ///
    /// - Parameter keys: The objects; those that do not exist are no error. In a bucket that keeps versions they get a marker.
    /// - Returns: The objects that remain.
    /// - Throws: ``S3Error`` where nothing can be said of the objects.
    public func delete(_ keys: [String]) throws(S3Error) -> S3Deletion {
        try delete(keys.map { S3Version(key: $0) })
    }

    func delete(_ objects: [S3Version]) throws(S3Error) -> S3Deletion {
        guard !objects.isEmpty else { return S3Deletion() }
        guard capabilities.allows(.deleteObjects, now: .now()) else { return try deleteSingly(objects) }
        do {
            let deletion = try deleteInBulk(objects)
            learn(.deleteObjects, isThere: true)
            return deletion
        } catch {
            guard error.mayBeUnknownRequest else { throw error }
            // Only what works otherwise shows that it was the request which is not known.
            let deletion = try deleteSingly(objects)
            learn(.deleteObjects, isThere: false)
            return deletion
        }
    }

    private func deleteInBulk(_ objects: [S3Version]) throws(S3Error) -> S3Deletion {
        let share = (objects.count + Self.parallelDeletions - 1) / Self.parallelDeletions
        let length = min(max(share, 1), Self.mostDeletions)
        let parts = stride(from: 0, to: objects.count, by: length).map {
            Array(objects[$0..<min($0 + length, objects.count)])
        }
        let outcomes = Monitor<[(objects: [S3Version], result: Result<HTTPClientResponse, S3Error>)]>([])
        for part in parts {
            send(deletionCall(part)) { result in outcomes.withLock { $0.append((part, result)) } }
        }
        outcomes.wait { $0.count == parts.count }
        var deletion = S3Deletion()
        for (part, result) in outcomes.withLock({ $0 }) { try deletion.take(try result.get(), for: part) }
        return deletion
    }

    private func deletionCall(_ objects: [S3Version]) -> Call {
        let elements = objects.map { object in
            let version = object.id.map { "<VersionId>\(XMLText.encode($0))</VersionId>" } ?? ""
            return "<Object><Key>\(XMLText.encode(object.key))</Key>\(version)</Object>"
        }
        let body = "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\(elements.joined())</Delete>"
        var call = Call(method: "POST", query: [("delete", "")])
        call.setDocument(body)
        return call
    }

    private func deleteSingly(_ objects: [S3Version]) throws(S3Error) -> S3Deletion {
        let outcomes = Monitor<[(object: S3Version, result: Result<HTTPClientResponse, S3Error>)]>([])
        for object in objects {
            let query = object.id.map { [("versionId", $0)] } ?? []
            send(Call(method: "DELETE", key: object.key, query: query)) { result in
                outcomes.withLock { $0.append((object, result)) }
            }
        }
        outcomes.wait { $0.count == objects.count }
        var deletion = S3Deletion()
        var refusals = 0
        for (object, result) in outcomes.withLock({ $0 }) {
            do {
                let response = try result.get()
                if object.id == nil, response.header("x-amz-delete-marker") == "true" { deletion.hasMarkers = true }
            } catch {
                if error.kind == .notFound, error.code != "NoSuchBucket" { continue }
                guard error.kind == .refused else { throw error }
                deletion.refused[object.key] = error.code ?? "HTTP \(error.status ?? 0)"
                if error.isLock { deletion.locked.insert(object) } else { refusals += 1 }
            }
        }
        // A refusal of everything is about the access key.
        if refusals == objects.count, let code = deletion.refused.values.first {
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
    /// An answer that cannot be read, or does not tell of each object, says of none that it is gone.
    mutating func take(_ response: HTTPClientResponse, for objects: [S3Version]) throws(S3Error) {
        let answer = XMLText(response.body)
        let refusedKeys = answer.all(["Error", "Key"])
        let codes = answer.all(["Error", "Code"])
        let messages = answer.all(["Error", "Message"])
        let asked = Dictionary(objects.map { ($0.key, 1) }, uniquingKeysWith: +)
        let told = Dictionary((answer.all(["Deleted", "Key"]) + refusedKeys).map { ($0, 1) }, uniquingKeysWith: +)
        guard answer.isComplete, answer.first("DeleteResult") != nil, refusedKeys.count == codes.count,
            asked.allSatisfy({ key, count in told[key, default: 0] >= count })
        else { throw S3Error(.malformed, "the outcome of a deletion cannot be read", status: response.status) }
        let ids = answer.all(["Error", "VersionId"])
        for (index, (key, code)) in zip(refusedKeys, codes).enumerated() {
            guard code != "NoSuchKey", code != "NoSuchVersion" else { continue }
            refused[key] = code
            let message = messages.count == codes.count ? messages[index] : nil
            guard S3Error.speaksOfLock(code: code, message: message) else { continue }
            let id = ids.count == codes.count && !ids[index].isEmpty ? ids[index] : nil
            locked.insert(S3Version(key: key, id: id))
        }
        // A marker that was deleted as a version is none that was written.
        let isOfVersions = objects.contains { $0.id != nil }
        if !isOfVersions, answer.all(["Deleted", "DeleteMarker"]).contains("true") { hasMarkers = true }
    }
}

extension S3Error {
    /// True if the store does not have a request of this kind.
    public var isUnknownRequest: Bool {
        status == 501 || status == 405 || code == "NotImplemented" || code == "MethodNotAllowed"
    }

    /// True if the store may not have a request of this kind: some say only that it is a bad one.
    var mayBeUnknownRequest: Bool {
        isUnknownRequest || (status == 400 && kind == .refused && region == nil)
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
