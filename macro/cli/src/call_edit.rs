//! Puts options into an `include_model!` call and leaves everything else of its file as it is,
//! byte for byte: comments, line ends and odd formatting.

use std::ops::Range;

use niello_build::arguments::{Arguments, exchange};
use niello_compiler::analysis::Changes;
use proc_macro2::{TokenStream, TokenTree};

/// Where a call stands in the text of its file.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The text of the file.
    pub text: String,
    /// What stands between the call's delimiters, in bytes.
    pub arguments: Range<usize>,
}

/// Text to put in place of a range of bytes.
pub(crate) type Edit = (Range<usize>, String);

/// What is added to a list.
enum Item {
    /// An option or a clause.
    One(String),
    /// `tensors(..)` with these clauses.
    Tensors(Vec<String>),
}

/// One element of a list: between two commas.
struct Element {
    /// From its first token to its last one.
    range: Range<usize>,
    tokens: Vec<(TokenTree, Range<usize>)>,
}

/// A list of elements with commas between.
struct List {
    elements: Vec<Element>,
    /// Behind the comma after the last element, if there is one.
    last_comma: Option<usize>,
    /// All that is inside of the list's delimiters.
    inside: Range<usize>,
}

/// The edits that put `changes` into the call.
pub(crate) fn edits(place: &Place, changes: &Changes) -> Result<Vec<Edit>, String> {
    let text = &place.text;
    let list = List::read(text, place.arguments.clone())?;
    let mut edits = Vec::new();
    let mut added = Vec::new();
    for option in &changes.options {
        match list.called(&option.key) {
            Some(element) => {
                let value = element.tokens.get(2).ok_or("a call without a value")?;
                edits.push((value.1.start..element.range.end, option.value.clone()));
            }
            None => added.push(Item::One(option.text())),
        }
    }
    let clauses: Vec<String> = changes.tensors.iter().map(|one| one.text()).collect();
    if !clauses.is_empty() {
        match list.called("tensors") {
            Some(element) => {
                let clauses: Vec<Item> = clauses.into_iter().map(Item::One).collect();
                edits.extend(List::of_group(text, element)?.with(text, &clauses));
            }
            None => added.push(Item::Tensors(clauses)),
        }
    }
    if !added.is_empty() {
        edits.extend(list.with(text, &added));
    }
    check(place, changes, &edits)?;
    Ok(edits)
}

/// The text with edits, which do not overlap; of those at one place, the first comes first.
pub(crate) fn applied(text: &str, edits: &[Edit]) -> String {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    let (mut new, mut from) = (String::new(), 0);
    for (range, replacement) in edits {
        new += &text[from..range.start];
        new += replacement;
        from = range.end;
    }
    new + &text[from..]
}

/// Checks that the new call says what the old one does, with the changes.
fn check(place: &Place, changes: &Changes, edits: &[Edit]) -> Result<(), String> {
    let Place { text, arguments } = place;
    let call = |text: &str| -> Result<Arguments, String> {
        syn::parse_str(text).map_err(|e| format!("the call cannot be read: {e}"))
    };
    let old = call(&text[arguments.clone()])?;
    let inside: Vec<Edit> = edits
        .iter()
        .map(|(range, new)| {
            let range = range.start - arguments.start..range.end - arguments.start;
            (range, new.clone())
        })
        .collect();
    let new = call(&applied(&text[arguments.clone()], &inside))?;
    let (wanted, _) = exchange(&old.options, &changes.lines().join("\n"))
        .map_err(|e| format!("the options cannot be read: {e}"))?;
    if new.options == wanted {
        Ok(())
    } else {
        Err("the call cannot be changed without changing what it says; paste the lines".to_owned())
    }
}

