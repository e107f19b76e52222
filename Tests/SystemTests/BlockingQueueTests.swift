import System
import Testing

@Suite struct BlockingQueueTests {
    @Test func `a queue keeps order, refuses what is over its limit, and drains after it was closed`() {
        let queue = BlockingQueue<Int>(limit: 200)
        for number in 0..<200 { #expect(queue.push(number)) }
        #expect(!queue.push(200))
        queue.close()
        #expect((0..<200).map { _ in queue.pop(within: .zero) } == (0..<200).map { $0 })
        #expect(queue.pop(within: .seconds(60)) == nil)
        #expect(!queue.push(1))
    }

    @Test func `what is pushed unnoticed is kept in order, and found after one wake`() {
        let queue = BlockingQueue<Int>(limit: 3)
        let taken = Monitor<[Int]>([])
        let taker = DedicatedThread.start(name: "taker") {
            while let number = queue.pop(within: .seconds(60)) { taken.withLock { $0.append(number) } }
        }
        #expect(queue.pushUnnoticed(1) && queue.pushUnnoticed(2))
        queue.wake()
        #expect(taken.wait(until: .now() + .seconds(20)) { $0 == [1, 2] })
        queue.close()
        taker.join()
        #expect(!queue.pushUnnoticed(3))
    }

    @Test func `what several threads push is taken exactly once`() {
        let queue = BlockingQueue<Int>(limit: 100_000)
        let sum = Monitor((count: 0, total: 0))
        let takers = (0..<4).map { _ in
            DedicatedThread.start(name: "taker") {
                while let number = queue.pop(within: .seconds(10)) {
                    sum.withLock {
                        $0.count += 1
                        $0.total += number
                    }
                }
            }
        }
        let makers = (0..<4).map { maker in
            DedicatedThread.start(name: "maker") { for number in 0..<1000 { queue.push(maker * 1000 + number) } }
        }
        for maker in makers { maker.join() }
        queue.close()
        for taker in takers { taker.join() }
        #expect(sum.withLock { $0.count } == 4000)
        #expect(sum.withLock { $0.total } == (0..<4000).reduce(0, +))
    }
}
