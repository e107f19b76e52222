import Encodings
import ObserverCore

extension RetentionPolicy {
    /// The fields of a rule in a request.
    static let fieldNames: Set = ["tag", "camera_id", "longest_days", "shortest_days", "most_bytes"]

    /// Reads a rule; nil where `reader` has found an error.
    ///
    /// A rule without tag and camera is one of all cameras.
    init?(_ reader: inout FieldReader) {
        let before = reader.errors.count
        let tag = reader.text("tag", longest: 50)
        let camera = reader.integer("camera_id", in: SegmentLimits.cameraID).map { CameraID(rawValue: $0) }
        let days = Int64(Limits.days.lowerBound)...Int64(Limits.days.upperBound)
        let limits = Limits(
            longestDays: reader.integer("longest_days", in: days).map { Int($0) },
            shortestDays: reader.integer("shortest_days", in: days).map { Int($0) },
            mostBytes: reader.integer("most_bytes", in: Limits.bytes)
        )
        if tag != nil, camera != nil { reader.reject("tag", "must not be given together with camera_id") }
        if limits == Limits(), reader.errors.count == before {
            reader.reject("longest_days", "is required, or shortest_days, or most_bytes")
        }
        if let longest = limits.longestDays, let shortest = limits.shortestDays, longest < shortest {
            reader.reject("shortest_days", "must not be more than longest_days")
        }
        guard reader.errors.count == before else { return nil }
        self.init(tag.map { .tag($0) } ?? camera.map { .camera($0) } ?? .all, limits)
    }
}
