// An earlier product had the same API paths; its clients still work against Observer, by the addresses in this file.
import Encodings
import HTTPRouting
import HTTPTypes
import ObserverCore

extension Routes {
    static func addCompatibility(to router: inout Router<Endpoint>) {
        router.add(.get, "/api/v1/controller/healthcheck", to: .api(nil, Compatibility.healthcheck))
        router.add(.get, "/api/v1/cameras/healthcheck", to: .api(nil, Compatibility.healthcheck))
        router.add(
            .post,
            "/api/v1/controller/camera/{id:int}/update_state",
            to: .api(.operator, Compatibility.updateState)
        )
    }
}

/// The handlers of those addresses; new clients use `/health` and `/cameras/{id}/on`.
enum Compatibility {
    /// `UP`, as long as the process answers.
    @Sendable static func healthcheck(_ request: WebRequest) -> HTTPResponse {
        var response = HTTPResponse(text: "UP")
        response.set(.cacheControl, "no-store")
        return response
    }

    /// The switch of a camera: `{"is_active": true}`.
    @Sendable static func updateState(_ request: WebRequest) throws -> HTTPResponse {
        let fields = try request.http.jsonObject()
        var errors = fields.keys.filter { $0 != "is_active" }.reduce(into: [String: String]()) {
            $0[$1] = "is not a field of this request"
        }
        guard case .bool(let isActive)? = fields["is_active"], errors.isEmpty else {
            switch fields["is_active"] {
            case .bool: break
            case nil: errors["is_active"] = "is required"
            case let value?: errors["is_active"] = "must be true or false, not \(value.typeName)"
            }
            throw FieldErrors(errors)
        }
        return CamerasAPI.answer(try CamerasAPI.setActive(isActive, request), to: request)
    }
}
