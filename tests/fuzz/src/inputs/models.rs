//! Models changed through the schema: the file stays whole, what it says does not.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::inputs::fixtures;
use crate::random::Random;
use crate::schema::{Type, schema};
use crate::tree::{Table, Value, decode, encode};

/// Fixtures as trees, in the order of [`fixtures`].
fn trees() -> &'static [Table] {
    static TREES: OnceLock<Vec<Table>> = OnceLock::new();
    TREES.get_or_init(|| {
        let read = |bytes| decode(bytes).expect("a fixture is whole");
        fixtures().iter().map(|f| read(&f.bytes)).collect()
    })
}

pub(super) fn generate(random: &mut Random) -> (String, Vec<u8>) {
    let index = random.below(fixtures().len());
    let mut model = trees()[index].clone();
    let mut what = fixtures()[index].name.clone();
    for _ in 0..=random.below(3) {
        let change = match random.below(20) {
            0..=8 => any_field(&mut model, random),
            9 | 10 => dimension(&mut model, random),
            11 | 12 => operands(&mut model, random),
            13 => options_of_another(&mut model, random),
            14 => another_operator(&mut model, random),
            15 => element_type(&mut model, random),
            16 | 17 => content(&mut model, random),
            18 => repeat_operator(&mut model, random),
            _ => clear_or_copy_subgraph(&mut model, random),
        };
        what += &format!(", {}", change.unwrap_or_default());
    }
    let mut bytes = encode(&model);
    if random.one_in(25) {
        random.damage(&mut bytes);
        what += ", bytes";
    }
    (what, bytes)
}

/// The way to a value: places in lists of fields and of elements.
type Route = Vec<usize>;

/// All values by table and field, and the tables that lack a field.
fn routes(table: &Table, here: &Route, all: &mut BTreeMap<(String, usize), Vec<Route>>) {
    for (index, _) in schema()
        .tables
        .get(&table.name)
        .into_iter()
        .flatten()
        .enumerate()
    {
        let there = all.entry((table.name.clone(), index)).or_default();
        let found = table.fields.iter().position(|(i, _)| *i == index);
        // Of what is missing, the table.
        there.push(match found {
            Some(at) => [&here[..], &[at]].concat(),
            None => here.clone(),
        });
    }
    for (at, (_, value)) in table.fields.iter().enumerate() {
        let route = [&here[..], &[at]].concat();
        match value {
            Value::Table(inner) | Value::Union(_, Some(inner)) => routes(inner, &route, all),
            Value::Vector(list) => {
                for (i, element) in list.iter().enumerate() {
                    if let Value::Table(inner) = element {
                        routes(inner, &[&route[..], &[i]].concat(), all);
                    }
                }
            }
            _ => {}
        }
    }
}

/// What a route leads to, from a table on.
enum Place<'a> {
    Table(&'a mut Table),
    Value(&'a mut Value),
}

fn follow<'a>(table: &'a mut Table, route: &[usize]) -> Option<Place<'a>> {
    let Some((&at, rest)) = route.split_first() else {
        return Some(Place::Table(table));
    };
    let (_, value) = table.fields.get_mut(at)?;
    follow_value(value, rest)
}

fn follow_value<'a>(value: &'a mut Value, rest: &[usize]) -> Option<Place<'a>> {
    if rest.is_empty() {
        return Some(Place::Value(value));
    }
    match value {
        Value::Table(inner) | Value::Union(_, Some(inner)) => follow(inner, rest),
        Value::Vector(list) => {
            let inner = list.get_mut(rest[0])?.table_mut()?;
            follow(inner, &rest[1..])
        }
        _ => None,
    }
}

/// Another value of one field, each kind of field as often.
fn any_field(model: &mut Table, random: &mut Random) -> Option<String> {
    let mut all = BTreeMap::new();
    routes(model, &Vec::new(), &mut all);
    let keys: Vec<_> = all.keys().cloned().collect();
    let (table, index) = random.pick(&keys).clone();
    let field = &schema().tables.get(&table)?[index];
    let route = random.pick(&all[&(table.clone(), index)]).clone();
    match follow(model, &route)? {
        Place::Value(value) => {
            if random.one_in(12) {
                return remove(model, &route).map(|()| format!("no {table}.{}", field.name));
            }
            change(value, &field.ty, random);
        }
        Place::Table(owner) => {
            let value = fresh(&field.ty, random, 0)?;
            owner.fields.push((index, value));
        }
    }
    Some(format!("{table}.{}", field.name))
}

