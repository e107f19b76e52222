import HTTPTypes
import ObserverCore

extension OpenAPI {
    /// Every operation of the API, in the order of ``Routes``.
    package static let operations: [Operation] = health + cameras + recordings

    private static let health = [
        Operation(
            method: .get,
            path: "/api/v1/controller/healthcheck",
            role: nil,
            summary: "Whether the process lives",
            answers: [Answer(200, "UP", "text/plain", "Up")]
        ),
        Operation(
            method: .get,
            path: "/api/v1/cameras/healthcheck",
            role: nil,
            summary: "Whether the process lives",
            answers: [Answer(200, "UP", "text/plain", "Up")]
        ),
        Operation(
            method: .get,
            path: "/api/v1/health/live",
            role: nil,
            summary: "Whether the process lives",
            answers: [.json(200, "It does", "Live")]
        ),
        Operation(
            method: .get,
            path: "/api/v1/health/ready",
            role: nil,
            summary: "Whether database, broker, store and spool answer",
            answers: [.json(200, "All do", "Ready"), .json(503, "Some do not", "Ready")]
        ),
        Operation(
            method: .get,
            path: "/api/v1/openapi.json",
            role: nil,
            summary: "This document",
            answers: [.json(200, "This document", "Document")]
        ),
    ]

    private static let cameras = [
        Operation(
            method: .get,
            path: "/api/v1/cameras/",
            role: .viewer,
            summary: "List cameras by number",
            query: ["q", "tag", "state", "ids", "limit", "after"],
            answers: [.json(200, "A page of cameras; Link has the next one", "Cameras")]
        ),
        Operation(
            method: .post,
            path: "/api/v1/cameras/",
            role: .operator,
            summary: "Add a camera",
            body: ("application/json", "NewCamera"),
            answers: [.json(201, "The camera; Location has its address", "Camera")]
        ),
        Operation(
            method: .get,
            path: "/api/v1/cameras/{id}",
            role: .viewer,
            summary: "One camera; ETag is its version",
            answers: [.json(200, "The camera", "Camera")]
        ),
        Operation(
            method: .patch,
            path: "/api/v1/cameras/{id}",
            role: .operator,
            summary: "Change a camera: a missing field stays, null clears or sets the default",
            body: ("application/merge-patch+json", "CameraChange"),
            answers: [
                .json(200, "The camera", "Camera"),
                Answer(412, "It is not the version of If-Match", "application/problem+json", "Problem"),
            ]
        ),
        Operation(
            method: .delete,
            path: "/api/v1/cameras/{id}",
            role: .operator,
            summary: "Delete a camera; its recordings follow their retention",
            query: ["recordings"],
            answers: [
                Answer(204, "It is gone"),
                Answer(412, "It is not the version of If-Match", "application/problem+json", "Problem"),
            ]
        ),
        Operation(
            method: .post,
            path: "/api/v1/cameras/{id}/on",
            role: .operator,
            summary: "Switch on; again changes nothing",
            answers: [.json(202, "The camera; its state follows", "Camera")]
        ),
        Operation(
            method: .post,
            path: "/api/v1/cameras/{id}/off",
            role: .operator,
            summary: "Switch off; again changes nothing",
            answers: [.json(202, "The camera; its state follows", "Camera")]
        ),
        Operation(
            method: .post,
            path: "/api/v1/controller/camera/{id}/update_state",
            role: .operator,
            summary: "Switch on or off",
            body: ("application/json", "Switch"),
            answers: [.json(200, "The camera; its state follows", "Camera")]
        ),
        Operation(
            method: .get,
            path: "/api/v1/cameras/{id}/snapshot.jpg",
            role: .viewer,
            summary: "The newest snapshot",
            query: ["t"],
            answers: [Answer(200, "The snapshot", "image/jpeg", "Bytes"), Answer(304, "It is the one you have")]
        ),
    ]

    private static let recordings = [
        Operation(
            method: .get,
            path: "/api/v1/cameras/{id}/segments",
            role: .viewer,
            summary: "List a camera's segments by start",
            query: ["from", "to", "after-segment", "limit"],
            answers: [.json(200, "A page of segments; Link has the next one", "Segments")]
        ),
        Operation(
            method: .get,
            path: "/api/v1/segments/{id}.mp4",
            role: .viewer,
            summary: "The video of a segment; Range works",
            answers: [
                Answer(200, "The video", "video/mp4", "Bytes"),
                Answer(206, "A part of it", "video/mp4", "Bytes"),
                Answer(410, "Its bytes are gone", "application/problem+json", "Problem"),
                Answer(416, "It has no such bytes", "application/problem+json", "Problem"),
                Answer(502, "The store refuses it", "application/problem+json", "Problem"),
            ]
        ),
    ]
}
