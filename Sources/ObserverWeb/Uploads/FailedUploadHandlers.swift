import Encodings
package import HTTPTypes
import HTTPRouting
import ObserverCore
import ObserverStore

/// The page of failed uploads and its forms, which end in a redirect.
package enum FailedUploadHandlers {
    private static let pageSize = 100

    @Sendable package static func show(_ request: WebRequest) throws -> HTTPResponse {
        let fields = try request.query(["camera_id", "after", "done"])
        let camera = try QueryValue.identifier(fields, "camera_id").map { CameraID(rawValue: $0) }
        let store = FailedUploadStore(request.database)
        let counts = try store.counts()
        let entries = try store.list(
            camera: camera,
            after: try FailedUploadsAPI.cursor(fields, request),
            limit: pageSize
        )
        let page = FailedUploadsPage(
            entries: entries,
            counts: counts,
            names: try store.names(of: counts.keys),
            camera: camera,
            hasMore: entries.count == pageSize,
            viewer: try request.signedIn(),
            now: request.now
        )
        return try request.answer(page)
    }

    @Sendable package static func retry(_ request: WebRequest) throws -> HTTPResponse {
        _ = try FailedUploadsAPI.askForRetry(request)
        return request.redirect(Links.failedUploads, done: .uploadRetried)
    }

    @Sendable package static func retryAll(_ request: WebRequest) throws -> HTTPResponse {
        let fields = try request.http.formFields()
        let camera = try QueryValue.identifier(fields, "camera_id").map { CameraID(rawValue: $0) }
        _ = try FailedUploadsAPI.askForRetries(of: camera, request)
        return request.redirect(Links.failedUploads, done: .uploadsRetried)
    }
}
