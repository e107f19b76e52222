/// Numbers and times that no segment can have, as they may come in a sidecar, a message or a receipt.
package enum OutOfRange {
    /// Fields of a segment's JSON, each with values that must be refused.
    package static let segmentFields: [(field: String, value: String)] = {
        let numbers: [String: [Int64]] = [
            "camera_id": [0, -1, 1 << 53, .max, .min], "epoch": [-1, 1 << 53, .max, .min],
            "sequence": [-1, 1 << 31, .max, .min], "duration_ms": [-1, 3_660_001, .max, .min],
            "bytes": [0, -1, (4 << 30) + 1, .max, .min], "init_bytes": [-1, .max, .min],
            "media_start_90k": [-1, 1 << 53, .max, .min], "media_duration_90k": [-1, 3_660_000 * 90 + 1, .max, .min],
            "frames": [-1, 10_000_001, .max, .min], "width": [-1, 65_536, .max, .min],
            "height": [-1, 65_536, .max, .min],
        ]
        let times = [
            "0000-01-01T00:00:00.000Z", "1999-12-31T23:59:59.999Z", "2200-01-01T00:00:00.000Z",
            "9999-12-31T23:59:59.999Z", "2026-11-23T18:00:00.000Z",
        ]
        return numbers.sorted { $0.key < $1.key }.flatMap { field, values in values.map { (field, "\($0)") } }
            + times.map { ("started_at", "\"\($0)\"") }
    }()

    /// Returns a JSON text with another value of a field that holds a number or a time.
    package static func replace(_ field: String, in json: String, with value: String) -> String {
        guard let name = json.firstRange(of: "\"\(field)\":") else { return json }
        let rest = json[name.upperBound...].drop { $0 != "," && $0 != "}" }
        return json[..<name.upperBound] + value + rest
    }
}
