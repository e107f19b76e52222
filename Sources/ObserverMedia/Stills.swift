import LibraryMedia
import Media

/// Creates pictures of key frames.
enum Stills {
    static func run(for recorder: RecorderSocket) {
        while case .still(let frame) = recorder.next() {
            let reply: LibraryReply
            do throws(MediaError) {
                reply = .still(try SnapshotEncoder.jpeg(frame))
            } catch {
                reply = .noStill(error)
            }
            guard recorder.send(reply) else { return }
        }
    }
}
