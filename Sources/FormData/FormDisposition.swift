internal import Bytes

/// A `Content-Disposition` value of the type `form-data` (RFC 7578 § 4.2, RFC 6266 § 4.1).
package struct FormDisposition: Equatable, Sendable {
    package let name: [UInt8]
    package let filename: [UInt8]?
    package let extendedFilename: [UInt8]?

    /// Reads the value, its surrounding white space already gone. A parameter that is there twice is refused: readers
    /// do not agree on which one counts.
    package init(_ value: Span<UInt8>) throws(FormFault) {
        var end = 0
        while end < value.count, value[end].isTokenByte { end += 1 }
        guard value.extracting(0 ..< end).equalsIgnoringCase("form-data") else { throw .disposition }
        var name: [UInt8]?
        var filename: [UInt8]?
        var extendedFilename: [UInt8]?
        var scanner = ParameterScanner(after: end, fault: .disposition)
        while let parameter = try scanner.next(in: value) {
            let known = value.extracting(parameter.name)
            if known.equalsIgnoringCase("name") {
                guard name == nil else { throw .parameterRepeated }
                name = parameter.value
            } else if known.equalsIgnoringCase("filename") {
                guard filename == nil else { throw .parameterRepeated }
                filename = parameter.value
            } else if known.equalsIgnoringCase("filename*") {
                guard extendedFilename == nil else { throw .parameterRepeated }
                // RFC 8187 § 3.2.1: an extended value is never quoted.
                guard !parameter.isQuoted else { throw .disposition }
                extendedFilename = parameter.value
            }
        }
        guard let name else { throw .nameMissing }
        self.name = name
        self.filename = filename
        self.extendedFilename = extendedFilename
    }
}
