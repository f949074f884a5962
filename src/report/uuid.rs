//! Names that are the same whenever they are made from the same text: UUID version 5 (RFC 9562).

use sha1::{Digest, Sha1};

/// The UUID of a name in a namespace.
///
/// The test is the example of RFC 9562, appendix A.4.
pub fn v5(namespace: u128, name: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(namespace.to_be_bytes());
    hash.update(name.as_bytes());
    let digest = hash.finalize();
    let bits = digest.iter().take(16).fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
    // The version in four bits and the variant in two.
    let bits = bits & !(0xf << 76) & !(0x3 << 62) | (0x5 << 76) | (0x2 << 62);
    text(bits)
}

/// 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12.
pub fn text(bits: u128) -> String {
    let digits = format!("{bits:032x}");
    let group = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    [group(0, 8), group(8, 12), group(12, 16), group(16, 20), group(20, 32)].join("-")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_example_of_the_standard() {
        let dns = 0x6ba7_b810_9dad_11d1_80b4_00c0_4fd4_30c8;
        assert_eq!(super::v5(dns, "www.example.com"), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    }
}
