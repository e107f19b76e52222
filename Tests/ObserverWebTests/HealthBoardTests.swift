import ObserverWeb
import System
import Testing

@Suite struct HealthBoardTests {
    private let board = HealthBoard()

    @Test func `nothing is good before somebody has looked, nor when nobody looks any more`() {
        let start = MonotonicInstant(nanoseconds: 1_000_000_000)
        #expect(!board.finding(.database, at: start).isGood)
        board.set(.database, .init(isGood: true, detail: "answers"), at: start)
        #expect(board.finding(.database, at: start + .seconds(29)).isGood)
        #expect(!board.finding(.database, at: start + .seconds(30)).isGood)
        #expect(!board.finding(.broker, at: start).isGood)
    }
}
