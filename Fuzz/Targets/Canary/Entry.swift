import FuzzBasics

/// Called by libFuzzer with each input (https://llvm.org/docs/LibFuzzer.html#fuzz-target).
@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe UnsafeBufferPointer(start: bytes, count: count)
    // Out of bounds by one, to show that AddressSanitizer is there. No input of a run is as long.
    if count > 1_000, let bytes = unsafe bytes, unsafe bytes[count] == UInt8(ascii: "d") { return 1 }
    OracleTrap.run("Canary", unsafe input.span, Canary.run)
    return 0
}
