/// The error of reading a format whose version this program does not know.
package struct UnknownFormat: Error, CustomStringConvertible, Hashable, Sendable {
    package let found: Int
    package let known: Int

    package init(found: Int, known: Int) {
        self.found = found
        self.known = known
    }

    package var description: String { "v is \(found), this program reads \(known)" }
}
