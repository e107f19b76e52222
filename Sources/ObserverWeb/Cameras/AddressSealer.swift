import Crypto
import Lifecycle
import Logging
import ObserverStore
import Postgres

/// Seals addresses with secrets that a release before kept in clear, at start and now and then, on a connection of its own.
struct AddressSealer: Service {
    let name = "address-sealer"
    let database: PostgresConfiguration
    let vault: AddressVault
    let logger: Logger

    private static let interval = Duration.seconds(600)
    private static let retryInterval = Duration.seconds(5)

    func run(until stop: StopSignal) {
        let connection = PostgresConnection(database)
        var pause: Duration
        repeat {
            pause = Self.interval
            do {
                let count = try CameraStore(connection).sealPlainAddresses(vault)
                if count > 0 { logger.info("Addresses with secrets sealed", [.cameraCount: .int(count)]) }
            } catch {
                // Viewers see none of them either way.
                logger.debug("Addresses with secrets not sealed", [.error: .string(String(describing: error))])
                pause = Self.retryInterval
            }
            connection.close()
        } while !stop.wait(for: pause)
    }
}
