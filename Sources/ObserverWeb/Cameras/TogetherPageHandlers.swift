package import HTTPTypes
import HTTPRouting
import ObserverCore
import ObserverStore

/// The page that shows several cameras at one moment.
package enum TogetherPageHandlers {
    /// The cameras that the address names, and a form to choose others.
    @Sendable package static func show(_ request: WebRequest) throws -> HTTPResponse {
        let query = try request.http.queryFields()
        let numbers = try numbers(query)
        let service = CameraService(request.context)
        let page = TogetherPage(
            cameras: try numbers.map { try service.get(CameraID(rawValue: $0)) },
            choices: try CameraStore(request.database).list(CameraQuery(limit: TogetherPage.mostChoices)),
            moment: try moment(query),
            now: request.now
        )
        return try request.answer(page)
    }

    /// The numbers of the cameras, each once, in their order.
    private static func numbers(_ query: FormFields) throws(Problem) -> [Int64] {
        var numbers: [Int64] = []
        for text in query.all("camera") {
            let field = FormFields([("camera", text)])
            guard let number = try QueryValue.identifier(field, "camera"), !numbers.contains(number) else { continue }
            numbers.append(number)
        }
        guard numbers.count <= TogetherPage.most else {
            throw QueryValue.unknown("camera", "can be given \(TogetherPage.most) times at most")
        }
        return numbers
    }

    /// The moment: a time with its zone, or one in UTC as a field of a form sends it.
    private static func moment(_ query: FormFields) throws(Problem) -> Timestamp? {
        guard let text = query["at"], !text.isEmpty else { return nil }
        if let moment = Timestamp(rfc3339: text + "Z") ?? Timestamp(rfc3339: text + ":00Z") { return moment }
        return try QueryValue.time(query, "at")
    }
}
