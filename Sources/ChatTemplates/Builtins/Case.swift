// Python's case mappings and character classes. Swift's own differ in the final sigma and work on `Character`s.

func uppercased(_ text: String) -> String {
    if let ascii = mappedASCII(text, { (0x61...0x7a).contains($0) ? $0 - 0x20 : $0 }) { return ascii }
    var out = ""
    for scalar in text.unicodeScalars { out += scalar.properties.uppercaseMapping }
    return out
}

func lowercased(_ text: String) -> String {
    if let ascii = mappedASCII(text, { (0x41...0x5a).contains($0) ? $0 + 0x20 : $0 }) { return ascii }
    let scalars = Array(text.unicodeScalars)
    var out = ""
    for (i, scalar) in scalars.enumerated() {
        out +=
            scalar == "\u{3a3}"
            ? (isFinalSigma(scalars, i) ? "\u{3c2}" : "\u{3c3}") : scalar.properties.lowercaseMapping
    }
    return out
}

/// Python's `str.casefold`, Unicode's full case folding: lower case of upper case of lower case, but for the dotless i,
/// which stays, and for Cherokee, which folds to capitals.
func caseFolded(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return lowercased(text) }
    func mapped(_ text: String, _ mapping: (Unicode.Scalar.Properties) -> String) -> String {
        text.unicodeScalars.reduce(into: "") { $0 += mapping($1.properties) }
    }
    return text.unicodeScalars.reduce(into: "") { out, scalar in
        switch scalar.value {
        case 0x131: out.unicodeScalars.append(scalar)
        case 0x13a0...0x13fd, 0xab70...0xabbf: out += scalar.properties.uppercaseMapping
        default:
            out += mapped(mapped(scalar.properties.lowercaseMapping, \.uppercaseMapping), \.lowercaseMapping)
        }
    }
}

/// A text of ASCII with its bytes changed; nil when there is more than ASCII in it.
private func mappedASCII(_ text: String, _ change: (UInt8) -> UInt8) -> String? {
    text.withBytes { bytes in
        guard bytes.allSatisfy({ $0 < 0x80 }) else { return nil }
        return String(unsafeUninitializedCapacity: bytes.count) { out in
            for (i, byte) in bytes.enumerated() { out[i] = change(byte) }
            return bytes.count
        }
    }
}

/// Whether the capital sigma at an index ends a word.
private func isFinalSigma(_ scalars: [Unicode.Scalar], _ index: Int) -> Bool {
    let before = scalars[..<index].last { !$0.properties.isCaseIgnorable }
    let after = scalars[(index + 1)...].first { !$0.properties.isCaseIgnorable }
    return before?.properties.isCased == true && after?.properties.isCased != true
}

/// Python's `str.capitalize`.
func capitalized(_ text: String) -> String {
    guard let first = text.unicodeScalars.first else { return text }
    let rest = lowercased(text)
    // The whole is lowered first, so that a final sigma knows what stands before it.
    let lowered = lowercased(String(first))
    return first.properties.titlecaseMapping + String(rest.unicodeScalars.dropFirst(lowered.unicodeScalars.count))
}

/// Python's `str.title`: a word starts after anything without case.
func titlecased(_ text: String) -> String {
    let scalars = Array(text.unicodeScalars)
    var out = ""
    var afterCased = false
    for (i, scalar) in scalars.enumerated() {
        if afterCased {
            out +=
                scalar == "\u{3a3}"
                ? (isFinalSigma(scalars, i) ? "\u{3c2}" : "\u{3c3}") : scalar.properties.lowercaseMapping
        } else {
            out += scalar.properties.titlecaseMapping
        }
        afterCased = scalar.properties.isCased
    }
    return out
}

func swappedCase(_ text: String) -> String {
    let scalars = Array(text.unicodeScalars)
    var out = ""
    for (i, scalar) in scalars.enumerated() {
        if scalar.properties.isUppercase {
            out +=
                scalar == "\u{3a3}"
                ? (isFinalSigma(scalars, i) ? "\u{3c2}" : "\u{3c3}") : scalar.properties.lowercaseMapping
        } else if scalar.properties.isLowercase {
            out += scalar.properties.uppercaseMapping
        } else {
            out.unicodeScalars.append(scalar)
        }
    }
    return out
}

func isLower(_ text: String) -> Bool {
    var found = false
    for scalar in text.unicodeScalars {
        if scalar.properties.isUppercase || isTitlecase(scalar) { return false }
        if scalar.properties.isLowercase { found = true }
    }
    return found
}

func isUpper(_ text: String) -> Bool {
    var found = false
    for scalar in text.unicodeScalars {
        if scalar.properties.isLowercase || isTitlecase(scalar) { return false }
        if scalar.properties.isUppercase { found = true }
    }
    return found
}

/// Python's `str.istitle`.
func isTitle(_ text: String) -> Bool {
    var found = false
    var afterCased = false
    for scalar in text.unicodeScalars {
        if scalar.properties.isUppercase || isTitlecase(scalar) {
            if afterCased { return false }
            afterCased = true
            found = true
        } else if scalar.properties.isLowercase {
            if !afterCased { return false }
            found = true
        } else {
            afterCased = false
        }
    }
    return found
}

private func isTitlecase(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.generalCategory == .titlecaseLetter }

func isAlphabetic(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: false
    }
}

func isDecimal(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.numericType == .decimal }

func isDigit(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.numericType == .decimal || scalar.properties.numericType == .digit
}

func isNumeric(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.numericType != nil }

func isAlphanumeric(_ scalar: Unicode.Scalar) -> Bool { isAlphabetic(scalar) || isNumeric(scalar) }
