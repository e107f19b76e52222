import ObserverCore
import ObserverStore

extension Command {
    static let partitions = Command(
        name: "partitions",
        usage: "[--drop NAME]",
        summary: "List the weekly tables of segments, or drop one whose segments have all expired.",
        details: """
            One line a table: its first and last day (UTC), rows as the server estimates them, and its size with indices.
            --drop removes one, and refuses as long as a single segment in it has not expired: what it removes is the memory
            of recordings that retention has deleted. Reads OBSERVER_DATABASE_URL.
            """,
        options: ["--drop"],
        run: { arguments, configuration in
            let store = PartitionStore(try configuration.connect())
            if let name = arguments.value("--drop") {
                guard let week = SegmentWeek(partition: name) else {
                    throw UsageError(command: "partitions", "'\(name)' is not the table of a week")
                }
                guard try store.dropExpired(week) else {
                    throw ToolError(
                        .refused,
                        "\(name) was not dropped",
                        hint: "it does not exist, holds a segment that has not expired, or another process works on it"
                    )
                }
                Output.note("dropped \(name)")
            } else {
                for partition in try store.list() { Output.result(line(partition)) }
            }
            return .done
        }
    )

    private static func line(_ partition: PartitionStore.Partition) -> String {
        let days = partition.week.map { "\(day($0.start)) to \(day($0.end.advanced(byMilliseconds: -1)))" }
        let mebibytes = (partition.bytes + 1 << 19) >> 20
        let name = partition.name + String(repeating: " ", count: max(1, 20 - partition.name.count))
        return "\(name)\(days ?? "all other times         ")  \(partition.rows) rows  \(mebibytes) MiB"
    }

    private static func day(_ time: Timestamp) -> Substring { time.rfc3339.prefix(10) }
}
