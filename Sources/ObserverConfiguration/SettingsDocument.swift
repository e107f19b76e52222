/// `SETTINGS.md`, generated from the settings themselves.
package enum SettingsDocument {
    package static var markdown: String {
        let groups = Setting.all.map { group in
            """
            ## \(group.title)

            | setting | must be | default | meaning | read by |
            | --- | --- | --- | --- | --- |
            \(group.settings.map(row).joined(separator: "\n"))
            """
        }
        return """
            # Settings

            <!-- Generated: observerctl settings >SETTINGS.md -->

            Settings are environment variables. Services report all wrong ones at once, with what was found and what it must
            be, and exit with 78.

            Any setting can come from a file: `NAME_FILE` is then its path, and `NAME` must not be set. Line feeds at the end
            of the file are ignored. Give secrets that way; they appear in no message and no log.

            What `./observer up` is given it keeps in the home, for every later call; another value it takes only with `--change`,
            and an empty value takes a setting back to its default.

            A default in brackets is what `./observer up` supplies where a setting is not given. With
            `OBSERVER_DATABASE_URL`, `OBSERVER_AMQP_URL` or `AWS_ENDPOINT_URL_S3` set, `up` starts no private server of that
            kind. The last column names the programs: `./observer`, the services web, capture, upload and retention,
            and `observerctl`; *all* are these six.

            \(groups.joined(separator: "\n\n"))

            """
    }

    private static func row(_ setting: Setting) -> String {
        let secret = setting.isSecret ? " Secret." : ""
        let cells = [
            "`\(setting.name)`", setting.form.requirement, fallback(of: setting), setting.meaning + secret,
            readers(of: setting),
        ]
        return "| \(cells.joined(separator: " | ")) |"
    }

    private static func fallback(of setting: Setting) -> String {
        let text =
            switch setting.fallback {
            case .required: "required"
            case .none: "none"
            case .value(let value): "`\(value)`"
            case .computed(let words): words
            }
        return text + (setting.suppliedByUp.map { " (\($0))" } ?? "")
    }

    private static func readers(of setting: Setting) -> String {
        if setting.readers == Program.allCases { return "all" }
        return setting.readers.map { $0 == .command || $0 == .tool ? "`\($0.rawValue)`" : $0.label }.joined(
            separator: ", "
        )
    }
}
