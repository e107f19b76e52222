extension CameraField {
    // Regular expressions of ECMA-262, for programs that read the API's document.

    /// The characters that end a line or control something.
    private static let controls = "\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029"
    private static let blanks = " \\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000"

    /// A line of text, which can be empty.
    package static let linePattern = "^[^\(controls)]*$"

    /// A line of text with more than blanks in it.
    ///
    /// - Parameter excluded: A character that cannot be in it either.
    /// - Returns: The expression.
    package static func filledLinePattern(without excluded: String = "") -> String {
        "^[^\(controls)\(excluded)]*[^\(controls)\(blanks)\(excluded)][^\(controls)\(excluded)]*$"
    }
}
