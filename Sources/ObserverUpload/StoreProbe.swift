import Crypto
import Encodings
import Errors
import HTTPClient
import Lifecycle
import Logging
import ObserverCore
import S3

/// Finds out at the start what the store has and lacks, with an object of its own that stays in the bucket.
///
/// Uploads do not wait for it: what it finds, they would find. But it names a store that takes nothing before there is a
/// recording.
struct StoreProbe: Service {
    let destination: Destination
    let client: S3Client
    let key: String
    let logger: Logger

    var name: String { destination == .home ? "store-probe" : "store-probe-\(destination.word)" }

    func run(until stop: StopSignal) {
        var waits = Backoff(first: .seconds(1), limit: .seconds(60), jitter: 0.2)
        var last: S3Error?
        repeat {
            do throws(S3Error) {
                let result = try client.probe(Self.upload(key: key))
                logger.info(
                    "Store probed",
                    [
                        .destination: .string(destination.word), .storeProof: .string(result.proof.rawValue),
                        .storeCondition: .string(result.condition.rawValue),
                    ]
                )
                return stop.wait()
            } catch {
                if error != last {
                    logger.warning(
                        "Store probe failed; will retry",
                        [.destination: .string(destination.word), .error: .string(error.advice)]
                    )
                }
                last = error
            }
        } while !stop.wait(for: waits.next())
    }

    /// The object of the probe: always the same bytes, so that one of an earlier start is no other.
    private static func upload(key: String) -> S3Upload {
        let bytes = Array("Observer tries with this object what the store can do.\n".utf8)
        let sum = SHA256.hex(bytes)
        return S3Upload(
            key: key,
            body: .bytes(bytes),
            sha256: sum,
            contentType: "text/plain",
            metadata: [(name: "sha256", value: sum)]
        )
    }
}
