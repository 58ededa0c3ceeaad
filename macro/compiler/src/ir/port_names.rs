//! What inputs and outputs are called where no signature says it.

/// A tensor name without what the converter adds to it.
pub(crate) fn plain_name(name: &str) -> String {
    let name = name.strip_prefix("serving_default_").unwrap_or(name);
    match name.rsplit_once(':') {
        Some((head, digits)) if !head.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
            head.to_owned()
        }
        _ => name.to_owned(),
    }
}

/// The plain name of the part of `a;b;c`, which a fused operator's output is called,
/// that says most: one without a path, else the first, but rather none that all
/// converters write.
fn own_part(name: &str) -> String {
    let parts = name.split(';').filter(|part| !part.trim().is_empty());
    let parts: Vec<String> = parts.map(plain_name).collect();
    let says_something = |part: &&String| {
        let generic = ["StatefulPartitionedCall", "PartitionedCall", "Identity"];
        !generic.iter().any(|g| part.starts_with(g)) || part.contains('/')
    };
    let mut own = parts.iter().filter(says_something);
    let first = own.clone().next();
    own.find(|part| !part.contains('/'))
        .or(first)
        .or(parts.first())
        .map_or_else(|| plain_name(name), Clone::clone)
}

/// `keras_tensor_531`: Keras' name for a tensor that nobody has named.
fn is_a_number(name: &str) -> bool {
    name.strip_prefix("keras_tensor").is_some_and(|rest| {
        rest.chars()
            .all(|c| c == '_' || c.is_ascii_digit() || c.is_ascii_uppercase())
    })
}

/// The names of a list of ports, from the signature's, if there are any, and the
/// tensors'. Tensors that nobody has named are called `input` or `output`, with numbers
/// if there are several.
pub(crate) fn names(ports: &[(Option<&str>, String)], output: bool) -> Vec<String> {
    let given: Vec<Option<String>> = ports
        .iter()
        .map(|(signature, tensor)| match signature {
            Some(name) => Some((*name).to_owned()),
            None => Some(own_part(tensor)).filter(|name| !is_a_number(name)),
        })
        .collect();
    let word = if output { "output" } else { "input" };
    let taken = |name: &String| given.iter().flatten().any(|other| other == name);
    let several = given.iter().filter(|name| name.is_none()).count() > 1 || taken(&word.to_owned());
    let mut numbers = 0..;
    let mut free = || {
        numbers
            .by_ref()
            .map(|n| format!("{word}_{n}"))
            .find(|name| !taken(name))
            .unwrap_or_default()
    };
    given
        .iter()
        .map(|name| match name {
            Some(name) => name.clone(),
            None if several => free(),
            None => word.to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_only_the_converters_decorations() {
        assert_eq!(plain_name("serving_default_left:0"), "left");
        assert_eq!(
            plain_name("StatefulPartitionedCall:1"),
            "StatefulPartitionedCall"
        );
        assert_eq!(plain_name("model/conv:relu"), "model/conv:relu");
        assert_eq!(plain_name("input_1"), "input_1");
    }

    #[test]
    fn fused_names_keep_what_says_most() {
        for (name, own) in [
            ("model/a/MatMul;model/a/BiasAdd", "model/a/MatMul"),
            ("model/a/BiasAdd;logits:0;", "logits"),
            ("StatefulPartitionedCall:0;model/a/Add", "model/a/Add"),
            ("Identity;StatefulPartitionedCall:0", "Identity"),
            ("plain", "plain"),
            (";", ";"),
        ] {
            assert_eq!(own_part(name), own, "{name}");
        }
    }

    #[test]
    fn tensors_without_a_name_are_inputs_and_outputs() {
        let of = |list: &[&str], output| {
            let ports: Vec<_> = list.iter().map(|name| (None, (*name).to_owned())).collect();
            names(&ports, output)
        };
        assert_eq!(
            of(&["serving_default_keras_tensor_531:0"], false),
            ["input"]
        );
        assert_eq!(of(&["keras_tensor"], true), ["output"]);
        assert_eq!(
            of(&["keras_tensor_1", "mask", "keras_tensor_2CLONE"], false),
            ["input_0", "mask", "input_1"]
        );
        assert_eq!(
            of(&["keras_tensor_1", "input", "input_0"], false),
            ["input_1", "input", "input_0"]
        );
        let signed = [(Some("keras_tensor_1"), "keras_tensor_1:0".to_owned())];
        assert_eq!(names(&signed, false), ["keras_tensor_1"]);
    }
}