fn remove(model: &mut Table, route: &[usize]) -> Option<()> {
    let (&last, before) = route.split_last()?;
    let fields = match follow(model, before)? {
        Place::Table(table) => &mut table.fields,
        Place::Value(Value::Table(table) | Value::Union(_, Some(table))) => &mut table.fields,
        Place::Value(_) => return None,
    };
    (last < fields.len()).then(|| {
        fields.remove(last);
    })
}

fn number(value: &mut Value, random: &mut Random) {
    let old = value.integer().unwrap_or(0);
    let Value::Number(number, bits) = value else {
        return;
    };
    *bits = if number.is_float {
        random.float(f32::from_bits(*bits as u32)).to_bits().into()
    } else if !number.values.is_empty() && !random.one_in(8) {
        *random.pick(&number.values) as u64
    } else {
        random.integer(old) as u64
    };
}

fn change(value: &mut Value, ty: &Type, random: &mut Random) {
    match value {
        Value::Number(..) => number(value, random),
        Value::Bytes(bytes) => {
            if bytes.is_empty() || random.one_in(10) {
                bytes.extend(b"ab");
            } else {
                random.damage(bytes);
            }
        }
        Value::Table(table) => table_field(table, random),
        Value::Union(kind, inner) => match inner {
            Some(table) if !random.one_in(4) => table_field(table, random),
            _ => {
                let Type::Union(union) = ty else { return };
                let Some(tables) = schema().unions.get(union) else {
                    return;
                };
                let (other, name) = random.pick(tables).clone();
                *kind = other;
                *inner = (!random.one_in(8)).then(|| Table {
                    name,
                    fields: Vec::new(),
                });
            }
        },
        Value::Vector(list) => vector(list, ty, random),
    }
}

/// One field of a table, there or not.
fn table_field(table: &mut Table, random: &mut Random) {
    let fields = schema().tables.get(&table.name).map_or(&[][..], |f| f);
    if fields.is_empty() {
        return;
    }
    let index = random.below(fields.len());
    let ty = &fields[index].ty;
    if let Some((_, value)) = table.fields.iter_mut().find(|(i, _)| *i == index) {
        change(value, ty, random);
    } else if let Some(value) = fresh(ty, random, 0) {
        table.fields.push((index, value));
    }
}

fn vector(list: &mut Vec<Value>, ty: &Type, random: &mut Random) {
    let Type::Vector(element) = ty else { return };
    let at = random.below(list.len());
    let kind = if list.is_empty() { 4 } else { random.below(10) };
    match kind {
        0 => {
            list.remove(at);
        }
        1 => {
            let copy = list[at].clone();
            list.insert(at, copy);
        }
        2 => {
            let other = random.below(list.len());
            list.swap(at, other);
        }
        3 => list.truncate(at),
        4 => {
            if let Some(value) = fresh(element, random, 0) {
                list.push(value);
            }
        }
        5 => {
            // All of them at once: shapes of ones, scales of zeros.
            let mut first = list[at].clone();
            change(&mut first, element, random);
            list.iter_mut().for_each(|v| *v = first.clone());
        }
        _ => change(&mut list[at], element, random),
    }
}

/// A new value of a type.
fn fresh(ty: &Type, random: &mut Random, depth: usize) -> Option<Value> {
    Some(match ty {
        Type::Number(n) => {
            let mut value = Value::Number(n.clone(), 0);
            number(&mut value, random);
            value
        }
        Type::Text => Value::Bytes(b"name".to_vec()),
        Type::Table(_) | Type::Union(_) if depth > 3 => return None,
        Type::Table(name) => {
            let mut table = Table {
                name: name.clone(),
                fields: Vec::new(),
            };
            for (index, field) in schema().tables.get(name)?.iter().enumerate() {
                if random.one_in(2)
                    && let Some(value) = fresh(&field.ty, random, depth + 1)
                {
                    table.fields.push((index, value));
                }
            }
            Value::Table(table)
        }
        Type::Union(name) => {
            let (kind, name) = random.pick(schema().unions.get(name)?).clone();
            let table = fresh(&Type::Table(name), random, depth + 1);
            Value::Union(kind, table.and_then(|t| t.table().cloned()))
        }
        Type::Vector(element) => {
            if matches!(&**element, Type::Number(n) if n.bytes == 1) {
                return Some(Value::Bytes(vec![random.bits() as u8; random.below(9)]));
            }
            let count = random.below(5);
            Value::Vector(
                (0..count)
                    .filter_map(|_| fresh(element, random, depth + 1))
                    .collect(),
            )
        }
    })
}

