package import Crypto
import Encodings
import FoundationEssentials
import Glibc
package import ObserverCore
package import System

/// The cameras of a recorder as it had them last, kept sealed in the spool so that a start without a database records.
package struct KeptPlan: Codable, Hashable, Sendable {
    /// A camera that is on.
    package struct Camera: Codable, Hashable, Sendable {
        package var id: Int64
        package var version: Int64
        package var url: String
        package var username: String?
        /// As in the database: sealed for the camera.
        package var sealedPassword: [UInt8]?
        package var segmentSeconds: Int
        package var transport: String
        package var audio: String
        package var priority: Int
        package var epoch: Int64

        package init(_ camera: ObserverCore.Camera, sealedPassword: [UInt8]?, epoch: Int64) {
            id = camera.id.rawValue
            version = camera.version
            url = camera.url
            username = camera.username
            self.sealedPassword = sealedPassword
            segmentSeconds = camera.segmentSeconds
            transport = camera.transport.rawValue
            audio = camera.audio.rawValue
            priority = camera.priority
            self.epoch = epoch
        }

        /// The camera, as far as recording it needs.
        package var camera: ObserverCore.Camera {
            var settings = CameraSettings()
            settings.url = url
            settings.username = username
            settings.isActive = true
            settings.segmentSeconds = min(
                max(segmentSeconds, CameraSettings.segmentSecondsRange.lowerBound),
                CameraSettings.segmentSecondsRange.upperBound
            )
            settings.transport = Transport(rawValue: transport) ?? settings.transport
            settings.audio = AudioMode(rawValue: audio) ?? settings.audio
            settings.priority = priority
            return ObserverCore.Camera(
                id: CameraID(rawValue: id),
                settings: settings,
                hasPassword: sealedPassword != nil,
                version: version,
                createdAt: SegmentLimits.startedAt.lowerBound,
                updatedAt: SegmentLimits.startedAt.lowerBound
            )
        }
    }

    /// The life of the recorder in which it had them.
    package var incarnation: Int64
    package var cameras: [Camera]

    package init(incarnation: Int64, cameras: [Camera] = []) {
        self.incarnation = incarnation
        self.cameras = cameras
    }
}

extension Spool {
    private static let planLimit = 64 << 20

    /// Keeps the plan of a recorder in place of the one before.
    ///
    /// - Throws: `SpoolError`.
    package func keep(_ plan: KeptPlan, of recorder: String, key: SealingKey) throws(SpoolError) {
        let path = planPath(recorder)
        let sealed: [UInt8]
        do {
            sealed = try key.seal(SpoolJSON.encode(plan), for: planPlace(recorder))
        } catch {
            throw SpoolError(.fileFailed, path, reason: error.detail)
        }
        try Files.writeDurably(sealed, to: path)
        try Files.syncDirectory(layout.plans)
    }

    /// The plan that a recorder kept last, and the last moment at which it was known to live; nil if there is none.
    ///
    /// - Throws: `SpoolError`: `.corrupt` where it was sealed with another key.
    package func keptPlan(of recorder: String, key: SealingKey) throws(SpoolError) -> (plan: KeptPlan, at: WallTime)? {
        let path = planPath(recorder)
        guard try Files.exists(path) else { return nil }
        let (sealed, at): ([UInt8], WallTime)
        do {
            at = try File.status(of: path)?.modifiedAt ?? .now()
            sealed = try File.contents(of: path, limit: Self.planLimit)
        } catch {
            throw SpoolError(error, path)
        }
        do {
            let bytes = try key.open(sealed, for: planPlace(recorder))
            return (try JSONDecoder().decode(KeptPlan.self, from: Data(bytes)), at)
        } catch let error as CryptoError {
            throw SpoolError(.corrupt, path, reason: error.detail)
        } catch {
            throw SpoolError(.corrupt, path, reason: "not the JSON that belongs there")
        }
    }

    /// Marks the plan of a recorder as that of one that lives at a moment, by the time of its file.
    package func touchPlan(of recorder: String, at moment: Timestamp) {
        let second = moment.microseconds / 1_000_000
        let time = timespec(tv_sec: Int(second), tv_nsec: Int(moment.microseconds % 1_000_000) * 1000)
        _ = utimensat(AT_FDCWD, planPath(recorder), [time, time], AT_SYMLINK_NOFOLLOW)
    }

    private func planPath(_ recorder: String) -> String {
        "\(layout.plans)/\(PercentEncoding.encode(recorder)).sealed"
    }

    private func planPlace(_ recorder: String) -> String { "plan:\(id):\(recorder)" }
}
