import Encodings
import HTTPRouting
import HTTPTypes
import ObserverCore
import ObserverStore
import ObserverWeb
import Postgres
import TestSupport
import Testing

/// The small answer that keeps pages up to date, and what comes to them by it.
@Suite(.enabled(if: TestEnvironment.has(.database))) struct APIStatesTests {
    private let harness: WebHarness

    init() throws {
        harness = try WebHarness()
    }

    private func states(_ query: String = "", as role: Role = .viewer) -> WebHarness.Answer {
        harness.context.cameraPages.forget()
        return harness.call("GET", "/cameras/states\(query)", as: role)
    }

    private func ids(_ answer: WebHarness.Answer) -> [Int64] {
        guard case .array(let cameras)? = answer["cameras"] else { return [] }
        return cameras.compactMap { camera in
            guard case .object(let members) = camera, case .int(let id)? = members["id"] else { return nil }
            return id
        }
    }

    @Test func `counts are of all cameras, and rows of those that match, page by page`() throws {
        #expect(states().text == #"{"total":0,"counts":{},"troubles":[],"cameras":[]}"#)
        let gate = try harness.addCamera("Gate", #", "tags": ["yard"], "is_active": true"#)
        let hall = try harness.addCamera("Hall", #", "tags": ["inside"]"#)
        let yard = try harness.addCamera("Yard", #", "tags": ["yard"]"#)
        let all = states()
        #expect(ids(all) == [gate, hall, yard])
        #expect(all["total"] == .int(3) && all["counts"] == .object(["pending": .int(1), "off": .int(2)]))
        for (query, found) in [
            ("?q=gAT", [gate]), ("?tag=yard", [gate, yard]), ("?state=off", [hall, yard]),
            ("?q=here", [gate, hall, yard]), ("?tag=yard&state=off", [yard]), ("?limit=2", [gate, hall]),
            ("?limit=2&after=\(hall)", [yard]), ("?state=off&keep=\(gate)", [gate, hall, yard]),
            ("?q=nothing&keep=\(hall),999", [hall]), ("?q=%25", []),
        ] {
            let answer = states(query)
            #expect(ids(answer) == found, "\(query)")
            #expect(answer["total"] == .int(3), "\(query)")
        }
        harness.call("DELETE", "/cameras/\(hall)")
        #expect(ids(states("?keep=\(hall)")) == [gate, yard])
    }

    @Test func `an answer that has not changed is 304, and one that is asked for wrongly names the parameter`() throws {
        let gate = try harness.addCamera("Gate")
        let tag = try #require(states().response.header(.eTag))
        let again = harness.call("GET", "/cameras/states", as: .viewer, headers: [("If-None-Match", "W/\(tag)")])
        #expect(again.status == 304 && again.response.body.isEmpty)
        harness.call("POST", "/cameras/\(gate)/on")
        let after = harness.call("GET", "/cameras/states", as: .viewer, headers: [("If-None-Match", tag)])
        #expect(after.status == 200, "one's own change is seen at once")
        for (query, field) in [
            ("?keep=x", "keep"), ("?keep=", "keep"), ("?ids=1", "ids"), ("?state=asleep", "state"),
            ("?limit=501", "limit"), ("?after=77", "after"), ("?q=%00", "q"),
        ] {
            let answer = states(query)
            #expect(answer.status == 422 && answer.wrongFields == [field], "\(query): \(answer.text)")
        }
    }

    @Test func `a state is told with its cause and its moments in milliseconds`() throws {
        let id = CameraID(rawValue: try harness.addCamera("Gate", #", "is_active": true"#))
        try harness.assign(to: "node-a")
        let since = Timestamp(milliseconds: 1_795_464_847_000)
        let epochs: [Int64] = try harness.context.database.rows("select epoch from assignments", as: (Int64).self)
        let epoch = try #require(epochs.first)
        func report(_ state: CameraState, _ cause: Cause?) throws {
            try StatusStore(harness.context.database).write([
                CameraStatus(
                    stream: StreamID(id, .main),
                    epoch: epoch,
                    state: state,
                    since: since,
                    cause: cause,
                    recorder: "node-a",
                    lastFrameAt: since
                )
            ])
        }
        let moment = "1795464847000"
        try report(.retrying, .unauthorized)
        let retrying = states().text
        #expect(retrying.contains(#""state":"retrying","cause":"unauthorized","since":\#(moment),"last":\#(moment)}"#))
        try report(.recording, nil)
        let recording = states().text
        #expect(recording.contains(#""state":"recording","since":\#(moment)}"#), "\(recording)")
    }

    @Test func `rows and tiles of cameras that came are fetched by themselves`() throws {
        let gate = try harness.addCamera("Gate <b>")
        let row = harness.call("GET", "/controller/cameras/parts?as=row&ids=\(gate),999", as: .viewer)
        #expect(row.status == 200 && row.text.contains("<tr role=\"row\" data-camera=\"\(gate)\">"))
        #expect(row.text.contains("Gate &lt;b&gt;") && !row.text.contains("role=\"switch\""))
        let tile = harness.call("GET", "/controller/cameras/parts?as=tile&ids=\(gate)", as: .operator)
        #expect(tile.text.contains("data-live=\"/api/v1/cameras/\(gate)/live.mp4\"") && !tile.text.contains("<tr"))
        #expect(harness.call("GET", "/controller/cameras/parts?as=row", as: .viewer).status == 200)
        #expect(harness.call("GET", "/controller/cameras/parts?as=list", as: .viewer).status == 422)
        #expect(harness.call("GET", "/controller/cameras/parts?ids=x", as: .viewer).status == 422)
    }

    // MARK: Many switches

    private func post(_ path: String, _ body: String, as role: Role = .operator) -> WebHarness.Answer {
        harness.call("POST", "/controller/cameras/\(path)", body, as: role, type: "application/x-www-form-urlencoded")
    }

    private func active() throws -> [Int64] {
        let statement: SQL = "select id from cameras where is_active order by id"
        return try harness.context.database.rows(statement, as: (Int64).self)
    }

    @Test func `chosen cameras are switched, and nothing but numbers of cameras is a choice`() throws {
        let ids = try (1...3).map { try harness.addCamera("C\($0)") }
        let before = harness.takeAnnounced().count
        let on = post("on?tag=a&after=\(ids[0])", "camera=\(ids[0])&camera=\(ids[2])&camera=999")
        #expect(on.response.header(.location) == "/api/v1/controller/?tag=a&after=\(ids[0])&done=many-on")
        #expect(try active() == [ids[0], ids[2]])
        #expect(harness.takeAnnounced().count == 2, "after \(before) of their making")
        #expect(post("on", "camera=\(ids[0])").status == 303)
        #expect(harness.takeAnnounced().isEmpty)
        for body in ["", "camera=x", "camera=-1", "camera=1&camera=99999999999999999999", "all=", "camera=\(ids[0])"] {
            let answer = post("off", body, as: body.hasPrefix("camera=\(ids[0])") ? .viewer : .operator)
            #expect([422, 403, 200].contains(answer.status), "\(body): \(answer.status)")
            #expect(try active() == [ids[0], ids[2]], "\(body)")
        }
    }

    @Test func `all that a filter lets through are switched once the question is answered for as many`() throws {
        let ids = try ["a", "a", "b"].map { try harness.addCamera("C", #", "tags": ["\#($0)"], "is_active": true"#) }
        let question = post("off", "all=true&tag=a")
        #expect(question.status == 200 && question.text.contains("<h1>Switch off 2 cameras?</h1>"))
        #expect(try active() == ids)
        #expect(post("off", "all=true&tag=a&sure=1").text.contains("Switch off 2 cameras?"), "it was another question")
        let answered = post("off", "all=true&tag=a&sure=2").response.header(.location)
        #expect(answered?.hasSuffix("?tag=a&done=many-off") == true)
        #expect(try active() == [ids[2]])
        let same = post("off", "all=true&tag=a").response.header(.location)
        #expect(same?.hasSuffix("done=many-same") == true)
    }
}
