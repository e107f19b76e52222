import HTTPRouting
import HTTPTypes
import ObserverCore

extension Routes {
    static func addHealth(to router: inout Router<Endpoint>) {
        router.add(.get, "/api/v1/health/live", to: .api(nil, HealthAPI.live))
        router.add(.get, "/api/v1/health/ready", to: .api(nil, HealthAPI.ready))
    }
}
