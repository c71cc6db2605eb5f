import Diagnostics
import Foundation
import Kernels
import Testing
import WeightFiles

@Suite("Content hash")
struct ContentHashTests {
    /// Text and digest from FIPS 180-4's examples and NIST's long message.
    static let known: [(String, String)] = [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            String(repeating: "a", count: 1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        ),
    ]

    @Test("equals the published digests", arguments: known) func published(_ text: String, _ digest: String) {
        #expect(Array(text.utf8).withUnsafeBytes { SHA256.hex($0) } == digest)
    }

    @Test("is the same with and without the processor's instructions, at every length") func plain() {
        var random = SeededGenerator(9)
        let bytes = (0..<300).map { _ in UInt8.random(in: 0...255, using: &random) }
        for length in 0...300 {
            bytes[..<length].withUnsafeBytes { #expect(SHA256.digest($0) == SHA256.plainDigest($0), "\(length) bytes") }
        }
    }

    @Test func identifiesFilesByContentAndName() throws {
        let scratch = try Scratch()
        let a = try scratch.write(Array("abc".utf8), "a.safetensors")
        let b = try scratch.write([], "b.safetensors")
        #expect(try contentHash(of: [a]) == "sha256:" + Self.known[1].1)
        // printf '%s  a.safetensors\n%s  b.safetensors\n' … | sha256sum
        let lines = "\(Self.known[1].1)  a.safetensors\n\(Self.known[0].1)  b.safetensors\n"
        let expected = Array(lines.utf8).withUnsafeBytes { SHA256.hex($0) }
        #expect(try contentHash(of: [b, a]) == "sha256:" + expected)
        try scratch.write([0], "b.safetensors")
        #expect(try contentHash(of: [a, b]) != "sha256:" + expected)
        #expect(throws: Problem.self) { try contentHash(of: [scratch.path("absent")]) }
    }
}
