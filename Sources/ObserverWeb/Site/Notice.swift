/// The outcome of an action, shown once on the page that follows: `?done=added`.
enum Notice: String, CaseIterable {
    case added
    case saved
    case unchanged
    case deleted
    case on
    case off
    case retried
    case signedOut = "signed-out"

    var text: String {
        switch self {
        case .added: "The camera was added."
        case .saved: "The changes were saved."
        case .unchanged: "Nothing was different, so nothing was changed."
        case .deleted: "The camera was deleted. Its recordings stay in the object store."
        case .on: "The camera was switched on."
        case .off: "The camera was switched off."
        case .retried: "The recorder was asked to connect now."
        case .signedOut: "You are signed out."
        }
    }
}
