//! What a text is for an operator: its value with theirs, and what each variable does in it.

use super::text::{Form, Part, Text};
use crate::compose::interpolation::Outcome;

impl Text {
    /// The value, as Compose finds it in the rendered file; `values` gives none for a variable that is not set.
    ///
    /// # Errors
    /// The names of the variables for whose sake Compose would refuse the file. It looks at every argument of an
    /// operator, also at one that nothing needs ([`crate::compose::interpolation`]).
    pub fn evaluate<'t>(&'t self, values: &dyn Fn(&str) -> Option<String>) -> Result<String, Vec<&'t str>> {
        let mut out = String::new();
        let mut missing = Vec::new();
        for part in self.parts() {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Variable { name, form: None } => out.push_str(&values(name).unwrap_or_default()),
                Part::Variable { name, form: Some((form, argument)) } => {
                    let value = values(name);
                    let outcome = form.outcome(value.as_deref());
                    match argument.evaluate(values) {
                        Ok(text) if outcome == Outcome::Argument => out.push_str(&text),
                        Ok(_) => {}
                        Err(names) => missing.extend(names),
                    }
                    match outcome {
                        Outcome::Value => out.push_str(&value.unwrap_or_default()),
                        Outcome::Argument => {}
                        Outcome::Refused => missing.push(name),
                    }
                }
            }
        }
        if missing.is_empty() { Ok(out) } else { Err(missing) }
    }

    /// Calls `visit` with every use of a variable, also with those in arguments.
    pub fn each_use<'t>(&'t self, visit: &mut dyn FnMut(&'t str, Option<(Form, &'t Self)>)) {
        for part in self.parts() {
            if let Part::Variable { name, form } = part {
                visit(name, form.as_ref().map(|(form, argument)| (*form, argument)));
                if let Some((_, argument)) = form {
                    argument.each_use(visit);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;
    use crate::compose::interpolation::substitute;

    fn values(name: &str) -> Option<String> {
        match name {
            "SET" => Some("va$ue".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn every_missing_variable_is_named() {
        let mut text = Text::variable("A", Some((Form::RequireSet, Text::literal("why"))));
        let inner = Text::variable("B", Some((Form::RequireNonEmpty, Text::default())));
        text.push(Text::variable("SET", Some((Form::DefaultIfEmpty, inner))));
        assert_eq!(text.evaluate(&values), Err(vec!["A", "B"]), "B is refused although nothing needs it");
    }

    #[test]
    fn uses_in_arguments_are_uses() {
        let text = Text::variable("A", Some((Form::DefaultIfEmpty, Text::variable("B", None))));
        let mut names = Vec::new();
        text.each_use(&mut |name, form| names.push((name, form.is_some())));
        assert_eq!(names, [("A", true), ("B", false)]);
    }

    fn text() -> impl Strategy<Value = Text> {
        let literal = "[a-z$ :?+-]{1,4}".prop_map(Text::literal);
        let name = prop::sample::select(vec!["SET", "EMPTY", "UNSET"]);
        let bare = name.clone().prop_map(|name| Text::variable(name, None));
        prop_oneof![literal, bare].prop_recursive(4, 24, 3, move |inner| {
            let forms = vec![
                Form::DefaultIfEmpty,
                Form::DefaultIfUnset,
                Form::RequireNonEmpty,
                Form::RequireSet,
                Form::AlternativeIfNonEmpty,
                Form::AlternativeIfSet,
            ];
            let argument = prop::collection::vec(inner.clone(), 0..3).prop_map(join);
            let used = (name.clone(), prop::sample::select(forms), argument)
                .prop_map(|(name, form, argument)| Text::variable(name, Some((form, argument))));
            prop_oneof![used, prop::collection::vec(inner, 1..4).prop_map(join)]
        })
    }

    fn join(texts: Vec<Text>) -> Text {
        let mut all = Text::default();
        for text in texts {
            all.push(text);
        }
        all
    }

    fn config() -> ProptestConfig {
        let rng_seed = RngSeed::Fixed(1);
        ProptestConfig { cases: 2048, rng_seed, failure_persistence: None, ..ProptestConfig::default() }
    }

    proptest! {
        #![proptest_config(config())]

        #[test]
        fn a_text_has_the_value_of_what_is_written(text in text()) {
            let written = text.to_compose();
            let expected = substitute(&written, &values).ok().map(|substituted| substituted.text);
            prop_assert_eq!(text.evaluate(&values).ok(), expected, "{}", written);
        }
    }
}
