import System
public import HTTPClient
import Lifecycle

extension HTTPClient {
    /// A client that runs until the test process ends.
    public static func running(name: String, parallel: Int) -> HTTPClient {
        let client = HTTPClient(HTTPClientConfiguration(name: name, parallel: parallel))
        DedicatedThread.start(name: name) { client.run(until: StopSignal()) }
        return client
    }
}
