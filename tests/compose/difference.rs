//! Where two models differ.

use serde_json::Value;

/// Every place where what Compose understands is not what the plan says: one sentence each.
pub(crate) fn differences(planned: &Value, understood: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", planned, understood, &mut found);
    found
}

fn compare(place: &str, planned: &Value, understood: &Value, found: &mut Vec<String>) {
    match (planned, understood) {
        (Value::Object(planned), Value::Object(understood)) => {
            for (key, value) in planned {
                let place = format!("{place}/{key}");
                match understood.get(key) {
                    Some(other) => compare(&place, value, other, found),
                    None => found.push(format!("{place}: the plan says {value}, and Compose knows nothing of it")),
                }
            }
            for (key, value) in understood.iter().filter(|(key, _)| !planned.contains_key(*key)) {
                found.push(format!("{place}/{key}: Compose has {value}, and the plan says nothing of it"));
            }
        }
        (Value::Array(planned), Value::Array(understood)) if planned.len() == understood.len() => {
            for (index, (value, other)) in planned.iter().zip(understood).enumerate() {
                compare(&format!("{place}/{index}"), value, other, found);
            }
        }
        (planned, understood) if planned == understood => {}
        (planned, understood) => found.push(format!("{place}: the plan says {planned}, Compose has {understood}")),
    }
}
