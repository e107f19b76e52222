import ObserverConfiguration

extension Command {
    static let settings = Command(
        name: "settings",
        usage: "",
        summary: "Print all settings as Markdown.",
        details: "SETTINGS.md is this output. Reads no setting.",
        run: { _, _ in
            Output.raw(SettingsDocument.markdown)
            return .done
        }
    )
}
