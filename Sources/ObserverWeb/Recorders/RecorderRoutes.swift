import HTTPRouting
import HTTPTypes
import ObserverCore

extension Routes {
    static func addRecorders(to router: inout Router<Endpoint>) {
        router.add(.get, "/api/v1/recorders", to: .api(.viewer, RecordersAPI.list))
        router.add(.get, Links.recorders, to: .page(.viewer, RecordersAPI.page))
    }
}