impl List {
    /// Reads the list in this range of the text.
    fn read(text: &str, inside: Range<usize>) -> Result<Self, String> {
        let tokens: TokenStream = text[inside.clone()]
            .parse()
            .map_err(|e| format!("the call cannot be read: {e}"))?;
        let mut list = List {
            elements: Vec::new(),
            last_comma: None,
            inside: inside.clone(),
        };
        let mut open = false;
        for token in tokens {
            let range = token.span().byte_range();
            let range = range.start + inside.start..range.end + inside.start;
            if matches!(&token, TokenTree::Punct(p) if p.as_char() == ',') {
                list.last_comma = Some(range.end);
                open = false;
                continue;
            }
            list.last_comma = None;
            match list.elements.last_mut() {
                Some(element) if open => {
                    element.range.end = range.end;
                    element.tokens.push((token, range));
                }
                _ => list.elements.push(Element {
                    range: range.clone(),
                    tokens: vec![(token, range)],
                }),
            }
            open = true;
        }
        Ok(list)
    }

    /// The list in the parentheses of an element `name(..)`.
    fn of_group(text: &str, element: &Element) -> Result<Self, String> {
        match element.tokens.get(1) {
            Some((TokenTree::Group(_), range)) => Self::read(text, range.start + 1..range.end - 1),
            _ => Err("a call without a list".to_owned()),
        }
    }

    /// The option of this name. The first element is the function.
    fn called(&self, name: &str) -> Option<&Element> {
        let is_it = |element: &&Element| match &element.tokens[0].0 {
            TokenTree::Ident(ident) => *ident == name,
            _ => false,
        };
        self.elements.iter().skip(1).find(is_it)
    }

    /// The edits that add elements at the end.
    fn with(&self, text: &str, added: &[Item]) -> Vec<Edit> {
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let Some(last) = self.elements.last() else {
            let all: Vec<String> = added.iter().map(Item::on_one_line).collect();
            return vec![(self.inside.start..self.inside.start, all.join(", "))];
        };
        let end = self.last_comma.unwrap_or(last.range.end);
        let rest = &text[end..self.inside.end];
        let (indent, is_first) = indent(text, last.range.start);
        let line_end = rest.find('\n').map(|at| {
            let line = &rest[..at];
            end + line.strip_suffix('\r').unwrap_or(line).len()
        });
        let has_end = line_end.is_some();
        if !has_end && !is_first {
            let all: Vec<String> = added.iter().map(Item::on_one_line).collect();
            let all = all.join(", ");
            let new = match self.last_comma {
                Some(_) => format!(" {all},"),
                None => format!(", {all}"),
            };
            return vec![(end..end, new)];
        }
        // A comment behind the last element stays on its line.
        let at = match line_end {
            Some(at) if !is_cut(&text[end..at]) => at,
            _ => end,
        };
        let lines: Vec<String> = added
            .iter()
            .map(|one| format!("{newline}{indent}{}", one.on_lines(&indent, newline)))
            .collect();
        let mut new = lines.join(",");
        // Without a line end, there was no comma at the end, and there is none now.
        if has_end || self.last_comma.is_some() {
            new.push(',');
        }
        let comma = (self.last_comma.is_none()).then(|| (end..end, ",".to_owned()));
        comma.into_iter().chain([(at..at, new)]).collect()
    }
}

/// True if a part of a line ends within a comment of several lines.
fn is_cut(line: &str) -> bool {
    let is_comment = line.trim_start().starts_with("//");
    !is_comment && line.matches("/*").count() != line.matches("*/").count()
}

impl Item {
    fn on_one_line(&self) -> String {
        match self {
            Item::One(text) => text.clone(),
            Item::Tensors(clauses) => format!("tensors({})", clauses.join(", ")),
        }
    }

    /// A list of several clauses has one on each line.
    fn on_lines(&self, indent: &str, newline: &str) -> String {
        let clauses = match self {
            Item::Tensors(clauses) if clauses.len() > 1 => clauses,
            _ => return self.on_one_line(),
        };
        let step = step(indent);
        let lines: Vec<String> = clauses
            .iter()
            .map(|clause| format!("{newline}{indent}{step}{clause},"))
            .collect();
        format!("tensors({}{newline}{indent})", lines.concat())
    }
}

/// One more level of indentation.
fn step(indent: &str) -> &'static str {
    if indent.contains('\t') { "\t" } else { "    " }
}

