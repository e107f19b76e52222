import Media
import ObserverCore
import System

/// The decisions of the live server: who watches which camera, what of it is asked for, and what everybody gets.
///
/// A pure value: events go in, actions come out, and `output` has what is to be sent.
struct LiveHub {
    /// The things that the server has to do.
    enum Action: Hashable {
        /// Ask the loop of the camera what this viewer, or playlist, needs to begin.
        case join(CameraID, LiveToken)
        /// Tell the loop what is watched from now on.
        case watch(CameraID, LiveChannel.Watch)
        /// Read from the spool, and tell of it with `read`.
        case read(LiveToken, LivePlace)
        /// Send what there is.
        case send(LiveToken)
        /// Close the connection.
        case close(LiveToken)
    }

    private struct Viewer {
        var camera: CameraID
        var way: LiveViewer
        var isHead = false
        var codecs = ""
        /// True if frames come to it.
        var isWatching = false
    }

    private struct Playlist {
        var token: LiveToken
        var list: LivePlaylist
        /// The loop is asked, or the spool is being read: fragments that come then go behind it.
        var isJoining = true
        var joined: LiveJoin?
        var held: [LiveFragment] = []
        /// Those who wait for the first unit.
        var waiting: [LiveToken: (isHead: Bool, until: MonotonicInstant)] = [:]
    }

    private struct Subject {
        var viewers: Set<LiveToken> = []
        var playlist: Playlist?
        var watch = LiveChannel.Watch()
    }

    /// The most viewers of a process, and of a camera.
    private static let limit = 1000
    private static let cameraLimit = 300
    /// The time in which a playlist has to have its first unit.
    private static let playlistLimit = Duration.seconds(8)

    private var subjects: [CameraID: Subject] = [:]
    private var viewers: [LiveToken: Viewer] = [:]
    private var playlists: [LiveToken: CameraID] = [:]
    /// Tokens of playlists count down, those of connections up.
    private var nextPlaylist = LiveToken.max - 1

    /// True while nothing has to be looked after.
    var isIdle: Bool { viewers.isEmpty && subjects.isEmpty }
    /// The number of those who get frames.
    var watching: Int { subjects.values.reduce(0) { $0 + $1.viewers.count } }

    private static let absent = LiveAnswer.problem(
        503,
        "The camera sends no pictures at the moment; its state tells why. Try again in a few seconds.",
        retryAfter: 2
    )

    // MARK: Requests

    /// Answers a request that is complete in itself.
    mutating func answer(
        _ token: LiveToken,
        _ answer: LiveAnswer,
        isHead: Bool = false,
        at now: MonotonicInstant
    )
        -> [Action]
    {
        let pieces = answer.pieces(isHead: isHead)
        var viewer = viewers[token] ?? Viewer(camera: CameraID(rawValue: 0), way: LiveViewer(at: now))
        viewer.way = LiveViewer(answering: pieces, at: now)
        viewers[token] = viewer
        return [.send(token)]
    }

    /// Takes a request.
    mutating func ask(_ token: LiveToken, _ request: LiveRequest, at now: MonotonicInstant, time: Timestamp) -> [Action]
    {
        let camera = request.camera
        switch request.place {
        case .stream:
            guard viewers.count < Self.limit, (subjects[camera]?.viewers.count ?? 0) < Self.cameraLimit else {
                let words = "More people watch than this recorder serves. Try again later."
                return answer(token, .problem(503, words, retryAfter: 10), at: now)
            }
            viewers[token] = Viewer(camera: camera, way: LiveViewer(at: now), isHead: request.isHead, isWatching: true)
            subjects[camera, default: Subject()].viewers.insert(token)
            return update(camera) + [.join(camera, token)]
        case .playlist:
            return askPlaylist(token, of: camera, isHead: request.isHead, at: now, time: time)
        case .unit(let name):
            subjects[camera]?.playlist?.list.ask(at: now)
            guard let bytes = subjects[camera]?.playlist?.list.bytes(named: name) else {
                return answer(token, .problem(404, "The playlist has no such part any more."), at: now)
            }
            let found = LiveAnswer(contentType: "video/mp4", body: bytes)
            return answer(token, found, isHead: request.isHead, at: now)
        }
    }

    private mutating func askPlaylist(
        _ token: LiveToken,
        of camera: CameraID,
        isHead: Bool,
        at now: MonotonicInstant,
        time: Timestamp
    ) -> [Action] {
        var actions: [Action] = []
        if subjects[camera]?.playlist == nil {
            let own = nextPlaylist
            nextPlaylist -= 1
            playlists[own] = camera
            subjects[camera, default: Subject()].playlist = Playlist(
                token: own,
                list: LivePlaylist(at: now, time: time)
            )
            actions = update(camera) + [.join(camera, own)]
        }
        viewers[token] = Viewer(camera: camera, way: LiveViewer(at: now))
        subjects[camera]?.playlist?.waiting[token] = (isHead, now + Self.playlistLimit)
        return actions + answerPlaylist(camera, at: now)
    }

