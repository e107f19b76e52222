package import Mustache

/// Where people sign in.
package struct SignInPage: Page {
    package static let template = "pages/sign-in"
    package let title = "Sign in"
    private let csrf: String
    private let name: String
    private let back: String
    private let problem: String?

    /// - Parameters:
    ///   - csrf: What the form must carry.
    ///   - name: What was typed; the password never comes back.
    ///   - back: The page to show afterwards.
    ///   - problem: Why it did not work.
    package init(csrf: String, name: String = "", back: String = Links.cameras, problem: String? = nil) {
        self.csrf = csrf
        self.name = name
        self.back = back
        self.problem = problem
    }

    package var value: MustacheValue {
        [
            "csrf": .string(csrf), "name": .string(name), "back": .string(back), "problem": MustacheValue(problem),
        ]
    }
}
