package import Mustache

/// The sign-in page.
package struct SignInPage: Page {
    package static let template = "pages/sign-in"
    /// It leaves the browser's time zone in a cookie, so that the first page has it.
    package let scripts = ["time.js"]
    private let csrf: String
    private let name: String
    private let back: String
    private let problem: String?

    /// - Parameters:
    ///   - csrf: The token of the form.
    ///   - name: The typed name; the password is never shown again.
    ///   - back: The page to show afterwards.
    ///   - problem: The reason why signing in failed.
    package init(csrf: String, name: String = "", back: String = Links.cameras, problem: String? = nil) {
        self.csrf = csrf
        self.name = name
        self.back = back
        self.problem = problem
    }

    package var title: String { problem == nil ? "Sign in" : "Error: Sign in" }

    package var value: MustacheValue {
        [
            "csrf": .string(csrf), "name": .string(name), "back": .string(back), "problem": MustacheValue(problem),
        ]
    }
}
