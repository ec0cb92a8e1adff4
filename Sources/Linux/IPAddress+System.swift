internal import Bytes
internal import CLinux

/// Addresses as the kernel has them.
extension IPAddress {
    /// The bytes of the kernel's form. in6_addr is a union of integers; every bit pattern is an address.
    static func value(of address: in6_addr) -> IPAddress {
        var address = address
        return unsafe withUnsafeBytes(of: &address) { bytes in
            IPAddress(
                upper: UInt64(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                lower: UInt64(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
    }

    /// The kernel's form.
    var in6: in6_addr {
        var address = in6_addr()
        unsafe withUnsafeMutableBytes(of: &address) { bytes in
            unsafe bytes.storeBytes(of: upper.bigEndian, toByteOffset: 0, as: UInt64.self)
            unsafe bytes.storeBytes(of: lower.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        return address
    }
}
