/// Where a region's hosts are.
package enum RegionDomain {
    /// The domain of AWS's own endpoints in `region`. The regions of China, and those of the European Sovereign Cloud,
    /// are partitions of AWS with domains of their own ("AWS service endpoints" in the AWS General Reference).
    package static func of(_ region: String) -> String {
        if region.hasPrefix("cn-") { return "amazonaws.com.cn" }
        return region.hasPrefix("eusc-") ? "amazonaws.eu" : "amazonaws.com"
    }
}
