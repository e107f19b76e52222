import HTTPRouting
import HTTPTypes
import ObserverCore

extension Routes {
    static func addCameras(to router: inout Router<Endpoint>) {
        let cameras = CamerasAPI.path
        router.add(.get, cameras, .api(.viewer, CamerasAPI.list))
        router.add(.post, cameras, .api(.operator, CamerasAPI.create))
        router.add(.get, "\(cameras){id:int}", .api(.viewer, CamerasAPI.show))
        router.add(.patch, "\(cameras){id:int}", .api(.operator, CamerasAPI.patch))
        router.add(.delete, "\(cameras){id:int}", .api(.operator, CamerasAPI.delete))
        router.add(.post, "\(cameras){id:int}/on", .api(.operator, CamerasAPI.on))
        router.add(.post, "\(cameras){id:int}/off", .api(.operator, CamerasAPI.off))
        router.add(.get, "\(cameras){id:int}/snapshot.jpg", .api(.viewer, CamerasAPI.snapshot))

        let pages = Links.pages
        router.add(.get, "\(pages)/", .page(.viewer, CameraPageHandlers.list))
        router.add(.get, "\(pages)/cameras/{id:int}", .page(.viewer, CameraPageHandlers.show))
        router.add(.get, "\(pages)/cameras/new", .page(.operator, CameraFormHandlers.new))
        router.add(.post, "\(pages)/cameras/new", .page(.operator, CameraFormHandlers.create))
        router.add(.get, "\(pages)/cameras/{id:int}/edit", .page(.operator, CameraFormHandlers.edit))
        router.add(.post, "\(pages)/cameras/{id:int}/edit", .page(.operator, CameraFormHandlers.save))
        router.add(.get, "\(pages)/cameras/{id:int}/delete", .page(.operator, CameraFormHandlers.confirmDeletion))
        router.add(.post, "\(pages)/cameras/{id:int}/delete", .page(.operator, CameraFormHandlers.delete))
        router.add(.post, "\(pages)/cameras/{id:int}/switch", .page(.operator, CameraFormHandlers.flip))
    }
}
