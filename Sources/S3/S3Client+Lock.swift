import HTTPClient
import System

/// The protection of a version from deletion, by the store itself.
public struct S3ObjectLock: Sendable, Hashable {
    /// The time until which it is protected, as the store writes it (RFC 3339); nil: by no time, or not known.
    public var retainedUntil: String?
    /// True while somebody has put a legal hold on it.
    public var hasLegalHold: Bool

    /// Creates a protection.
    public init(retainedUntil: String? = nil, hasLegalHold: Bool = false) {
        (self.retainedUntil, self.hasLegalHold) = (retainedUntil, hasLegalHold)
    }

    /// True if there is any.
    public var isLocked: Bool { retainedUntil != nil || hasLegalHold }
}

/// The outcome of putting legal holds on objects, or of taking them off.
public struct S3LegalHolds: Sendable, Hashable {
    /// The objects that there are not.
    public var missing: Set<String> = []
    /// The store's words about those that stayed as they were, by key.
    public var refused: [String: String] = [:]

    /// Creates an outcome without trouble.
    public init() {}
}

extension S3Client {
    /// Asks for the bucket's Object Lock (GetObjectLockConfiguration).
    ///
    /// - Returns: True if objects of the bucket can be locked.
    /// - Throws: ``S3Error``, also where the access key may not ask.
    public func hasObjectLock() throws(S3Error) -> Bool {
        do {
            let response = try wait { send(Call(method: "GET", query: [("object-lock", "")]), $0) }
            return XMLText(response.body).first("ObjectLockEnabled") == "Enabled"
        } catch {
            let isNone = error.kind == .notFound && error.code != "NoSuchBucket"
            guard isNone || error.mayBeUnknownRequest else { throw error }
            return false
        }
    }

    /// Asks for the locks of versions (GetObjectRetention, GetObjectLegalHold).
    ///
    /// - Returns: The locks by version, as far as the store tells.
    public func locks(of versions: [S3Version]) -> [S3Version: S3ObjectLock] {
        typealias Found = (version: S3Version, part: String, result: Result<HTTPClientResponse, S3Error>)
        let parts = ["retention", "legal-hold"]
        let outcomes = Monitor<[Found]>([])
        for version in versions {
            for part in parts {
                let query = [(part, "")] + (version.id.map { [("versionId", $0)] } ?? [])
                send(Call(method: "GET", key: version.key, query: query)) { result in
                    outcomes.withLock { $0.append((version, part, result)) }
                }
            }
        }
        outcomes.wait { $0.count == versions.count * parts.count }
        var locks: [S3Version: S3ObjectLock] = [:]
        for (version, part, result) in outcomes.withLock({ $0 }) {
            guard case .success(let response) = result else { continue }
            let answer = XMLText(response.body)
            var lock = locks[version] ?? S3ObjectLock()
            if part == "retention" {
                lock.retainedUntil = answer.first("RetainUntilDate").flatMap { $0.isEmpty ? nil : $0 }
            } else {
                lock.hasLegalHold = answer.first("Status") == "ON"
            }
            locks[version] = lock
        }
        return locks.filter(\.value.isLocked)
    }

    /// Puts a legal hold on the current version of objects, or takes it off (PutObjectLegalHold).
    ///
    /// - Parameters:
    ///   - isOn: True to put it on.
    ///   - keys: The objects.
    /// - Returns: The objects for which it did not succeed.
    /// - Throws: The first ``S3Error`` that waiting may help against, after all requests have ended.
    public func setLegalHold(_ isOn: Bool, on keys: [String]) throws(S3Error) -> S3LegalHolds {
        let outcomes = Monitor<[(key: String, result: Result<HTTPClientResponse, S3Error>)]>([])
        let word = isOn ? "ON" : "OFF"
        let body = "<LegalHold xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Status>\(word)</Status></LegalHold>"
        for key in keys {
            var call = Call(method: "PUT", key: key, query: [("legal-hold", "")])
            call.setDocument(body)
            send(call) { result in outcomes.withLock { $0.append((key, result)) } }
        }
        outcomes.wait { $0.count == keys.count }
        var holds = S3LegalHolds()
        for (key, result) in outcomes.withLock({ $0 }) {
            guard case .failure(let error) = result else { continue }
            if error.kind == .notFound, error.code != "NoSuchBucket" {
                holds.missing.insert(key)
            } else if error.kind == .refused {
                holds.refused[key] = error.code ?? "HTTP \(error.status ?? 0)"
            } else {
                throw error
            }
        }
        return holds
    }
}
