extension CameraURL {
    /// The form of an address as a regular expression of ECMA-262, for programs that read the API's document.
    ///
    /// All that it matches can be read, unless a network is forbidden; there is more that can be read, such as shortened IPv6
    /// addresses of any form.
    ///
    /// - Parameter hasUser: True where a user name and a password may be in it.
    /// - Returns: The expression, without anchors.
    package static func pattern(hasUser: Bool) -> String {
        let scheme = "([Rr][Tt][Ss][Pp]|[Hh][Tt][Tt][Pp]|[Rr][Tt][Mm][Pp])[Ss]?://"
        let userCharacter = "([A-Za-z0-9._~!$&'()*+,;=-]|%[2-6][0-9A-Fa-f])"
        let user = "(\(userCharacter){0,64}(:\(userCharacter){0,64})?@)?"
        let port = "(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?"
        // No backslash, no blank; no @, in front of which a password could be meant, and no fragment.
        let rest = "([/?][!\"$-?A-\\[\\]-~]*)?"
        return scheme + (hasUser ? user : "") + "(\(name)|\(version4)|\\[\(version6)\\])" + port + rest
    }

    /// Labels with dots between them, the last of which is no number.
    private static let name =
        "([A-Za-z0-9_-]{1,63}\\.){0,9}([A-Za-z_-]|[0-9]{1,9}[A-WYZa-wyz_-])[A-Za-z0-9_-]{0,50}\\.?"
    private static let byte = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
    /// Without this host and its network.
    private static let version4 = "(25[0-4]|2[0-4][0-9]|1[013-9][0-9]|12[0-689]|[1-9][0-9]?)(\\.\(byte)){3}"
    private static let group = "[0-9A-Fa-f]{1,4}"
    private static let version6 =
        "([23][0-9A-Fa-f]{3}|[Ff][Cc][0-9A-Fa-f]{2})((:\(group)){7}|(:\(group)){0,5}::\(group))"
}
