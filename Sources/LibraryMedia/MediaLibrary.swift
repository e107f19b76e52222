import CLibAV

/// The settings that a process makes once before it uses this module.
public enum MediaLibrary {
    /// The most pixels of a picture that is decoded; 8K has 33 million.
    static let pixelLimit: Int64 = 40_000_000
    /// The most memory of one allocation: a decoded picture of 8K with ten bits.
    private static let allocationLimit = 160 << 20

    /// Quietens libavformat (its lines go to the source they concern, without credentials) and bounds what it allocates.
    ///
    /// Call before any thread is started.
    public static func start() {
        observer_av_start()
        av_max_alloc(allocationLimit)
    }

    /// The version of the linked libavformat, for logs.
    public static var version: String {
        let number = avformat_version()
        return "libavformat \(number >> 16).\(number >> 8 & 0xFF).\(number & 0xFF)"
    }
}
