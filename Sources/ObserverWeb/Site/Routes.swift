import HTTPTypes
import HTTPRouting
import ObserverCore

/// Every address of the web process, and the least role that may use it.
package enum Routes {
    package static let table: RouteTable = {
        var routes = RouteTable(problemPage: ProblemPages.show)

        // Health, open to everybody.
        routes.api(.get, "/api/v1/controller/healthcheck", nil, HealthAPI.up)
        routes.api(.get, "/api/v1/cameras/healthcheck", nil, HealthAPI.up)
        routes.api(.get, "/api/v1/health/live", nil, HealthAPI.live)
        routes.api(.get, "/api/v1/health/ready", nil, HealthAPI.ready)
        routes.api(.get, "/api/v1/openapi.json", nil, OpenAPI.show)

        // Cameras.
        routes.api(.get, "/api/v1/cameras/", .viewer, CamerasAPI.list)
        routes.api(.post, "/api/v1/cameras/", .operator, CamerasAPI.create)
        routes.api(.get, "/api/v1/cameras/{id:int}", .viewer, CamerasAPI.show)
        routes.api(.patch, "/api/v1/cameras/{id:int}", .operator, CamerasAPI.patch)
        routes.api(.delete, "/api/v1/cameras/{id:int}", .operator, CamerasAPI.delete)
        routes.api(.post, "/api/v1/cameras/{id:int}/on", .operator, CamerasAPI.on)
        routes.api(.post, "/api/v1/cameras/{id:int}/off", .operator, CamerasAPI.off)
        routes.api(.post, "/api/v1/controller/camera/{id:int}/update_state", .operator, CamerasAPI.updateState)
        routes.api(.get, "/api/v1/cameras/{id:int}/snapshot.jpg", .viewer, CamerasAPI.snapshot)

        // Recordings.
        routes.api(.get, "/api/v1/cameras/{id:int}/segments", .viewer, SegmentsAPI.list)
        routes.api(.get, "/api/v1/segments/{id:uuid}.mp4", .viewer, SegmentsAPI.video)

        // Pages.
        let pages = "/api/v1/controller"
        routes.page(.get, "\(pages)/", .viewer, CameraPageHandlers.list)
        routes.page(.get, "\(pages)/sign-in", nil, SessionFormHandlers.signInPage)
        routes.page(.post, "\(pages)/sign-in", nil, SessionFormHandlers.signIn)
        routes.page(.post, "\(pages)/sign-out", .viewer, SessionFormHandlers.signOut)
        routes.page(.get, "\(pages)/cameras/new", .operator, CameraFormHandlers.new)
        routes.page(.post, "\(pages)/cameras/new", .operator, CameraFormHandlers.create)
        routes.page(.get, "\(pages)/cameras/{id:int}", .viewer, CameraPageHandlers.show)
        routes.page(.get, "\(pages)/cameras/{id:int}/edit", .operator, CameraFormHandlers.edit)
        routes.page(.post, "\(pages)/cameras/{id:int}/edit", .operator, CameraFormHandlers.save)
        routes.page(.get, "\(pages)/cameras/{id:int}/delete", .operator, CameraFormHandlers.confirmDeletion)
        routes.page(.post, "\(pages)/cameras/{id:int}/delete", .operator, CameraFormHandlers.delete)
        routes.page(.post, "\(pages)/cameras/{id:int}/switch", .operator, CameraFormHandlers.flip)

        return routes
    }()
}
