import HTTPRouting
import HTTPTypes
import ObserverCore

extension Routes {
    static func addUploads(to router: inout Router<Endpoint>) {
        router.add(.get, "/api/v1/uploaders", to: .api(.viewer, UploadersAPI.list))
        // From this machine without a token; the handler looks.
        router.add(.get, "/api/v1/metrics", to: .api(nil, MetricsAPI.show))

        router.add(.get, FailedUploadsAPI.path, to: .api(.viewer, FailedUploadsAPI.list))
        router.add(.post, "\(FailedUploadsAPI.path)/{id:uuid}/retry", to: .api(.operator, FailedUploadsAPI.retry))
        router.add(.post, "/api/v1/uploads/retry", to: .api(.operator, FailedUploadsAPI.retryAll))

        let page = Links.failedUploads
        router.add(.get, page, to: .page(.viewer, FailedUploadHandlers.show))
        router.add(.post, "\(page)/retry", to: .page(.operator, FailedUploadHandlers.retryAll))
        router.add(.post, "\(page)/{id:uuid}/retry", to: .page(.operator, FailedUploadHandlers.retry))
    }
}
