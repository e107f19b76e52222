import HTTPClient
import System
import TestSupport
import Testing

@testable import S3

/// Versions, locks and stores that do not have DeleteObjects, against a stub.
@Suite(.timeLimit(.minutes(1))) struct S3VersionTests {
    private let keys = (0..<5).map { "observer/1/main/2026/11/24/17/\($0).mp4" }

    private func put(_ harness: StoreHarness, _ keys: [String]) throws {
        for key in keys {
            try harness.client.put(S3Upload(key: key, body: .bytes([1]), sha256: "", contentType: "video/mp4"))
        }
    }

    @Test func `all versions and markers of a recording go, those of its neighbours stay`() throws {
        let harness = try StoreHarness(
            S3StubProfile {
                $0.versioning = "Enabled"
                $0.knowsChecksum = false
            }
        )
        try put(harness, keys + keys)
        #expect(try harness.client.delete([keys[0]]).hasMarkers)
        #expect(harness.stub.versions.count == 11)
        let deletion = try harness.client.deleteAllVersions(Array(keys.prefix(3)))
        #expect(deletion == S3Deletion())
        #expect(Set(harness.stub.versions.map(\.key)) == Set(keys[3...]) && harness.stub.versions.count == 4)
        #expect(try harness.client.versions(of: keys).count == 4)
    }

    @Test func `what is locked is told apart from what is refused, and until when`() throws {
        let harness = try StoreHarness(
            S3StubProfile {
                $0.versioning = "Enabled"
                $0.hasObjectLock = true
                $0.retainedUntil = ["/0.mp4": "2031-01-02T03:04:05Z"]
                $0.deletionRefusals = ["/1.mp4": "InternalError"]
                $0.knowsChecksum = false
            }
        )
        #expect(try harness.client.hasObjectLock())
        try put(harness, keys)
        #expect(try harness.client.setLegalHold(true, on: [keys[2], "nothing"]).missing == ["nothing"])
        let deletion = try harness.client.deleteAllVersions(keys)
        #expect(deletion.refused == [keys[0]: "AccessDenied", keys[1]: "InternalError", keys[2]: "AccessDenied"])
        #expect(Set(deletion.locked.map(\.key)) == [keys[0], keys[2]])
        let locks = harness.client.locks(of: Array(deletion.locked))
        let byKey = Dictionary(locks.map { ($0.key.key, $0.value) }) { first, _ in first }
        #expect(byKey[keys[0]] == S3ObjectLock(retainedUntil: "2031-01-02T03:04:05Z"))
        #expect(byKey[keys[2]] == S3ObjectLock(hasLegalHold: true))
        #expect(try harness.client.setLegalHold(false, on: [keys[2]]) == S3LegalHolds())
        #expect(try harness.client.deleteAllVersions([keys[2]]) == S3Deletion())
        harness.stub.change { $0.legalHoldStatus = 403 }
        #expect(try harness.client.setLegalHold(true, on: [keys[0]]).refused == [keys[0]: "AccessDenied"])
    }

    @Test(arguments: [400, 405, 501])
    func `a store without DeleteObjects is asked for it once, and deletes one by one`(status: Int) throws {
        let harness = try StoreHarness(
            S3StubProfile {
                $0.deleteObjectsStatus = status
                $0.knowsChecksum = false
            }
        )
        try put(harness, keys)
        #expect(try harness.client.delete(Array(keys.prefix(3))) == S3Deletion())
        #expect(try harness.client.delete(Array(keys.suffix(2))) == S3Deletion())
        #expect(harness.stub.objects.isEmpty)
        #expect(harness.methods.count { $0 == "POST" } == 3 && harness.methods.count { $0 == "DELETE" } == 5)
        #expect(harness.notices.withLock { $0 } == [.lacks(.deleteObjects)])
    }

    @Test func `a store that refuses part of a request has deleted the rest`() throws {
        let harness = try StoreHarness(
            S3StubProfile {
                $0.deletionRefusals = ["/3.mp4": "InternalError"]
                $0.knowsChecksum = false
            }
        )
        try put(harness, keys)
        let deletion = try harness.client.delete(keys)
        #expect(deletion.refused == [keys[3]: "InternalError"] && deletion.locked.isEmpty)
        #expect(Set(harness.stub.objects.keys) == [keys[3]])
    }

    @Test func `folders are listed once, from where their keys differ`() {
        #expect(S3Client.prefixes(of: keys) == ["observer/1/main/2026/11/24/17/"])
        #expect(S3Client.prefixes(of: ["a/b1.mp4", "a/b2.mp4", "c/d.mp4", "e"]) == ["a/b", "c/d.mp4", "e"])
        #expect(S3Client.prefixes(of: []).isEmpty)
    }
}
