//! FNV-1a over the bytes of 32-bit words, as ts/timing/digest.ts computes it.

pub struct Digest(u32);

impl Digest {
    pub fn new() -> Self {
        Digest(0x811c_9dc5)
    }

    pub fn words(&mut self, words: &[u32]) {
        for byte in words.iter().flat_map(|word| word.to_le_bytes()) {
            self.0 = (self.0 ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
    }

    pub fn hex(&self) -> String {
        format!("{:08x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Digest;

    #[test]
    fn equals_the_published_values() {
        let mut digest = Digest::new();
        // The FNV test suite's values of "" and "foob".
        assert_eq!(digest.hex(), "811c9dc5");
        digest.words(&[u32::from_le_bytes(*b"foob")]);
        assert_eq!(digest.hex(), "3f5076ef");
    }
}
