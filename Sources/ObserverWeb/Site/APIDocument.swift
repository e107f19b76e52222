import HTTPTypes
package import HTTPRouting
package import System

/// The OpenAPI document: `api/openapi.json`, kept by hand, served as it is and held against the server by tests.
package struct APIDocument: Sendable {
    /// The document in JSON.
    package let bytes: [UInt8]
    /// The tag of these bytes.
    package let tag: EntityTag

    /// Reads the document of a distribution, which has `api` beside its `templates`.
    ///
    /// - Parameter templates: The folder of the templates.
    /// - Throws: `SystemError` if there is no document.
    package init(besideTemplates templates: String) throws(SystemError) {
        bytes = try File.contents(of: "\(templates)/../api/openapi.json", followsLinks: true)
        tag = BodyTag.tag(of: bytes)
    }

    @Sendable static func show(_ request: WebRequest) -> HTTPResponse {
        let document = request.context.document
        var response = HTTPResponse(contentType: "application/json", body: document.bytes)
        response.set(.cacheControl, "no-cache")
        return response.tagged(document.tag, for: request.http)
    }
}
