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
        var isFailing = false
        repeat {
            do {
                let count = try CameraStore(connection).sealPlainAddresses(vault)
                if count > 0 { logger.info("Addresses with secrets sealed", [.cameraCount: .int(count)]) }
                isFailing = false
            } catch {
                // Viewers see none of the secrets either way; once is enough while the reason lasts.
                if !isFailing { logger.warning("Addresses not sealed; will retry", [.error: LogValue(error)]) }
                isFailing = true
            }
            connection.close()
        } while !stop.wait(for: isFailing ? Self.retryInterval : Self.interval)
    }
}
