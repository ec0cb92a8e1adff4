/// A bounded list of blocks of addresses.
package struct AddressRangeList: Hashable, Sendable {
    /// Every look-up goes through all of them. The published lists of proxy networks have some dozens.
    package static let rangesMax = 256

    package let ranges: [AddressRange]

    /// nil for more than ``rangesMax``.
    package init?(_ ranges: [AddressRange]) {
        guard ranges.count <= Self.rangesMax else { return nil }
        self.ranges = ranges
    }

    /// No address at all.
    package init() { ranges = [] }

    package var isEmpty: Bool { ranges.isEmpty }

    /// Whether the address lies in one of the blocks.
    package func contains(_ address: IPAddress) -> Bool {
        for range in ranges where range.contains(address) { return true }
        return false
    }
}
