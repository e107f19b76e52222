import LibraryMedia
import Media

/// Creates pictures of key frames, and of frames that need others.
enum Stills {
    static func run(for recorder: RecorderSocket) {
        var group: Result<GroupDecoder, MediaError> = .failure(MediaError(.badStream, "no frames"))
        while let request = recorder.next() {
            let reply: LibraryReply
            do throws(MediaError) {
                switch request {
                case .still(let frame): reply = .still(try SnapshotEncoder.jpeg(frame))
                case .group(let codec, let parameters):
                    group = Result { () throws(MediaError) in try GroupDecoder(codec, parameters: parameters) }
                    continue
                case .frame(let bytes, isShown: false):
                    try? group.get().decode(bytes)  // without a decoder the frame that is shown says so
                    continue
                case .frame(let bytes, isShown: true): reply = .still(try group.get().picture(of: bytes))
                case .read, .stills, .encode, .samples: return
                }
            } catch {
                reply = .noStill(error)
            }
            guard recorder.send(reply) else { return }
        }
    }
}
