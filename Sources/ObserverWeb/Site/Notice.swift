/// The outcome of an action, shown once on the page that follows: `?done=added`.
enum Notice: String, CaseIterable {
    case added
    case saved
    case unchanged
    case deleted
    case on
    case off
    case manyOn = "many-on"
    case manyOff = "many-off"
    case manySame = "many-same"
    case retried
    case ruleSaved = "rule-saved"
    case ruleDeleted = "rule-deleted"
    case deletionApproved = "deletion-approved"
    case deletionPaused = "deletion-paused"
    case held
    case released
    case uploadRetried = "upload-retried"
    case uploadsRetried = "uploads-retried"
    case accountSaved = "account-saved"
    case signedOut = "signed-out"

    var text: String {
        switch self {
        case .added: "The camera was added."
        case .saved: "The changes were saved."
        case .unchanged: "Nothing was different, so nothing was changed."
        case .deleted: "The camera was deleted. Its recordings go when their time is over, or now if that was chosen."
        case .on: "The camera was switched on."
        case .off: "The camera was switched off."
        case .manyOn: "The cameras were switched on."
        case .manyOff: "The cameras were switched off."
        case .manySame: "All of them were so already, so nothing was changed."
        case .retried: "The recorder was asked to connect now."
        case .ruleSaved: "The rule was saved. It counts from now on."
        case .ruleDeleted: "The rule was deleted."
        case .deletionApproved: "The deletion was approved."
        case .deletionPaused: "The deletion was paused. What was decided before is gone."
        case .held: "The time is held until somebody releases it."
        case .released: "The hold was released."
        case .uploadRetried: "The uploader was asked to try it again now."
        case .uploadsRetried: "The uploaders were asked to try them again now."
        case .accountSaved: "Your account was saved. Times are shown by it from now on."
        case .signedOut: "You are signed out."
        }
    }
}
