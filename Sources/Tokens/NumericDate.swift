internal import JSONWire

/// `NumericDate` of RFC 7519 § 2: a JSON number of seconds since 1970, which may have a fraction.
enum NumericDate {
    /// The date in whole seconds, a fraction rounded up, or nil where the value is no number, or none that 64 bits of
    /// seconds hold.
    ///
    /// Rounding up keeps both comparisons with a clock of whole seconds as they are: `now >= exp` and `nbf > now`.
    static func seconds(_ value: JSONValue) -> Int64? {
        guard let number = value.number else { return nil }
        if let seconds = number.int64 { return seconds }
        guard let double = number.double else { return nil }
        return Int64(exactly: double.rounded(.up))
    }
}
