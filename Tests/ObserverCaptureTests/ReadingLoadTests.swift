import Testing

@testable import ObserverCapture

@Suite struct ReadingLoadTests {
    @Test func `a stream of two megabits a second is read at leisure`() {
        var load = ReadingLoad.socketPair
        for _ in 0..<100 {
            load.take(50_000)
            #expect(load.isLight && !load.isHeavy)
        }
    }

    @Test func `a stream that fills a socket between two turns is read as it comes, and goes on to be for some turns`()
    {
        var load = ReadingLoad.socketPair
        load.take(160_000)
        #expect(load.isHeavy && !load.isLight)
        load.take(20_000)
        #expect(!load.isHeavy && !load.isLight)
        var turns = 0
        while !load.isLight, turns < 100 {
            load.take(20_000)
            turns += 1
        }
        #expect((1...10).contains(turns))
    }

    @Test func `a connection that the kernel gives more room is read at leisure with large key frames`() {
        var load = ReadingLoad.connection
        load.take(200_000)
        #expect(load.isLight)
        load.take(300_000)
        #expect(!load.isLight)
    }
}