/// One of the model's subgraphs.
fn subgraph<'a>(model: &'a mut Table, random: &mut Random) -> Option<&'a mut Table> {
    let list = model.list_mut("subgraphs")?;
    let at = random.below(list.len());
    list.get_mut(at)?.table_mut()
}

/// Another length wherever one occurs in shapes, as if the model were a larger one.
fn dimension(model: &mut Table, random: &mut Random) -> Option<String> {
    let shapes = |model: &Table| {
        let mut sizes = Vec::new();
        for graph in model.list("subgraphs").iter().filter_map(Value::table) {
            for tensor in graph.list("tensors").iter().filter_map(Value::table) {
                sizes.extend(tensor.list("shape").iter().filter_map(Value::integer));
            }
        }
        sizes
    };
    let sizes = shapes(model);
    if sizes.is_empty() {
        return None;
    }
    let old = *random.pick(&sizes);
    let new = random.integer(old);
    let everywhere = !random.one_in(4);
    for graph in model.list_mut("subgraphs")? {
        for tensor in graph.table_mut()?.list_mut("tensors")? {
            let Some(shape) = tensor.table_mut()?.list_mut("shape") else {
                continue;
            };
            for size in shape.iter_mut().filter(|s| s.integer() == Some(old)) {
                if everywhere || random.one_in(3) {
                    size.set(new);
                }
            }
        }
    }
    Some(format!("dimension {old} to {new}"))
}

/// Other tensors as an operator's, or the subgraph's, inputs or outputs.
fn operands(model: &mut Table, random: &mut Random) -> Option<String> {
    let graph = subgraph(model, random)?;
    let tensors = graph.list("tensors").len();
    let side = *random.pick(&["inputs", "outputs"]);
    let list = if random.one_in(4) {
        graph.list_mut(side)?
    } else {
        let operators = graph.list_mut("operators")?;
        let at = random.below(operators.len());
        operators.get_mut(at)?.table_mut()?.list_mut(side)?
    };
    match random.below(4) {
        0 if !list.is_empty() => {
            list.pop();
        }
        1 if !list.is_empty() => {
            let copy = random.pick(list).clone();
            list.push(copy);
        }
        _ => {
            let at = random.below(list.len());
            let index = random.below(tensors + 1) as i64;
            list.get_mut(at)?
                .set(if index == tensors as i64 { -1 } else { index });
        }
    }
    Some(side.to_owned())
}

/// The operator stays; its options are those of another operator.
fn options_of_another(model: &mut Table, random: &mut Random) -> Option<String> {
    let other = &trees()[random.below(trees().len())];
    let donor = other.list("subgraphs").first()?.table()?;
    let donor = donor.list("operators").first()?.table()?;
    let options = donor.get("builtin_options")?.clone();
    let graph = subgraph(model, random)?;
    let operators = graph.list_mut("operators")?;
    let at = random.below(operators.len());
    *operators
        .get_mut(at)?
        .table_mut()?
        .get_mut("builtin_options")? = options;
    Some("options of another operator".to_owned())
}

