//! Short texts with numbers in them, without the formatting machinery: ids are made for every input.

use smol_str::SmolStr;

/// A text of at most 32 octets under construction; what does not fit is dropped.
pub(crate) struct Text {
    bytes: [u8; 32],
    length: usize,
}

impl Text {
    pub(crate) fn new(start: &str) -> Text {
        let text = Text {
            bytes: [0; 32],
            length: 0,
        };
        text.with(start)
    }

    /// Goes on with a text.
    pub(crate) fn with(mut self, part: &str) -> Text {
        let count = part.len().min(self.bytes.len() - self.length);
        self.bytes[self.length..self.length + count].copy_from_slice(&part.as_bytes()[..count]);
        self.length += count;
        self
    }

    /// Goes on with a number of at least `width` digits.
    pub(crate) fn number(self, mut number: u64, width: usize) -> Text {
        let mut digits = [b'0'; 20];
        let mut first = digits.len();
        while number > 0 || digits.len() - first < width.clamp(1, 20) {
            first -= 1;
            digits[first] = b'0' + (number % 10) as u8;
            number /= 10;
        }
        self.with(core::str::from_utf8(&digits[first..]).unwrap_or_default())
    }

    pub(crate) fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }

    pub(crate) fn into_smol(self) -> SmolStr {
        SmolStr::new(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn numbers_have_their_width() {
        let text = |number, width| Text::new("a-").number(number, width).as_str().to_owned();
        assert_eq!(text(0, 1), "a-0");
        assert_eq!(text(7, 8), "a-00000007");
        assert_eq!(text(123, 2), "a-123");
        assert_eq!(text(u64::MAX, 1), "a-18446744073709551615");
    }
}
