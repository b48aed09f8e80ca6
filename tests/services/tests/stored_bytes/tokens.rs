//! Numbers and strings in every form that JSON has for them.

use super::Generator;

impl Generator {
    pub(super) fn number(&mut self) {
        const KNOWN: [&str; 20] = [
            "0",
            "-0",
            "-0.0",
            "1.0",
            "1.10",
            "0.1e-7",
            "1e30",
            "1E+30",
            "1e-400",
            "-1E400",
            "0e0",
            "100",
            "1e2",
            "0.1",
            "9007199254740993",
            "18446744073709551615",
            "18446744073709551616",
            "-9223372036854775809",
            "3.141592653589793238462643383279502884",
            "1.7976931348623157e309",
        ];
        if self.random.percent(50) {
            let known = self.random.one_of(&KNOWN);
            self.text.push_str(known);
            return;
        }
        if self.random.percent(30) {
            self.text.push('-');
        }
        let longest = if self.random.percent(5) { 900 } else { 40 };
        self.digits(longest);
        if self.random.percent(50) {
            self.text.push('.');
            for _ in 0..=self.random.below(40) {
                self.digit(0);
            }
        }
        if self.random.percent(30) {
            let exponent = self.random.one_of(&["e", "E", "e+", "E-", "e0", "e-00"]);
            self.text.push_str(exponent);
            self.digit(0);
        }
    }

    /// Up to so many digits, of which the first isn't zero.
    fn digits(&mut self, longest: usize) {
        self.digit(1);
        for _ in 0..self.random.below(longest) {
            self.digit(0);
        }
    }

    fn digit(&mut self, least: u8) {
        let digit = least + u8::try_from(self.random.below(usize::from(10 - least))).unwrap();
        self.text.push(char::from(b'0' + digit));
    }

    /// A string: raw characters, escapes of every form, and some of them again and again.
    pub(super) fn string(&mut self) {
        self.text.push('"');
        for _ in 0..self.random.below(6) {
            let from = self.text.len();
            self.piece();
            if self.random.percent(3) {
                let piece = self.text[from..].to_owned();
                self.text.push_str(&piece.repeat(self.random.below(20)));
            }
        }
        self.text.push('"');
    }

    fn piece(&mut self) {
        const ESCAPES: [&str; 24] = [
            "\\\"",
            "\\\\",
            "\\/",
            "\\b",
            "\\f",
            "\\n",
            "\\r",
            "\\t",
            "\\u0000",
            "\\u001f",
            "\\u007F",
            "\\u0022",
            "\\u005c",
            "\\u002F",
            "\\u00fc",
            "\\u00FC",
            "\\u2028",
            "\\ufffe",
            "\\uFEFF",
            "\\ud83d\\ude00",
            "\\uDBFF\\uDFFF",
            // Halves of a pair alone, or the wrong way round: text that no library would pass on as it is.
            "\\ud800",
            "\\udc00",
            "\\udc00\\ud800",
        ];
        match self.random.below(4) {
            0 => {
                let escape = self.random.one_of(&ESCAPES);
                self.text.push_str(escape);
            }
            1 => {
                let word = self.random.one_of(&[
                    "2c9180865c45e7e3015c46c434a80622",
                    "2018-06-25T20:22:28.104Z",
                    "a",
                    "  ",
                    "//",
                    "</script>",
                    "'",
                    "{}",
                    "[1,2",
                    "\u{7f}\u{85}",
                    "\u{2028}\u{2029}",
                    "e\u{301}",
                    "\u{feff}",
                    "\u{ffff}",
                    "\u{10ffff}",
                ]);
                self.text.push_str(word);
            }
            _ => {
                for _ in 0..self.random.below(12) {
                    match self.random.character() {
                        '"' | '\\' => self.text.push_str("\\\\"),
                        other => self.text.push(other),
                    }
                }
            }
        }
    }
}
