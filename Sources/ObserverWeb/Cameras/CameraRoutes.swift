import HTTPRouting
import HTTPTypes
import ObserverCore

extension Routes {
    static func addCameras(to router: inout Router<Endpoint>) {
        let cameras = CamerasAPI.path
        router.add(.get, cameras, to: .api(.viewer, CamerasAPI.list))
        router.add(.post, cameras, to: .api(.operator, CamerasAPI.create))
        router.add(.get, "\(cameras)states", to: .api(.viewer, CameraStatesAPI.list))
        router.add(.get, "\(cameras){id:int}", to: .api(.viewer, CamerasAPI.show))
        router.add(.patch, "\(cameras){id:int}", to: .api(.operator, CamerasAPI.patch))
        router.add(.delete, "\(cameras){id:int}", to: .api(.operator, CamerasAPI.delete))
        router.add(.post, "\(cameras){id:int}/on", to: .api(.operator, CamerasAPI.on))
        router.add(.post, "\(cameras){id:int}/off", to: .api(.operator, CamerasAPI.off))
        router.add(.post, "\(cameras){id:int}/retry", to: .api(.operator, CamerasAPI.retry))
        router.add(.get, "\(cameras){id:int}/snapshot.jpg", to: .api(.viewer, CamerasAPI.snapshot))

        let pages = Links.pages
        router.add(.get, "\(pages)/together", to: .page(.viewer, TogetherPageHandlers.show))
        router.add(.get, "\(pages)/", to: .page(.viewer, CameraListHandlers.table))
        router.add(.get, Links.wall, to: .page(.viewer, CameraListHandlers.wall))
        router.add(.get, Links.cameraParts, to: .page(.viewer, CameraListHandlers.parts))
        router.add(.post, Links.camerasOn, to: .page(.operator, CameraListHandlers.on))
        router.add(.post, Links.camerasOff, to: .page(.operator, CameraListHandlers.off))
        router.add(.get, "\(pages)/cameras/{id:int}", to: .page(.viewer, CameraPageHandlers.show))
        router.add(.get, "\(pages)/cameras/new", to: .page(.operator, CameraFormHandlers.new))
        router.add(.post, "\(pages)/cameras/new", to: .page(.operator, CameraFormHandlers.create))
        router.add(.get, "\(pages)/cameras/{id:int}/edit", to: .page(.operator, CameraFormHandlers.edit))
        router.add(.post, "\(pages)/cameras/{id:int}/edit", to: .page(.operator, CameraFormHandlers.save))
        router.add(.get, "\(pages)/cameras/{id:int}/delete", to: .page(.operator, CameraFormHandlers.confirmDeletion))
        router.add(.post, "\(pages)/cameras/{id:int}/delete", to: .page(.operator, CameraFormHandlers.delete))
        router.add(.post, "\(pages)/cameras/{id:int}/switch", to: .page(.operator, CameraFormHandlers.flip))
        router.add(.post, "\(pages)/cameras/{id:int}/retry", to: .page(.operator, CameraFormHandlers.retry))
    }
}
