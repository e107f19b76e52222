import System
import HTTPClient
import Lifecycle
import ObserverConfiguration
import S3

extension Command {
    static let bucket = Command(
        name: "bucket",
        usage: "",
        summary: "Create the bucket of each store, unless it is there.",
        details: """
            Reads OBSERVER_S3_BUCKET, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION and
            AWS_ENDPOINT_URL_S3, and OBSERVER_S3_SECOND_… and OBSERVER_S3_THIRD_… where those are set. The bucket is private;
            nothing else about it is changed.
            """,
        run: { _, configuration in
            for destination in try configuration.destinations() {
                try StoreClients([destination], parallel: 1, limits: .short).running { stores in
                    try stores[destination.destination]?.createBucket()
                }
                Output.note("bucket \(destination.s3.bucket) is there")
            }
            return .done
        }
    )
}

extension HTTPClient {
    /// Runs `body` with a client that is stopped afterwards.
    static func running<Result>(
        certificates: String?,
        parallel: Int = 1,
        limits: HTTPClientLimits = .short,
        _ body: (HTTPClient) throws -> Result
    ) rethrows -> Result {
        let client = HTTPClient(
            HTTPClientConfiguration(name: "http", parallel: parallel, limits: limits, certificates: certificates)
        )
        let stop = StopSignal()
        defer { stop.stop() }
        DedicatedThread.start(name: client.name) { client.run(until: stop) }
        return try body(client)
    }
}

extension StoreClients {
    /// Runs `body` with clients that are stopped afterwards.
    func running<Result>(_ body: (StoreClients) throws -> Result) rethrows -> Result {
        let stop = StopSignal()
        defer { stop.stop() }
        for service in services { DedicatedThread.start(name: service.name) { service.run(until: stop) } }
        return try body(self)
    }
}

extension HTTPClientLimits {
    /// Limits for somebody who waits at a terminal.
    fileprivate static var short: HTTPClientLimits {
        var limits = HTTPClientLimits()
        limits.connect = .seconds(3)
        limits.total = .seconds(10)
        return limits
    }
}
