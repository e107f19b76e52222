/// The session's side of the live channel of its camera: what is watched, and who waits for the first segment.
///
/// Belongs to the session, on the camera's loop.
struct LiveDesk {
    private let channel: LiveChannel
    private var waiting: [LiveToken] = []
    private var watch = LiveChannel.Watch()

    init(_ channel: LiveChannel) {
        self.channel = channel
    }

    /// True if the live server asks for something.
    var isCalled: Bool { channel.isCalled }

    /// Takes over the camera, for a session that is woken by `wake`.
    func open(for session: AnyObject, wake: @escaping @Sendable () -> Void) {
        channel.attach(session, wake: wake)
    }

    /// Takes what the server asks for, and has the recording answer where there is one.
    ///
    /// - Returns: True if somebody watches.
    mutating func answer(by recording: Recording?) -> Bool {
        let call = channel.takeCall()
        (watch, waiting) = (call.watch, waiting + call.joins)
        if let recording { begin(recording) }
        return watch.isAny
    }

    /// Gives a recording those who watch and wait.
    mutating func begin(_ recording: Recording) {
        recording.live.take(watch, joins: waiting)
        waiting = []
    }

    /// Takes back those who wait, for the recording that follows.
    mutating func end(_ recording: Recording?) {
        waiting += recording?.live.unanswered ?? []
    }

    /// Leaves the camera, unless another session has it already.
    func close(for session: AnyObject) {
        channel.detach(session)
    }
}
