//! `debug`: a debugger that listens in the development target.

use super::assembly::Assembly;
use super::{Build, ProblemKind, Text, command_start};
use crate::kinds::Debug;

impl<'a> Assembly<'_, 'a, '_> {
    /// How the service's kind is debugged, where it is.
    fn debug(&self) -> Option<&'a Debug> {
        let member = self.member;
        member.kind?.debug.as_ref().filter(|_| member.service.debug.unwrap_or_default())
    }

    /// The port on which its debugger listens.
    pub(super) fn debug_port(&self) -> Option<u16> {
        Some(self.debug()?.port)
    }

    /// The command with its debugger: what it would run, told to listen for one.
    pub(super) fn debugged(&mut self, command: Option<Vec<Text>>, build: Option<&Build>) -> Option<Vec<Text>> {
        let Some(debug) = self.debug() else { return command };
        let own = build.and_then(|build| build.recipe.as_ref()).map(|recipe| recipe.development.as_slice());
        let words = command.or_else(|| Some(own?.iter().map(Text::literal).collect()))?;
        if words.is_empty() {
            return Some(words);
        }
        let longest = command_start::longest(&debug.after, &words);
        let literal = |words: &[String]| words.iter().map(Text::literal).collect::<Vec<_>>();
        if let Some((start, flags)) = longest {
            let (program, arguments) = words.split_at(start.split(' ').count());
            return Some([program, &literal(flags), arguments].concat());
        }
        if debug.run.is_empty() {
            let known: Vec<&str> = debug.after.keys().map(String::as_str).collect();
            let message = format!(
                "how to attach a debugger to what `{}` runs is unknown: it is known of {}",
                self.member.name,
                crate::diagnostics::words::and(&known)
            );
            let help = "let its command begin with one of these, or remove `debug`";
            self.resolver.problem(self.member.path().key("debug"), ProblemKind::Value { message, help });
            return Some(words);
        }
        Some([literal(&debug.run), words].concat())
    }
}
