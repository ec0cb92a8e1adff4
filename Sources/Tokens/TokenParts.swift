/// Where the dots of `header.payload.signature` stand (RFC 7515 § 7.1).
struct TokenParts {
    let first: Int
    let second: Int

    /// The places of exactly two dots, or nil where there are fewer or more.
    init?(_ compact: Span<UInt8>) {
        var places: (first: Int, second: Int)? = nil
        var first: Int? = nil
        for index in compact.indices where compact[index] == 0x2E {
            guard places == nil else { return nil }
            if let first { places = (first, index) } else { first = index }
        }
        guard let places else { return nil }
        self.first = places.first
        second = places.second
    }
}
