//! Arguments whose sensible values are known, and offered by completion, but judged by the command itself: it can say
//! better than clap what is wrong with another one.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command, Error};

/// Takes any text, and names what it may be. Asked for its values only where they are shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Suggestion(pub(super) fn() -> Vec<PossibleValue>);

impl TypedValueParser for Suggestion {
    type Value = String;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<String, Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new((self.0)().into_iter()))
    }
}
