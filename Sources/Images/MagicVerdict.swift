/// What the first bytes of a body say about the type that was declared for it.
package enum MagicVerdict: Sendable {
    /// They are right so far, and too few to tell.
    case needsMore
    case matches
    case refused
}