    /// Answers those who wait for the playlist, if there is one.
    private mutating func answerPlaylist(_ camera: CameraID, at now: MonotonicInstant) -> [Action] {
        guard var playlist = subjects[camera]?.playlist, !playlist.waiting.isEmpty else { return [] }
        playlist.list.ask(at: now)
        let waiting = playlist.waiting
        guard let text = playlist.list.text else {
            subjects[camera]?.playlist = playlist
            return []
        }
        playlist.waiting = [:]
        subjects[camera]?.playlist = playlist
        let found = LiveAnswer(contentType: "application/vnd.apple.mpegurl", body: [LiveBytes(Array(text.utf8))])
        return waiting.keys.sorted().flatMap { token in
            answer(token, found, isHead: waiting[token]?.isHead == true, at: now)
        }
    }

    // MARK: What comes from the loops

    /// The loop of the camera has answered.
    mutating func joined(_ token: LiveToken, _ join: LiveJoin, at now: MonotonicInstant) -> [Action] {
        if let camera = playlists[token] {
            subjects[camera]?.playlist?.joined = join
        } else {
            guard let viewer = viewers[token], viewer.isWatching else { return [] }
            if viewer.isHead {
                leave(token)
                let answer = LiveAnswer(contentType: LiveAnswer.type(of: join.head.codecs), body: [])
                return self.answer(token, answer, isHead: true, at: now) + update(viewer.camera)
            }
            viewers[token]?.codecs = join.head.codecs
            viewers[token]?.way.join(join)
        }
        guard join.isWhole, let group = join.group else { return read(token, nil, at: now) }
        return [.read(token, group)]
    }

    /// The beginning was read from the spool; nil where it is not there any more.
    mutating func read(_ token: LiveToken, _ bytes: [UInt8]?, at now: MonotonicInstant) -> [Action] {
        if let camera = playlists[token] {
            guard var playlist = subjects[camera]?.playlist, let join = playlist.joined else { return [] }
            playlist.list.begin(join, group: bytes)
            (playlist.isJoining, playlist.joined) = (false, nil)
            let held = playlist.held
            playlist.held = []
            subjects[camera]?.playlist = playlist
            return held.flatMap { take($0, of: camera, at: now) } + answerPlaylist(camera, at: now)
        }
        guard viewers[token]?.isWatching == true else { return [] }
        let head = LiveAnswer.head(200, LiveAnswer.type(of: viewers[token]?.codecs ?? ""))
        viewers[token]?.way.begin(head, group: bytes.map { LiveBytes($0) }, at: now)
        return [.send(token)]
    }

    /// Nobody records the camera here.
    mutating func absent(_ camera: CameraID, at now: MonotonicInstant) -> [Action] {
        guard let subject = subjects[camera] else { return [] }
        var actions = subject.viewers.sorted().flatMap { end($0, at: now) }
        if let playlist = subject.playlist {
            actions += playlist.waiting.keys.sorted().flatMap { answer($0, Self.absent, at: now) }
            playlists[playlist.token] = nil
            subjects[camera]?.playlist = nil
        }
        return actions + update(camera)
    }

    /// The next frame of a camera.
    mutating func take(_ part: LivePart, of camera: CameraID, at now: MonotonicInstant) -> [Action] {
        guard let subject = subjects[camera] else { return [] }
        return subject.viewers.compactMap { token in
            viewers[token]?.way.take(part, at: now)
            return viewers[token]?.way.hasOutput == true ? .send(token) : nil
        }
    }

    /// The next fragment of a camera.
    mutating func take(_ fragment: LiveFragment, of camera: CameraID, at now: MonotonicInstant) -> [Action] {
        guard let playlist = subjects[camera]?.playlist else { return [] }
        guard !playlist.isJoining else {
            // What came before the answer lies in the spool.
            if playlist.joined != nil, playlist.held.count < 100 {
                subjects[camera]?.playlist?.held.append(fragment)
            }
            return []
        }
        guard playlist.list.hasAudio || !fragment.hasAudio else { return rejoin(camera) }
        subjects[camera]?.playlist?.list.take(fragment)
        return answerPlaylist(camera, at: now)
    }

