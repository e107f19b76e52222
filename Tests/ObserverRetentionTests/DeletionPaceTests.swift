import ObserverRetention
import Testing

@Suite struct DeletionPaceTests {
    @Test func `a store that asks for fewer requests gets half, and gets more as it bears them`() {
        var pace = DeletionPace()
        #expect(pace.batch == 1000)
        _ = pace.failed(isThrottled: true)
        #expect(pace.batch == 500)
        for _ in 0..<10 { _ = pace.failed(isThrottled: true) }
        #expect(pace.batch == 50)
        for _ in 0..<100 { pace.succeeded() }
        #expect(pace.batch == 1000)
    }

    @Test func `pauses grow to five minutes, and a success ends them`() {
        var pace = DeletionPace()
        let first = pace.failed(isThrottled: false)
        #expect(first <= .seconds(1) && first >= .milliseconds(500))
        for _ in 0..<20 { _ = pace.failed(isThrottled: false) }
        let late = pace.failed(isThrottled: false)
        #expect(late >= .seconds(150) && late <= .seconds(300))
        #expect(pace.batch == 1000)
        pace.succeeded()
        #expect(pace.failed(isThrottled: false) <= .seconds(1))
    }
}
