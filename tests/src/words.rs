//! Doc comments as text, with what each of them stands at.

/// A doc comment and its place.
#[derive(Debug, PartialEq)]
pub struct Doc {
    /// The number of its first line, from 1 on.
    pub line: usize,
    /// Its lines, without the slashes, joined by spaces.
    pub text: String,
    /// The code line behind it, without attributes; empty for the docs of a file.
    pub item: String,
}

impl Doc {
    /// What is wrong with the words of the comment, if anything is.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let begins = |start: &&&str| self.text.starts_with(**start);
        if let Some(start) = ["The same", "Of ", "Those "].iter().find(begins) {
            return Some(format!(
                "docs that begin with {start:?} cannot be read alone"
            ));
        }
        let is_short = self.text.split_whitespace().count() < 5;
        (is_short && is_item(&self.item)).then(|| format!("{:?} is too short", self.text))
    }
}

/// True for what must have a sentence of its own: not for fields, variants and constants.
fn is_item(line: &str) -> bool {
    let words = line.split(|c: char| c != '_' && !c.is_alphanumeric());
    let mut words = words.filter(|w| !["pub", "crate", "super", "in", "self", ""].contains(w));
    let kinds = [
        "fn",
        "struct",
        "enum",
        "trait",
        "type",
        "mod",
        "union",
        "macro_rules",
    ];
    match words.next() {
        Some("unsafe" | "async" | "extern") => words.any(|w| kinds.contains(&w)),
        Some("const") => matches!(words.next(), Some("fn" | "unsafe" | "extern")),
        Some(first) => kinds.contains(&first) && !line.contains(&format!("{first}:")),
        None => false,
    }
}

/// All doc comments of a file, `///` and `//!`.
#[must_use]
pub fn docs(source: &str) -> Vec<Doc> {
    let mut docs: Vec<Doc> = Vec::new();
    // Whether the last comment still waits for lines or for its item.
    let (mut is_open, mut waits) = (false, false);
    for (number, line) in source.lines().enumerate() {
        let line = line.trim();
        let outer = line
            .strip_prefix("///")
            .filter(|rest| !rest.starts_with('/'));
        let inner = line.strip_prefix("//!");
        if let Some(text) = outer.or(inner) {
            match docs.last_mut().filter(|_| is_open) {
                Some(doc) => doc.text = format!("{} {}", doc.text, text.trim()).trim().to_owned(),
                None => docs.push(Doc {
                    line: number + 1,
                    text: text.trim().to_owned(),
                    item: String::new(),
                }),
            }
            (is_open, waits) = (true, outer.is_some());
            continue;
        }
        is_open = false;
        if waits && !line.is_empty() && !line.starts_with("#[") && !line.starts_with("//") {
            if let Some(doc) = docs.last_mut() {
                doc.item = line.to_owned();
            }
            waits = false;
        }
    }
    docs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(source: &str) -> usize {
        docs(source).iter().filter_map(Doc::problem).count()
    }

    #[test]
    fn docs_have_their_items() {
        let source = "//! A file.\n\n/// Adds two\n/// numbers.\n#[inline]\npub fn add() {}\n";
        let found = docs(source);
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].text, "Adds two numbers.");
        assert_eq!(found[1].item, "pub fn add() {}");
        assert_eq!(found[1].line, 3);
    }

    #[test]
    fn short_docs_of_items_are_problems() {
        assert_eq!(problems("/// Adds two numbers.\npub(crate) fn add() {}"), 1);
        assert_eq!(
            problems("/// Adds two numbers.\npub const unsafe fn add() {}"),
            1
        );
        assert_eq!(problems("/// Adds two numbers.\npub unsafe fn add() {}"), 1);
        assert_eq!(problems("/// Adds two numbers.\npub const fn add() {}"), 1);
        assert_eq!(problems("/// How many.\npub const MANY: usize = 3;"), 0);
        assert_eq!(problems("/// The count.\npub count: usize,"), 0);
        assert_eq!(problems("/// Its type.\ntype: usize,"), 0);
        assert_eq!(
            problems("/// Adds two numbers and returns their sum.\nfn add() {}"),
            0
        );
    }

    #[test]
    fn docs_that_lean_on_others_are_problems() {
        assert_eq!(
            problems("/// The same of three numbers, as a sum.\nfn add() {}"),
            1
        );
        assert_eq!(
            problems("/// Of the arena, in bytes.\nconst A: usize = 3;"),
            1
        );
        assert_eq!(problems("/// Offers two numbers.\nconst A: usize = 3;"), 0);
    }
}
