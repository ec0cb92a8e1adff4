/// Every bound of a form, with its reason. Sizes are in bytes as they come in the body.
package struct FormLimits: Equatable, Sendable {
    /// What stands before the first delimiter: RFC 2046 § 5.1.1 has it dropped, and no client of ours sends more than
    /// an empty line.
    package let preambleBytesMax: Int

    /// White space between a delimiter and its line end (`transport-padding`): mail gateways add it, browsers never do.
    package let paddingBytesMax: Int

    /// The head of one part, line ends included. A file name may take nearly all of it: other servers take 16 KiB, so
    /// what works there works here.
    package let partHeadBytesMax: Int

    /// Field lines of one part's head: three mean something, and RFC 7578 § 4.8 knows no others.
    package let partFieldsMax: Int

    /// Parts of one form: as many as a long form has fields.
    package let partsMax: Int

    /// What stands behind the close delimiter: dropped like the preamble, and bounded for the same reason.
    package let epilogueBytesMax: Int

    /// A boundary: RFC 2046 § 5.1.1. With the four bytes before it, this is all that is ever held back of a body.
    package static let boundaryBytesMax = 70

    package init(
        preambleBytesMax: Int = 4_096, paddingBytesMax: Int = 64, partHeadBytesMax: Int = 16_384,
        partFieldsMax: Int = 16, partsMax: Int = 100, epilogueBytesMax: Int = 4_096
    ) {
        self.preambleBytesMax = preambleBytesMax
        self.paddingBytesMax = paddingBytesMax
        self.partHeadBytesMax = partHeadBytesMax
        self.partFieldsMax = partFieldsMax
        self.partsMax = partsMax
        self.epilogueBytesMax = epilogueBytesMax
    }
}
