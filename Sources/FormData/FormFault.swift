/// Why a body is not a form that this server reads. After a fault nothing of it can be trusted.
package enum FormFault: String, Error, Equatable, Sendable, CaseIterable {
    case contentType, boundaryMissing, boundaryRepeated, boundary
    case preambleTooLarge, delimiterLine, delimiterWithoutLine, paddingTooLarge
    case bareCR, bareLF, controlByte, foldedLine, fieldName, partHeadTooLarge
    case dispositionMissing, dispositionRepeated, disposition, nameMissing, parameterRepeated
    case contentTypeRepeated, transferEncodingRepeated
    case tooManyParts, epilogueTooLarge, noDelimiter, cutShort

    /// One line for the client and the log. It never repeats bytes of the request.
    package var detail: String {
        switch self {
        case .contentType: "Content-Type is not multipart/form-data followed by parameters"
        case .boundaryMissing: "Content-Type: multipart/form-data needs a boundary"
        case .boundaryRepeated: "Content-Type names more than one boundary"
        case .boundary: "the boundary is not 1 to 70 of the characters that one may have"
        case .preambleTooLarge: "too much stands before the form's first boundary"
        case .delimiterLine: "a boundary is followed by something else on its line"
        case .delimiterWithoutLine: "a part ends without the line end that belongs to its boundary"
        case .paddingTooLarge: "too much white space follows a boundary"
        case .bareCR: "a line of the form holds a carriage return that no line feed follows"
        case .bareLF: "a line of the form ends with a line feed alone; lines end with CRLF"
        case .controlByte: "the head of a part holds a control byte"
        case .foldedLine: "a header line of a part is folded; write it on one line"
        case .fieldName: "a header line of a part is not `name: value`"
        case .partHeadTooLarge: "the header lines of a part are too large or too many"
        case .dispositionMissing: "a part has no Content-Disposition"
        case .dispositionRepeated: "a part has more than one Content-Disposition"
        case .disposition: "the Content-Disposition of a part is not form-data followed by parameters"
        case .nameMissing: "the Content-Disposition of a part has no name"
        case .parameterRepeated: "the Content-Disposition of a part has a parameter twice"
        case .contentTypeRepeated: "a part has more than one Content-Type"
        case .transferEncodingRepeated: "a part has more than one Content-Transfer-Encoding"
        case .tooManyParts: "the form has too many parts"
        case .epilogueTooLarge: "too much follows the form's last boundary"
        case .noDelimiter: "the body does not hold the boundary that Content-Type names"
        case .cutShort: "the form ends before its last boundary"
        }
    }
}
