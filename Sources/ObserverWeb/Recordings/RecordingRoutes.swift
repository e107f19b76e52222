import HTTPRouting
import HTTPTypes
import ObserverCore

extension Routes {
    static func addRecordings(to router: inout Router<Endpoint>) {
        router.add(.get, "/api/v1/cameras/{id:int}/segments", to: .api(.viewer, SegmentsAPI.list))
        router.add(.get, "/api/v1/cameras/{id:int}/timeline", to: .api(.viewer, TimelineAPI.show))
        router.add(.get, "/api/v1/segments/{id:uuid}.mp4", to: .api(.viewer, SegmentsAPI.video))
    }
}
