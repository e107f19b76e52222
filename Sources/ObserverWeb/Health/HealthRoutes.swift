import HTTPRouting
import HTTPTypes
import ObserverCore

extension Routes {
    static func addHealth(to router: inout Router<Endpoint>) {
        router.add(.get, "/api/v1/health/live", .api(nil, HealthAPI.live))
        router.add(.get, "/api/v1/health/ready", .api(nil, HealthAPI.ready))
    }
}
