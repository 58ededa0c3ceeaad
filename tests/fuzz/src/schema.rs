//! The file format's schema, read from the compiler's `schema.fbs`: which fields a
//! table has, and of which type.

use std::collections::HashMap;
use std::sync::OnceLock;

/// The type of a table's field.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// A number of so many bytes.
    Number(Number),
    /// Text.
    Text,
    /// A table, by name.
    Table(String),
    /// One of several tables; its type lies in the slot before it.
    Union(String),
    /// Many of one type.
    Vector(Box<Type>),
}

/// How a number is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// 1, 2, 4 or 8.
    pub bytes: usize,
    /// Else an integer.
    pub is_float: bool,
    /// Its values, if it is an enumeration.
    pub values: Vec<i64>,
}

/// A field of a table.
#[derive(Clone, Debug)]
pub struct Field {
    /// As the schema calls it.
    pub name: String,
    /// What it holds.
    pub ty: Type,
    /// Its number in the table's list of fields.
    pub slot: usize,
}

/// All tables and unions of a schema file.
#[derive(Debug, Default)]
pub struct Schema {
    /// The fields of each table.
    pub tables: HashMap<String, Vec<Field>>,
    /// The table of each type of a union.
    pub unions: HashMap<String, Vec<(u8, String)>>,
}

/// The schema of `.tflite` files.
///
/// # Panics
/// If the schema in the repository is not what this reader expects.
pub fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let text = include_str!("../../../macro/compiler/src/tflite/schema.fbs");
        parse(text).expect("the schema has tables, unions and enums")
    })
}

fn parse(text: &str) -> Option<Schema> {
    let text: String = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or("").to_owned() + "\n")
        .collect();
    let mut schema = Schema::default();
    let mut enums: HashMap<String, Number> = HashMap::new();
    let mut tables = Vec::new();
    for item in text.split('}') {
        let Some((head, body)) = item.split_once('{') else {
            continue;
        };
        // Statements without a body end in a semicolon.
        let head = head.rsplit(';').next()?;
        let words: Vec<&str> = head
            .split([' ', ':', '\n'])
            .filter(|w| !w.is_empty())
            .collect();
        let (kind, name) = (*words.first()?, (*words.get(1)?).to_owned());
        match kind {
            "enum" => {
                let mut number = plain(words.get(2)?)?;
                number.values = members(body).into_iter().map(|(_, value)| value).collect();
                enums.insert(name, number);
            }
            "union" => {
                let list = members(body).into_iter();
                let list = list.map(|(table, value)| (value as u8, table)).collect();
                schema.unions.insert(name, list);
            }
            "table" => tables.push((name, body.to_owned())),
            _ => return None,
        }
    }
    for (name, body) in tables {
        let mut fields = Vec::new();
        let mut slot = 0;
        for field in body.split(';') {
            let Some((field, rest)) = field.split_once(':') else {
                continue;
            };
            let ty = rest.split(['=', '(']).next()?.trim();
            let ty = type_of(ty, &enums, &schema.unions)?;
            if matches!(ty, Type::Union(_)) {
                slot += 1;
            }
            fields.push(Field {
                name: field.trim().to_owned(),
                ty,
                slot,
            });
            slot += 1;
        }
        schema.tables.insert(name, fields);
    }
    Some(schema)
}

/// `A = 1, B, ..` with their numbers.
fn members(body: &str) -> Vec<(String, i64)> {
    let mut next = 0;
    let mut list = Vec::new();
    for member in body.split(',') {
        let mut parts = member.split('=').map(str::trim);
        let name = parts.next().unwrap_or("");
        if name.is_empty() {
            continue;
        }
        let value = parts.next().and_then(|v| v.parse().ok()).unwrap_or(next);
        next = value + 1;
        list.push((name.to_owned(), value));
    }
    list
}

fn plain(name: &str) -> Option<Number> {
    let (bytes, is_float) = match name {
        "bool" | "byte" | "ubyte" | "int8" | "uint8" => (1, false),
        "short" | "ushort" | "int16" | "uint16" => (2, false),
        "int" | "uint" | "int32" | "uint32" => (4, false),
        "long" | "ulong" | "int64" | "uint64" => (8, false),
        "float" | "float32" => (4, true),
        "double" | "float64" => (8, true),
        _ => return None,
    };
    Some(Number {
        bytes,
        is_float,
        values: Vec::new(),
    })
}

fn type_of(
    name: &str,
    enums: &HashMap<String, Number>,
    unions: &HashMap<String, Vec<(u8, String)>>,
) -> Option<Type> {
    if let Some(element) = name.strip_prefix('[') {
        let element = type_of(element.strip_suffix(']')?, enums, unions)?;
        return Some(Type::Vector(Box::new(element)));
    }
    Some(
        if let Some(number) = plain(name).or_else(|| enums.get(name).cloned()) {
            Type::Number(number)
        } else if name == "string" {
            Type::Text
        } else if unions.contains_key(name) {
            Type::Union(name.to_owned())
        } else {
            Type::Table(name.to_owned())
        },
    )
}
