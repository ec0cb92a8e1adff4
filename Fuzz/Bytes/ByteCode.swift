package import Bytes

/// What ``ByteValues`` judges: each a function of the product. A test breaks one, to see that it is noticed.
package struct ByteCode {
    package var address: (String) -> IPAddress? = { IPAddress(parsing: $0) }
    package var addressText: (IPAddress) -> String = { $0.description }
    package var masked: (IPAddress, _ prefixBits: Int) -> IPAddress = { $0.masked(prefixBits: $1) }
    package var range: (String) throws(AddressRangeFault) -> AddressRange = { text throws(AddressRangeFault) in
        try AddressRange(parsing: text)
    }
    package var isIn: (IPAddress, AddressRangeList) -> Bool = { $1.contains($0) }

    package var date: (Span<UInt8>) -> Int64? = { CivilTime.milliseconds(parsing: $0) }
    package var textDate: (String) -> Int64? = { CivilTime.milliseconds(parsing: $0) }
    package var fieldDate: (Span<UInt8>) -> Int64? = { CivilTime.milliseconds(imfFixdate: $0) }
    package var civil: (Int64) -> CivilTime = { CivilTime(millisecondsSinceEpoch: $0) }

    package var number: (Span<UInt8>) -> UInt64? = { Decimal.parse($0) }
    package var hexNumber: (Span<UInt8>) -> UInt64? = { Hex.parse($0) }
    package var writeNumber: (UInt64, _ width: Int, inout [UInt8]) -> Void = { Decimal.append($0, width: $1, to: &$2) }
    package var writeHexNumber: (UInt64, inout [UInt8]) -> Void = { Hex.append($0, to: &$1) }

    package var percentDecoded: (Span<UInt8>) -> [UInt8]? = { PercentCoding.decode($0) }
    package var percentEncode: (Span<UInt8>, _ keepsSlash: Bool, inout [UInt8]) -> Void = {
        PercentCoding.append($0, keepsSlash: $1, to: &$2)
    }
    package var isUUID: (Span<UInt8>) -> Bool = { UUIDText.isUUID($0) }
    package var uuid: (UInt64, UInt64) -> String = { UUIDText.version4(upper: $0, lower: $1) }
    package var addToSum: (inout CRC32C, Span<UInt8>) -> Void = { $0.update($1) }
    package var base64: (Span<UInt8>) -> String = { Base64.text($0) }
    package var base64URLEncode: (Span<UInt8>, inout [UInt8]) -> Void = { Base64URL.append($0, to: &$1) }
    package var base64URLDecoded: (Span<UInt8>) -> [UInt8]? = { Base64URL.decode($0) }
    package var hexadecimal: (Span<UInt8>) -> String = { Hex.lower($0) }

    package var appendToWindow: (inout ByteWindow, Span<UInt8>) -> Void = { $0.append($1) }
    package var readWindow: (inout ByteWindow, (Span<UInt8>) -> Int) -> Void = { $0.read($1) }

    package init() {}
}
