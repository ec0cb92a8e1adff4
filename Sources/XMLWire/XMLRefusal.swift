/// Why a document is not read.
package enum XMLRefusal: Error, Equatable {
    /// There is nothing but white space.
    case empty
    /// The document ends inside its root element.
    case truncated
    /// Not well-formed at this offset, in bytes.
    case malformed(offset: Int)
    /// A document type declaration: the way to entity bombs and to other files, and no store sends one.
    case doctype
    /// A reference to an entity that XML itself does not define.
    case unknownEntity
    /// The text of an element is not UTF-8.
    case notUTF8
    /// Past one of ``XMLLimits``.
    case documentTooLong, tooDeep, textTooLong, nameTooLong, tooManyAttributes
    /// A known reply without an element that it must have.
    case incompleteReply
}
