//! Ids that come as arguments or, for `-`, from standard input: one a line, or the JSON of another command.

use std::io::Read;

use serde_json::{Deserializer, Value};

use crate::exit::{Done, Failure};

/// Most bytes of a pipeline: more is a mistake.
const MOST: u64 = 64 * 1024 * 1024;

/// The ids given as arguments; `-` stands for those on `input`, whose JSON objects hold them at `pointer`.
pub(crate) fn ids(arguments: &[String], pointer: &str, input: impl Read) -> Done<Vec<String>> {
    let mut input = Some(input);
    let mut ids = Vec::new();
    for argument in arguments {
        if argument != "-" {
            ids.push(argument.clone());
            continue;
        }
        let Some(input) = input.take() else {
            return Err(Failure::usage("`-` can be given once"));
        };
        let mut text = String::new();
        input
            .take(MOST)
            .read_to_string(&mut text)
            .map_err(|error| Failure::usage(format!("standard input is no text: {error}")))?;
        ids.extend(of_text(&text, pointer)?);
    }
    Ok(ids)
}

fn of_text(text: &str, pointer: &str) -> Done<Vec<String>> {
    if !text.trim_start().starts_with(['{', '[', '"']) {
        return Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect());
    }
    let mut ids = Vec::new();
    for value in Deserializer::from_str(text).into_iter::<Value>() {
        let value = value.map_err(|error| Failure::usage(format!("standard input is no JSON: {error}")))?;
        let items = value.as_array().map_or(std::slice::from_ref(&value), Vec::as_slice);
        for item in items {
            ids.push(of_value(item, pointer)?);
        }
    }
    Ok(ids)
}

fn of_value(value: &Value, pointer: &str) -> Done<String> {
    let id = value.as_str().or_else(|| value.pointer(pointer).and_then(Value::as_str));
    id.map(str::to_owned).ok_or_else(|| {
        let name = pointer.trim_start_matches('/').replace('/', ".");
        Failure::usage(format!("an item of standard input has no {name}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Done<Vec<String>> {
        ids(&["first".to_owned(), "-".to_owned()], "/ApprovalObjectID/Value", text.as_bytes())
    }

    #[test]
    fn pam_127_lines_arrays_and_objects_are_a_pipeline() {
        assert_eq!(read("a\n\n b \n").unwrap(), ["first", "a", "b"]);
        assert_eq!(read("[{\"ApprovalObjectID\":{\"Value\":\"a\"}},\"b\"]\n").unwrap(), ["first", "a", "b"]);
        let lines = "{\"ApprovalObjectID\":{\"Value\":\"a\"}}\n{\"ApprovalObjectID\":{\"Value\":\"b\"}}\n";
        assert_eq!(read(lines).unwrap(), ["first", "a", "b"]);
        assert_eq!(read("").unwrap(), ["first"]);
        assert_eq!(read("[]").unwrap(), ["first"]);
    }

    #[test]
    fn what_is_no_pipeline_is_refused() {
        let failure = read("[{\"RequestId\":\"a\"}]").unwrap_err();
        assert_eq!(failure.to_string(), "an item of standard input has no ApprovalObjectID.Value");
        assert!(read("[1").is_err());
        let twice = ids(&["-".to_owned(), "-".to_owned()], "/x", "a".as_bytes()).unwrap_err();
        assert_eq!(twice.to_string(), "`-` can be given once");
    }
}
