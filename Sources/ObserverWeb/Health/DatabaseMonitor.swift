import Lifecycle
import Postgres

/// Asks the database every second, on a thread and a connection of its own: one that is frozen holds up nobody else.
struct DatabaseMonitor: Service {
    let name = "health-database"
    let board: HealthBoard
    let database: PostgresConfiguration

    private static let interval = Duration.seconds(1)
    private static let limit = Duration.seconds(2)

    func run(until stop: StopSignal) {
        let connection = PostgresConnection(database)
        repeat { board.set(.database, Self.look(connection)) } while !stop.wait(for: Self.interval)
        connection.close()
    }

    private static func look(_ connection: PostgresConnection) -> HealthBoard.Finding {
        do throws(PostgresError) {
            // Not only that it answers, but that it is Observer's.
            try connection.execute("select 1 from cameras limit 1", within: limit)
            return .init(isGood: true, detail: "answers")
        } catch {
            return .init(isGood: false, detail: "does not answer: \(error.kind.rawValue)")
        }
    }
}
