import HTTPClient
import ObserverConfiguration
import S3

extension Command {
    static let bucket = Command(
        name: "bucket",
        usage: "",
        summary: "Create the bucket, unless it is there.",
        details: """
            Reads OBSERVER_S3_BUCKET, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION and
            AWS_ENDPOINT_URL_S3. The bucket is private; nothing else about it is changed.
            """,
        run: { _, configuration in
            let storage = try configuration.s3()
            let transfers = HTTPClient(name: "s3", parallel: 1)
            defer { transfers.stop() }
            try S3Client(storage, transfers: transfers, limits: .short).createBucket()
            Output.note("bucket \(storage.bucket) is there")
            return .done
        }
    )
}

extension HTTPClientRequest.Limits {
    /// For somebody who waits at a terminal.
    static var short: HTTPClientRequest.Limits {
        var limits = HTTPClientRequest.Limits()
        limits.connect = .seconds(3)
        limits.total = .seconds(10)
        return limits
    }
}
