/// A box of somebody's own (`uuid`, ISO/IEC 14496-12, 4.2), which every other reader passes over.
public enum IdentifiedBox {
    /// Creates a box.
    ///
    /// - Parameters:
    ///   - identifier: 16 bytes that name its kind.
    ///   - content: What is in it.
    /// - Returns: The bytes.
    public static func box(_ identifier: [UInt8], _ content: [UInt8]) -> [UInt8] {
        var writer = BoxWriter(capacity: content.count + 32)
        writer.box("uuid") { box in
            box.append(identifier)
            box.append(content)
        }
        return writer.bytes
    }
}
