package import ObserverCore
package import Postgres

// How the domain's types are written to and read from columns.

extension Timestamp: SQLValue, SQLArrayElement {
    package static var sqlType: SQLType { .timestamptz }

    package func encode(into bytes: inout [UInt8]) -> Bool {
        SQLTimestamp(microseconds: microseconds).encode(into: &bytes)
    }

    package static func decode(_ bytes: UnsafeRawBufferPointer, type: SQLType) -> Timestamp? {
        SQLTimestamp.decode(bytes, type: type).map { Timestamp(microseconds: $0.microseconds) }
    }
}

extension UniqueID: SQLValue, SQLArrayElement {
    package static var sqlType: SQLType { .uuid }

    package func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.append(contentsOf: self.bytes)
        return true
    }

    package static func decode(_ bytes: UnsafeRawBufferPointer, type: SQLType) -> UniqueID? {
        type == .uuid ? UniqueID(bytes: [UInt8](bytes)) : nil
    }
}

extension StreamKind: SQLValue, SQLArrayElement {
    package static var sqlType: SQLType { Int16.sqlType }

    package func encode(into bytes: inout [UInt8]) -> Bool {
        number.encode(into: &bytes)
    }

    package static func decode(_ bytes: UnsafeRawBufferPointer, type: SQLType) -> StreamKind? {
        Int16.decode(bytes, type: type).flatMap(StreamKind.init(number:))
    }
}

extension DestinationSet: SQLValue, SQLArrayElement {
    package static var sqlType: SQLType { Int16.sqlType }

    package func encode(into bytes: inout [UInt8]) -> Bool {
        rawValue.encode(into: &bytes)
    }

    package static func decode(_ bytes: UnsafeRawBufferPointer, type: SQLType) -> DestinationSet? {
        Int16.decode(bytes, type: type).map(DestinationSet.init(rawValue:))
    }
}

extension CameraID: SQLValue, SQLArrayElement {}
extension Transport: SQLValue {}
extension AudioMode: SQLValue {}
extension CameraState: SQLValue, SQLArrayElement {}
extension Cause: SQLValue, SQLArrayElement {}
extension SegmentEnd.Reason: SQLValue {}
extension SegmentState: SQLValue {}
extension Role: SQLValue {}
extension RecorderListing.State: SQLValue {}
extension UploaderListing.State: SQLValue {}
extension StoreState: SQLValue {}

extension String {
    /// The text, cut to what a column holds (in Unicode scalars, as PostgreSQL's `length` counts) and without NUL, which
    /// `text` cannot hold: a message from a camera must not make the row that explains it impossible.
    func limited(to length: Int) -> String {
        var scalars = UnicodeScalarView()
        for scalar in unicodeScalars.lazy.filter({ $0 != "\0" }).prefix(length) { scalars.append(scalar) }
        return String(scalars)
    }
}
