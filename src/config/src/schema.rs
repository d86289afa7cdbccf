//! The JSON Schema of the file, for editors.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::file::FileTable;

/// The JSON Schema (2020-12) of the configuration file, from the types that read it.
#[must_use]
pub fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<FileTable>().to_value();
    without_null(&mut schema);
    if let Some(root) = schema.as_object_mut() {
        root.insert("title".to_owned(), "Configuration of Claviger".into());
    }
    schema
}

/// TOML has no null: a key that may be left out is one that is not required.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if let Some(types) = object.get_mut("type").filter(|types| types.is_array()) {
                let kept = types.as_array().and_then(|all| all.iter().find(|one| *one != "null")).cloned();
                *types = kept.unwrap_or_default();
            }
            if let Some(words) = object.get_mut("enum").and_then(Value::as_array_mut) {
                words.retain(|word| !word.is_null());
            }
            if object.get("default").is_some_and(Value::is_null) {
                object.remove("default");
            }
            let is_null = |one: &Value| one.get("type").is_some_and(|kind| kind == "null");
            let only = object.get("anyOf").and_then(Value::as_array).filter(|any| any.iter().any(is_null));
            if let Some(Value::Object(only)) = only.and_then(|any| any.iter().find(|one| !is_null(one))).cloned() {
                object.remove("anyOf");
                for (key, value) in only {
                    object.entry(key).or_insert(value);
                }
            }
            object.values_mut().for_each(without_null);
        }
        Value::Array(values) => values.iter_mut().for_each(without_null),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_has_no_null_and_no_unknown_keys() {
        let text = schema().to_string();
        assert!(!text.contains("null"), "{text}");
        let objects = text.matches(r#""properties":"#).count();
        assert!(objects >= 15, "{text}");
        assert_eq!(text.matches(r#""additionalProperties":false"#).count(), objects, "{text}");
    }
}
