import Crypto
import Encodings
import Glibc
import HTTPClient
import HTTPTypes
import ObserverConfiguration
import ObserverCore
import S3
import System

/// The checks of the store: what the services do, with the rights that they have.
extension Checks {
    func storage() -> [Finding] {
        let destinations: [DestinationConfiguration]
        do {
            destinations = try configuration.destinations()
        } catch {
            return [Finding(name: "s3", error)]
        }
        return destinations.flatMap { storage(at: $0) }
    }

    private func storage(at destination: DestinationConfiguration) -> [Finding] {
        let storage = destination.s3
        let suffix = destination.destination == .home ? "" : "-\(destination.destination.word)"
        return HTTPClient.running(certificates: destination.certificates) { http in
            let client = S3Client(storage, http: http)
            var key: String?
            let upload = self.upload(client, suffix: suffix) { key = $0 }
            guard let key else { return [upload, clock(storage, http, suffix: suffix)] }
            defer { try? client.delete(key) }  // the uploader's key may not, and the object is small
            return [upload, playback(client, http, key: key, suffix: suffix), clock(storage, http, suffix: suffix)]
        }
    }

    /// Puts a file as `observer-upload` puts recordings.
    private func upload(_ client: S3Client, suffix: String, _ put: (String) -> Void) -> Finding {
        let hint =
            suffix.isEmpty
            ? "check AWS_ENDPOINT_URL_S3, the access key and its rights, and OBSERVER_S3_BUCKET"
            : "check the settings OBSERVER_S3_\(suffix.dropFirst().uppercased())_…"
        return finding("s3\(suffix)", hint: hint) {
            try requireBucket(client)
            let key = "\(try configuration.prefix())/.check/\(UniqueID.makeRandom())"
            let result = try withFile { try client.probe(Self.upload(key: key, file: $0)) }
            put(key)
            return "bucket \(client.configuration.bucket): \(Self.words(result, client.capabilities))"
        }
    }

    private static let text = "Observer tries whether it may write here.\n"

    private static func upload(key: String, file: String) -> S3Upload {
        let sum = SHA256.hex(text.utf8)
        return S3Upload(
            key: key,
            body: .file(path: file, length: Int64(text.utf8.count)),
            sha256: sum,
            contentType: "video/mp4",
            metadata: [(name: "sha256", value: sum)]
        )
    }

    private func withFile<Result>(_ body: (String) throws -> Result) throws -> Result {
        let folder = ProcessEnvironment.current()["TMPDIR"] ?? "/tmp"
        let path = "\(folder)/observer-check-\(UniqueID.makeRandom())"
        defer { unlink(path) }
        do throws(SystemError) {
            let file = try File(opening: path, flags: O_CREAT | O_EXCL | O_WRONLY, permissions: 0o600)
            try Array(Self.text.utf8).withUnsafeBufferPointer { (bytes) throws(SystemError) in
                try file.write(UnsafeRawBufferPointer(bytes))
            }
        } catch {
            throw ToolError(.failedCheck, "cannot write to \(folder): \(error.detail)")
        }
        return try body(path)
    }

    private static func words(_ result: S3ProbeResult, _ capabilities: S3Capabilities) -> String {
        let proof =
            switch result.proof {
            case .checksum: "checksums are confirmed"
            case .etag: "no checksums, uploads are verified by MD5"
            case .sample: "no checksums, uploads are verified by reading back a part"
            case .length: "no checksums, uploads are verified by their length alone"
            case .acknowledgement: "uploads cannot be verified, because the key may not look at objects"
            }
        let condition =
            switch result.condition {
            case .honoured: "objects are never replaced"
            case .ignored, .refused: "objects may be replaced by the same bytes"
            }
        return "may write; \(proof); \(condition)\(result.metadata == false ? "; metadata are dropped" : "")"
    }

    /// Reads an object as nginx does for the player.
    private func playback(_ client: S3Client, _ http: HTTPClient, key: String, suffix: String) -> Finding {
        finding(
            "playback\(suffix)",
            hint: "the access key of observer-web needs s3:GetObject, and kms:Decrypt with a key of KMS"
        ) {
            let url = try client.presignGet(key, expires: 60).url
            let response = try http.send(HTTPClientRequest(method: .get, url: url))
            guard response.status == 200 else {
                throw ToolError(.failedCheck, "the store answers \(response.status) to a signed address")
            }
            guard response.body == Array(Self.text.utf8) else {
                throw ToolError(.failedCheck, "an object came back changed")
            }
            return "signed addresses work"
        }
    }

    /// Some stores make a bucket when something is put into it, so whether it is there is asked first.
    private func requireBucket(_ client: S3Client) throws {
        do {
            try client.checkBucket()
        } catch {
            guard error.kind == .notFound else { throw error }
            let name = client.configuration.bucket
            throw ToolError(.notFound, "there is no bucket \(name)", hint: "observerctl bucket")
        }
    }

    /// S3 refuses signatures that are 15 minutes off; well before that, times of recordings are wrong.
    private func clock(_ storage: S3Configuration, _ http: HTTPClient, suffix: String) -> Finding {
        finding("clock\(suffix)", hint: "set the clock, and keep it right with chrony or systemd-timesyncd") {
            let response = try http.send(
                HTTPClientRequest(method: .head, url: "\(storage.place.scheme)://\(storage.place.authority)/")
            )
            guard let date = response.header("date"), let theirs = HTTPDate.seconds(date) else {
                return "S3 does not say the time, so it is not compared"
            }
            let difference = WallTime.now().seconds - theirs
            guard abs(difference) <= 5 else {
                throw ToolError(.failedCheck, "\(abs(difference)) s \(difference > 0 ? "ahead of" : "behind") S3's")
            }
            return "within \(abs(difference)) s of S3's"
        }
    }
}
