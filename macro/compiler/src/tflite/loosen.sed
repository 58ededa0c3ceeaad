s/\.visit_union::</.visit_loose_union::</
s/\.visit_field::<u64>/.visit_field::<super::super::verify::Anywhere<u64>>/
/\.visit_field/s/::flatbuffers::Vector<'_, i64>/super::super::verify::VectorAnywhere<i64>/
s/^pub mod tflite {$/&\n    use super::super::verify::LooseUnion as _;/
