package import ObserverCore
import System

extension Spool {
    /// Reads some bytes of a segment, whether it is still written or committed.
    ///
    /// - Parameters:
    ///   - id: The segment.
    ///   - range: The place in its file; as many bytes are allocated.
    /// - Returns: The bytes; nil if the segment is no longer there, or shorter.
    /// - Throws: `SpoolError` if the disk does not give them.
    package func bytes(of id: SegmentID, in range: Range<Int64>) throws(SpoolError) -> [UInt8]? {
        // It may be renamed in between.
        for path in [layout.openMedia(id), layout.media(id)] {
            do throws(SystemError) {
                let file = try File(opening: path)
                var bytes = [UInt8](repeating: 0, count: range.count)
                let filled = try bytes.withUnsafeMutableBufferPointer { buffer throws(SystemError) in
                    try file.read(into: UnsafeMutableRawBufferPointer(buffer), at: range.lowerBound)
                }
                return filled == range.count ? bytes : nil
            } catch  where error.kind == .notFound {
                continue
            } catch {
                throw SpoolError(error, path)
            }
        }
        return nil
    }
}
