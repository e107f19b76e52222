import HTTPRouting
import HTTPTypes
import ObserverCore

extension Routes {
    static func addExports(to router: inout Router<Endpoint>) {
        router.add(.get, "/api/v1/cameras/{id:int}/export.mp4", to: .api(.viewer, ExportsAPI.video))
        router.add(.get, "/api/v1/cameras/{id:int}/export.json", to: .api(.viewer, ExportsAPI.manifest))
        router.add(.get, "/api/v1/exports/key", to: .api(.viewer, ExportsAPI.key))
        router.add(.get, "/api/v1/exports", to: .api(.viewer, RunningExportsAPI.list))
        router.add(.post, "/api/v1/exports", to: .api(.viewer, RunningExportsAPI.create))
        router.add(.get, "/api/v1/cameras/{id:int}/playlist.m3u8", to: .api(.viewer, PlaylistAPI.show))
        router.add(.get, Links.exports, to: .page(.viewer, RunningExportsPageHandlers.show))
        router.add(.post, "\(Links.exports)/{id:int}/stop", to: .page(.viewer, RunningExportsPageHandlers.stop))
        router.add(.delete, "/api/v1/exports/{id:int}", to: .api(.viewer, RunningExportsAPI.cancel))
    }
}
