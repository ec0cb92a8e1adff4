package import FormData

/// Why a form does not become an upload.
package enum FormRefusal: Equatable, Sendable {
    case malformed(FormFault)
    case noFile
    case secondFile
    /// The file part has a `Content-Transfer-Encoding` that would have to be undone.
    case encodedFile
    /// The file part's `Content-Type` is missing or not on the list.
    case fileType
    /// Everything beside the file's own bytes is over ``FormIntake/otherBytesMax``.
    case otherPartsTooLarge

    package var refusal: Refusal {
        switch self {
        case .malformed, .noFile, .secondFile, .encodedFile, .otherPartsTooLarge: .badRequest
        case .fileType: .invalidFileType
        }
    }

    /// Fixed text, as the details of ``Refusal`` are.
    package var detail: String {
        switch self {
        case .malformed(let fault): fault.detail
        case .noFile: "the form has no part with a file, or none under the field's name that this server looks for"
        case .secondFile: "the form has more than one file; send one at a time"
        case .encodedFile: "send the file's bytes as they are, without Content-Transfer-Encoding"
        case .fileType: "Give the file's part Content-Type: image/jpeg, image/png or image/gif."
        case .otherPartsTooLarge: "everything beside the file is larger than 64 KiB"
        }
    }
}
