extension Double {
    /// The number as Hugging Face's library reads its decimals (serde_json without `float_roundtrip`): all digits as
    /// one whole number, rounded, then multiplied or divided once by a power of ten. Often the last bit is not that of
    /// the nearest number, and where two ways to cut a text score the same but for it, it decides.
    ///
    /// The decimals are taken to be the shortest that mean this number, which is what files hold.
    var asReadBySerde: Double {
        guard isFinite else { return self }
        let parts = magnitude.description.split(separator: "e")
        let decimals = parts[0].split(separator: ".")
        let power = (parts.count > 1 ? Int(parts[1]) ?? 0 : 0) - (decimals.count > 1 ? decimals[1].count : 0)
        guard let digits = UInt64(decimals.joined()), let ten = Double("1e\(abs(power))"), ten.isFinite else {
            return self
        }
        let value = power < 0 ? Double(digits) / ten : Double(digits) * ten
        return sign == .minus ? -value : value
    }
}
