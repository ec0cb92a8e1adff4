internal import CLinux

/// The pages of the program and its libraries that the kernel has mapped for this process.
package enum ProgramPages {
    /// Takes code and constants out of this process's memory. What runs on is mapped again from the page cache when it
    /// is next run or read, 64 KiB at a time; what the start alone has used, the loader, the libraries' own beginnings
    /// and the reading of settings, stays out. It is the larger half.
    ///
    /// - Returns: how many bytes of address space were taken out.
    @discardableResult
    package static func release() -> Int { clinux_release_program() }
}
