/// The type of a box, for example `moof`.
struct FourCharacters: Hashable, ExpressibleByStringLiteral {
    let number: UInt32

    init(_ number: UInt32) {
        self.number = number
    }

    init(stringLiteral text: StaticString) {
        var number: UInt32 = 0
        text.withUTF8Buffer { for byte in $0 { number = number << 8 | UInt32(byte) } }
        self.number = number
    }

    static let none = FourCharacters(0)
}
