internal import Bytes

/// The members of an object in the order in which they were written, each name once.
package struct JSONObject: Equatable, Sendable {
    package struct Member: Equatable, Sendable {
        package let name: String
        package let value: JSONValue
    }

    package private(set) var members: [Member] = []
    /// The names, once there are too many of them to compare one by one.
    private var names: Set<[UInt8]> = []

    /// Up to this many names are compared one by one: cheaper than hashing for the objects that are usual.
    private static let scannedNamesMax = 12

    init() {}

    /// The value of the member called `name`, compared byte by byte: `==` of strings would take some other characters
    /// for the same (U+212A for `K`).
    package subscript(_ name: String) -> JSONValue? {
        let members = members.span
        for index in members.indices where Self.isSame(members[index].name, name) { return members[index].value }
        return nil
    }

    /// Adds a member, or answers false when the name is taken.
    mutating func add(_ name: String, _ value: JSONValue) -> Bool {
        if members.count < Self.scannedNamesMax {
            guard self[name] == nil else { return false }
        } else {
            if names.isEmpty { for member in members { names.insert([UInt8](member.name.utf8)) } }
            guard names.insert([UInt8](name.utf8)).inserted else { return false }
        }
        if members.isEmpty { members.reserveCapacity(8) }
        members.append(Member(name: name, value: value))
        return true
    }

    private static func isSame(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count && left.utf8Span.span.equals(right)
    }
}
