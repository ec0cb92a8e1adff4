internal import Bytes

/// The body of CompleteMultipartUpload.
package enum S3CompleteDocument {
    /// The parts, which are in the order of their numbers.
    package static func bytes(_ parts: [StoredPart]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(120 + parts.count * 160)
        output.append(text: "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">")
        for part in parts {
            output.append(text: "<Part><PartNumber>")
            Decimal.append(UInt64(part.number), to: &output)
            output.append(text: "</PartNumber><ETag>")
            appendEscaped(part.etag, to: &output)
            output.append(text: "</ETag>")
            if let checksum = part.checksum {
                output.append(text: "<ChecksumCRC32C>")
                appendEscaped(checksum, to: &output)
                output.append(text: "</ChecksumCRC32C>")
            }
            output.append(text: "</Part>")
        }
        output.append(text: "</CompleteMultipartUpload>")
        return output
    }

    private static func appendEscaped(_ text: String, to output: inout [UInt8]) {
        for byte in text.utf8 {
            switch byte {
            case 0x22: output.append(text: "&quot;")
            case 0x26: output.append(text: "&amp;")
            case 0x3C: output.append(text: "&lt;")
            case 0x3E: output.append(text: "&gt;")
            default: output.append(byte)
            }
        }
    }
}
