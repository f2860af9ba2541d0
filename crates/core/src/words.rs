//! Words of a message, read one after the other.

/// Reads words one after the other; every failure names the place.
pub struct Words<'a> {
    words: &'a [u32],
    at: usize,
}

impl<'a> Words<'a> {
    pub fn new(words: &'a [u32]) -> Words<'a> {
        Words { words, at: 0 }
    }

    pub fn is_empty(&self) -> bool {
        self.at == self.words.len()
    }

    pub fn word(&mut self) -> Result<u32, String> {
        self.at += 1;
        self.words.get(self.at - 1).copied().ok_or_else(|| format!("word {}: the message ends here", self.at - 1))
    }

    pub fn size(&mut self) -> Result<usize, String> {
        Ok(self.word()? as usize)
    }

    pub fn flag(&mut self) -> Result<bool, String> {
        Ok(self.word()? != 0)
    }

    pub fn array(&mut self) -> Result<&'a [u32], String> {
        let length = self.size()?;
        let end = self.at.checked_add(length).filter(|&end| end <= self.words.len());
        let end = end.ok_or_else(|| format!("word {}: {length} words are more than are left", self.at))?;
        let array = &self.words[self.at..end];
        self.at = end;
        Ok(array)
    }

    pub fn sizes<const N: usize>(&mut self) -> Result<[usize; N], String> {
        let mut sizes = [0; N];
        for size in &mut sizes {
            *size = self.size()?;
        }
        Ok(sizes)
    }

    pub fn end(&self) -> Result<(), String> {
        if self.is_empty() {
            return Ok(());
        }
        Err(format!("word {}: expected the message to end, got {} more words", self.at, self.words.len() - self.at))
    }
}
