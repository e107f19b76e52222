/// A setting: an environment variable with its form, its default, its meaning and its readers.
///
/// All of them are in `Setting+All.swift`; `SETTINGS.md` is generated from them.
package struct Setting: Hashable, Sendable {
    /// The form of a value.
    package enum Form: Hashable, Sendable {
        /// A text that its reader checks; the words follow "it must be".
        case text(String)
        /// A path that does not depend on where a service was started.
        case path(String)
        case integer(ClosedRange<Int>)
        /// So many whole numbers, separated by commas.
        case integers(Int, in: ClosedRange<Int>)
        case word([String])

        /// The words that follow "it must be".
        package var requirement: String {
            switch self {
            case .text(let words): words
            case .path(let words): "\(words), beginning with /"
            case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
            case .integers(let count, let range):
                "\(count) whole numbers from \(range.lowerBound) to \(range.upperBound), separated by commas"
            case .word(let words): words.dropLast().joined(separator: ", ") + " or \(words.last ?? "")"
            }
        }
    }

    /// The value of a setting that is not given.
    package enum Fallback: Hashable, Sendable {
        /// Services refuse to start without a value.
        case required
        case none
        /// Read as if it had been given.
        case value(String)
        /// Decided at run time; the words describe how.
        case computed(String)
    }

    package let name: String
    package let form: Form
    package let fallback: Fallback
    /// The value that `./observer up` supplies where none is given; nil where it supplies none.
    package let suppliedByUp: String?
    /// True for a value that no message and no log repeats.
    package let isSecret: Bool
    package let meaning: String
    package let readers: [Program]

    init(
        _ name: String,
        _ form: Form,
        fallback: Fallback,
        suppliedByUp: String? = nil,
        isSecret: Bool = false,
        meaning: String,
        readers: [Program]
    ) {
        self.name = name
        self.form = form
        self.fallback = fallback
        self.suppliedByUp = suppliedByUp
        self.isSecret = isSecret
        self.meaning = meaning
        self.readers = readers
    }

    /// The default as if it had been given; nil where there is none.
    var fallbackValue: String? {
        if case .value(let text) = fallback { text } else { nil }
    }
}
