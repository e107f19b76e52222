import Encodings

extension S3Stub {
    /// A version of an object, or a delete marker.
    public struct Version: Sendable, Hashable {
        /// The key.
        public var key: String
        /// The name of the version.
        public var id: String
        /// True for a delete marker.
        public var isMarker: Bool
    }
}

/// Versions, locks and the deletion of many objects.
extension S3Stub.State {
    mutating func addVersion(of key: String, isMarker: Bool) {
        guard !profile.versioning.isEmpty else { return }
        versions.append(.init(key: key, id: "v\(versions.count)-\(key.count)", isMarker: isMarker))
    }

    /// The answer to a request about versions, locks or many objects; nil for another one.
    mutating func answerOfVersions(_ request: HTTPStub.Request, key: String) -> HTTPStub.Answer? {
        let names = Set(request.query.split(separator: "&").map { $0.split(separator: "=")[0] })
        if names.contains("versioning") {
            if let status = profile.versioningStatus { return .error(status, request, "AccessDenied") }
            let word = profile.versioning.isEmpty ? "" : "<Status>\(profile.versioning)</Status>"
            return HTTPStub.Answer(200, "<VersioningConfiguration>\(word)</VersioningConfiguration>")
        }
        if names.contains("versions") { return list(request) }
        if names.contains("object-lock") {
            guard profile.hasObjectLock else { return .error(404, request, "ObjectLockConfigurationNotFoundError") }
            let word = "<ObjectLockEnabled>Enabled</ObjectLockEnabled>"
            return HTTPStub.Answer(200, "<ObjectLockConfiguration>\(word)</ObjectLockConfiguration>")
        }
        if names.contains("retention") {
            guard let until = until(key) else { return .error(404, request, "NoSuchObjectLockConfiguration") }
            let words = "<Mode>COMPLIANCE</Mode><RetainUntilDate>\(until)</RetainUntilDate>"
            return HTTPStub.Answer(200, "<Retention>\(words)</Retention>")
        }
        if names.contains("legal-hold") { return legalHold(request, key) }
        return names.contains("delete") ? deleteMany(request) : nil
    }

    private func until(_ key: String) -> String? {
        profile.retainedUntil.first { key.contains($0.key) }?.value
    }

    private func list(_ request: HTTPStub.Request) -> HTTPStub.Answer {
        if let status = profile.versionListStatus { return .error(status, request, "AccessDenied") }
        let pairs = request.query.split(separator: "&").map { $0.split(separator: "=", maxSplits: 1) }
        func value(_ name: String) -> String {
            pairs.first { $0.count == 2 && $0[0] == name }.flatMap { PercentEncoding.decodeText($0[1]) } ?? ""
        }
        let found = versions.filter { $0.key.hasPrefix(value("prefix")) }
        // Pages of two, so that they are put together.
        let start = found.firstIndex { $0.id == value("version-id-marker") }.map { $0 + 1 } ?? 0
        let page = found[start...].prefix(2)
        let isTruncated = page.endIndex < found.count
        let entries = page.map { version in
            let name = version.isMarker ? "DeleteMarker" : "Version"
            return "<\(name)><Key>\(version.key)</Key><VersionId>\(version.id)</VersionId></\(name)>"
        }
        var next = ""
        if isTruncated, let last = page.last {
            next = "<NextKeyMarker>\(last.key)</NextKeyMarker><NextVersionIdMarker>\(last.id)</NextVersionIdMarker>"
        }
        let body = "<IsTruncated>\(isTruncated)</IsTruncated>\(next)\(entries.joined())"
        return HTTPStub.Answer(200, "<ListVersionsResult>\(body)</ListVersionsResult>")
    }

    private mutating func legalHold(_ request: HTTPStub.Request, _ key: String) -> HTTPStub.Answer {
        if request.method == "GET" {
            let word = legalHolds.contains(key) ? "ON" : "OFF"
            return HTTPStub.Answer(200, "<LegalHold><Status>\(word)</Status></LegalHold>")
        }
        if let status = profile.legalHoldStatus { return .error(status, request, "AccessDenied") }
        guard objects[key] != nil else { return .error(404, request, "NoSuchKey") }
        if String(decoding: request.body, as: UTF8.self).contains("<Status>ON</Status>") {
            legalHolds.insert(key)
        } else {
            legalHolds.remove(key)
        }
        return HTTPStub.Answer(200)
    }

    /// The code and the words with which a deletion is refused.
    private func refusal(_ key: String, version: String?) -> (code: String, words: String)? {
        if let code = profile.deletionRefusals.first(where: { key.contains($0.key) })?.value { return (code, "no") }
        guard version != nil || profile.versioning.isEmpty, until(key) != nil || legalHolds.contains(key) else {
            return nil
        }
        return ("AccessDenied", "Access Denied because object protected by object lock.")
    }

    private mutating func remove(_ key: String, version: String?) {
        if let version {
            versions.removeAll { $0.key == key && $0.id == version }
            let isThere = versions.last { $0.key == key }.map { !$0.isMarker } ?? false
            if !isThere { objects[key] = nil }
        } else {
            objects[key] = nil
            addVersion(of: key, isMarker: true)
        }
    }

    mutating func delete(_ key: String, _ request: HTTPStub.Request) -> HTTPStub.Answer {
        let version = request.query.split(separator: "&").first { $0.hasPrefix("versionId=") }.map {
            String($0.dropFirst(10))
        }
        if let refusal = refusal(key, version: version) {
            return .error(403, request, refusal.code, "<Message>\(refusal.words)</Message>")
        }
        remove(key, version: version)
        let hasMarker = version == nil && !profile.versioning.isEmpty
        return HTTPStub.Answer(204, headers: hasMarker ? [("x-amz-delete-marker", "true")] : [])
    }

    private mutating func deleteMany(_ request: HTTPStub.Request) -> HTTPStub.Answer {
        if let status = profile.deleteObjectsStatus { return .error(status, request, "InvalidRequest") }
        let objects = String(decoding: request.body, as: UTF8.self).split(separator: "<Object>").dropFirst()
        func text(_ name: String, in element: Substring) -> String? {
            guard let start = element.firstRange(of: "<\(name)>"),
                let end = element.firstRange(of: "</\(name)>")
            else { return nil }
            return String(element[start.upperBound..<end.lowerBound])
        }
        var answer = ""
        for element in objects {
            let key = text("Key", in: element) ?? ""
            let version = text("VersionId", in: element)
            let name = version.map { "<VersionId>\($0)</VersionId>" } ?? ""
            if let refusal = refusal(key, version: version) {
                let words = "<Code>\(refusal.code)</Code><Message>\(refusal.words)</Message>"
                answer += "<Error><Key>\(key)</Key>\(name)\(words)</Error>"
                continue
            }
            remove(key, version: version)
            let isMarked = version == nil && !profile.versioning.isEmpty
            let marker = isMarked ? "<DeleteMarker>true</DeleteMarker>" : ""
            answer += "<Deleted><Key>\(key)</Key>\(name)\(marker)</Deleted>"
        }
        return HTTPStub.Answer(200, "<DeleteResult>\(answer)</DeleteResult>")
    }
}
