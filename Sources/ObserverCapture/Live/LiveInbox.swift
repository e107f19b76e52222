import ObserverCore
import Synchronization
import System

/// The events for the live server, which come from the loops of the cameras; they never wait for it.
final class LiveInbox: Sendable {
    private struct State: Sendable {
        var events: [LiveEvent] = []
        var isFull = false
    }

    /// The most events that wait; a server that is behind by more has stalled, and viewers go on with the next key frame.
    private static let limit = 4096

    private let state = Lock(State())
    private let wake: @Sendable () -> Void

    /// Creates an empty inbox; `wake` wakes the server.
    init(wake: @escaping @Sendable () -> Void) {
        self.wake = wake
    }

    func tell(_ event: LiveEvent) {
        let isFirst = state.withLock { state in
            guard state.events.count < Self.limit else {
                // Frames and fragments can be left out, the rest is little.
                switch event {
                case .part, .fragment:
                    state.isFull = true
                    return false
                default: break
                }
                state.events.append(event)
                return false
            }
            state.events.append(event)
            return state.events.count == 1
        }
        if isFirst { wake() }
    }

    /// Takes all events, in their order.
    func takeAll() -> [LiveEvent] {
        state.withLock { state in
            defer { state = State() }
            return state.isFull ? state.events + [.overflowed] : state.events
        }
    }
}

/// The way between the live server and the loop of one camera.
///
/// The server asks, the loop answers when it comes by; while nobody watches, a look at one flag is all that it costs.
final class LiveChannel: Sendable {
    /// The wants of those who watch.
    struct Watch: Hashable, Sendable {
        /// Each frame as it comes.
        var frames = false
        /// Each fragment.
        var fragments = false

        var isAny: Bool { frames || fragments }
    }

    private struct State: Sendable {
        var watch = Watch()
        var joins: [LiveToken] = []
        var owner: ObjectIdentifier?
        var wake: (@Sendable () -> Void)?
    }

    let camera: CameraID
    private let inbox: LiveInbox
    private let called = Atomic(false)
    private let state = Lock(State())

    init(_ camera: CameraID, inbox: LiveInbox) {
        self.camera = camera
        self.inbox = inbox
    }

    // MARK: For the server

    /// Asks for what a viewer needs to join; returns false where nobody records the camera.
    func join(_ token: LiveToken) -> Bool {
        call { $0.joins.append(token) }
    }

    /// Sets what is watched from now on.
    func set(_ watch: Watch) {
        _ = call { $0.watch = watch }
    }

    private func call(_ change: (inout State) -> Void) -> Bool {
        let wake = state.withLock { state in
            change(&state)
            return state.wake
        }
        called.store(true, ordering: .releasing)
        wake?()
        return wake != nil
    }

    // MARK: For the loop

    /// Takes over the camera, for the session that records it from now on.
    func attach(_ owner: AnyObject, wake: @escaping @Sendable () -> Void) {
        state.withLock { state in
            state.owner = ObjectIdentifier(owner)
            state.wake = wake
        }
        called.store(true, ordering: .releasing)
    }

    /// Leaves the camera, unless another session has it already.
    func detach(_ owner: AnyObject) {
        let isLeft = state.withLock { state in
            guard state.owner == ObjectIdentifier(owner) else { return false }
            state.owner = nil
            state.wake = nil
            state.joins = []
            return state.watch.isAny
        }
        if isLeft { inbox.tell(.absent(camera)) }
    }

    /// True if the server asks for something.
    var isCalled: Bool { called.load(ordering: .relaxed) }

    /// Takes what the server asks for.
    func takeCall() -> (watch: Watch, joins: [LiveToken]) {
        _ = called.exchange(false, ordering: .acquiringAndReleasing)
        return state.withLock { state in
            defer { state.joins = [] }
            return (state.watch, state.joins)
        }
    }

    func tell(_ event: LiveEvent) {
        inbox.tell(event)
    }
}

/// The channels of all cameras of a process.
final class LiveChannels: Sendable {
    private let inbox: LiveInbox
    private let channels = Lock<[CameraID: LiveChannel]>([:])

    init(_ inbox: LiveInbox = LiveInbox {}) {
        self.inbox = inbox
    }

    /// The channel of a camera that is recorded here.
    func channel(_ camera: CameraID) -> LiveChannel {
        channels.withLock { channels in
            if let present = channels[camera] { return present }
            let made = LiveChannel(camera, inbox: inbox)
            channels[camera] = made
            return made
        }
    }

    /// The channel of a camera; nil for one that was never recorded here.
    func known(_ camera: CameraID) -> LiveChannel? {
        channels.withLock { $0[camera] }
    }
}
