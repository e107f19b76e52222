import CLibAV

/// The settings that a process makes once before it uses this module.
public enum MediaLibrary {
    /// Quietens libavformat (its lines go to the source they concern, without credentials) and limits malloc's arenas.
    ///
    /// Call before any thread is started.
    public static func start() {
        observer_av_start()
    }

    /// The version of the linked libavformat, for logs.
    public static var version: String {
        let number = avformat_version()
        return "libavformat \(number >> 16).\(number >> 8 & 0xFF).\(number & 0xFF)"
    }
}