    /// The stream that is sent cannot go on.
    mutating func ended(_ camera: CameraID, _ reason: LiveEnd, at now: MonotonicInstant) -> [Action] {
        guard let subject = subjects[camera] else { return [] }
        var actions: [Action] = []
        for token in subject.viewers.sorted() {
            // Whoever has not begun gets what follows.
            guard let way = viewers[token]?.way, way.hasBegun else { continue }
            if reason == .audio && !way.hasAudio || reason == .sound && way.hasAudio { continue }
            actions += end(token, at: now)
        }
        switch reason {
        case .run, .parameters: actions += rejoin(camera)
        case .audio: if subject.playlist?.list.hasAudio == true { actions += rejoin(camera) }
        case .times, .sound: break
        }
        return actions + update(camera)
    }

    /// Frames were left out.
    mutating func overflowed(at now: MonotonicInstant) {
        for token in viewers.keys { viewers[token]?.way.drop() }
    }

    private mutating func rejoin(_ camera: CameraID) -> [Action] {
        guard let playlist = subjects[camera]?.playlist, !playlist.isJoining else { return [] }
        subjects[camera]?.playlist?.list.close()
        subjects[camera]?.playlist?.isJoining = true
        return [.join(camera, playlist.token)]
    }

    // MARK: Ends

    /// The connection is gone.
    mutating func closed(_ token: LiveToken) -> [Action] {
        guard let viewer = viewers[token] else { return [] }
        leave(token)
        viewers[token] = nil
        subjects[viewer.camera]?.playlist?.waiting[token] = nil
        return update(viewer.camera)
    }

    /// Ends a viewer's answer, or refuses it where it has none.
    private mutating func end(_ token: LiveToken, at now: MonotonicInstant) -> [Action] {
        guard let viewer = viewers[token] else { return [] }
        leave(token)
        guard viewer.way.hasBegun else { return answer(token, Self.absent, isHead: viewer.isHead, at: now) }
        viewers[token]?.way.end()
        return [.send(token)]
    }

    /// Frames come to this viewer no longer.
    private mutating func leave(_ token: LiveToken) {
        guard let camera = viewers[token]?.camera else { return }
        viewers[token]?.isWatching = false
        subjects[camera]?.viewers.remove(token)
    }

    /// The camera of this viewer, or playlist, is not recorded here.
    mutating func refused(_ token: LiveToken, at now: MonotonicInstant) -> [Action] {
        if let camera = playlists[token] { return absent(camera, at: now) }
        guard let camera = viewers[token]?.camera else { return [] }
        return end(token, at: now) + update(camera)
    }

    /// Returns the action that has the loop of a camera know what is watched, if that has changed.
    private mutating func update(_ camera: CameraID) -> [Action] {
        guard let subject = subjects[camera] else { return [] }
        let watch = LiveChannel.Watch(frames: !subject.viewers.isEmpty, fragments: subject.playlist != nil)
        if watch == subject.watch { return [] }
        subjects[camera]?.watch = watch
        if !watch.isAny { subjects[camera] = nil }
        return [.watch(camera, watch)]
    }

    /// Looks at the time; to be called about once a second.
    mutating func check(at now: MonotonicInstant) -> [Action] {
        var actions: [Action] = []
        for token in viewers.keys.sorted() {
            guard let viewer = viewers[token], viewer.isWatching || viewer.way.hasBegun else { continue }
            switch viewers[token]?.way.check(at: now) {
            case .refused: actions += end(token, at: now) + update(viewer.camera)
            case .gone: actions.append(.close(token))
            case .stays, nil: if viewers[token]?.way.hasOutput == true { actions.append(.send(token)) }
            }
        }
        for (camera, subject) in subjects {
            guard let playlist = subject.playlist else { continue }
            for (token, ask) in playlist.waiting where ask.until < now {
                subjects[camera]?.playlist?.waiting[token] = nil
                actions += answer(token, Self.absent, isHead: ask.isHead, at: now)
            }
            guard playlist.list.isOver(at: now) else { continue }
            playlists[playlist.token] = nil
            subjects[camera]?.playlist = nil
            actions += update(camera)
        }
        return actions
    }

    // MARK: Output

    /// The bytes to send to a viewer next; nil for one that is not there.
    func output(of token: LiveToken, most: Int) -> (pieces: ArraySlice<LiveBytes>, offset: Int)? {
        viewers[token]?.way.output(most: most)
    }

    /// Takes note of bytes that were sent; returns true if that was all there will be.
    mutating func sent(_ token: LiveToken, _ count: Int, at now: MonotonicInstant) -> Bool {
        viewers[token]?.way.sent(count, at: now)
        return viewers[token]?.way.isDone == true
    }
}
