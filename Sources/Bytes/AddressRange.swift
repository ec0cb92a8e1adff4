/// A block of addresses of one family: `10.0.0.0/8`, `2001:db8::/32` (RFC 4632 § 3.1, RFC 4291 § 2.3).
package struct AddressRange: Hashable, Sendable, CustomStringConvertible {
    /// The lowest address of the block.
    package let network: IPAddress
    /// 0 to 32 for IPv4, 0 to 128 for IPv6.
    package let prefixBits: Int

    /// The block that `address` lies in.
    package init(containing address: IPAddress, prefixBits: Int) {
        self.prefixBits = min(max(prefixBits, 0), address.isV4 ? 32 : 128)
        network = address.masked(prefixBits: self.prefixBits)
    }

    /// Reads an address, which stands for itself alone, or an address, a slash and a prefix length.
    ///
    /// Bits set below the prefix are refused: `10.1.2.3/8` is a mistake of whoever wrote it, and which of the two
    /// halves is wrong cannot be known.
    package init(parsing text: Span<UInt8>) throws(AddressRangeFault) {
        var slash = text.count
        var hasColon = false
        for index in text.indices.reversed() where text[index] == UInt8(ascii: "/") { slash = index }
        for index in 0 ..< slash where text[index] == UInt8(ascii: ":") { hasColon = true }
        guard let address = IPAddress(parsing: text.extracting(first: slash)) else { throw .noAddress }
        let bitsMax = address.isV4 ? 32 : 128
        guard slash < text.count else {
            self.init(containing: address, prefixBits: bitsMax)
            return
        }
        // A prefix of the mapped form counts from another place than one of the dotted form.
        guard !address.isV4 || !hasColon else { throw .mappedRange }
        let digits = text.extracting(droppingFirst: slash + 1)
        guard digits.count <= 3, let bits = Decimal.parse(digits), bits <= UInt64(bitsMax),
            digits.count == 1 || digits[0] != UInt8(ascii: "0")
        else { throw .prefix(bitsMax: bitsMax) }
        self.init(containing: address, prefixBits: Int(bits))
        guard network == address else { throw .hostBits(meant: self) }
    }

    package init(parsing text: String) throws(AddressRangeFault) { try self.init(parsing: text.utf8Span.span) }

    /// Whether the address lies in the block. One of the other family never does: masking leaves an IPv4 address one,
    /// and makes none of another.
    package func contains(_ address: IPAddress) -> Bool {
        address.masked(prefixBits: prefixBits) == network
    }

    /// `10.0.0.0/8`; without the slash for a single address.
    package var description: String {
        prefixBits == (network.isV4 ? 32 : 128) ? network.description : "\(network)/\(prefixBits)"
    }
}

/// What is wrong with the text of a range, in words that go behind the text itself.
package enum AddressRangeFault: Error, Equatable, Sendable, CustomStringConvertible {
    case noAddress
    case prefix(bitsMax: Int)
    /// Bits are set below the prefix; `meant` is the block that the address lies in.
    case hostBits(meant: AddressRange)
    /// A block of `::ffff:a.b.c.d`, which is IPv4.
    case mappedRange

    package var description: String {
        switch self {
        case .noAddress: "is no IPv4 or IPv6 address"
        case .prefix(let bitsMax): "must have a prefix length from 0 to \(bitsMax) after the slash"
        case .hostBits(let meant): "has bits set below its prefix: write \(meant), or the address alone"
        case .mappedRange: "is an IPv4 range: write it in dotted form"
        }
    }
}
