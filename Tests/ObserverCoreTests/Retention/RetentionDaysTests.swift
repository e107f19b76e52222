import ObserverCore
import Testing

@Suite struct RetentionDaysTests {
    private let camera = RetentionCamera(CameraID(rawValue: 7), tags: ["yard"], days: 30)

    private func days(_ rules: [(RetentionScope, Int?, Int?)]) -> [Int] {
        let policies = rules.map { RetentionPolicy($0.0, .init(longestDays: $0.1, shortestDays: $0.2)) }
        let days = RetentionDays(of: camera, policies)
        return [days.shortest, days.longest]
    }

    @Test func `without rules the camera's own days count`() {
        #expect(days([]) == [0, 30])
        #expect(days([(.tag("till"), 5, 5), (.camera(CameraID(rawValue: 8)), 5, 5)]) == [0, 30])
    }

    @Test func `of several limits the strictest counts`() {
        #expect(days([(.all, 20, 3), (.tag("yard"), 10, 2), (.camera(camera.id), 15, 1)]) == [3, 10])
        #expect(days([(.all, 90, nil)]) == [0, 30])
    }

    @Test func `where limits contradict each other recordings are kept`() {
        #expect(days([(.all, 10, nil), (.tag("yard"), nil, 60)]) == [60, 60])
    }
}
