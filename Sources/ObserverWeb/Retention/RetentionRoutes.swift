import HTTPRouting
import HTTPTypes
import ObserverCore

extension Routes {
    static func addRetention(to router: inout Router<Endpoint>) {
        router.add(.get, "/api/v1/storage", to: .api(.viewer, StorageAPI.show))

        let retention = "/api/v1/retention"
        router.add(.get, "\(retention)/policies", to: .api(.viewer, RetentionAPI.policies))
        router.add(.post, "\(retention)/policies", to: .api(.operator, RetentionAPI.setPolicy))
        router.add(.delete, "\(retention)/policies/{id:int}", to: .api(.operator, RetentionAPI.deletePolicy))
        router.add(.post, "\(retention)/preview", to: .api(.operator, RetentionAPI.preview))
        router.add(.get, "\(retention)/jobs", to: .api(.viewer, RetentionAPI.jobs))
        router.add(.get, "\(retention)/history", to: .api(.viewer, RetentionHistoryAPI.list))
        router.add(.post, "\(retention)/jobs/approve", to: .api(.operator, RetentionAPI.approveAll))
        router.add(.post, "\(retention)/jobs/{id:int}/approve", to: .api(.operator, RetentionAPI.approve))
        router.add(.post, "\(retention)/jobs/{id:int}/pause", to: .api(.operator, RetentionAPI.pause))

        router.add(.get, "/api/v1/holds", to: .api(.viewer, HoldsAPI.list))
        router.add(.post, "/api/v1/holds", to: .api(.operator, HoldsAPI.create))
        router.add(.get, "/api/v1/holds/{id:int}", to: .api(.viewer, HoldsAPI.show))
        router.add(.post, "/api/v1/holds/{id:int}/release", to: .api(.operator, HoldsAPI.release))

        let storage = Links.storage
        router.add(.get, storage, to: .page(.viewer, StoragePageHandlers.show))
        router.add(.post, "\(storage)/rules", to: .page(.operator, StoragePageHandlers.saveRule))
        router.add(.post, "\(storage)/preview", to: .page(.operator, StoragePageHandlers.preview))
        router.add(.post, "\(storage)/rules/{id:int}/delete", to: .page(.operator, StoragePageHandlers.deleteRule))
        router.add(.post, "\(storage)/deletions/{id:int}/approve", to: .page(.operator, StoragePageHandlers.approve))
        router.add(.post, "\(storage)/deletions/{id:int}/pause", to: .page(.operator, StoragePageHandlers.pause))
        router.add(.post, "\(storage)/holds", to: .page(.operator, StoragePageHandlers.hold))
        router.add(.post, "\(storage)/holds/{id:int}/release", to: .page(.operator, StoragePageHandlers.release))
    }
}
