/// Secrets that systemd hands over as files that only we can read (`LoadCredential=`, systemd.exec(5)).
package enum Credentials {
    /// The file of the credential, whether or not it is there; nil without `$CREDENTIALS_DIRECTORY`, or for a name that
    /// is no file name.
    package static func path(_ name: String) -> String? {
        guard let directory = ServiceManager.environmentValue("CREDENTIALS_DIRECTORY"), directory.utf8.first == 0x2F
        else { return nil }
        return path(name, directory: directory)
    }

    static func path(_ name: String, directory: String) -> String? {
        guard !name.isEmpty, name != ".", name != "..", !name.utf8.contains(0x2F), !name.utf8.contains(0)
        else { return nil }
        return directory + "/" + name
    }
}
