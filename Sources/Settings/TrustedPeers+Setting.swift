internal import Bytes

extension TrustedPeers {
    /// `10.0.0.0/8, 2001:db8::/32, 192.0.2.1, unix`
    static func parse(_ text: String) -> Result<TrustedPeers, SettingRefusal> {
        let items = SettingList.items(text)
        guard !items.isEmpty else {
            return .failure(SettingRefusal("must be addresses, CIDR ranges and unix, or none"))
        }
        var ranges: [AddressRange] = []
        for item in items where item != "unix" {
            guard item != "none" else { return .failure(SettingRefusal("none must stand alone")) }
            do {
                ranges.append(try AddressRange(parsing: item))
            } catch {
                return .failure(SettingRefusal("\(SettingProblem.printable(item)) \(error)"))
            }
        }
        guard let list = AddressRangeList(ranges) else {
            return .failure(SettingRefusal("must be at most \(AddressRangeList.rangesMax) ranges"))
        }
        return .success(TrustedPeers(ranges: list, includesUnixSockets: items.contains("unix")))
    }
}
