internal import Bytes
package import FuzzBasics
package import Settings

/// Fuzzes the reading of AWS's files of profiles, as either of the two: what was read is what a second, plain reading
/// finds, and neither the end of the last line nor a comment behind it matters. An input is a file.
package enum ProfileReading {
    package typealias Profiles = [String: [String: String]]

    package static func run(_ input: Span<UInt8>) throws(OracleFailure) {
        for kind in [ProfileFile.Kind.credentials, .config] {
            try check(input.copied(), kind: kind) { bytes, kind throws(ProfileFile.Fault) in
                let file = try ProfileFile.parse(bytes.span, kind: kind)
                var profiles: Profiles = [:]
                for name in file.names { profiles[name] = file[name] }
                return profiles
            }
        }
    }

    /// The oracle, over any way to read a file.
    package static func check(
        _ bytes: [UInt8], kind: ProfileFile.Kind,
        read: (_ bytes: [UInt8], _ kind: ProfileFile.Kind) throws(ProfileFile.Fault) -> Profiles
    ) throws(OracleFailure) {
        let plain = PlainProfiles(bytes, kind: kind)
        let profiles: Profiles
        do throws(ProfileFile.Fault) {
            profiles = try read(bytes, kind)
        } catch {
            guard plain.faultyLine == error.line else {
                let other = plain.faultyLine.map { "line \($0)" } ?? "nothing"
                throw OracleFailure("line \(error.line) is refused; read plainly, \(other) is wrong")
            }
            return
        }
        guard plain.faultyLine == nil else { throw OracleFailure("a line that makes no sense is taken") }
        guard profiles == plain.profiles else { throw OracleFailure("other profiles than read plainly") }
        for end in ["\n", "\r\n", "\n# x = 1\n", "\n;[y]"] {
            guard let again = try? read(bytes + Array(end.utf8), kind), again == profiles else {
                throw OracleFailure("\(end.debugDescription) at the end changes something")
            }
        }
    }
}