/// Another operator's code and options with the tensors of this one.
fn another_operator(model: &mut Table, random: &mut Random) -> Option<String> {
    let index = random.below(trees().len());
    let other = &trees()[index];
    let codes = other.list("operator_codes").to_vec();
    let donor = other.list("subgraphs").first()?.table()?;
    let mut donor = donor.list("operators").first()?.table()?.clone();
    let code = donor
        .get("opcode_index")
        .and_then(Value::integer)
        .unwrap_or(0);
    let code = codes.get(code as usize)?.clone();
    let list = model.list_mut("operator_codes")?;
    list.push(code);
    let code = list.len() as i64 - 1;
    let graph = subgraph(model, random)?;
    let operators = graph.list_mut("operators")?;
    let at = random.below(operators.len());
    let operator = operators.get_mut(at)?.table_mut()?;
    for side in ["inputs", "outputs"] {
        *donor.get_mut(side)? = operator.get(side)?.clone();
    }
    match donor.get_mut("opcode_index") {
        Some(index) => index.set(code),
        None => {
            let Some(Value::Number(..)) = operator.get("opcode_index") else {
                return None;
            };
            let mut value = operator.get("opcode_index")?.clone();
            value.set(code);
            donor.fields.push((0, value));
        }
    }
    *operator = donor;
    Some(format!("operator of {}", fixtures()[index].name))
}

fn element_type(model: &mut Table, random: &mut Random) -> Option<String> {
    let graph = subgraph(model, random)?;
    let tensors = graph.list_mut("tensors")?;
    let at = random.below(tensors.len());
    let fields = schema().tables.get("Tensor")?;
    let index = fields.iter().position(|f| f.name == "type")?;
    let new = *random.pick(&[0, 1, 2, 3, 4, 6, 7, 9, 17]);
    let tensor = tensors.get_mut(at)?.table_mut()?;
    tensor.fields.retain(|(i, _)| *i != index);
    let Type::Number(n) = &fields[index].ty else {
        return None;
    };
    tensor.fields.push((index, Value::Number(n.clone(), new)));
    Some(format!("type of tensor {at} to {new}"))
}

/// Other constants: words of indices, shapes and axes, cuts, more.
fn content(model: &mut Table, random: &mut Random) -> Option<String> {
    let buffers = model.list_mut("buffers")?;
    let filled: Vec<usize> = (0..buffers.len())
        .filter(|&i| {
            let data = buffers[i].table().and_then(|b| b.get("data"));
            matches!(data, Some(Value::Bytes(bytes)) if !bytes.is_empty())
        })
        .collect();
    if filled.is_empty() {
        return None;
    }
    let index = *random.pick(&filled);
    let Value::Bytes(data) = buffers[index].table_mut()?.get_mut("data")? else {
        return None;
    };
    if data.len() >= 4 && !random.one_in(3) {
        let at = random.below(data.len() / 4) * 4;
        let word: [u8; 4] = std::array::from_fn(|i| data[at + i]);
        let word = if random.one_in(3) {
            random.float(f32::from_le_bytes(word)).to_le_bytes()
        } else {
            (random.integer(i32::from_le_bytes(word).into()) as i32).to_le_bytes()
        };
        data[at..at + 4].copy_from_slice(&word);
    } else {
        random.damage(data);
    }
    Some(format!("buffer {index}"))
}

/// An operator once more; it may read what it has written.
fn repeat_operator(model: &mut Table, random: &mut Random) -> Option<String> {
    let graph = subgraph(model, random)?;
    let operators = graph.list("operators");
    let mut copy = operators.get(random.below(operators.len()))?.clone();
    let output = copy.table()?.list("outputs").first()?.integer()?;
    if random.one_in(2) {
        // Behind itself, with a tensor of its own.
        let tensors = graph.list_mut("tensors")?;
        let tensor = tensors.get(usize::try_from(output).ok()?)?.clone();
        tensors.push(tensor);
        let new = tensors.len() as i64 - 1;
        let operator = copy.table_mut()?;
        operator.list_mut("inputs")?.first_mut()?.set(output);
        operator.list_mut("outputs")?.first_mut()?.set(new);
        graph.list_mut("outputs")?.first_mut()?.set(new);
    }
    graph.list_mut("operators")?.push(copy);
    Some("an operator twice".to_owned())
}

/// A subgraph without operators, or once more.
fn clear_or_copy_subgraph(model: &mut Table, random: &mut Random) -> Option<String> {
    if random.one_in(3) {
        subgraph(model, random)?.list_mut("operators")?.clear();
        return Some("no operators".to_owned());
    }
    let list = model.list_mut("subgraphs")?;
    let copy = list.get(random.below(list.len()))?.clone();
    list.push(copy);
    Some("a subgraph twice".to_owned())
}
