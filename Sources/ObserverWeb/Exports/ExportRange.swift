package import HTTPRouting
package import ObserverCore

/// A stretch of a camera's time that somebody asks for.
package struct ExportRange: Hashable, Sendable {
    /// The longest stretch, in days.
    package static let longestDays: Int64 = 31

    package let camera: CameraID
    package let from: Timestamp
    package let to: Timestamp

    package init(camera: CameraID, from: Timestamp, to: Timestamp) {
        self.camera = camera
        self.from = from
        self.to = to
    }

    package var span: TimeSpan { TimeSpan(from: from, to: to) }

    /// Checks a stretch.
    ///
    /// - Parameters:
    ///   - camera: The camera.
    ///   - from: Its beginning.
    ///   - to: Its end; what lies in the future is left away.
    ///   - now: The present.
    ///   - place: The words before the names of the parameters, such as `items[2].`.
    /// - Throws: `Problem` 422 that names the parameter.
    package init(
        camera: CameraID,
        from: Timestamp?,
        to: Timestamp?,
        now: Timestamp,
        place: String = ""
    ) throws(Problem) {
        guard let from else { throw Self.problem(place + "from", "is required") }
        guard let to else { throw Self.problem(place + "to", "is required") }
        guard from < to else { throw Self.problem(place + "to", "must be after from") }
        guard from < now else { throw Self.problem(place + "from", "must not be in the future") }
        let end = min(to, now)
        let milliseconds = end.milliseconds.subtractingReportingOverflow(from.milliseconds)
        guard !milliseconds.overflow, milliseconds.partialValue <= Self.longestDays * 86_400_000 else {
            throw Self.problem(place + "to", "must be at most \(Self.longestDays) days after from")
        }
        self.init(camera: camera, from: from, to: end)
    }

    private static func problem(_ name: String, _ words: String) -> Problem {
        Problem(422, "The parameter \(name) \(words).", errors: [name: words])
    }

    /// The moments in it as they are in names of files: `2026-11-27T130000+0100_2026-11-27T140000+0100`.
    package func fileWords(in zone: TimeZoneRules) -> String {
        "\(zone.fileName(at: from))_\(zone.fileName(at: to))"
    }

    /// A name for files from the name of a camera.
    package static func fileWord(_ name: String, camera: CameraID) -> String {
        var word = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9": word.unicodeScalars.append(scalar)
            default: if !word.isEmpty, word.last != "-" { word += "-" }
            }
        }
        word = String(word.prefix(40))
        while word.last == "-" { word.removeLast() }
        return word.isEmpty ? "camera-\(camera)" : "\(word)-\(camera)"
    }
}