/// The indentation of new lines after an element that starts at `start`, and whether that element
/// is the first of its line.
fn indent(text: &str, start: usize) -> (String, bool) {
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let before = &text[line_start..start];
    let space: String = before.chars().take_while(|c| c.is_whitespace()).collect();
    if space.len() == before.len() {
        return (space, true);
    }
    (space.clone() + step(&space), false)
}

#[cfg(test)]
mod tests {
    use niello_compiler::analysis::{ChangedOption, TensorClause};

    use super::*;

    fn changes(options: &[(&str, &str)], tensors: &[(&str, &str)]) -> Changes {
        let option = |(key, value): &(&str, &str)| ChangedOption {
            key: (*key).to_owned(),
            value: (*value).to_owned(),
        };
        let clause = |(tensor, method): &(&str, &str)| TensorClause {
            tensor: (*tensor).to_owned(),
            method: (*method).to_owned(),
        };
        Changes {
            options: options.iter().map(option).collect(),
            tensors: tensors.iter().map(clause).collect(),
        }
    }

    /// The text with the changes in the call between the first `{` and the last `}`.
    fn edited(text: &str, changes: &Changes) -> String {
        let arguments = text.find('{').expect("a brace") + 1..text.rfind('}').expect("a brace");
        let place = Place {
            text: text.to_owned(),
            arguments,
        };
        applied(text, &edits(&place, changes).expect("a call"))
    }

    #[test]
    fn options_go_behind_the_last_one() {
        let minmax = changes(&[("calibration", "minmax")], &[]);
        for (before, after) in [
            (
                "// é\ninclude_model! { fn a = \"a\" }",
                "// é\ninclude_model! { fn a = \"a\", calibration = minmax }",
            ),
            (
                "m! { fn a = \"a\", dataset = \"d\" , }",
                "m! { fn a = \"a\", dataset = \"d\" , calibration = minmax, }",
            ),
            (
                "m! {\n\tfn a = \"a\", // the model\n}",
                "m! {\n\tfn a = \"a\", // the model\n\tcalibration = minmax,\n}",
            ),
            (
                "m! {\r\n  fn a = \"a\" // the model\r\n}",
                "m! {\r\n  fn a = \"a\", // the model\r\n  calibration = minmax,\r\n}",
            ),
            (
                "m! { fn a = \"a\", /* one\n two */ }",
                "m! { fn a = \"a\",\n    calibration = minmax, /* one\n two */ }",
            ),
            (
                "m! {\n  fn a = \"a\",\n  samples = 3}",
                "m! {\n  fn a = \"a\",\n  samples = 3,\n  calibration = minmax}",
            ),
        ] {
            assert_eq!(edited(before, &minmax), after);
        }
    }

    #[test]
    fn values_are_exchanged_and_clauses_added() {
        let before = "m! {\n    fn a = \"a\",\n    calibration/* x */ =  percentile( 99.9 ) , // why\n    \
                      tensors(\"b\" :  minmax), samples=3,\n}";
        let both = changes(
            &[("calibration", "mse")],
            &[("c", "float"), ("d", "entropy")],
        );
        let after = "m! {\n    fn a = \"a\",\n    calibration/* x */ =  mse , // why\n    \
                     tensors(\"b\" :  minmax, \"c\": float, \"d\": entropy), samples=3,\n}";
        assert_eq!(edited(before, &both), after);
    }

    #[test]
    fn several_clauses_stand_below_each_other() {
        let two = changes(&[], &[("c", "float"), ("d", "entropy")]);
        assert_eq!(
            edited("m! {\n  fn a = \"a\",\n}", &two),
            "m! {\n  fn a = \"a\",\n  tensors(\n      \"c\": float,\n      \"d\": entropy,\n  ),\n}"
        );
        assert_eq!(
            edited("m! { fn a = \"a\" }", &two),
            "m! { fn a = \"a\", tensors(\"c\": float, \"d\": entropy) }"
        );
        let listed = "m! {\n  fn a = \"a\",\n  tensors(\n    \"b\": minmax // why\n  ),\n}";
        assert_eq!(
            edited(listed, &two),
            "m! {\n  fn a = \"a\",\n  tensors(\n    \"b\": minmax, // why\n    \"c\": float,\n    \
             \"d\": entropy,\n  ),\n}"
        );
    }
}
