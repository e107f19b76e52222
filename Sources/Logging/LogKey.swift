/// The name of a field in a log line: dotted and lower case, such as `camera.id`.
///
/// The constants below are the only keys, so that one thing has one name in every line and can be searched for.
public struct LogKey: Hashable, Comparable, Sendable {
    /// The name as it is written.
    public let rawValue: String

    /// Creates a key; outside tests, only for the list below.
    init(_ rawValue: String) {
        self.rawValue = rawValue
    }

    /// Orders by name, so that lines with the same fields look alike.
    public static func < (left: LogKey, right: LogKey) -> Bool {
        left.rawValue < right.rawValue
    }
}

extension LogKey {
    /// A length in bytes.
    public static let byteCount = LogKey("bytes")
    /// A number of cameras.
    public static let cameraCount = LogKey("camera.count")
    /// The camera, by its number.
    public static let cameraID = LogKey("camera.id")
    /// The state of a camera, as in the API.
    public static let cameraState = LogKey("camera.state")
    /// The number of cameras that are paused.
    public static let camerasPaused = LogKey("camera.paused")
    /// The word for the reason why a camera is not recorded, as in the API.
    public static let cause = LogKey("cause")
    /// The address that a request came from.
    public static let clientAddress = LogKey("client.address")
    /// The machine's clock less the time that counts.
    public static let clockErrorMilliseconds = LogKey("clock.error_ms")
    /// The connection that came or went.
    public static let connectionName = LogKey("connection.name")
    /// The number of deletions that wait for an approval.
    public static let deletionsWaiting = LogKey("deletion.waiting")
    /// The cause as a sentence.
    public static let detail = LogKey("detail")
    /// Free space of the spool in bytes.
    public static let diskFreeBytes = LogKey("disk.free_bytes")
    /// The files that the spool's disk can still take.
    public static let diskFreeFiles = LogKey("disk.free_files")
    /// The error that is reported.
    public static let error = LogKey("error")
    /// A file, relative to the spool.
    public static let fileName = LogKey("file.name")
    /// A number of gaps.
    public static let gapCount = LogKey("gap.count")
    /// The advice to the person who runs the system.
    public static let hint = LogKey("hint")
    /// The number of a hold.
    public static let holdID = LogKey("hold.id")
    /// The life of a recorder.
    public static let incarnation = LogKey("recorder.incarnation")
    /// The last warning of a C library.
    public static let libraryMessage = LogKey("library.message")
    /// The part of a stream that was left out.
    public static let note = LogKey("note")
    /// The table of a week of segments.
    public static let partitionName = LogKey("partition.name")
    /// Another recorder, by its name.
    public static let peerID = LogKey("peer.id")
    /// The reason of a refusal.
    public static let reason = LogKey("reason")
    /// The recorder, by its name.
    public static let recorderID = LogKey("recorder.id")
    /// The kind of a report to the database.
    public static let reportKind = LogKey("report.kind")
    /// The number that a response gave for its error.
    public static let requestID = LogKey("request.id")
    /// The method of an HTTP request.
    public static let requestMethod = LogKey("request.method")
    /// The path of an HTTP request.
    public static let requestPath = LogKey("request.path")
    /// A number of segments.
    public static let segmentCount = LogKey("segment.count")
    /// The segment, by its UUID.
    public static let segmentID = LogKey("segment.id")
    /// The service of a process.
    public static let serviceName = LogKey("service.name")
    /// The setting, by the name of its environment variable.
    public static let settingName = LogKey("setting.name")
    /// The number of the signal that arrived.
    public static let signal = LogKey("signal")
    /// The path of a unix socket.
    public static let socketPath = LogKey("socket.path")
    /// The folder of the spool.
    public static let spoolPath = LogKey("spool.path")
    /// The fate of the condition that nothing lies under a key yet.
    public static let storeCondition = LogKey("store.condition")
    /// The part of S3 that a store lacks.
    public static let storePart = LogKey("store.part")
    /// The destination: `home`, `second` or `third`.
    public static let destination = LogKey("store.destination")
    /// The reason to believe that the store has the bytes.
    public static let storeProof = LogKey("store.proof")
    /// The region of the store.
    public static let storeRegion = LogKey("store.region")
    /// The server of the store, by host and port.
    public static let storeServer = LogKey("store.server")
    /// The number of threads.
    public static let threadCount = LogKey("thread.count")
    /// The beginning of a stretch of time.
    public static let timeFrom = LogKey("time.from")
    /// The end of a stretch of time.
    public static let timeTo = LogKey("time.to")
    /// The attempt of an upload, from 1.
    public static let uploadAttempt = LogKey("upload.attempt")
    /// The number of uploads under way.
    public static let uploadCount = LogKey("upload.count")
    /// The number of times that all attempts were used up before.
    public static let uploadCycle = LogKey("upload.cycle")
    /// The wait before the next attempt.
    public static let uploadPause = LogKey("upload.pause")
    /// The number of refused attempts.
    public static let uploadTries = LogKey("upload.tries")
    /// The number of segments that wait for their upload.
    public static let uploadsWaiting = LogKey("upload.waiting")
    /// The name of a user.
    public static let userName = LogKey("user.name")
}
